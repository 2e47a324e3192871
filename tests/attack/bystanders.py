"""Two people in the same room who only want to go on typing."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..peers import RawClient, eventually
from ..servers import RunningServer

__all__ = ["Bystanders", "bystanders"]

PAUSE_SECONDS = 0.05


class Bystanders:
    """Ada and Ben, who type all the time. Use :func:`bystanders`."""

    def __init__(self, ada: RawClient, ben: RawClient) -> None:
        self.ada = ada
        self.ben = ben
        self._numbers = itertools.count()

    async def chat(self) -> None:
        """Type, for ever."""
        while True:
            for person in (self.ada, self.ben):
                person.write(f"<{person.name}{next(self._numbers)}>")
            await asyncio.sleep(PAUSE_SECONDS)

    async def still_talk(self) -> None:
        """Words typed from now on arrive, in both directions."""
        for author, reader in ((self.ada, self.ben), (self.ben, self.ada)):
            word = f"<{author.name}{next(self._numbers)}>"
            author.write(word)
            await eventually(lambda: word in reader.text, f"{reader.name} reads what {author.name} types")  # noqa: B023

    async def part(self) -> None:
        """Everything that they typed was saved, arrived, and arrived once, over connections that held."""
        await asyncio.gather(self.ada.saved(), self.ben.saved())
        await eventually(lambda: self.ada.text == self.ben.text, "both have the same text")
        for person in (self.ada, self.ben):
            assert not person.ends, f"{person.name} was disconnected: {person.ends}"
            assert not person.rejections, person.rejections
            assert {event["type"] for event in person.events} <= {"kernel"}, person.events
            for word in person.acked:
                assert person.text.count(word) == 1, word


@asynccontextmanager
async def bystanders(server: RunningServer, room: str) -> AsyncIterator[Bystanders]:
    """People who type while this lasts; at its end nothing of theirs may be missing."""
    async with RawClient(server, room, "ada") as ada, RawClient(server, room, "ben") as ben:
        await asyncio.gather(ada.joined(), ben.joined())
        people = Bystanders(ada, ben)
        chat = asyncio.create_task(people.chat())
        try:
            yield people
        finally:
            chat.cancel()
            await asyncio.wait([chat])
        if not chat.cancelled():
            chat.result()
        await people.part()

"""People who type words that can be counted, and the rules that their words must keep."""

import asyncio
import random
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from pycrdt import Array, Doc

from jupyter_collab import AsyncRoom, connect_async
from jupyter_collab.client import Backoff

from ..peers import RawClient
from ..servers import RunningServer

__all__ = ["OurTypist", "RawTypist", "Typist", "check_final", "check_seen", "durable_text", "seen", "typing", "words"]

WORD = re.compile(r"<[a-z]+\d+>")

MAX_PAUSE_SECONDS = 0.02
MAX_PAUSE_AWAY_SECONDS = 0.2
"""About a hundred words a second and person, so that each moment has some on their way; ten while away."""

QUICK = Backoff(first_seconds=0.05, longest_seconds=0.3)


def words(text: str) -> set[str]:
    """The different words in a text."""
    return set(WORD.findall(text))


class Typist(Protocol):
    """Somebody who types.

    Attributes
    ----------
    written
        All words typed so far, in order.
    """

    name: str
    written: list[str]

    @property
    def text(self) -> str:
        """What is on the screen."""

    @property
    def acked(self) -> set[str]:
        """The own words that the server said are durable."""

    @property
    def ready(self) -> bool:
        """Whether there is something to type into."""

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as one knows."""

    def insert(self, at: int, word: str) -> None:
        """Type ``word``."""

    async def saved(self) -> None:
        """Wait until all own words are durable."""


class RawTypist:
    """A :class:`Typist` with the tests' own small client."""

    def __init__(self, client: RawClient) -> None:
        self.name = client.name
        self.written: list[str] = []
        self._client = client

    @property
    def text(self) -> str:
        return self._client.text

    @property
    def acked(self) -> set[str]:
        return self._client.acked

    @property
    def ready(self) -> bool:
        return self._client.hello is not None and len(self._client.doc.get("cells", type=Array)) > 0

    @property
    def connected(self) -> bool:
        return self._client.connected

    def insert(self, at: int, word: str) -> None:
        self._client.write(word, at)

    async def saved(self) -> None:
        await self._client.saved(seconds=30)
        assert not self._client.rejections, self._client.rejections


class OurTypist:
    """A :class:`Typist` with the project's own Python client."""

    def __init__(self, name: str, room: AsyncRoom) -> None:
        self.name = name
        self.written: list[str] = []
        self._room = room
        self._acked: set[str] = set()

    @classmethod
    @asynccontextmanager
    async def join(cls, server: RunningServer, room: str, name: str) -> AsyncIterator["OurTypist"]:
        """Somebody in the room, who leaves it at the end."""
        async with connect_async(room, server.url, server.token, backoff=QUICK) as joined:
            yield cls(name, joined)

    @property
    def text(self) -> str:
        return self._room.cells[0].source

    @property
    def acked(self) -> set[str]:
        if self._room.pending == 0:
            self._acked = set(self.written)
        return self._acked

    @property
    def ready(self) -> bool:
        return True

    @property
    def connected(self) -> bool:
        return self._room.status in ("synced", "saving", "not-saved")

    def insert(self, at: int, word: str) -> None:
        self._room.cells[0].insert(at, word)

    async def saved(self) -> None:
        await self._room.wait_saved(30)
        assert self._room.unsent is None, self._room.unsent


@asynccontextmanager
async def typing(typists: Iterable[Typist], rng: random.Random) -> AsyncIterator[None]:
    """While this lasts, all of them type."""
    tasks = [asyncio.create_task(_type(typist, random.Random(rng.random()))) for typist in typists]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ended:
        if not isinstance(end, asyncio.CancelledError):
            raise AssertionError("a typist stopped") from end


async def _type(typist: Typist, rng: random.Random) -> None:
    while True:
        if typist.ready:
            word = f"<{typist.name}{len(typist.written)}>"
            typist.insert(_between_words(typist.text, rng), word)
            typist.written.append(word)
        await asyncio.sleep(rng.uniform(0, MAX_PAUSE_SECONDS if typist.connected else MAX_PAUSE_AWAY_SECONDS))


def _between_words(text: str, rng: random.Random) -> int:
    """Anywhere but inside a word: words that are split could not be counted."""
    found = text.find("<", rng.randint(0, len(text)))
    return len(text) if found < 0 else found


def seen(typist: Typist) -> set[str]:
    """The words of others that this person ever saw: nobody deletes any."""
    return words(typist.text).difference(typist.written)


def durable_text(store: Path, room: str, *, running: bool) -> str:
    """The first cell's text as the store has it.

    If no server runs, a copy is read: who closes a database cleans up after the crash, and that is for the server.
    """
    if running:
        return _text_of(store, room)
    with TemporaryDirectory() as folder:
        for file in store.parent.glob(store.name + "*"):
            shutil.copy(file, folder)
        return _text_of(Path(folder) / store.name, room)


def _text_of(store: Path, room: str) -> str:
    with closing(sqlite3.connect(store, timeout=10, isolation_level=None)) as database:
        database.execute("BEGIN")
        frames = database.execute("SELECT data FROM keyframes WHERE room_id = ?", (room,)).fetchall()
        log = database.execute("SELECT data FROM updates WHERE room_id = ? ORDER BY seq", (room,)).fetchall()
    doc: Doc[Any] = Doc()
    for (update,) in frames + log:
        doc.apply_update(update)
    return str(doc.get("cells", type=Array)[0]["source"])


def check_seen(typists: Sequence[Typist], store: Path, room: str, *, running: bool) -> None:
    """What anybody saw of others, and what anybody was told is saved, is in the store at this moment."""
    promised = {typist.name: seen(typist) | typist.acked for typist in typists}
    text = durable_text(store, room, running=running)
    durable = words(text)
    for name, told in promised.items():
        assert not told - durable, f"{name} was shown or told what is not saved: {sorted(told - durable)[:10]}"
    _check_once(text, "the store")


def _check_once(text: str, where: str) -> None:
    doubled = [word for word, count in Counter(WORD.findall(text)).items() if count > 1]
    assert not doubled, f"twice in {where}: {doubled[:10]}"


def check_final(typists: Sequence[Typist], others: dict[str, str]) -> None:
    """Every word that anybody ever typed is there once, for everybody; ``others`` are more texts, by where they are."""
    written = [word for typist in typists for word in typist.written]
    for where, text in {**{typist.name: typist.text for typist in typists}, **others}.items():
        _check_once(text, where)
        lost = set(written) - words(text)
        assert not lost, f"{len(lost)} of {len(written)} words are lost in {where}: {sorted(lost)[:10]}"
        assert len(text) == sum(map(len, written)), f"{where} has more than was typed"
    texts = {typist.text for typist in typists} | set(others.values())
    assert len(texts) == 1, "not everybody has the same text"

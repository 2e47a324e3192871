"""Whether memory comes back: ``python -m tests.benchmarks.soak --minutes 10``.

Rooms are made, people come, type and leave, notebooks come and go as files, cells run, documents are made anew, rooms
are thrown away, again and again. After a third of the time, in which everything was done often, the server's memory
must stay as it is; and objects of our classes must be as many as before, as soon as the last room is closed.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import linear_regression
from typing import Any, NamedTuple

import httpx
from pycrdt import Array, Doc, Text

from jupyter_collab.protocol import Ack, SyncStep1, SyncStep2, Update, build, parse

from ..peers.wire import connecting
from ..servers import RunningServer, start_server
from .content import notebook
from .ordering import ORDERING

__all__ = ["Looked", "Soak", "left", "soaking"]

IDLE_SECONDS = 1.0
CLOSED_SECONDS = 5.0
"""So long after that all rooms are closed."""

FORGOTTEN_SECONDS = 75.0
"""So long after that who was in a room is forgotten, in case that they come back: it is a minute."""

PEOPLE, LETTERS = 2, 20
CELLS, BYTES_PER_CELL = 30, 2_000

ROUNDS_PER_LINE = 10

MAX_BYTES_PER_ROUND = 20_000
"""What a round may leave at most. A room that stays takes 80 kB or more, and its document 60 kB here. What Python and
the allocator keep for later grows less and less, and is some megabytes after hundreds of rounds."""

MAX_OBJECTS_PER_ROUND = 0.1

CONFIG: dict[str, Any] = {
    "ServerApp": {"jpserver_extensions": {"jupyter_collab": True, ORDERING: True}},
    "CollabExtension": {"idle_seconds": IDLE_SECONDS},
}


class Looked(NamedTuple):
    """What the server has after so many rounds."""

    rounds: int
    resident_bytes: int
    objects: Mapping[str, int]


class Soak:
    """Does on ``server`` what people do, a round at a time."""

    def __init__(self, server: RunningServer) -> None:
        self.rounds = 0
        self._server = server
        self._http = httpx.AsyncClient(
            base_url=server.url, headers=server.headers, timeout=120, trust_env=False, limits=httpx.Limits()
        )
        own_page = {"X-Jupyter-Collab": "1"}
        self._guest = httpx.AsyncClient(
            base_url=f"{server.url}collab/api/", headers=own_page, timeout=120, trust_env=False
        )

    async def close(self) -> None:
        """Disconnect."""
        await self._http.aclose()
        await self._guest.aclose()

    async def prepare(self) -> None:
        """Make the room with a kernel that stays."""
        content = notebook(2)
        content["cells"][0]["source"] = "import os, base64"
        content["cells"][1]["source"] = (
            "print(os.urandom(20_000).hex())\n"
            "display({'image/png': base64.b64encode(os.urandom(1_500_000)).decode()}, raw=True)"
        )
        await self._ask("POST", "rooms", json={"id": "kernel", "content": content})

    async def round(self) -> None:
        """A room's whole life, while cells run in another one."""
        self.rounds += 1
        running = asyncio.create_task(self._run())
        room = f"room-{self.rounds}"
        await self._ask("POST", "rooms", json={"id": room, "content": notebook(CELLS, BYTES_PER_CELL)})
        await asyncio.gather(*(self._visit(room) for _ in range(PEOPLE)))
        await self._ask("PUT", f"rooms/{room}/content", json=notebook(CELLS + 1, BYTES_PER_CELL))
        await self._post(f"tests/rooms/{room}/heal")
        for form in ("ipynb", "md", "py"):
            await self._ask("GET", f"rooms/{room}/content", params={"format": form})
        await self._post(f"tests/rooms/{room}/compact")
        await self._invite(room)
        await self._ask("DELETE", f"rooms/{room}")
        await self._ask("DELETE", f"rooms/{room}", params={"permanent": "true"})
        await running

    async def look(self) -> Looked:
        """What there is now."""
        told = (await self._http.get("tests/objects")).raise_for_status().json()
        return Looked(self.rounds, told["resident_bytes"], told["objects"])

    async def look_when_closed(self, seconds: float = CLOSED_SECONDS) -> Looked:
        """What there is so long after the kernel has been ended and everybody has gone."""
        await self._ask("DELETE", "rooms/kernel/kernel")
        await asyncio.sleep(seconds)
        return await self.look()

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        answer = await self._http.request(method, f"api/collab/{path}", **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
        return answer

    async def _post(self, path: str) -> None:
        (await self._http.post(path)).raise_for_status()

    async def _run(self) -> None:
        await self._ask("POST", "rooms/kernel/runs", json={"cells": "all"})
        while (await self._ask("GET", "rooms/kernel/kernel")).json()["queue"]:  # noqa: ASYNC110  # it is asked
            await asyncio.sleep(0.1)

    async def _visit(self, room: str) -> None:
        """Somebody comes, types, waits until all is saved, and goes."""
        async with connecting(self._server, room) as socket:
            doc: Doc[Any] = Doc()
            await socket.send(build(SyncStep1(b"\x00")))
            while not isinstance(message := parse(await socket.recv(decode=False)), SyncStep2):
                pass
            doc.apply_update(message.update)
            said: list[bytes] = []
            subscription = doc.observe(lambda event: said.append(event.update))
            text: Text = doc.get("cells", type=Array)[0]["source"]
            for _ in range(LETTERS):
                text.insert(0, "a")
            doc.unobserve(subscription)
            for update in said:
                await socket.send(build(Update(update)))
            async with asyncio.timeout(60):
                while not (isinstance(ack := parse(await socket.recv(decode=False)), Ack) and ack.count >= LETTERS):
                    pass

    async def _invite(self, room: str) -> None:
        """A guest, the same each time, comes by a link and looks."""
        token = (await self._ask("POST", f"rooms/{room}/invitations", json={"role": "writer"})).json()["token"]
        (await self._guest.post("join", json={"token": token, "name": "Eve"})).raise_for_status()
        (await self._guest.get(f"rooms/{room}/content")).raise_for_status()


def soaking(folder: Path) -> RunningServer:
    """A server for it."""
    return start_server(folder, **CONFIG)


def left(former: Looked, later: Looked, *, per_round: float) -> dict[str, int]:
    """By class, how many objects more there are, if there are so many for each round, or more.

    What the last few people or runs leave behind until the next ones come is less than that.
    """
    more = {name: count - former.objects.get(name, 0) for name, count in later.objects.items()}
    return {name: count for name, count in more.items() if count >= per_round * (later.rounds - former.rounds)}


def bytes_per_round(looks: Sequence[Looked]) -> float:
    """By how much the server grows."""
    return linear_regression([look.rounds for look in looks], [look.resident_bytes for look in looks]).slope


async def _soak(server: RunningServer, minutes: float) -> bool:
    async with AsyncExitStack() as exits:
        soak = Soak(server)
        exits.push_async_callback(soak.close)
        await soak.prepare()
        await _rounds(soak, minutes / 3)
        before = await soak.look_when_closed(FORGOTTEN_SECONDS)
        looks = await _rounds(soak, minutes * 2 / 3)
        after = await soak.look_when_closed(FORGOTTEN_SECONDS)
    slope, more = bytes_per_round(looks), left(before, after, per_round=MAX_OBJECTS_PER_ROUND)
    print(f"{slope:,.0f} bytes a round after {before.rounds} rounds, at most {MAX_BYTES_PER_ROUND:,}")
    print(f"with all rooms closed, {before.resident_bytes / 1e6:.1f} MB then, {after.resident_bytes / 1e6:.1f} MB now")
    print(f"objects that each tenth round left: {json.dumps(more) if more else 'none'}")
    return slope <= MAX_BYTES_PER_ROUND and not more


async def _rounds(soak: Soak, minutes: float) -> list[Looked]:
    """Rounds for so long, with a look after each."""
    looks: list[Looked] = []
    began = time.monotonic()
    while time.monotonic() - began < 60 * minutes:
        await soak.round()
        looks.append(await soak.look())
        if soak.rounds % ROUNDS_PER_LINE == 0:
            print(f"{soak.rounds} rounds: {looks[-1].resident_bytes / 1e6:.1f} MB", flush=True)
    return looks


def main() -> int:
    """The exit status is 1 if memory does not come back."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder, soaking(Path(folder)) as server:
        return int(not asyncio.run(_soak(server, minutes)))


if __name__ == "__main__":
    sys.exit(main())

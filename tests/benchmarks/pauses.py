"""How long others wait while somebody does something large: ``python -m tests.benchmarks.pauses``.

A person types in a small room, and all else happens in another room of the same server, one thing after the other. For
each the table says how long the longest callback of the event loop took, by the clock and of its thread's own time,
and how long the typist waited at worst for a letter to be saved, in quiet and meanwhile.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from jupyter_collab.protocol import SUBPROTOCOL, SyncStep1, SyncStep2, build, parse

from ..attack.bystander import Typist
from ..fuzz.watch import WATCHED, Pause, look
from ..servers import RunningServer, start_server
from .content import notebook
from .ordering import ORDERING

__all__ = ["main"]

GOAL_SECONDS = 0.02
"""Of the thread's own time: what else the machine does is no fault of the server."""

SETTLE_SECONDS = 1.0
LINE_CHARACTERS = 400
HEAD = [
    "while",
    "it takes, s",
    "longest callback by the clock, ms",
    "its own time, ms",
    "a letter saved in quiet, at worst, ms",
    "meanwhile, ms",
]
WORDS_TO_COME = "a word for all who come"
OWN_PAGE = {"X-Jupyter-Collab": "1"}

CONFIG: dict[str, Any] = {
    "ServerApp": {"jpserver_extensions": {**WATCHED["jpserver_extensions"], ORDERING: True}},
    "CollabExtension": {"max_conversion_seconds": 300.0},
}


@dataclass(frozen=True)
class Sizes:
    """How large all is."""

    cells: int = 2_000
    large_cells: int = 400
    large_cell_bytes: int = 50_000
    people: int = 60
    runs: int = 200
    lines: int = 20_000

    @property
    def megabytes(self) -> float:
        """How large the large room is."""
        return self.large_cells * self.large_cell_bytes / 1e6


@dataclass(frozen=True)
class Place:
    """The server, as a process of its own may be told of it."""

    url: str
    token: str
    sizes: Sizes

    def client(self) -> httpx.Client:
        """Asks as the server's own user."""
        headers = {"Authorization": f"token {self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=600, trust_env=False)


Deed = Callable[[], object]


def _sending(place: Place, method: str, path: str, content: Any) -> Deed:
    body = json.dumps(content).encode()
    client = place.client()
    headers = {"Content-Type": "application/json"}
    return lambda: client.request(method, f"api/collab/{path}", content=body, headers=headers).raise_for_status()


def _import(place: Place) -> Deed:
    return _sending(place, "PUT", "rooms/cells/content", notebook(place.sizes.cells, 200))


def _create(place: Place) -> Deed:
    return _sending(place, "POST", "rooms", {"content": notebook(place.sizes.cells, 200)})


def _create_large(place: Place) -> Deed:
    return _sending(place, "POST", "rooms", {"content": _large(place.sizes)})


def _export(place: Place, form: str) -> Deed:
    client = place.client()
    return lambda: client.get("api/collab/rooms/large/content", params={"format": form}).raise_for_status()


def _order(place: Place, order: str) -> Deed:
    client = place.client()
    return lambda: client.post(f"tests/rooms/large/{order}").raise_for_status()


def _join(place: Place) -> Deed:
    _read_room(place, "large")  # from now on it is open
    return lambda: _read_room(place, "large")


def _join_unloaded(place: Place) -> Deed:
    return lambda: _read_room(place, "unloaded")


def _read_room(place: Place, room: str) -> None:
    url = f"ws{place.url.removeprefix('http')}api/collab/room/{room}"
    headers = {"Authorization": f"token {place.token}"}
    protocols = [Subprotocol(SUBPROTOCOL)]
    with connect(url, additional_headers=headers, subprotocols=protocols, max_size=None, proxy=None) as socket:
        socket.send(build(SyncStep1(b"\x00")))
        while not isinstance(parse(socket.recv(decode=False)), SyncStep2):
            pass


def _run_cells(place: Place, room: str, source: str, cells: int) -> Deed:
    content = notebook(cells)
    for cell in content["cells"]:
        cell["source"] = source
    client = place.client()
    client.post("api/collab/rooms", json={"id": room, "content": content}).raise_for_status()
    client.post(f"api/collab/rooms/{room}/runs", json={"cells": [content["cells"][0]["id"]]}).raise_for_status()
    _until_idle(client, room)  # the kernel has started

    def run() -> None:
        client.post(f"api/collab/rooms/{room}/runs", json={"cells": "all"}).raise_for_status()
        _until_idle(client, room)

    return run


def _until_idle(client: httpx.Client, room: str) -> None:
    while client.get(f"api/collab/rooms/{room}/kernel").raise_for_status().json()["queue"]:
        time.sleep(0.2)


def _flood(place: Place) -> Deed:
    loop = f"for number in range({place.sizes.lines}): print('line', number, flush=True)"
    return _run_cells(place, "flood", loop, 1)


def _large_outputs(place: Place) -> Deed:
    return _run_cells(place, "outputs", "print('x' * 50_000_000)", 3)


def _queue(place: Place) -> Deed:
    return _run_cells(place, "queue", "1 + 1", place.sizes.runs)


def _class(place: Place) -> Deed:
    with place.client() as client:
        client.post("api/collab/rooms", json={"id": "class"}).raise_for_status()
        wish = {"role": "writer", "password": WORDS_TO_COME}
        token = client.post("api/collab/rooms/class/invitations", json=wish).raise_for_status().json()["token"]

    def come(number: int) -> None:
        with httpx.Client(base_url=f"{place.url}collab/api/", headers=OWN_PAGE, timeout=600, trust_env=False) as page:
            name = f"Guest {number}"
            page.post("join", json={"token": token, "name": name, "password": WORDS_TO_COME}).raise_for_status()

    def come_all() -> None:
        with ThreadPoolExecutor(place.sizes.people) as people:
            list(people.map(come, range(place.sizes.people)))

    return come_all


def _large(sizes: Sizes) -> dict[str, Any]:
    """Long lines: a file as ``.py`` may have 100,000."""
    content = notebook(sizes.large_cells, sizes.large_cell_bytes)
    for cell in content["cells"]:
        cell["source"] = "\n".join(textwrap.wrap(cell["source"].replace("\n", " ; "), LINE_CHARACTERS))
    return content


DEEDS: dict[str, tuple[str, Callable[[Place], Deed]]] = {
    "import": ("{0.cells:,} cells are imported", _import),
    "create": ("a room of {0.cells:,} cells is made", _create),
    "create-large": ("a room of {0.megabytes:g} MB is made", _create_large),
    "load": ("a room of {0.megabytes:g} MB is opened", _join_unloaded),
    "join": ("{0.megabytes:g} MB are joined", _join),
    "ipynb": ("{0.megabytes:g} MB are exported as .ipynb", lambda place: _export(place, "ipynb")),
    "py": ("{0.megabytes:g} MB are exported as .py", lambda place: _export(place, "py")),
    "heal": ("{0.megabytes:g} MB are made anew", lambda place: _order(place, "heal")),
    "keyframe": ("a keyframe of {0.megabytes:g} MB is written", lambda place: _order(place, "compact")),
    "flood": ("a kernel prints {0.lines:,} lines", _flood),
    "outputs": ("a kernel prints 3 outputs of 50 MB", _large_outputs),
    "queue": ("{0.runs} runs are queued", _queue),
    "class": ("{0.people} people come by a link with a password", _class),
}


def _do(name: str, place: Place, is_ready: Any, may_begin: Any) -> None:
    """In a process of its own, which leaves the machine to the others."""
    os.nice(10)
    deed = DEEDS[name][1](place)
    is_ready.set()
    may_begin.wait()
    deed()


@dataclass(frozen=True)
class Found:
    """What was seen while one thing was done, in seconds."""

    words: str
    took: float
    longest: float
    longest_work: float
    where: str
    quiet_wait: float
    wait: float

    @property
    def row(self) -> list[str]:
        """Its line of the table, in milliseconds."""
        times = (self.longest, self.longest_work, self.quiet_wait, self.wait)
        return [self.words, f"{self.took:.1f}", *(f"{1000 * seconds:.0f}" for seconds in times)]


async def _measure(server: RunningServer, place: Place, names: Sequence[str], quiet_seconds: float) -> list[Found]:
    typist, is_ready = Typist(server, "small"), asyncio.Event()
    life = asyncio.create_task(typist.live(is_ready))
    await is_ready.wait()
    found = []
    for name in names:
        found.append(await _one(server, place, typist, name, quiet_seconds))
        print(found[-1].words, f"{1000 * found[-1].longest_work:.0f} ms", found[-1].where, file=sys.stderr)
    life.cancel()
    await asyncio.wait([life])
    return found


async def _one(server: RunningServer, place: Place, typist: Typist, name: str, quiet_seconds: float) -> Found:
    processes = multiprocessing.get_context("spawn")
    is_ready, may_begin = processes.Event(), processes.Event()
    process = processes.Process(target=_do, args=(name, place, is_ready, may_begin), daemon=True)
    process.start()
    try:
        while not await asyncio.to_thread(is_ready.wait, 1.0):
            assert process.is_alive(), f"{name}: it did not begin"
        await asyncio.sleep(SETTLE_SECONDS)
        typist.take()
        await asyncio.sleep(quiet_seconds)
        quiet = typist.take()
        await asyncio.to_thread(look, server)
        began = time.perf_counter()
        may_begin.set()
        await asyncio.to_thread(process.join)
        took = time.perf_counter() - began
        assert process.exitcode == 0, f"{name}: it failed"
        await asyncio.sleep(SETTLE_SECONDS)
        waits = typist.take()
        pauses = (await asyncio.to_thread(look, server)).pauses
    finally:
        process.kill()
    nothing = Pause(0.0, 0.0, 0.0, "")
    worst = max(pauses, key=lambda pause: pause.work_seconds, default=nothing)
    longest = max((pause.seconds for pause in pauses), default=0.0)
    words = DEEDS[name][0].format(place.sizes)
    return Found(words, took, longest, worst.work_seconds, worst.where, max(quiet), max(waits))


def measure(sizes: Sizes, names: Sequence[str], quiet_seconds: float, folder: Path) -> list[Found]:
    """Do all of ``names`` on a fresh server."""
    with start_server(folder, **CONFIG) as server:
        place = Place(server.url, server.token, sizes)
        server.create_room("small")
        server.create_room("cells")
        for name in ("large", "unloaded"):
            server.create_room(name, content=_large(sizes))
        return asyncio.run(_measure(server, place, names, quiet_seconds))


def main() -> int:
    """Print the table; the exit status is 1 if the goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pauses", description=__doc__)
    parser.add_argument("--only", action="append", choices=DEEDS, help="only this; may be repeated")
    parser.add_argument("--quick", action="store_true", help="all of it small, to see that everything works")
    parser.add_argument("--quiet-seconds", type=float, default=3.0, help="how long is typed before each")
    options = parser.parse_args()
    sizes = Sizes(20, 4, 20_000, 3, 3, 100) if options.quick else Sizes()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(sizes, options.only or list(DEEDS), options.quiet_seconds, Path(folder))
    for row in (HEAD, ["---", *["--:"] * (len(HEAD) - 1)], *(each.row for each in found)):
        print(f"| {' | '.join(row)} |")
    return int(any(each.longest_work > GOAL_SECONDS for each in found))


if __name__ == "__main__":
    sys.exit(main())

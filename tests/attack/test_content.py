"""Content that takes long: the others go on typing, the server stays small, and its processes end with it."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from ..peers import eventually
from ..servers import PLAIN, RunningServer, start_server
from ..unit.scenarios import scenario
from .bystanders import Bystanders, bystanders
from .memory import MIB, resident_bytes

MAX_WAIT_SECONDS = 1.5
"""It is a twentieth of that where nothing else runs."""

GROWTH_BYTES = 60 * MIB
"""A room of so many cells is among it."""


def _notebook(sources: list[str], name: str = "c") -> dict[str, Any]:
    cells = [
        {"cell_type": "code", "id": f"{name}{number}", "metadata": {}, "source": source, "outputs": []}
        for number, source in enumerate(sources)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def _shuffled(seed: int) -> list[str]:
    order = random.Random(seed)
    return ["\n".join(map(str, order.sample(range(1990), 1990))) for _ in range(160)]


async def _put(server: RunningServer, room: str, **content: Any) -> httpx.Response:
    async with httpx.AsyncClient(headers=server.headers, verify=PLAIN, timeout=60) as client:
        return await client.put(f"{server.url}api/collab/rooms/{room}/content", **content)


def _workers(server: RunningServer) -> list[psutil.Process]:
    return [process for process in psutil.Process(server.pid).children() if _is_worker(process)]


def _is_worker(process: psutil.Process) -> bool:
    return any("jupyter_collab.workers" in part for part in process.cmdline())


class Watch:
    """How long the others wait at most for a word of each other, and how much memory the server has at most."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self.memory_bytes = resident_bytes(server)
        self.wait_seconds = 0.0

    async def until(self, tasks: Sequence["asyncio.Task[httpx.Response]"], people: Bystanders) -> list[int]:
        """Watch until all of ``tasks`` are done; answers their status codes."""
        measuring = asyncio.create_task(self._measure())
        while not all(task.done() for task in tasks):
            before = time.monotonic()
            await people.still_talk()
            self.wait_seconds = max(self.wait_seconds, time.monotonic() - before)
        measuring.cancel()
        print(f"{self.wait_seconds:.2f} s, {self.memory_bytes / MIB:.0f} MiB")
        return [task.result().status_code for task in tasks]

    async def _measure(self) -> None:
        while True:
            self.memory_bytes = max(self.memory_bytes, resident_bytes(self._server))
            await asyncio.sleep(0.01)


@scenario
async def test_others_type_while_content_is_compared(server: RunningServer, room: str) -> None:
    victim = server.create_room(content=_notebook(_shuffled(1)))["id"]
    before = resident_bytes(server)
    async with bystanders(server, room) as people:
        puts = [asyncio.create_task(_put(server, victim, json=_notebook(_shuffled(seed)))) for seed in (2, 3)]
        watch = Watch(server)
        assert await watch.until(puts, people) == [200, 200]
    assert watch.wait_seconds < MAX_WAIT_SECONDS
    assert watch.memory_bytes - before < GROWTH_BYTES


@pytest.mark.parametrize("values", [990_000, 6_000_000], ids=["as many as may be", "more"])
@scenario
async def test_others_type_while_many_values_are_read(server: RunningServer, room: str, values: int) -> None:
    body = b'{"nbformat": 4, "cells": [' + b"{}," * values + b"{}]}"
    before = resident_bytes(server)
    async with bystanders(server, room) as people:
        headers = {"Content-Type": "application/json"}
        puts = [asyncio.create_task(_put(server, room, content=body, headers=headers)) for _ in range(2)]
        watch = Watch(server)
        assert await watch.until(puts, people) == [400, 400]
    assert watch.wait_seconds < MAX_WAIT_SECONDS
    assert watch.memory_bytes - before < 4 * len(body) + 20 * MIB


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    with start_server(tmp_path) as running:
        yield running


async def _working(server: RunningServer) -> tuple["asyncio.Task[httpx.Response]", psutil.Process]:
    """A request that takes seconds, and the process that works for it."""
    room = server.create_room(content=_notebook([f"x = {number}" for number in range(4_900)]))["id"]
    await eventually(lambda: _workers(server), "the process that made the room is there")
    other = _notebook([f"y = {number}" for number in range(4_900)], "d")
    used = {worker.pid: worker.cpu_times().user for worker in _workers(server)}
    put = asyncio.create_task(_put(server, room, json=other))

    def at_work() -> list[psutil.Process]:
        return [one for one in _workers(server) if one.cpu_times().user > used.get(one.pid, 0) + 0.2]

    worker = (await eventually(at_work, "it works"))[0]
    return put, worker


@pytest.mark.skipif(sys.platform == "win32", reason="it has no kill -9")
@pytest.mark.parametrize("ending", ["SIGKILL", "SIGTERM"])
@pytest.mark.parametrize("state", ["at work", "idle"])
@scenario
async def test_no_process_outlives_the_server(own_server: RunningServer, ending: str, state: str) -> None:
    put, worker = await _working(own_server)
    if state == "idle":
        await put
    os.kill(own_server.pid, signal.Signals[ending])
    await eventually(lambda: not worker.is_running(), "the process ends")
    await asyncio.gather(put, return_exceptions=True)
    own_server.kill()

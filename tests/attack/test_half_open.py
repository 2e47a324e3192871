"""A peer that stops answering without a word is gone from everybody's list within seconds."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..peers import RawClient, eventually
from ..servers import REPOSITORY, RunningServer
from ..unit.scenarios import scenario

GONE_SECONDS = 15.0


@contextmanager
def person_in_a_process(server: RunningServer, room: str) -> Iterator[int]:
    """Somebody who joined from a process of their own; answers its id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.attack.sitter", server.ws_url, room, server.token], cwd=REPOSITORY
    )
    try:
        yield process.pid
    finally:
        process.kill()  # this ends a stopped process too
        process.wait()


@scenario
async def test_a_frozen_process_is_gone_from_presence_and_back_when_it_goes_on(
    server: RunningServer, room: str
) -> None:
    async with RawClient(server, room, "watcher") as watcher:
        await watcher.joined()
        watcher.present({"cursor": None})
        with person_in_a_process(server, room) as pid:
            await eventually(lambda: watcher.people, "it is there")
            os.kill(pid, signal.SIGSTOP)
            await eventually(lambda: not watcher.people, "it is gone", seconds=GONE_SECONDS)
            people = (await asyncio.to_thread(server.request, "GET", f"rooms/{room}")).json()["people"]
            assert len(people) == 1
            watcher.write("meanwhile")
            os.kill(pid, signal.SIGCONT)
            await eventually(lambda: watcher.people, "it is there again")
            await eventually(lambda: watcher.text == "meanwhile, later", "and edits again")
        assert not watcher.ends, "who answers stays"

"""A server that is asked to stop first saves what it was given."""

import asyncio
import os
import signal
from pathlib import Path

from jupyter_collab.errors import CloseCode

from ..crash.typists import durable_text
from ..peers import RawClient, eventually
from ..unit.scenarios import scenario
from .troubles import Lock

EDITS = 50


@scenario
async def test_sigterm_waits_for_edits_that_wait_for_the_store(tmp_path: Path) -> None:
    with Lock.happens(tmp_path) as lock:
        server = lock.server
        room = server.create_room()["id"]
        async with RawClient(server, room, "author") as author, RawClient(server, room, "reader") as reader:
            await asyncio.gather(author.joined(), reader.joined())
            lock.begin()
            words = [f"<{number}>" for number in range(EDITS)]
            for word in words:
                author.write(word)
            author.present({"cursor": "behind the edits"})
            await eventually(lambda: reader.people, "the server has read all edits")
            assert author.unacked == set(words)
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            await eventually(lambda: f"signal {signal.SIGTERM}" in server.log, "the server has heard the signal")
            assert durable_text(tmp_path / "rooms.sqlite", room, running=True) == ""
            lock.end()
            await stopping
            assert durable_text(tmp_path / "rooms.sqlite", room, running=False) == "".join(words)
            await eventually(lambda: author.ends and reader.ends, "both are told")
            assert author.ends[0].code == CloseCode.GOING_AWAY
            assert author.acked == set(words), "and the author that all is saved"
            assert reader.text == "".join(words)


@scenario
async def test_a_store_that_fails_does_not_keep_the_server_from_stopping(tmp_path: Path) -> None:
    with Lock.happens(tmp_path) as lock:
        server = lock.server
        room = server.create_room()["id"]
        async with RawClient(server, room, "author") as author:
            await author.joined()
            lock.begin()
            author.write("kept by its author")
            os.kill(server.pid, signal.SIGTERM)
            await eventually(lambda: not server.is_running, "it gives up and stops", seconds=30)
            server.kill()  # for what it may have left behind
            lock.end()
            assert author.unacked
            await asyncio.to_thread(server.start)
            await author.saved()
            assert durable_text(tmp_path / "rooms.sqlite", room, running=True) == "kept by its author"

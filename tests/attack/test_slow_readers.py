"""A peer that does not read what it is owed is let go, and the others never notice it."""

import asyncio
import base64
import math
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from pycrdt import Array, Doc

from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import EMPTY_UPDATE, Ack, SyncStep1, SyncStep2, Update, build, parse
from jupyter_collab.server.websocket import PING_MILLISECONDS, SILENCE_MILLISECONDS

from ..peers import RawClient, eventually
from ..peers.wire import connecting
from ..servers import RunningServer
from ..unit.scenarios import scenario
from .bystanders import Bystanders, bystanders
from .memory import MIB, resident_bytes

PIECE_BYTES = 5 * MIB
OWED_BYTES = 120 * MIB
GROWTH_BYTES = 80 * MIB
"""Less than it is owed: its outbox may hold 16 MiB, pieces are on their way, and Python keeps some of what it freed."""


@contextmanager
def deaf_peer(server: RunningServer, room: str) -> Iterator[socket.socket]:
    """A connection that joined the room and reads nothing more."""
    with socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(20)
        peer.connect(("127.0.0.1", server.port))
        lines = [
            f"GET /api/collab/room/{room} HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            *(f"{name}: {value}" for name, value in server.headers.items()),
        ]
        peer.sendall("\r\n".join([*lines, "", ""]).encode())
        assert peer.recv(12) == b"HTTP/1.1 101"
        yield peer


async def write_much(author: RawClient) -> None:
    """Make and delete large texts; the room stays small, who reads along is owed :data:`OWED_BYTES`."""
    for number in range(OWED_BYTES // PIECE_BYTES):
        big = chr(ord("a") + number) * PIECE_BYTES
        author.edit(f"big {number}", lambda doc: author.source.insert(0, big))  # noqa: B023
        author.edit(f"gone {number}", lambda doc: author.source.__delitem__(slice(0, PIECE_BYTES)))
        await author.saved(seconds=40)


@scenario
async def test_who_never_reads_is_let_go_before_all_it_is_owed_is_kept(server: RunningServer, room: str) -> None:
    async with RawClient(server, room, "author") as author:
        await author.joined()
        async with bystanders(server, room) as people:
            without = await _highest_memory(server, author, people)
            with deaf_peer(server, room):
                await eventually(lambda: _people(server, room) == 4, "it has joined")
                with_it = await _highest_memory(server, author, people)
                await eventually(lambda: _people(server, room) == 3, "it is gone from the room")
                assert "slow_reader" in server.log
            assert with_it - without < GROWTH_BYTES, f"{(with_it - without) / MIB:.0f} MiB"


async def _highest_memory(server: RunningServer, author: RawClient, people: Bystanders) -> int:
    """How much the server holds at most while ``author`` writes much."""
    writing = asyncio.create_task(write_much(author))
    highest = 0
    while not writing.done():
        await people.still_talk()
        highest = max(highest, resident_bytes(server))
    await writing
    return highest


def _people(server: RunningServer, room: str) -> int:
    return len(server.request("GET", f"rooms/{room}").json()["people"])


@scenario
async def test_who_reads_again_in_time_is_told_why(server: RunningServer, room: str) -> None:
    async with RawClient(server, room, "author") as author:
        await author.joined()
        with deaf_peer(server, room) as peer:
            seen = server.log.count("slow_reader")
            for number in range(OWED_BYTES // PIECE_BYTES):
                author.write(f"{number}" * PIECE_BYTES, 0)
                author.edit(f"gone {number}", lambda doc: author.source.__delitem__(slice(0, len(author.source))))
                await author.saved(seconds=40)
                if server.log.count("slow_reader") > seen:
                    break
            assert await asyncio.to_thread(_close_code, peer) == CloseCode.SLOW_READER


@scenario
async def test_a_large_room_arrives_over_a_line_on_which_it_takes_longer_than_silence_may_last(
    server: RunningServer, room: str
) -> None:
    content = "x" * 8 * MIB
    async with RawClient(server, room, "author") as author:
        await author.joined()
        for start in range(0, len(content), PIECE_BYTES):
            author.edit("more", lambda doc: author.source.insert(0, content[start : start + PIECE_BYTES]))  # noqa: B023
        await author.saved(seconds=40)
    async with slow_line(server) as port, connecting(server, room, port=port) as socket:
        document: Doc[Any] = Doc()
        await socket.send(build(SyncStep1(b"\x00")))
        began = time.monotonic()
        async for data in socket:
            match parse(data):  # type: ignore[arg-type]  # the server sends bytes
                case SyncStep2(update):
                    document.apply_update(update)
                    break
        assert time.monotonic() - began > (SILENCE_MILLISECONDS + PING_MILLISECONDS) / 1000
        assert len(document.get("cells", type=Array)[0]["source"]) == len(content)
        await socket.send(build(Update(EMPTY_UPDATE)))
        async for data in socket:
            if isinstance(parse(data), Ack):  # type: ignore[arg-type]  # as above
                break
        assert socket.close_code is None


LINE_BYTES_PER_SECOND = 0.5 * MIB


@asynccontextmanager
async def slow_line(server: RunningServer) -> AsyncIterator[int]:
    """A port at which the server answers slowly, as if it were far away."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server.port, limit=SMALL_BUFFER_BYTES)
        back = asyncio.create_task(_carry(server_reader, writer, LINE_BYTES_PER_SECOND))
        with suppress(ConnectionError):
            await _carry(reader, server_writer, math.inf)
        back.cancel()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


SMALL_BUFFER_BYTES = 2**16


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bytes_per_second: float) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(len(data) / bytes_per_second)
    writer.close()


def _close_code(peer: socket.socket) -> int:
    """The code of the close frame at the end of all that waits."""
    tail = b""
    while received := peer.recv(2**20):
        tail = (tail + received)[-200:]
    frame = tail[tail.rindex(b"\x88") :]
    return int.from_bytes(frame[2:4], "big")

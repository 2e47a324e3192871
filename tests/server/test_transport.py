"""How the frames of a connection are read."""

import asyncio
import socket

from tornado.iostream import IOStream

from jupyter_collab.server.tornado_internals import READ_CHUNK_BYTES, READ_TURN_BYTES, read_in_turns

from ..unit.scenarios import scenario


def filled(peer: socket.socket) -> int:
    """Send as much as the system takes; returns how much."""
    peer.setblocking(False)
    sent = 0
    while True:
        try:
            sent += peer.send(bytes(READ_CHUNK_BYTES))
        except BlockingIOError:
            return sent


@scenario
async def test_who_sends_fast_is_read_in_turns_with_everybody_else() -> None:
    own, peer = socket.socketpair()
    stream = IOStream(own, read_chunk_size=READ_CHUNK_BYTES)
    read_in_turns(stream)
    size = filled(peer)
    assert size > 2 * READ_TURN_BYTES
    reading = asyncio.ensure_future(stream.read_bytes(size))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns >= size // READ_TURN_BYTES
    assert len(await reading) == size
    stream.close()
    peer.close()


@scenario
async def test_small_messages_are_read_when_they_come_and_the_end_is_seen() -> None:
    own, peer = socket.socketpair()
    stream = IOStream(own, read_chunk_size=READ_CHUNK_BYTES)
    read_in_turns(stream)
    for number in range(3 * READ_TURN_BYTES // 1_000):
        reading = stream.read_bytes(1_000)
        peer.sendall(bytes([number % 256]) * 1_000)
        assert await reading == bytes([number % 256]) * 1_000
    peer.close()
    assert await stream.read_until_close() == b""

"""The sockets of a kernel: one reader for each, which hands every message on."""

import asyncio
import hmac
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

import zmq
from jupyter_client.adapter import adapt
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.session import DELIM, Session

from ..background import Background

__all__ = ["Channels", "Message"]

T = TypeVar("T")

Message = dict[str, Any]

MAX_WAITING_MESSAGES = 100_000
"""So many messages of iopub may wait to be read."""

LARGE_MESSAGE_BYTES = 1 * 2**20
"""A message from this size on is read in a thread of this kernel, so other kernels need not wait for it."""

MAX_PART_CHARACTERS = 2**18
"""So much of what is printed is taken at a time: that takes about a millisecond."""

READ_AGAIN_SECONDS = 1.0

TURN_SECONDS = 0.0005
"""For so long messages are read one after the other: a kernel that never pauses must let the others have their turn."""


class Channels:
    """Reads iopub, shell and stdin of ``client``; ``on_message`` gets the channel's name and the message."""

    def __init__(self, client: AsyncKernelClient, on_message: Callable[[str, Message], None]) -> None:
        self._client = client
        self._on_message = on_message
        self._background = Background("channels of a kernel")
        self._thread = ThreadPoolExecutor(1, "jupyter_collab kernel messages")

    def open(self) -> None:
        """Connect and begin to read."""
        self._client.start_channels(hb=False)
        _let_wait(self._client.iopub_channel.socket)
        _reconnect(self._client.stdin_channel.socket, zmq.IMMEDIATE, 1)
        for name in ("iopub", "shell", "stdin"):
            channel = getattr(self._client, f"{name}_channel")
            read = partial(self._read, name, channel.socket)
            self._background.run(f"reading {name}", read, again_seconds=READ_AGAIN_SECONDS)

    def send(self, ask: Callable[[AsyncKernelClient], T]) -> T:
        """What ``ask`` returns, which sends something to the kernel with the client.

        A socket wakes its reader once for what has come, and sending uses that up. jupyter_client sends behind the back
        of the reader, which would wait for ever if a message came just then; so it is told to look.
        """
        try:
            return ask(self._client)
        finally:
            for socket in (self._client.shell_channel.socket, self._client.stdin_channel.socket):
                socket.get(zmq.EVENTS)  # zmq.asyncio's own way to be told

    async def may_ask_for_input(self, seconds: float) -> bool:
        """Wait until the kernel reaches us over stdin, at most so long: what it asks before then is dropped, by it.

        Some kernels have no stdin until their first input.
        """
        # IMMEDIATE: a socket takes messages from when it is connected on.
        return bool(await self._client.stdin_channel.socket.poll(round(seconds * 1000), zmq.POLLOUT))

    async def close(self) -> None:
        """Read no more, and disconnect."""
        await self._background.close()
        self._thread.shutdown(wait=False)
        self._client.stop_channels()

    async def _read(self, name: str, socket: Any) -> None:
        at_once: zmq.Socket[bytes] = zmq.Socket.shadow(socket.underlying)
        while True:
            frames = await socket.recv_multipart()
            turn_ends = perf_counter() + TURN_SECONDS
            while frames:
                await self._take(name, frames)
                frames = _waiting_message(at_once) if perf_counter() < turn_ends else None
            await asyncio.sleep(0)

    async def _take(self, name: str, frames: list[bytes]) -> None:
        with self._background.boundary(f"a message on {name}"):
            if sum(map(len, frames)) < LARGE_MESSAGE_BYTES:
                message = read_message(self._client.session, frames)
            else:
                message = await asyncio.get_running_loop().run_in_executor(
                    self._thread, read_message, self._client.session, frames
                )
            for part in parts_of(message):
                self._on_message(name, part)
                if part is not message:
                    await asyncio.sleep(0)


def parts_of(message: Message) -> Iterator[Message]:
    """The message, or several that say the same: much that is printed takes long, and others must have their turn."""
    text = message["content"].get("text") if message["msg_type"] == "stream" else None
    if not isinstance(text, str) or len(text) <= MAX_PART_CHARACTERS:
        yield message
        return
    for start in range(0, len(text), MAX_PART_CHARACTERS):
        part = text[start : start + MAX_PART_CHARACTERS]
        yield {**message, "content": {**message["content"], "text": part}}


def _waiting_message(socket: zmq.Socket[bytes]) -> list[bytes] | None:
    """A message that has come already."""
    try:
        return socket.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        return None


def read_message(session: Session, frames: list[bytes]) -> Message:
    """The message in ``frames``; ``ValueError`` if its signature is wrong.

    The same as ``session.deserialize`` makes of it, but for the dates in its headers, which would take it three
    quarters of its time, and for what it remembers of messages that come twice.
    """
    signature, *parts = frames[frames.index(DELIM) + 1 :]
    if session.auth is not None and not hmac.compare_digest(signature, session.sign(parts[:4])):
        raise ValueError("The signature of a message is wrong.")
    header, parent_header, metadata, content = map(session.unpack, parts[:4])
    message: Message = {
        "header": header,
        "msg_id": header["msg_id"],
        "msg_type": header["msg_type"],
        "parent_header": parent_header,
        "metadata": metadata,
        "content": content,
        "buffers": parts[4:],
    }
    if not header.get("version", "").startswith("5."):
        message = adapt(message)
    return message


def _let_wait(socket: Any) -> None:
    """Let many messages wait: beyond a thousand or so the kernel drops what it prints while this process is busy."""
    _reconnect(socket, zmq.RCVHWM, MAX_WAITING_MESSAGES)


def _reconnect(socket: Any, option: int, value: int) -> None:
    """Set an option that counts for connections that are made from now on."""
    endpoint = socket.last_endpoint
    socket.disconnect(endpoint)
    socket.setsockopt(option, value)
    socket.connect(endpoint)

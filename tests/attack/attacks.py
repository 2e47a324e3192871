"""What guests do to make a server slow, again and again until they are stopped; see :mod:`.bystander`."""

import asyncio
import itertools
import json
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
from pycrdt import Array, Doc, Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from jupyter_collab.protocol import (
    SUBPROTOCOL,
    AwarenessEntry,
    AwarenessMessage,
    QueryAwareness,
    SyncStep1,
    Update,
    build,
    build_awareness,
    write_varuint,
)

from ..servers import PLAIN
from .guests import OWN_PAGE

__all__ = ["ATTACKS", "Target"]

LONG_BYTES = 10 * 2**20 - 64
LETTERS, TINY_ITEMS, CLIENTS, SOCKETS = 60_000, 100_000, 600_000, 500
CELLS, LINES = 4_900, 1_990
BREATH_SECONDS = 0.02

HEADER_BOMB = "---\njupyter:\n  a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n{}---\n\n```python\n1\n```\n".format(
    "".join(f"  a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
)


@dataclass(frozen=True)
class Target:
    """Where to, and as whom: ``cookie`` is a guest's, ``token`` of the link by which others may come."""

    url: str
    room: str
    cookie: str
    token: str

    @property
    def api(self) -> str:
        """The address of the API for guests."""
        return f"{self.url}collab/api/"

    def client(self) -> httpx.AsyncClient:
        """The guest's browser."""
        return httpx.AsyncClient(headers={**OWN_PAGE, "Cookie": self.cookie}, verify=PLAIN, timeout=60)

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[ClientConnection]:
        """A connection to the room, of which nothing is read but to keep it open."""
        url = f"ws{self.api.removeprefix('http')}room/{self.room}"
        protocols = [Subprotocol(SUBPROTOCOL)]
        options: dict[str, Any] = {"compression": None, "proxy": None, "close_timeout": 1, "max_size": None}
        async with connect(
            url, additional_headers={"Cookie": self.cookie}, subprotocols=protocols, **options
        ) as socket:
            reading = asyncio.create_task(_read(socket))
            try:
                yield socket
            finally:
                reading.cancel()


async def _read(socket: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        async for _ in socket:
            pass


async def _send(target: Target, messages: Iterable[bytes]) -> None:
    """Send all of it, over new connections where one is closed."""
    waiting = iter(messages)
    while True:
        try:
            async with target.socket() as socket:
                for message in waiting:
                    await socket.send(message)
                    await asyncio.sleep(0)
                return
        except (ConnectionClosed, InvalidHandshake, OSError):
            await asyncio.sleep(BREATH_SECONDS)


async def _put(target: Target, bodies: Iterable[bytes], media: str, form: str = "ipynb") -> None:
    async with target.client() as client:
        url = f"{target.api}rooms/{target.room}/content?format={form}"
        for body in bodies:
            with suppress(httpx.TransportError):
                await client.put(url, content=body, headers={"Content-Type": media})
            await asyncio.sleep(BREATH_SECONDS)


# What they send


def _nulls() -> bytes:
    value = b"\x75" + write_varuint(LONG_BYTES - 1_000) + b"\x7e" * (LONG_BYTES - 1_000)
    return build(Update(b"\x01\x01\x07\x00\x28\x01\x01x\x01k\x01" + value + b"\x00"))


def _vector() -> bytes:
    count = LONG_BYTES // 5
    return build(
        SyncStep1(write_varuint(count) + b"".join(write_varuint(n) + b"\x01" for n in range(2**21, 2**21 + count)))
    )


def _tiny() -> bytes:
    structs = b"".join(b"\x28\x01\x01x\x01k\x01\x7d" + write_varuint(n % 50) for n in range(TINY_ITEMS))
    return build(Update(b"\x01" + write_varuint(TINY_ITEMS) + b"\x07\x00" + structs + b"\x00"))


def _letters() -> bytes:
    doc: Doc[Any] = Doc()
    text = doc.get("x", type=Text)
    for _ in range(LETTERS):
        text.insert(0, "a")
    return build(Update(doc.get_update()))


def _clients() -> bytes:
    sections = b"".join(b"\x01" + write_varuint(n) + b"\x00\x04\x01\x01x\x01a" for n in range(2**21, 2**21 + CLIENTS))
    return build(Update(write_varuint(CLIENTS) + sections + b"\x00"))


def _gap() -> bytes:
    return build(Update(b"\x01\x01" + write_varuint(random.randrange(2**20, 2**30)) + b"\x09\x84\x05\x07\x01a\x00"))


def _presence() -> Iterable[bytes]:
    for clock in itertools.count(1):
        state = json.dumps({"cursor": {"cell": str(clock)}, "padding": "x" * 8_000})
        yield build(AwarenessMessage(build_awareness([AwarenessEntry(7, clock, state)])))


def _keys() -> Iterable[bytes]:
    doc: Doc[Any] = Doc()
    said: list[bytes] = []
    doc.observe(lambda event: said.append(event.update))
    items = doc.get("scribbles", type=Array)
    for number in itertools.count():
        items.append(number)
        yield build(Update(said.pop()))


def _notebook(sources: Iterable[str]) -> bytes:
    cells = [
        {"cell_type": "code", "id": f"c{random.randrange(10**9)}", "metadata": {}, "source": source, "outputs": []}
        for source in sources
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def _many_cells() -> Iterable[bytes]:
    while True:
        yield _notebook(str(random.random()) for _ in range(CELLS))


def _shuffled_lines() -> Iterable[bytes]:
    while True:
        yield _notebook("\n".join(map(str, random.sample(range(LINES), LINES))) for _ in range(40))


Attack = Callable[[Target], Coroutine[Any, Any, None]]
"""Makes ready what takes time to make, and returns what is then to be run."""


def _again(make: Callable[[], bytes]) -> Attack:
    return lambda target: _send(target, itertools.repeat(make()))


def _flood(make: Callable[[], Iterable[bytes]]) -> Attack:
    return lambda target: _send(target, make())


# What takes more than one connection


async def _gaps(target: Target) -> None:
    while True:
        await _send(target, [_gap() for _ in range(5)])


async def _sockets(target: Target) -> None:
    while True:
        async with AsyncExitStack() as stack:
            for _ in range(SOCKETS):
                with suppress(ConnectionClosed, InvalidHandshake, OSError):
                    await stack.enter_async_context(target.socket())
            await asyncio.sleep(1)


async def _joins(target: Target) -> None:
    while True:
        async with httpx.AsyncClient(headers=OWN_PAGE, verify=PLAIN, timeout=60) as client:
            joined = await client.post(f"{target.api}join", json={"token": target.token, "name": "Eve"})
            if joined.is_success:
                name = (await client.get(f"{target.api}me")).json()["username"]
                await client.delete(f"{target.api}rooms/{target.room}/members/guest:{name}")


ATTACKS: dict[str, tuple[str, Attack]] = {
    "10 MB of nulls": ("viewer", _again(_nulls)),
    "10 MB of nulls by a writer": ("writer", _again(_nulls)),
    "a state vector of 10 MB": ("viewer", _again(_vector)),
    "questions for the whole document": ("viewer", _again(lambda: build(SyncStep1(b"\x00")))),
    "questions for presence": ("viewer", _again(lambda: build(QueryAwareness()))),
    "presence": ("runner", _flood(_presence)),
    "500 connections": ("viewer", _sockets),
    "coming and going": ("viewer", _joins),
    "100,000 items under one key": ("writer", _again(_tiny)),
    "60,000 letters, one by one": ("editor", _again(_letters)),
    "600,000 clients": ("writer", _again(_clients)),
    "gaps, with new connections": ("writer", _gaps),
    "small edits": ("writer", _flood(_keys)),
    "4,900 other cells": ("writer", lambda target: _put(target, _many_cells(), "application/json")),
    "lines in another order": ("editor", lambda target: _put(target, _shuffled_lines(), "application/json")),
    "18 MB of empty objects": (
        "writer",
        lambda target: _put(
            target, itertools.repeat(b'{"cells": [' + b"{}," * 6_000_000 + b"{}]}"), "application/json"
        ),
    ),
    "bombs of YAML": (
        "writer",
        lambda target: _put(target, itertools.repeat(HEADER_BOMB.encode()), "text/markdown", "md"),
    ),
}
"""By name: the role that it needs, and what is done until it is canceled."""

"""A guest keeps the server as busy as they can; who else is there goes on as before."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from pycrdt import Doc, Text
from websockets.protocol import State

from jupyter_collab.protocol import Ack, SyncStep1, SyncStep2, Update, build

from ..peers import RawClient, Wire
from ..servers import RunningServer, start_server
from ..unit.scenarios import scenario
from .bystanders import bystanders
from .guests import browser, cookie_of, guest
from .test_guests import connecting

QUESTION = build(SyncStep1(b"\x00"))
CONNECTIONS = 5
CELLS = 2_000
"""They take a second, and a guest has half of one in a minute there."""

WINDOW_SECONDS = 4.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server on which a guest may use little of its time, so that a test of it is short."""
    bounds = {"max_loop_seconds_per_minute_per_person": 0.5, "accounts_may_create_rooms": True}
    with start_server(tmp_path_factory.mktemp("server"), CollabExtension=bounds) as running:
        yield running


@scenario
async def test_who_floods_over_many_connections_and_comes_back_has_one_share(server: RunningServer, room: str) -> None:
    with guest(server, room, role="writer") as eve:
        async with RawClient(server, room, "author") as author:
            await author.joined()
            author.write("x" * 300_000)
            await author.saved()
        async with bystanders(server, room) as people:
            first = await _answers(server, room, cookie_of(eve))
            await people.still_talk()
            again = await _answers(server, room, cookie_of(eve))
            await people.still_talk()
        assert again < first / 4, (first, again)


def test_who_puts_in_large_content_pays_for_taking_it_in(server: RunningServer, room: str) -> None:
    cell: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**cell, "id": f"c{number}", "source": str(number)} for number in range(CELLS)]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    with guest(server, room, name="Paula", role="writer") as paula:
        assert paula.put(f"rooms/{room}/content", json=notebook, timeout=60).status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            paula.get(f"rooms/{room}/runs", timeout=2)


async def _answers(server: RunningServer, room: str, cookie: str) -> int:
    """Ask for the whole document over several connections, for some seconds; returns how often it came."""
    deadline = time.monotonic() + WINDOW_SECONDS
    async with AsyncExitStack() as stack:
        wires = []
        for _ in range(CONNECTIONS):
            socket = await stack.enter_async_context(connecting(server, room, cookie))
            wires.append(await stack.enter_async_context(Wire(socket)))
        while time.monotonic() < deadline:
            for wire in wires:
                await wire.send(QUESTION)
            await asyncio.sleep(0.002)
        return sum(isinstance(message, SyncStep2) for wire in wires for message in wire.messages)


@scenario
async def test_whose_messages_wait_stays_connected(server: RunningServer, room: str) -> None:
    """Nothing is read from them meanwhile, their pongs neither, so that they must not be taken for gone."""
    with guest(server, room, name="Mallory", role="writer") as mallory:
        async with connecting(server, room, cookie_of(mallory)) as socket, Wire(socket) as wire:
            for _ in range(2):
                doc: Doc[Text] = Doc()
                doc["text"] = Text("x" * 8 * 2**20)
                await wire.send(Update(doc.get_update()))
                await wire.receive(Ack)
            await wire.send(QUESTION)
            await asyncio.sleep(15)
            assert wire.socket.state is State.OPEN
            assert not any(isinstance(message, SyncStep2) for message in wire.messages), "it still waits"


def test_requests_of_one_person_take_their_turn(server: RunningServer, room: str) -> None:
    with guest(server, room) as eve, guest(server, room, name="Ben") as ben:
        began = time.monotonic()
        for _ in range(30):
            assert eve.get(f"rooms/{room}/runs").status_code == 200
        assert time.monotonic() - began > 5, "25 at once, and then one in more than two seconds"
        began = time.monotonic()
        assert ben.get(f"rooms/{room}/runs").status_code == 200
        with browser(server) as stranger:
            assert stranger.get("me").status_code == 401
        assert time.monotonic() - began < 2

"""One guest opens as many connections as they can; the room stays open to its owner, and to others."""

from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import Hello

from ..peers import Wire, eventually
from ..servers import RunningServer, start_server
from ..unit.scenarios import scenario
from .bystanders import bystanders
from .guests import cookie_of, guest
from .test_guests import connecting


async def _open(stack: AsyncExitStack, server: RunningServer, room: str, person: httpx.Client) -> Wire:
    socket = await stack.enter_async_context(connecting(server, room, cookie_of(person)))
    return await stack.enter_async_context(Wire(socket))


async def _was_let_in(wire: Wire) -> bool:
    await eventually(
        lambda: wire.closed is not None or any(isinstance(message, Hello) for message in wire.messages),
        "the server lets somebody in, or says why not",
    )
    return wire.closed is None


@pytest.mark.parametrize("places", [500, 22], ids=["as it is", "a small room"])
@scenario
async def test_one_viewer_does_not_fill_a_room(tmp_path: Path, places: int) -> None:
    with start_server(tmp_path, CollabExtension={"max_peers_per_room": places}) as server:
        room = server.create_room()["id"]
        with guest(server, room) as eve, guest(server, room, name="Ben") as ben:
            async with bystanders(server, room) as people, AsyncExitStack() as stack:
                wires = [await _open(stack, server, room, eve) for _ in range(60)]
                let_in = [await _was_let_in(wire) for wire in wires]
                assert sum(let_in) <= 20
                refused = [wire.closed for wire in wires if wire.closed is not None]
                assert {end.code for end in refused} == {CloseCode.TOO_MANY_UPDATES}
                assert all(end.reason.startswith("too_many_connections: ") for end in refused)
                assert await _was_let_in(await _open(stack, server, room, ben)), "another guest finds a place"
                async with Wire.open(server, room) as owner:
                    await owner.receive(Hello)
                await people.still_talk()

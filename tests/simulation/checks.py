"""What must be true when the world has calmed down."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from pycrdt import Doc

from jupyter_collab.access import Role
from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import NotSaved
from jupyter_collab.yjs import state_vector

from .client import SimulatedClient
from .copies import SeenCell, raw_cells
from .edits import scratch
from .promise import check_cells, live_cells
from .server import ROOM_ID, Server
from .tokens import ledger, tokens_in
from .world import World

__all__ = ["check_world"]

CALM_SECONDS = 120.0
PRESENCE_SECONDS = 45.0
"""Until everybody who is here has said so again, three times."""

PLAIN_PRESENCE_SECONDS = 900.0
"""y-protocols never forgets a clock. After a restart, others are news to it only when they have counted beyond that."""

LOOK_SECONDS = 0.25

HINT_SECONDS = 0.5
"""Until every server has looked at the log again: one that was stopping may have saved its last edits just now."""


async def check_world(world: World, *, presence: bool = True) -> None:
    """Wait until everybody has the same, and hold that against all that was promised."""
    await asyncio.sleep(HINT_SECONDS)
    await _until(lambda: _is_world_settled(world), CALM_SECONDS, lambda: _unsettled(world))
    for server in world.running:
        await _until_same(server, world, "a server")
    await _until(lambda: _differences(world) == {}, CALM_SECONDS, lambda: f"not the same: {_differences(world)}")
    first = world.clients[0].copy.doc
    everybody = _facts(first)
    kept = set().union(*(client.unacked for client in world.clients))
    world.fates.check(everybody["ledger"], kept)
    _check_text(everybody)
    _check_cells(world, first)
    if presence:
        for seconds, plain in ((PRESENCE_SECONDS, False), (PLAIN_PRESENCE_SECONDS, True)):
            await _until(partial(_people_are_known, world, plain), seconds, lambda: f"people: {_unknown_people(world)}")
    await world.stop_servers()
    reloaded = Server(world.storage.new_store(random.Random(0)))
    await reloaded.begin(reloaded.manager.start())
    await _until_same(reloaded, world, "the store")
    await reloaded.stop()
    world.check_heard()


async def _until_same(server: Server, world: World, what: str) -> None:
    """Wait until ``server`` has what everybody has, and can say that it is durable."""
    deadline = asyncio.get_running_loop().time() + CALM_SECONDS
    while True:
        try:
            document = await server.begin(server.manager.read(ROOM_ID))
            difference = _difference(document.doc, world.clients[0].copy.doc)
        except NotSaved as error:
            difference = [str(error)]
        if not difference:
            return
        assert asyncio.get_running_loop().time() < deadline, f"{what} has something else: {difference}"
        await asyncio.sleep(LOOK_SECONDS)


async def _until(condition: Callable[[], bool], seconds: float, complaint: Callable[[], str]) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, complaint()
        await asyncio.sleep(LOOK_SECONDS)


def _is_world_settled(world: World) -> bool:
    world.check_heard()
    return all(map(_is_settled, world.clients))


def _is_settled(client: SimulatedClient) -> bool:
    if not client.is_synced:
        return False
    return client.plan.is_plain or client.role is Role.VIEWER or not client.unacked


def _unsettled(world: World) -> str:
    return "not settled: " + ", ".join(
        f"{client.name} ({'synced' if client.is_synced else 'not synced'}, unacked {sorted(client.unacked)})"
        for client in world.clients
        if not _is_settled(client)
    )


def _differences(world: World) -> dict[str, list[str]]:
    """Who has something else than the first client, and how, briefly."""
    copies = {client.name: client.copy for client in world.clients}
    vectors = {name: state_vector(copy.vector) for name, copy in copies.items()}
    most = vectors[world.clients[0].name]
    behind = {name: [f"has {vector}, not {most}"] for name, vector in vectors.items() if vector != most}
    first = world.clients[0].copy.doc
    return behind or {name: found for name, copy in copies.items() if (found := _difference(copy.doc, first))}


def _difference(doc: "Doc[Any]", other: "Doc[Any]") -> list[str]:
    facts, others = _facts(doc), _facts(other)
    found = [f"another {key}" for key in facts if facts[key] != others[key]]
    tokens = set(facts["ledger"]) ^ set(others["ledger"])
    clocks = set(facts["vector"].items()) ^ set(others["vector"].items())
    return [*found, *sorted(tokens), *map(str, sorted(clocks))] if found else []


def _facts(doc: "Doc[Any]") -> dict[str, Any]:
    """All that a document says, and how much of each client it has."""
    document = RoomDocument(doc)
    return {
        "notebook": document.to_notebook(),
        "trusted": [cell["id"] for cell in document.cells if "trusted" in cell["metadata"]],
        "epoch": document.epoch,
        "bag": raw_cells(doc),
        "ledger": ledger(doc),
        "scratch": str(scratch(doc)),
        "vector": state_vector(doc.get_state()),
    }


def _check_cells(world: World, doc: "Doc[Any]") -> None:
    """Everybody sees the same cells, in yrs and in Yjs, and all that was typed is in them."""
    bag = raw_cells(doc)
    check_cells(bag)
    seen = [SeenCell(cell["id"], cell["cell_type"], cell["source"]) for cell in live_cells(bag)]
    for client in world.clients:
        assert client.copy.raw() == bag, f"{client.name} has other cells: {client.copy.raw()}, not {bag}"
        assert client.copy.cells() == seen, f"{client.name} sees {client.copy.cells()}, not {seen}"
    world.promise.check(bag, ledger(doc))


def _check_text(facts: dict[str, Any]) -> None:
    assert facts["trusted"] == []
    doubled = [token for token, count in Counter(tokens_in_text(facts["scratch"])).items() if count > 1]
    assert not doubled, f"more than once in the text: {doubled}"
    assert "gap" not in facts["scratch"], "part of an edit that was refused"


def tokens_in_text(text: str) -> list[str]:
    """All tokens in ``text``, as often as they are there."""
    return [token for token in tokens_in(text.encode()) for _ in range(text.count(token))]


def _people_are_known(world: World, plain: bool) -> bool:
    """Whether everybody, or everybody who speaks v1 if not ``plain``, sees just the others."""
    unknown = _unknown_people(world)
    return not any(client.name in unknown for client in world.clients if plain or not client.plan.is_plain)


def _unknown_people(world: World) -> dict[str, Any]:
    """Who does not see just the others, on whatever server."""
    unknown: dict[str, Any] = {}
    for client in world.clients:
        others = {other.client_id for other in world.clients} - {client.client_id}
        if set(client.sees) != others:
            unknown[client.name] = f"sees {sorted(client.sees)}, not {sorted(others)}"
    return unknown

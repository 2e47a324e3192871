"""The log says where each edit comes from, and whose a Yjs client id is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Text

from jupyter_collab.access import Role, UserKind
from jupyter_collab.document import RoomDocument
from jupyter_collab.protocol import SyncStep2
from jupyter_collab.store import BY_SERVER, LogEntry, Origin, OriginKind

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving, user
from .kernels import running
from .scenarios import scenario, until


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


async def log_of(store: FaultyStore) -> tuple[LogEntry, ...]:
    """The whole log of the room."""
    return (await store.read_log("demo", 0)).entries


async def origins(store: FaultyStore) -> list[Origin]:
    """Where the entries of the room's log come from."""
    return [entry.origin for entry in await log_of(store)]


@scenario
async def test_what_a_peer_sends_comes_from_their_connection(store: FaultyStore) -> None:
    async with serving(store) as manager:
        peers = [await ScriptedPeer("ada").join(manager), await ScriptedPeer("gus", kind=UserKind.GUEST).join(manager)]
        before = datetime.now(UTC)
        for peer in peers:
            await peer.typed("x")
        peers[0].leave(manager)
        await peers[0].join(manager)
        await peers[0].typed("x")
        found = await origins(store)
        assert [(origin.kind, origin.principal, origin.display_name) for origin in found] == [
            (OriginKind.PEER, "server:ada", "Ada"),
            (OriginKind.PEER, "guest:gus", "Gus"),
            (OriginKind.PEER, "server:ada", "Ada"),
        ]
        assert len({origin.connection for origin in found}) == 3
        times = [entry.at for entry in await log_of(store)]
        assert before <= times[0] < times[1] < times[2] <= datetime.now(UTC)


@scenario
async def test_an_edit_that_another_server_wrote_has_its_origin_here_too(store: FaultyStore, tmp_path: Path) -> None:
    async with serving(store) as here, serving(faulty_store(tmp_path)) as there:
        ada, bob = await ScriptedPeer("ada").join(here), await ScriptedPeer("bob").join(there)
        await ada.typed("a")
        await bob.until_text("a")
        await bob.typed("b")
        assert await origins(store) == [ada.peer.origin, bob.peer.origin]


@scenario
async def test_what_the_server_tidies_is_its_own(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        ada.cells[0]["metadata"]["trusted"] = True
        await ada.until_saved()
        assert await origins(store) == [ada.peer.origin, BY_SERVER]


@dataclass(frozen=True)
class Made:
    """An edit of a copy of the room's document."""

    update: bytes


def making(change: Callable[[RoomDocument], None]) -> Callable[[list[bytes]], "Made"]:
    """What does ``change`` to a copy."""

    def work(updates: list[bytes]) -> Made:
        document = RoomDocument.of(updates)
        before = document.doc.get_state()
        change(document)
        return Made(document.doc.get_update(before))

    return work


@scenario
async def test_outputs_imports_restored_content_and_typing_can_be_told_apart(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("print a")
        ada = await ScriptedPeer("ada").join(cells.manager)
        await ada.typed("typed")
        [run] = await cells.run(by="ben")
        await cells.until_done()
        await until(lambda: cells.host.kernel.status == "idle")
        room = cells.manager.live("demo")
        assert room is not None
        for kind in (OriginKind.IMPORT, OriginKind.RESTORE):
            make = making(lambda document: document.append_text("c0", " # more"))

            async def work(updates: list[bytes], make: Callable[[list[bytes]], Made] = make) -> Made:
                return make(updates)

            await room.edits.rework(work, user("eve"), kind)
        written = await log_of(store)
        by_kind = {entry.origin.kind: entry.origin for entry in written if b"# more" in entry.update}
        assert by_kind == {kind: Origin.by(user("eve"), kind) for kind in (OriginKind.IMPORT, OriginKind.RESTORE)}
        outputs = {entry.origin for entry in written if b"stdout" in entry.update}
        assert outputs == {Origin(OriginKind.KERNEL, "server:ben", "Ben", run=run)}
        assert {entry.origin for entry in written if b"typed" in entry.update} == {ada.peer.origin}


@scenario
async def test_what_two_runs_change_in_one_moment_is_written_as_that_of_each(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("show one 10%", "update one 100%\nprint later")
        first, second = await cells.run()
        await cells.until_done()
        assert await cells.text("c0") == "100%"
        by_text = {
            text: {entry.origin.run for entry in await log_of(store) if text in entry.update}
            for text in (b"100%", b"later")
        }
        put = {None}  # the cells' own texts
        assert by_text == {b"100%": put | {first}, b"later": put | {second}}


@scenario
async def test_whose_a_client_id_is_survives_the_log_and_the_room(store: FaultyStore, tmp_path: Path) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        bob = await ScriptedPeer("bob", Role.WRITER, kind=UserKind.GUEST).join(manager)
        known = {ada.doc.client_id: ada.peer.origin, bob.doc.client_id: bob.peer.origin}
        await ada.typed("a")
        await bob.typed("b")
        bob.leave(manager)
        assert await store.clients("demo") == known
        room = manager.live("demo")
        assert room is not None
        await room.log.compact()
        assert (await store.read_log("demo")).entries == ()
        assert await store.clients("demo") == known
    again = faulty_store(tmp_path)
    async with serving(again) as manager:
        await ada.join(manager)  # the same document over another connection
        await ada.typed("a")
        assert await origins(again) == [ada.peer.origin]
        assert await again.clients("demo") == known


@scenario
async def test_who_passes_on_what_others_wrote_does_not_become_its_author(store: FaultyStore) -> None:
    async with serving(store) as manager:
        other: Doc[Any] = Doc({"text": Text("of somebody else")})
        bob = await ScriptedPeer("bob").join(manager)
        bob.edits_sent += 1
        await bob.send(SyncStep2(other.get_update()))
        await bob.until_saved()
        assert await origins(store) == [bob.peer.origin]
        assert await store.clients("demo") == {}


@scenario
async def test_a_name_that_no_database_can_hold_keeps_nobodys_edits_back(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = ScriptedPeer("ada")
        ada.user = replace(ada.user, display_name="A\0da")
        await ada.join(manager)
        await ada.typed("x")
        assert [origin.display_name for origin in await origins(store)] == ["A\N{REPLACEMENT CHARACTER}da"]

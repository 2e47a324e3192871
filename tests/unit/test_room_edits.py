"""An edit's way through a room: durable first, then acked, then shown to the others, once."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from jupyter_collab.access import Role
from jupyter_collab.document import RoomDocument
from jupyter_collab.protocol import EMPTY_UPDATE, Ack, MessageType, SyncStep1, Update, parse
from jupyter_collab.store import SQLStore

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, settle, until
from .stores import opened


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def durable_bytes(folder: Path) -> bytes:
    """All updates that another process could read from the store now."""
    with closing(sqlite3.connect(folder / "rooms.sqlite")) as connection:
        return b"".join(data for (data,) in connection.execute("SELECT data FROM updates ORDER BY seq"))


async def text_of(store: SQLStore) -> str:
    """The root text, as a process finds it that reads the store."""
    log = await store.read_log("demo")
    doc: Doc[Any] = Doc()
    for update in (log.state, *(entry.update for entry in log.entries)):
        assert update is not None
        doc.apply_update(update)
    return str(doc.get("text", type=Text))


@scenario
async def test_nobody_sees_an_edit_before_it_is_durable(store: FaultyStore, tmp_path: Path) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        seen_early: list[bytes] = []

        def look(data: bytes) -> None:
            message = parse(data)
            if isinstance(message, Update) and message.update not in durable_bytes(tmp_path):
                seen_early.append(message.update)
            bob._read(data)

        bob.transport.on_message = look
        with store.holding_writes():
            ada.type("seen means saved")
            await settle()
            assert str(bob.text) == ""
            assert ada.acks[-1:] != [Ack(ada.edits_sent, 1)]
        await bob.until_text("seen means saved")
        assert seen_early == []


@scenario
async def test_who_joins_sees_an_edit_only_when_it_is_durable(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        with store.holding_writes():
            ada.type("not yet")
            bob = await ScriptedPeer("bob").join(manager)
            await settle()
            assert str(bob.text) == ""
        await bob.until_text("not yet")


@scenario
async def test_an_ack_counts_the_edits_and_tells_the_logs_end(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        joined = ada.edits_sent
        for number in range(1, 4):
            await ada.typed("x")
            assert ada.acks[-1] == Ack(joined + number, number)
        assert (await store.read_log("demo")).seq == 3


@scenario
async def test_edits_during_a_commit_share_the_next_one_and_one_message(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        with store.holding_writes():
            ada.type("0")
            await settle()
            for _ in range(100):
                ada.type("1", len(ada.text))
        await bob.until_text("0" + "1" * 100)
        assert len(bob.updates) == 2
        assert [ack.count for ack in ada.acks][-2:] == [ada.edits_sent - 100, ada.edits_sent]


@scenario
async def test_edits_of_several_authors_in_one_batch_reach_each_of_them(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        with store.holding_writes():
            ada.type("first ")
            await settle()
            ada.type("ada ")
            bob.type("bob ")
        await until(lambda: len(str(ada.text)) == len(str(bob.text)) == len("first ada bob "))
        assert str(ada.text) == str(bob.text)


@scenario
async def test_an_author_hears_no_echo_of_edits_that_are_all_their_own(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        await ada.typed("x")
        await bob.until_text("x")
        assert ada.updates == []


@scenario
async def test_an_edit_that_changes_nothing_is_acked_but_neither_stored_nor_sent(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        await ada.typed("x")
        await bob.until_text("x")
        for update in (ada.doc.get_update(), EMPTY_UPDATE):
            await ada.send_edit(update)
        await ada.until_saved()
        assert ada.acks[-1] == Ack(ada.edits_sent, 1)
        assert (await store.read_log("demo")).seq == 1
        assert len(bob.updates) == 1


@scenario
async def test_an_edit_that_changes_nothing_is_not_acked_before_those_before_it(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.until_saved()
        with store.holding_writes():
            ada.type("x")
            await ada.send_edit(EMPTY_UPDATE)
            await settle()
            assert not ada.saved
        await ada.until_saved()


@scenario
async def test_edits_made_offline_arrive_with_the_answer_to_the_servers_question(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        await ada.typed("on ")
        await bob.until_text("on ")
        ada.leave(manager)
        ada.type("off ", len(ada.text))
        await bob.typed("line")
        await ada.join(manager)
        await ada.until_saved()
        await until(lambda: len(str(ada.text)) == len(str(bob.text)) == len("on off line"))
        assert str(ada.text) == str(bob.text)
        assert "off " in str(bob.text)


@scenario
async def test_two_who_type_at_once_beside_emoji_converge(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        await ada.typed("👩‍🚀é数")
        await bob.until_text("👩‍🚀é数")
        for _ in range(20):
            ada.type("🚀", 0)
            bob.type("数", len(bob.text))
        await until(lambda: str(ada.text) == str(bob.text) and len(str(ada.text)) == 5 + 40)
        assert str(ada.text) == "🚀" * 20 + "👩‍🚀é数" + "数" * 20


@scenario
async def test_a_plain_client_gets_only_what_y_protocols_have(store: FaultyStore) -> None:
    async with serving(store) as manager:
        plain = await ScriptedPeer("plain", speaks_v1=False).join(manager)
        ada = await ScriptedPeer("ada").join(manager)
        plain.type("plain ")
        await ada.until_text("plain ")
        await ada.typed("v1")
        await plain.until_text("plain v1")
        await manager.rename_room("demo", "Renamed")
        assert {message[0] for message in plain.transport.sent} <= {MessageType.SYNC, MessageType.AWARENESS}


@scenario
async def test_root_types_that_nobody_knows_are_synced_and_kept(store: FaultyStore, tmp_path: Path) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        ada.doc.get("whiteboard", type=Map)["stroke"] = {"x": [1.5, 2.5]}
        await until(lambda: bob.doc.get("whiteboard", type=Map).to_py() == {"stroke": {"x": [1.5, 2.5]}})
    async with serving(faulty_store(tmp_path)) as manager:
        eve = await ScriptedPeer("eve").join(manager)
        assert eve.doc.get("whiteboard", type=Map).to_py() == {"stroke": {"x": [1.5, 2.5]}}


@scenario
async def test_the_log_says_who_wrote_what(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, bob = [await ScriptedPeer(name, Role.WRITER).join(manager) for name in ("ada", "bob")]
        await ada.typed("a")
        await bob.typed("b")
        log = await store.read_log("demo")
        assert [entry.origin for entry in log.entries] == [ada.peer.origin, bob.peer.origin]


@scenario
async def test_what_was_acked_is_there_after_the_server_was_killed(store: FaultyStore, tmp_path: Path) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.typed("durable")
        reader = faulty_store(tmp_path)  # another process, while the first has flushed nothing of its own accord
        async with opened(reader):
            assert await text_of(reader) == "durable"


@scenario
async def test_a_change_by_the_server_itself_is_durable_and_reaches_everybody(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)

        def add_cell(document: RoomDocument) -> None:
            document.insert_cell(0, "markdown", "# Hello")

        await manager.edit("demo", add_cell, user("import"))
        log = await store.read_log("demo")
        assert [entry.origin.principal for entry in log.entries] == ["server:import"]
        await until(lambda: len(ada.cells) == 2)
        assert (await manager.read("demo")).cells[0]["source"] == "# Hello"


@scenario
async def test_a_change_by_the_server_that_fails_leaves_nothing_behind(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)

        def fail_halfway(document: RoomDocument) -> None:
            document.insert_cell(0, "markdown", "half")
            raise ValueError("no more")

        with pytest.raises(ValueError, match="no more"):
            await manager.edit("demo", fail_halfway, user("import"))
        await ada.typed("on it goes")
        assert len((await manager.read("demo")).cells) == 1
        assert len(ada.cells) == 1


@scenario
async def test_who_asks_again_gets_just_what_is_missing(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.typed("x" * 10_000)
        before = len(ada.transport.sent)
        await ada.send(SyncStep1(ada.doc.get_state()))
        assert sum(map(len, ada.transport.sent[before:])) < 100

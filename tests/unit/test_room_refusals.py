"""What a room refuses: whole, with a word to the one who sent it, and nobody else notices."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Map, Text, merge_updates

from jupyter_collab.access import Role
from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import EMPTY_UPDATE, Ack, Event, QueryAwareness, SyncStep1, Update, write_varuint
from jupyter_collab.rooms import Limits
from jupyter_collab.rooms.replica import Replica
from jupyter_collab.yjs import state_vector

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, until
from .updates import DELETES_UNKNOWN, HUGE_CLAIM, client_document, recorded_updates, text_update


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def two_edits(client_id: int) -> list[bytes]:
    """An edit, and one that builds on it."""
    doc = client_document(client_id)
    updates = recorded_updates(doc)
    text = doc.get("text", type=Text)
    text.insert(0, "a")
    text.insert(1, "b")
    return updates


# -- roles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.VIEWER, Role.RUNNER])
@scenario
async def test_a_viewers_edit_is_rejected_and_the_viewer_goes_on_watching(store: FaultyStore, role: Role) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        viewer = await ScriptedPeer("viewer", role).join(manager)
        await viewer.send_edit(text_update(7, "graffiti"))
        rejection = viewer.rejections[-1]
        assert (rejection.count, rejection.reason) == (viewer.edits_sent, "permission_denied")
        assert role.value in rejection.message
        await ada.typed("x")
        await viewer.until_text("x")
        assert (await store.read_log("demo")).seq == 1
        assert viewer.close_code is None


@scenario
async def test_a_plain_viewer_that_edits_is_closed(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        viewer = await ScriptedPeer("viewer", Role.VIEWER, speaks_v1=False).join(manager)
        viewer.type("graffiti")
        assert viewer.close_code == CloseCode.FORBIDDEN
        assert viewer.transport.closed is not None
        assert viewer.transport.closed[1].startswith("permission_denied: ")
        await ada.typed("x")
        assert str(ada.text) == "x"


@scenario
async def test_a_viewer_is_not_asked_for_edits_and_may_say_that_it_has_none(store: FaultyStore) -> None:
    async with serving(store) as manager:
        viewer = await ScriptedPeer("viewer", Role.VIEWER).join(manager)
        assert viewer.edits_sent == 0
        await viewer.send_edit(EMPTY_UPDATE)
        assert viewer.acks == [Ack(1, 0)]
        assert viewer.rejections == []


@scenario
async def test_a_role_that_changes_counts_from_the_next_message_on(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada", Role.WRITER).join(manager)
        await ada.typed("1")
        assert ada.room is not None
        ada.room.set_role(ada.peer, Role.VIEWER)
        assert ada.events[-1] == Event({"type": "role", "role": "viewer", "capabilities": ["read"]})
        await ada.send_edit(text_update(7, "2"))
        assert ada.rejections[-1].reason == "permission_denied"
        ada.room.set_role(ada.peer, Role.WRITER)
        assert ada.events[-1] == Event({"type": "role", "role": "writer", "capabilities": ["edit", "read"]})
        await ada.answer()
        await ada.typed("3")
        assert str(ada.text) == "13"


@pytest.mark.parametrize("speaks_v1", [True, False])
@scenario
async def test_what_a_viewer_sends_is_looked_into_only_if_it_is_small(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch, speaks_v1: bool
) -> None:
    looked_into: list[int] = []
    known = Replica.knows

    def note(replica: Replica, update: bytes) -> bool:
        looked_into.append(len(update))
        return known(replica, update)

    monkeypatch.setattr(Replica, "knows", note)
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        viewer = await ScriptedPeer("viewer", Role.VIEWER, speaks_v1=speaks_v1).join(manager)
        small, large = text_update(7, "x" * 60_000), text_update(8, "x" * 70_000)
        for update in (small, large):
            await ada.send_edit(update)
            await viewer.send(Update(update))
        assert looked_into == [len(small)]
        assert viewer.close_code is None
        assert [rejection.reason for rejection in viewer.rejections] == ["permission_denied"] * speaks_v1


@scenario
async def test_a_state_vector_of_far_more_clients_than_the_room_has_ends_the_connection(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        for count, is_too_large in ((5_000, False), (50_000, True)):
            vector = write_varuint(count) + b"".join(
                write_varuint(2**28 + client) + write_varuint(1) for client in range(count)
            )
            await ada.send(SyncStep1(vector))
            assert (ada.close_code == CloseCode.TOO_LARGE) == is_too_large


@scenario
async def test_types_very_deep_in_each_other_are_refused_and_the_room_goes_on(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        mallory = await ScriptedPeer("mallory", Role.WRITER).join(manager)
        doc = client_document(66)
        updates = recorded_updates(doc)
        holder: Map[Any] = doc.get("x", type=Map)
        with doc.transaction():
            for _ in range(1_000):
                holder["k"] = Map()
                holder = holder["k"]
        await mallory.send_edit(updates[0])
        assert mallory.rejections[-1].reason == "invalid_update"
        await ada.typed("x")
        assert str(ada.text) == "x"


# -- bytes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speaks_v1", [True, False])
@pytest.mark.parametrize(
    ("message", "code"),
    [
        pytest.param(b"", CloseCode.MALFORMED, id="nothing"),
        pytest.param(b"\x00\x02\xff", CloseCode.MALFORMED, id="cut short"),
        pytest.param(b"\x00\x00\x02\x05\x00", CloseCode.MALFORMED, id="state vector cut short"),
        pytest.param(b"\x00\x00\x04\x01\x05\x00\x00", CloseCode.MALFORMED, id="state vector that goes on"),
        pytest.param(b"\x01\x03\x01\x01\x01", CloseCode.MALFORMED, id="awareness cut short"),
        pytest.param(b"\x7f", CloseCode.UNSUPPORTED, id="unknown type"),
        pytest.param(b"\x00\x07", CloseCode.UNSUPPORTED, id="unknown sync type"),
        pytest.param(b"\x65\x01\x01", CloseCode.UNSUPPORTED, id="what only the server says"),
    ],
)
@scenario
async def test_bytes_that_are_no_message_close_their_sender_only(
    store: FaultyStore, message: bytes, code: CloseCode, speaks_v1: bool
) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        odd = await ScriptedPeer("odd", speaks_v1=speaks_v1).join(manager)
        await odd.send(message)
        assert odd.close_code == code
        assert odd.room is not None
        assert odd.peer not in odd.room.peers
        await ada.typed("x")


INVALID_UPDATES = [
    pytest.param(b"\x01", id="cut short"),
    pytest.param(b"\xff\xff\xff", id="no number"),
    pytest.param(HUGE_CLAIM, id="claims 10**8 clients"),
    pytest.param(b"\x01" + write_varuint(10**6) + b"\x05\x00" + bytes(20), id="claims 10**6 edits"),
    pytest.param(b"\x00" + write_varuint(10**8) + b"\x00\x00\x00", id="claims deletions of 10**8 clients"),
]


@pytest.mark.parametrize("update", INVALID_UPDATES)
@scenario
async def test_an_update_that_is_none_is_rejected_whole(store: FaultyStore, update: bytes) -> None:
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        await odd.send_edit(update)
        assert (odd.rejections[-1].count, odd.rejections[-1].reason) == (odd.edits_sent, "invalid_update")
        odd.type("too late")
        await until(lambda: odd.rejections[-1].count == odd.edits_sent)
        assert odd.close_code is None
        await odd.join(manager)
        await odd.typed(", but welcome again")
        await ada.until_text("too late, but welcome again")


@pytest.mark.parametrize("update", INVALID_UPDATES)
@scenario
async def test_a_plain_client_that_sends_such_an_update_is_closed(store: FaultyStore, update: bytes) -> None:
    async with serving(store) as manager:
        odd = await ScriptedPeer("odd", speaks_v1=False).join(manager)
        await odd.send_edit(update)
        assert odd.close_code == CloseCode.MALFORMED
        assert odd.transport.closed is not None
        assert odd.transport.closed[1].startswith("invalid_update: ")


CLAIM = """
import re, sys
from pathlib import Path
from jupyter_collab.document import RoomDocument
from jupyter_collab.gate import Author, Gate
from jupyter_collab.errors import InvalidUpdate

def peak_kilobytes():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

doc = RoomDocument().doc
gate, before = Gate(doc.get_update), peak_kilobytes()
try:
    gate.check(bytes.fromhex(sys.argv[1]), Author("server:ada", lambda client_id: None))
except InvalidUpdate:
    print((peak_kilobytes() - before) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not tell a process's peak memory")
def test_a_claim_of_many_clients_takes_no_memory() -> None:
    told = subprocess.run(
        [sys.executable, "-c", CLAIM, HUGE_CLAIM.hex()], capture_output=True, text=True, check=True
    ).stdout
    assert int(told) < 20, "megabytes"


@scenario
async def test_a_value_nested_so_deep_that_reading_it_would_end_the_process_is_rejected(store: FaultyStore) -> None:
    deep: object = "core"
    for _ in range(150):
        deep = [deep]
    doc = client_document(7)
    doc.get("map", type=Map)["deep"] = deep
    async with serving(store) as manager:
        odd = await ScriptedPeer("odd").join(manager)
        await odd.send_edit(doc.get_update())
        assert odd.rejections[-1].reason == "invalid_update"


# -- gaps ----------------------------------------------------------------------------------------------------------


@scenario
async def test_an_edit_that_builds_on_unknown_ones_is_asked_for_anew(store: FaultyStore) -> None:
    first, second = two_edits(7)
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        odd = ScriptedPeer("odd")
        await odd.join(manager)
        await odd.send_edit(second)
        assert (odd.rejections[-1].count, odd.rejections[-1].reason) == (odd.edits_sent, "causal_gap")
        assert odd.close_code is None
        odd.doc = client_document(7)
        for update in (first, second):
            odd.doc.apply_update(update)
        await odd.answer()
        await ada.until_text("ab")
        await odd.until_saved()


@scenario
async def test_of_an_edit_with_a_gap_not_even_the_rest_is_taken_in(store: FaultyStore, tmp_path: Path) -> None:
    _, second = two_edits(7)
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        await ada.typed("before ")
        await odd.send_edit(merge_updates(text_update(8, "part"), second))
        assert odd.rejections[-1].reason == "causal_gap"
        await ada.typed("after")
        await odd.until_text("before after")
        late = await ScriptedPeer("late").join(manager)
        await late.until_text("before after")
        assert 8 not in state_vector(late.doc.get_state())
    async with serving(faulty_store(tmp_path)) as manager:
        again = await ScriptedPeer("again").join(manager)
        await again.until_text("before after")


@scenario
async def test_a_deletion_of_what_nobody_wrote_is_a_gap(store: FaultyStore) -> None:
    async with serving(store) as manager:
        odd = await ScriptedPeer("odd").join(manager)
        await odd.send_edit(DELETES_UNKNOWN)
        assert odd.rejections[-1].reason == "causal_gap"
        await odd.answer()
        await odd.typed("fine")
        assert (await store.read_log("demo")).seq == 1


@pytest.mark.parametrize("speaks_v1", [True, False])
@scenario
async def test_who_sends_nothing_but_gaps_is_closed(store: FaultyStore, speaks_v1: bool) -> None:
    _, second = two_edits(7)
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        odd = await ScriptedPeer("odd", speaks_v1=speaks_v1).join(manager)
        for _ in range(10):
            await odd.send_edit(second)
        assert odd.close_code == CloseCode.MALFORMED
        assert odd.transport.closed is not None
        assert odd.transport.closed[1].startswith("causal_gap: ")
        await ada.typed("x")


# -- bounds --------------------------------------------------------------------------------------------------------


@scenario
async def test_a_room_takes_no_more_than_it_may_hold_until_something_is_deleted(store: FaultyStore) -> None:
    async with serving(store, Limits(room_bytes=20_000)) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.typed("x" * 15_000)
        await ada.send_edit(text_update(7, "y" * 10_000))
        assert (ada.rejections[-1].count, ada.rejections[-1].reason) == (ada.edits_sent, "room_too_large")
        del ada.text[0:15_000]
        await ada.until_saved()
        await ada.typed("z" * 10_000)
        assert str(ada.text) == "z" * 10_000
        assert ada.close_code is None


@scenario
async def test_a_burst_counts_before_it_is_durable(store: FaultyStore) -> None:
    async with serving(store, Limits(room_bytes=20_000)) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        with store.holding_writes():
            for client_id in range(1, 5):
                await ada.send_edit(text_update(client_id, "x" * 8_000))
        assert [rejection.reason for rejection in ada.rejections] == ["room_too_large"] * 2


@scenario
async def test_what_is_deleted_makes_space_before_that_is_durable(store: FaultyStore) -> None:
    async with serving(store, Limits(room_bytes=20_000)) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        ada.type("x" * 15_000)
        await ada.send_edit(text_update(7, "y" * 10_000))
        with store.holding_writes():
            del ada.text[0:15_000]
            ada.type("z" * 10_000)
        await ada.until_saved()
        assert len(ada.rejections) == 1


@scenario
async def test_a_plain_client_that_makes_a_room_too_large_is_closed(store: FaultyStore) -> None:
    async with serving(store, Limits(room_bytes=20_000)) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        plain = await ScriptedPeer("plain", speaks_v1=False).join(manager)
        plain.type("x" * 30_000)
        assert plain.close_code == CloseCode.ROOM_TOO_LARGE
        await ada.typed("x")


@scenario
async def test_replacing_the_same_text_again_and_again_does_not_fill_a_room(store: FaultyStore) -> None:
    async with serving(store, Limits(room_bytes=20_000)) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        for _ in range(20):
            del ada.text[0 : len(ada.text)]
            await ada.typed("x" * 10_000)
        assert ada.rejections == []


@pytest.mark.parametrize("speaks_v1", [True, False])
@scenario
async def test_a_message_that_is_too_large_closes_its_sender(store: FaultyStore, speaks_v1: bool) -> None:
    async with serving(store, Limits(message_bytes=1000)) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        odd = await ScriptedPeer("odd", speaks_v1=speaks_v1).join(manager)
        await odd.send(Update(bytes(1000)))
        assert odd.close_code == CloseCode.TOO_LARGE
        await ada.typed("x")


@scenario
async def test_a_failure_of_ours_ends_one_connection_and_is_logged(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        assert odd.room is not None
        with monkeypatch.context() as patch:
            patch.setattr(odd.room._presence, "greet", lambda peer: 1 / 0)
            await odd.send(QueryAwareness())
        assert odd.close_code == CloseCode.INTERNAL_ERROR
        assert "demo" in caplog.text
        assert odd.peer.name in caplog.text
        await ada.typed("x")


@scenario
async def test_what_comes_from_a_peer_after_it_was_closed_is_ignored(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        await odd.send(b"\x7f")
        await odd.send_edit(text_update(7, "ghost"))
        await odd.send(SyncStep1(b"\x00"))
        await ada.typed("x")
        assert str(ada.text) == "x"
        assert odd.close_code == CloseCode.UNSUPPORTED


@scenario
async def test_every_refusal_is_logged_with_the_room_and_the_peer(
    store: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(store) as manager:
        for message in (Update(HUGE_CLAIM), Update(DELETES_UNKNOWN), b"\x7f"):
            odd = await ScriptedPeer("odd").join(manager)
            caplog.clear()
            await odd.send(message)
            assert "demo" in caplog.text
            assert odd.peer.name in caplog.text


@scenario
async def test_who_is_refused_again_and_again_does_not_fill_the_log(
    store: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(store) as manager:
        viewer, odd = [await ScriptedPeer(name, Role.VIEWER).join(manager) for name in ("viewer", "odd")]
        for client_id in range(1, 101):
            await odd.send_edit(text_update(client_id, "graffiti"))
        await viewer.send_edit(text_update(101, "graffiti"))
        assert len(odd.rejections) == 100
        refusals = [record.getMessage() for record in caplog.records]
        assert [message.split(":")[0] for message in refusals] == [
            f"Room demo refuses an edit of {peer.peer.name}" for peer in (odd, viewer)
        ]
        caplog.clear()
        odd.leave(manager)
        viewer.leave(manager)
        assert caplog.messages == [f"Room demo: 99 more times permission_denied by {odd.peer.name}."]

"""The rules by which a client keeps edits until they are durable, told message by message."""

import time
from typing import Any

import pytest
from pycrdt import Array, Doc

from jupyter_collab.client.replica.changes import RoomChange
from jupyter_collab.client.replica.local_replica import LocalReplica, StartAnew
from jupyter_collab.client.replica.outbox import MESSAGES_IN_FLIGHT
from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import CellDeleted, EpochMismatch, InvalidUpdate, MessageTooLarge, PermissionDenied
from jupyter_collab.protocol import (
    EMPTY_UPDATE,
    Ack,
    Event,
    Hello,
    Message,
    Rejection,
    SyncStep1,
    SyncStep2,
    Update,
    parse,
)

from .doubles import hello, notebook


class Desk:
    """A replica, and a server's document that it is synced with by hand."""

    def __init__(self, *sources: str, epoch: str = "one") -> None:
        self.changes: list[RoomChange] = []
        self.replica = LocalReplica(self.changes.append, lambda: None)
        self.server = self.make_server(epoch, *sources)

    @staticmethod
    def make_server(epoch: str, *sources: str) -> RoomDocument:
        doc: Doc[Any] = Doc()
        doc.apply_update(RoomDocument.create(epoch, notebook(*sources)).doc.get_update())
        return RoomDocument(doc)

    def greet(self, role: str = "owner", **options: Any) -> None:
        assert self.server.epoch is not None
        self.replica.receive(Hello(hello(self.server.epoch, role, **options)))

    def join(self, role: str = "owner", **options: Any) -> list[Message]:
        """A connection begins; answers what the client says until both have what the other has."""
        self.greet(role, **options)
        if role != "viewer":
            self.replica.receive(SyncStep1(self.server.doc.get_state()))
        said = self.said()
        asked = [message for message in said if isinstance(message, SyncStep1)]
        assert len(asked) == 1
        self.replica.receive(SyncStep2(self.server.doc.get_update(asked[0].state_vector)))
        return said

    def said(self) -> list[Message]:
        return [parse(data) for data in self.replica.take_messages()]

    def type(self, text: str, cell: str = "c0") -> None:
        self.replica.document.append_text(cell, text)

    def source(self, cell: str = "c0") -> str:
        return self.replica.document.source(cell)


def edits(messages: list[Message]) -> list[Message]:
    return [message for message in messages if isinstance(message, SyncStep2 | Update)]


@pytest.fixture
def desk() -> Desk:
    desk = Desk("hello")
    desk.join()
    desk.replica.receive(Ack(1, 1))
    return desk


def test_joining_brings_the_rooms_content() -> None:
    desk = Desk("hello", "there")
    desk.join()
    assert [cell["source"] for cell in desk.replica.document.cells] == ["hello", "there"]
    assert desk.replica.epoch == "one"
    assert desk.replica.is_in_sync


def test_joining_writes_nothing_into_the_room() -> None:
    desk = Desk("hello")
    sent = edits(desk.join())
    assert [message.update for message in sent] == [EMPTY_UPDATE]  # type: ignore[union-attr]  # edits() saw to it
    assert desk.replica.pending == 0


def test_an_edit_is_pending_until_it_is_acknowledged(desk: Desk) -> None:
    desk.type("!")
    assert desk.replica.pending == 1
    [edit] = desk.said()
    assert isinstance(edit, Update)
    assert desk.replica.pending == 1
    desk.replica.receive(Ack(2, 5))
    assert desk.replica.pending == 0
    desk.server.doc.apply_update(edit.update)
    assert desk.server.source("c0") == "hello!"


def test_edits_are_merged_while_the_server_is_busy(desk: Desk) -> None:
    for number in range(100):
        desk.type(f"{number} ")
        for edit in edits(desk.said()):
            desk.server.doc.apply_update(edit.update)  # type: ignore[union-attr]  # edits() saw to it
    assert desk.replica.pending == 100
    desk.replica.receive(Ack(1 + MESSAGES_IN_FLIGHT, 5))
    [merged] = desk.said()
    assert isinstance(merged, Update)
    desk.server.doc.apply_update(merged.update)
    assert desk.server.source("c0") == desk.source()
    assert desk.source().endswith("98 99 ")
    desk.replica.receive(Ack(2 + MESSAGES_IN_FLIGHT, 6))
    assert desk.replica.pending == 0


def test_what_was_not_acknowledged_is_sent_again_once(desk: Desk) -> None:
    desk.type(" one")
    [lost] = desk.said()
    desk.type(" two")
    assert isinstance(lost, Update)
    desk.server.doc.apply_update(lost.update)  # it was durable, but the ack was lost
    desk.replica.disconnect()
    assert desk.replica.pending == 2
    [again] = edits(desk.join())
    assert isinstance(again, SyncStep2)
    desk.server.doc.apply_update(again.update)
    assert desk.server.source("c0") == "hello one two"
    desk.replica.receive(Ack(1, 7))
    assert desk.replica.pending == 0


def test_edits_made_offline_wait_for_the_servers_question(desk: Desk) -> None:
    desk.replica.disconnect()
    desk.type(" offline")
    assert desk.said() == []
    desk.greet()
    assert edits(desk.said()) == []
    desk.replica.receive(SyncStep1(desk.server.doc.get_state()))
    assert len(edits(desk.said())) == 1


def test_what_was_not_said_before_the_cut_is_not_said_after_it(desk: Desk) -> None:
    desk.replica.disconnect()
    desk.type(" offline")
    desk.greet()
    desk.replica.receive(SyncStep1(desk.server.doc.get_state()))
    desk.replica.disconnect()
    desk.greet()
    assert [type(message) for message in desk.said()] == [SyncStep1]


def test_a_long_absence_is_told_in_parts_that_fit(desk: Desk) -> None:
    desk.replica.disconnect()
    for _ in range(50):
        desk.type("x" * 100)
    sent = edits(desk.join(message_bytes=2_000))
    count = 1
    while sent:
        for message in sent:
            assert len(message.update) <= 2_000 - 16  # type: ignore[union-attr]  # edits() saw to it
            desk.server.doc.apply_update(message.update)  # type: ignore[union-attr]  # edits() saw to it
        count += len(sent)
        desk.replica.receive(Ack(count - 1, 1))
        sent = edits(desk.said())
    assert desk.server.source("c0") == "hello" + "x" * 5_000
    assert desk.replica.pending == 0


def test_a_document_of_another_epoch_is_never_merged(desk: Desk) -> None:
    desk.type(" kept")
    desk.replica.disconnect()
    desk.server = desk.make_server("two", "new text")
    with pytest.raises(StartAnew):
        desk.greet()
    assert desk.said() == []
    assert desk.replica.unsent is not None
    assert desk.replica.unsent.epoch == "one"
    assert [cell.source for cell in desk.replica.unsent.cells] == ["hello kept"]
    assert isinstance(desk.replica.unsent.error, EpochMismatch)
    desk.replica.disconnect()
    desk.join()
    assert desk.source() == "new text"
    assert desk.replica.pending == 0


def test_a_new_epoch_without_own_edits_leaves_nothing_to_offer(desk: Desk) -> None:
    desk.replica.disconnect()
    desk.server = desk.make_server("two", "new text")
    with pytest.raises(StartAnew):
        desk.greet()
    assert desk.replica.unsent is None


def test_what_two_refusals_left_is_all_offered(desk: Desk) -> None:
    for epoch in ("two", "three"):
        desk.type(f" before {epoch}")
        desk.replica.disconnect()
        desk.server = desk.make_server(epoch, "fresh")
        with pytest.raises(StartAnew):
            desk.greet()
        desk.replica.disconnect()
        desk.join()
        desk.replica.receive(Ack(1, 1))
    assert desk.replica.unsent is not None
    assert [cell.source for cell in desk.replica.unsent.cells] == ["hello before two", "fresh before three"]


def test_a_refused_edit_is_taken_back_and_its_text_kept(desk: Desk) -> None:
    desk.type(" no")
    desk.said()
    with pytest.raises(StartAnew):
        desk.replica.receive(Rejection(2, "permission_denied", "You may not."))
    assert desk.replica.unsent is not None
    assert isinstance(desk.replica.unsent.error, PermissionDenied)
    assert [cell.source for cell in desk.replica.unsent.cells] == ["hello no"]
    assert desk.replica.pending == 0


def test_what_was_put_aside_shows_until_the_rooms_content_is_here(desk: Desk) -> None:
    desk.type(" no")
    desk.said()
    with pytest.raises(StartAnew):
        desk.replica.receive(Rejection(2, "permission_denied", "You may not."))
    desk.replica.disconnect()
    desk.changes.clear()
    before = (desk.replica.is_being_renewed, desk.source())
    desk.join()
    after = (desk.replica.is_being_renewed, desk.source())
    assert (before, after) == ((True, "hello no"), (False, "hello"))
    assert desk.changes == [RoomChange(frozenset({"c0"}), order=True, metadata=True, remote=True)]


def test_only_cells_with_edits_of_ours_that_are_not_durable_are_offered() -> None:
    desk = Desk("a", "b", "c")
    desk.join()
    desk.type(" saved", "c0")
    desk.said()
    desk.replica.receive(Ack(2, 2))
    before = desk.server.doc.get_state()
    desk.server.append_text("c1", " of others")
    desk.replica.receive(Update(desk.server.doc.get_update(before)))
    desk.type(" refused", "c2")
    desk.said()
    with pytest.raises(StartAnew):
        desk.replica.receive(Rejection(3, "permission_denied", "You may not."))
    assert desk.replica.unsent is not None
    assert [cell.source for cell in desk.replica.unsent.cells] == ["c refused"]


def test_what_was_typed_in_a_cell_that_somebody_deleted_is_offered_too(desk: Desk) -> None:
    desk.server.insert_cell(1, "code", "other")
    desk.server.delete_cell("c0", by="Ben")
    desk.replica.disconnect()
    desk.type(" typed")
    desk.join()
    assert desk.replica.document.late_cells == ["c0"]
    with pytest.raises(StartAnew):
        desk.replica.receive(Rejection(1, "room_too_large", "The room is full."))
    assert desk.replica.unsent is not None
    assert [(cell.id, cell.source) for cell in desk.replica.unsent.cells] == [("c0", "hello typed")]


def test_an_edit_that_only_deleted_is_not_lost_in_silence(desk: Desk) -> None:
    desk.replica.document.delete_cell("c0")
    desk.said()
    with pytest.raises(StartAnew):
        desk.replica.receive(Rejection(2, "permission_denied", "You may not."))
    assert desk.replica.unsent is not None
    assert desk.replica.unsent.cells == ()


def test_text_in_a_cell_that_was_cleared_out_during_a_long_absence_is_kept(desk: Desk) -> None:
    desk.type(" typed while away")
    desk.replica.disconnect()
    desk.server.delete_cell("c0")
    for days in (8, 15):  # first the text goes, then the cell
        desk.server.clear_out(int((time.time() + days * 24 * 60 * 60) * 1000))
    desk.join()
    assert desk.replica.document.cell_ids == []
    assert desk.replica.unsent is not None
    assert isinstance(desk.replica.unsent.error, CellDeleted)
    assert [cell.source for cell in desk.replica.unsent.cells] == ["hello typed while away"]


def test_after_a_gap_the_servers_question_is_answered_with_all_that_it_lacks(desk: Desk) -> None:
    desk.type(" one")
    desk.type(" two")
    desk.said()
    desk.replica.receive(Rejection(2, "causal_gap", "Something is missing."))
    assert desk.replica.pending == 2
    assert edits(desk.said()) == []
    desk.replica.receive(SyncStep1(desk.server.doc.get_state()))
    [answer] = edits(desk.said())
    assert isinstance(answer, SyncStep2)
    desk.server.doc.apply_update(answer.update)
    assert desk.server.source("c0") == "hello one two"
    desk.replica.receive(Ack(3, 9))
    assert desk.replica.pending == 0


def test_a_gap_that_never_closes_ends_in_a_refusal(desk: Desk) -> None:
    desk.type(" one")

    def refuse_for_ever() -> None:
        for count in range(2, 10):
            desk.said()
            desk.replica.receive(Rejection(count, "causal_gap", "Something is missing."))
            desk.replica.receive(SyncStep1(desk.server.doc.get_state()))

    with pytest.raises(StartAnew):
        refuse_for_ever()
    assert desk.replica.unsent is not None


def test_an_edit_that_no_message_can_carry_is_refused_here(desk: Desk) -> None:
    desk.replica.disconnect()
    desk.join(message_bytes=1_000)
    desk.type("x" * 2_000)
    with pytest.raises(StartAnew):
        desk.said()
    assert desk.replica.unsent is not None
    assert isinstance(desk.replica.unsent.error, MessageTooLarge)


def test_a_viewer_says_nothing_but_what_it_lacks() -> None:
    desk = Desk("hello")
    said = desk.join("viewer")
    assert [type(message) for message in said] == [SyncStep1]
    assert not desk.replica.may_edit


def test_who_comes_back_as_a_viewer_keeps_the_unsent_text(desk: Desk) -> None:
    desk.type(" mine")
    desk.replica.disconnect()
    with pytest.raises(StartAnew):
        desk.greet("viewer")
    assert desk.replica.unsent is not None
    assert isinstance(desk.replica.unsent.error, PermissionDenied)


def test_who_is_allowed_to_edit_later_can() -> None:
    desk = Desk("hello")
    desk.join("viewer")
    desk.replica.receive(Event({"type": "role", "role": "writer", "capabilities": ["read", "edit"]}))
    assert desk.replica.may_edit
    desk.type("!")
    assert len(edits(desk.said())) == 1


def test_events_are_understood_and_unknown_ones_ignored(desk: Desk) -> None:
    desk.replica.receive(Event({"type": "renamed", "title": "New"}))
    desk.replica.receive(Event({"type": "not_saved", "message": "The disk is full."}))
    desk.replica.receive(Event({"type": "something of a later version"}))
    desk.replica.receive(Event({}))
    assert desk.replica.title == "New"
    assert desk.replica.not_saved == "The disk is full."
    desk.replica.receive(Event({"type": "saved"}))
    assert desk.replica.not_saved is None


def test_changes_say_which_cells_and_whose(desk: Desk) -> None:
    desk.changes.clear()
    desk.type("!")
    assert desk.changes == [RoomChange(frozenset({"c0"}), local=True)]
    before = desk.server.doc.get_state()
    added = desk.server.insert_cell(1, "markdown", "new")
    desk.changes.clear()
    desk.replica.receive(Update(desk.server.doc.get_update(before)))
    assert desk.changes == [RoomChange(frozenset({added}), order=True, remote=True)]


def test_changes_are_told_rightly_when_peers_wrote_what_is_no_cell() -> None:
    desk = Desk("a", "b")
    desk.server.doc.get("cells", type=Array).insert(0, "junk")
    desk.join()
    desk.changes.clear()
    before = desk.server.doc.get_state()
    desk.server.append_text("c1", "!")
    desk.replica.receive(Update(desk.server.doc.get_update(before)))
    [change] = desk.changes
    assert "c1" in change.cells


def test_a_cell_that_got_another_id_is_a_changed_cell(desk: Desk) -> None:
    desk.changes.clear()
    before = desk.server.doc.get_state()
    desk.server.doc.get("cells", type=Array)[0]["id"] = "renamed"
    desk.replica.receive(Update(desk.server.doc.get_update(before)))
    assert [change.cells for change in desk.changes] == [{"renamed"}]


@pytest.mark.parametrize("garbage", [b"", b"\xff\xff\xff\xff", b"\x01\x01\x01", b"\x05hello"])
def test_an_update_that_is_none_is_said_so(desk: Desk, garbage: bytes) -> None:
    with pytest.raises(InvalidUpdate):
        desk.replica.receive(Update(garbage))


def test_client_ids_are_such_as_yjs_makes() -> None:
    assert all(Desk("x").replica.document.doc.client_id < 2**32 for _ in range(20))

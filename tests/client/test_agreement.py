"""A client asks whether what it has is what the room has; if it is not, it takes the room's and keeps its text."""

from typing import Any

import pytest
from pycrdt import Doc

from jupyter_collab.client.replica.local_replica import LocalReplica, StartAnew
from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import DocumentDiverged
from jupyter_collab.protocol import Ack, Check, Event, Hello, Message, SyncStep1, SyncStep2, Update, parse

from .doubles import hello, notebook


class Table:
    """A replica and a server's document, with a clock that is set by hand."""

    def __init__(self, *sources: str) -> None:
        self.now = 0.0
        self.replica = LocalReplica(lambda change: None, lambda: None, lambda: self.now)
        doc: Doc[Any] = Doc()
        doc.apply_update(RoomDocument.create("one", notebook(*sources)).doc.get_update())
        self.server = RoomDocument(doc)

    def join(self, *, checks: bool = True) -> None:
        """A connection begins, and is synced; what this client lacks is here."""
        info = hello("one")
        info["checks"] = checks
        self.replica.receive(Hello(info))
        self.replica.receive(SyncStep1(self.server.doc.get_state()))
        asked = next(message for message in self.said() if isinstance(message, SyncStep1))
        self.replica.receive(SyncStep2(self.server.doc.get_update(asked.state_vector)))
        self.replica.receive(Ack(1, 1))

    def said(self) -> list[Message]:
        return [parse(data) for data in self.replica.take_messages()]

    def wait(self) -> list[Message]:
        """So much time goes by that whatever is due is said."""
        due_in = self.replica.due_in
        assert due_in is not None
        self.now += due_in
        return self.said()

    def answer(self) -> None:
        """Answer a check, as the server does."""
        mine, theirs = self.replica.document.digest, self.server.digest
        self.replica.receive(Event({"type": "check", "digest": theirs, "agrees": mine == theirs}))

    def edit(self, text: str, *, is_heard: bool = True) -> bytes:
        """Somebody else types."""
        before = self.server.doc.get_state()
        self.server.append_text("c0", text)
        update = self.server.doc.get_update(before)
        if is_heard:
            self.replica.receive(Update(update))
        return update


@pytest.fixture
def table() -> Table:
    table = Table("hello", "other")
    table.join()
    return table


def test_it_asks_after_a_join_and_after_changes_and_rests_when_the_documents_agree(table: Table) -> None:
    assert table.said() == []
    for _ in range(2):
        assert table.wait() == [Check(table.server.digest)]
        table.answer()
        assert table.said() == []
        assert table.replica.due_in is None
        table.edit(" 漢字 👩‍👩‍👧")
    assert table.replica.unsent is None


def test_a_document_that_differs_is_taken_anew_and_its_text_is_kept(table: Table) -> None:
    table.edit("!", is_heard=False)
    ours = table.replica.document.digest
    assert table.wait() == [Check(ours)]
    table.answer()
    assert table.said() == [Check(ours)]
    table.answer()
    assert table.said() == [Check(ours, differs=True)]
    assert table.replica.due_in == 0
    with pytest.raises(StartAnew):
        table.said()
    assert table.replica.is_being_renewed
    table.join()
    assert table.replica.document.source("c0") == "hello!"
    unsent = table.replica.unsent
    assert unsent is not None
    assert [(cell.id, cell.source) for cell in unsent.cells] == [("c0", "hello")]
    assert isinstance(unsent.error, DocumentDiverged)
    assert table.replica.pending == 0


def take_anew(table: Table) -> None:
    """The documents differ already: the client finds that out, and takes the room's."""
    table.wait()
    table.answer()
    table.said()
    table.answer()
    table.said()
    with pytest.raises(StartAnew):
        table.said()
    table.join()


def test_what_somebody_deleted_knowingly_is_not_offered_when_the_document_is_taken_anew(table: Table) -> None:
    before = table.server.doc.get_state()
    table.server.delete_cell("c0", by="Ben")
    table.replica.receive(Update(table.server.doc.get_update(before)))
    table.server.append_text("c1", "!")
    take_anew(table)
    assert table.replica.unsent is not None
    assert [(cell.id, cell.source) for cell in table.replica.unsent.cells] == [("c1", "other")]


def test_text_that_the_room_has_in_a_deleted_cell_only_is_kept(table: Table) -> None:
    table.server.delete_cell("c0", by="Ben")
    table.server.append_text("c1", "!")
    take_anew(table)
    assert table.replica.unsent is not None
    assert [(cell.id, cell.source) for cell in table.replica.unsent.cells] == [("c0", "hello"), ("c1", "other")]


def test_late_text_that_the_room_has_is_not_kept_beside_it(table: Table) -> None:
    before = table.server.doc.get_state()
    source = table.server.source_type("c0")
    table.server.delete_cell("c0", by="Ben")
    source += " late"
    table.replica.receive(Update(table.server.doc.get_update(before)))
    table.server.append_text("c1", "!")
    take_anew(table)
    assert table.replica.document.late_cells == ["c0"]
    assert table.replica.unsent is not None
    assert [(cell.id, cell.source) for cell in table.replica.unsent.cells] == [("c1", "other")]


def test_a_document_is_taken_anew_at_most_once_a_minute(table: Table) -> None:
    table.edit("!", is_heard=False)
    take_anew(table)
    due_in = table.replica.due_in
    assert due_in is not None
    assert due_in >= 59


def test_a_deletion_that_is_on_its_way_is_no_difference(table: Table) -> None:
    before = table.server.doc.get_state()
    table.server.replace_text("c0", 0, 4, "")
    deletion = table.server.doc.get_update(before)
    table.wait()
    table.answer()
    assert len(table.said()) == 1
    table.replica.receive(Update(deletion))
    table.answer()
    assert table.said() == []
    assert table.wait() == [Check(table.server.digest)]
    table.answer()
    assert table.said() == []
    assert table.replica.unsent is None


def test_an_answer_to_what_was_asked_before_a_change_does_not_count(table: Table) -> None:
    table.wait()
    table.edit("!")
    assert len(table.wait()) == 1
    table.replica.receive(Event({"type": "check", "digest": "00000000-0", "agrees": False}))
    assert table.said() == []
    table.answer()
    assert table.said() == []
    assert table.replica.due_in is None


def test_nothing_is_asked_while_an_edit_is_pending(table: Table) -> None:
    table.replica.document.append_text("c0", "!")
    [edit] = table.said()
    assert isinstance(edit, Update)
    table.server.doc.apply_update(edit.update)
    assert table.wait() == []
    table.replica.receive(Ack(2, 2))
    assert table.wait() == [Check(table.server.digest)]


def test_a_server_that_wants_to_be_asked_later_is(table: Table) -> None:
    for _ in range(3):
        assert len(table.wait()) == 1
        table.replica.receive(Event({"type": "check", "digest": None, "agrees": None}))
        assert table.said() == []
    assert table.replica.unsent is None


def test_a_server_that_knows_nothing_of_checks_is_not_asked() -> None:
    table = Table("hello")
    table.join(checks=False)
    assert table.replica.due_in is None

"""Cells are edited one at a time, by id."""

from typing import Any

import nbformat
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from pycrdt import Doc

from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import ContentError

from .strategies import CELLS, TEXTS
from .test_notebooks import code, exchange, markdown, notebook, record_updates, replica


@pytest.fixture
def document() -> RoomDocument:
    return replica(
        RoomDocument.create("epoch", notebook(markdown("a", id="a"), code("b", id="b"), markdown("c", id="c")))
    )


def test_a_document_writes_nothing_of_itself() -> None:
    doc: Doc[Any] = Doc()
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    document = RoomDocument(doc)
    document.watch()
    assert (document.cells, document.epoch, document.metadata, document.strip_trust()) == ([], None, {}, False)
    nbformat.validate(document.to_notebook())
    assert updates == []


def test_reading_one_cell(document: RoomDocument) -> None:
    assert document.cell_ids == ["a", "b", "c"]
    assert document.index_of("b") == 1
    assert document.source("b") == "b"
    assert document.cell("b") == code("b", id="b")
    assert str(document.source_type("b")) == "b"


@pytest.mark.parametrize("method", ["index_of", "cell", "source", "source_type", "delete_cell"])
def test_an_unknown_cell_is_a_key_error(document: RoomDocument, method: str) -> None:
    with pytest.raises(KeyError, match="nobody"):
        getattr(document, method)("nobody")


@pytest.mark.parametrize(("index", "place"), [(0, 0), (2, 2), (3, 3), (99, 3), (-1, 2), (-99, 0)])
def test_inserting(document: RoomDocument, index: int, place: int) -> None:
    cell_id = document.insert_cell(index, "markdown", "new 😀", metadata={"x": 1, "trusted": True})
    assert document.index_of(cell_id) == place
    assert document.cell(cell_id) == markdown("new 😀", id=cell_id, metadata={"x": 1})


def test_an_inserted_cell_keeps_its_id_unless_it_is_taken(document: RoomDocument) -> None:
    assert document.insert_cell(0, id="mine") == "mine"
    assert document.insert_cell(0, id="mine") not in ("mine", "a", "b", "c")


def test_inserting_what_is_no_cell_changes_nothing(document: RoomDocument) -> None:
    updates = record_updates(document)
    with pytest.raises(ContentError, match="The new cell"):
        document.insert_cell(0, "picture")  # type: ignore[arg-type]  # what a caller without types may do
    assert updates == []


@pytest.mark.parametrize(
    ("cell", "index", "order"),
    [("a", 0, "abc"), ("a", 1, "bac"), ("a", 2, "bca"), ("c", 0, "cab"), ("b", 99, "acb"), ("a", -1, "bca")],
)
def test_moving(document: RoomDocument, cell: str, index: int, order: str) -> None:
    before = document.cell(cell)
    document.move_cell(cell, index)
    assert document.cell_ids == list(order)
    assert document.cell(cell) == before


def test_changing_the_type(document: RoomDocument) -> None:
    document.set_cell_type("b", "markdown")
    assert document.cells[1] == markdown("b", id="b")
    document.set_cell_type("b", "code")
    assert document.cells[1] == code("b", id="b")


def test_setting_metadata_touches_only_what_differs(document: RoomDocument) -> None:
    document.set_metadata({"title": "T", "language_info": {"name": "R"}})
    updates = record_updates(document)
    document.set_metadata({"title": "T", "language_info": {"name": "R"}})
    assert updates == []
    document.set_metadata({"title": "U"})
    assert document.metadata == {"title": "U"}


class TwoEditors(RuleBasedStateMachine):
    """Two copies of a document are edited at random and, now and then, exchange what they have.

    Then one of them gives ids to those of the other that have ids which it knows already, as a server does.
    """

    documents: Bundle[RoomDocument] = Bundle("documents")

    def __init__(self) -> None:
        super().__init__()
        first = replica(RoomDocument.create("epoch", notebook(markdown("start 😀", id="a"), code("x", id="b"))))
        self.copies = (first, replica(first))
        for copy in self.copies:
            copy.watch()

    @rule(who=st.integers(0, 1), index=st.integers(-2, 6), cell=CELLS)
    def insert(self, who: int, index: int, cell: dict[str, Any]) -> None:
        self.copies[who].insert_cell(index, **cell)

    @rule(who=st.integers(0, 1), which=st.integers(0, 20), text=TEXTS)
    def type_text(self, who: int, which: int, text: str) -> None:
        if ids := self.copies[who].cell_ids:
            self.copies[who].set_source(ids[which % len(ids)], text)

    @rule(who=st.integers(0, 1), which=st.integers(0, 20))
    def delete(self, who: int, which: int) -> None:
        if ids := self.copies[who].cell_ids:
            self.copies[who].delete_cell(ids[which % len(ids)])

    @rule(who=st.integers(0, 1), which=st.integers(0, 20), index=st.integers(-3, 6))
    def move(self, who: int, which: int, index: int) -> None:
        if ids := self.copies[who].cell_ids:
            self.copies[who].move_cell(ids[which % len(ids)], index)

    @rule(who=st.integers(0, 1))
    def import_own_export(self, who: int) -> None:
        notebook = self.copies[who].to_notebook()
        self.copies[who].set_notebook(notebook)
        assert self.copies[who].to_notebook() == notebook

    @rule(who=st.integers(0, 1))
    def import_the_others_export(self, who: int) -> None:
        notebook = self.copies[1 - who].to_notebook()
        self.copies[who].set_notebook(notebook)
        assert self.copies[who].to_notebook() == notebook

    @rule()
    def meet(self) -> None:
        exchange(*self.copies)
        self.copies[0].complete()
        exchange(*self.copies)
        assert self.copies[0].to_notebook() == self.copies[1].to_notebook()

    @invariant()
    def both_are_valid(self) -> None:
        for copy in self.copies:
            nbformat.validate(copy.to_notebook())
            assert not copy.strip_trust()


TestTwoEditors = TwoEditors.TestCase
TestTwoEditors.settings = settings(max_examples=30, stateful_step_count=20)

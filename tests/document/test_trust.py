"""``trusted`` never stays in a document, whatever way it came in, and looking for it costs nothing while one types."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pycrdt import Array, Doc, Map, Text

from jupyter_collab.document import CellWatch, RoomDocument

from .test_notebooks import code, markdown, notebook, replica

Peer = Callable[["Array[Any]"], None]


def cell(metadata: object) -> "Map[Any]":
    return Map({"id": "n", "cell_type": "code", "source": Text(""), "metadata": metadata, "outputs": Array()})


def set_twice(cells: "Array[Any]") -> None:
    cells[0]["metadata"]["trusted"] = False
    cells[0]["metadata"]["trusted"] = True


def insert_then_set(cells: "Array[Any]") -> None:
    cells.insert(0, cell(Map()))
    cells[0]["metadata"]["trusted"] = True


def insert_bare_then_fill(cells: "Array[Any]") -> None:
    cells.append(Map({"cell_type": "raw"}))
    cells[len(cells) - 1]["metadata"] = Map({"x": 1})
    cells[len(cells) - 1]["metadata"]["trusted"] = 1


WAYS: dict[str, Peer] = {
    "a key of the metadata": lambda cells: cells[0]["metadata"].update({"trusted": True}),
    "a key set twice": set_twice,
    "other metadata": lambda cells: cells[1].update({"metadata": Map({"trusted": True})}),
    "plain metadata": lambda cells: cells[1].update({"metadata": {"trusted": True, "kept": 1}}),
    "a new cell": lambda cells: cells.insert(1, cell(Map({"trusted": True}))),
    "a new cell with plain metadata": lambda cells: cells.append(cell({"trusted": None})),
    "a new cell that then gets it": insert_then_set,
    "a new cell that then gets metadata": insert_bare_then_fill,
}


def is_trusted(document: RoomDocument) -> bool:
    return any("trusted" in (item.get("metadata") or {}) for item in document.doc["cells"] if isinstance(item, Map))


def watched() -> RoomDocument:
    document = replica(RoomDocument.create("epoch", notebook(code("1", id="a"), markdown("2", id="b"))))
    document.watch()
    return document


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("in_one_update", [True, False])
def test_whatever_way_it_comes_it_is_found_and_taken_out(way: str, in_one_update: bool) -> None:
    document = watched()
    peer = replica(document)
    for _ in range(3):  # the second time, a key that was there before is written over
        updates: list[bytes] = []
        subscription = peer.doc.observe(lambda event, updates=updates: updates.append(event.update))
        if in_one_update:
            with peer.doc.transaction():
                WAYS[way](peer.doc["cells"])
        else:
            WAYS[way](peer.doc["cells"])
        peer.doc.unobserve(subscription)
        for update in updates:
            document.doc.apply_update(update)
        assert is_trusted(document)
        assert document.strip_trust()
        assert not is_trusted(document)
        assert not document.strip_trust()
        peer.doc.apply_update(document.doc.get_update(peer.doc.get_state()))
        assert not is_trusted(peer)


def test_the_rest_of_the_metadata_stays() -> None:
    document = watched()
    cells = document.doc["cells"]
    cells[0]["metadata"].update({"trusted": True, "kept": 1})
    cells[1]["metadata"] = {"trusted": True, "kept": 2}
    assert document.strip_trust()
    assert [item["metadata"] for item in document.cells] == [{"kept": 1}, {"kept": 2}]


def test_what_was_there_before_the_watch_is_found() -> None:
    document = RoomDocument(Doc())
    document.doc["cells"].append(cell(Map({"trusted": True})))
    assert document.watch().trusted
    assert document.strip_trust()
    assert not document.strip_trust()


def test_without_a_watch_all_cells_are_looked_at() -> None:
    document = RoomDocument(Doc())
    assert not document.strip_trust()
    document.doc["cells"].append(cell(Map({"trusted": True})))
    assert document.strip_trust()
    assert not is_trusted(document)


def test_on_dirty_is_called_once_until_it_is_clean() -> None:
    document = replica(RoomDocument.create("epoch", notebook(code("1", id="a"))))
    calls: list[None] = []
    document.watch(lambda: calls.append(None))
    metadata = document.doc["cells"][0]["metadata"]
    metadata["x"] = 1
    assert calls == []
    metadata["trusted"] = True
    metadata["trusted"] = False
    assert len(calls) == 1
    document.strip_trust()
    metadata["trusted"] = True
    assert len(calls) == 2


def test_taking_it_out_is_one_transaction_with_its_origin() -> None:
    document = watched()
    for item in document.doc["cells"]:
        item["metadata"]["trusted"] = True
    updates: list[bytes] = []
    document.doc.observe(lambda event: updates.append(event.update))
    document.strip_trust(origin="trust")
    assert len(updates) == 1


def test_typing_and_outputs_call_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    document = watched()
    called: list[str] = []

    def recorder(name: str) -> Callable[..., None]:
        return lambda *event: called.append(name)

    for name in ("_on_cells", "_on_cell", "_on_metadata"):
        monkeypatch.setattr(CellWatch, name, recorder(name))
    document.watch()
    document.append_text("a", "typed")
    document.doc["cells"][0]["outputs"].append(Map({"output_type": "stream", "text": Text("out")}))
    assert called == []
    document.doc["cells"][0]["metadata"]["x"] = 1
    document.insert_cell(0)
    assert called == ["_on_metadata", "_on_cells"]


IN_A_YEAR_MS = (time.time_ns() // 10**6) + 365 * 24 * 60 * 60 * 1000


def test_watches_of_cells_that_are_gone_do_not_pile_up() -> None:
    document = watched()
    watch = document.watch()
    for _ in range(1000):
        document.delete_cell(document.insert_cell(0))
        document.clear_out(IN_A_YEAR_MS)
        document.doc["cells"][0]["metadata"]["trusted"] = True
        document.strip_trust()
    assert watch.subscriptions == 1 + 3 * len(document.doc["cells"])


class Trust(RuleBasedStateMachine):
    """Peers write ``trusted`` in all ways and any order, among other edits; the watch misses none."""

    @initialize()
    def start(self) -> None:
        self.document = watched()

    @rule(way=st.sampled_from(sorted(WAYS)))
    def write(self, way: str) -> None:
        if len(self.document.cell_ids) > 1:
            WAYS[way](self.document.doc["cells"])

    @rule(index=st.integers(-2, 4))
    def insert(self, index: int) -> None:
        self.document.insert_cell(index)

    @rule(which=st.integers(0, 9))
    def delete(self, which: int) -> None:
        ids = self.document.cell_ids
        if len(ids) > 2:
            self.document.delete_cell(ids[which % len(ids)])

    @rule(which=st.integers(0, 9), index=st.integers(-2, 4))
    def move(self, which: int, index: int) -> None:
        ids = self.document.cell_ids
        if ids:
            self.document.move_cell(ids[which % len(ids)], index)

    @invariant()
    def nothing_is_missed(self) -> None:
        was_trusted = is_trusted(self.document)
        assert self.document.strip_trust() >= was_trusted
        assert not is_trusted(self.document)


TestTrust = Trust.TestCase
TestTrust.settings = settings(max_examples=60, stateful_step_count=30)

"""Of several who change one key at once, the gate knows as Yjs does whose value counts, in whatever order they come."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from jupyter_collab.errors import InvalidUpdate
from jupyter_collab.gate import Author, Gate

ANYBODY = Author("server", lambda _client_id: None, is_own=False)
TYPES = ("code", "markdown", "raw")


def cell_of(doc: "Doc[Any]") -> "Map[Any]":
    """The only cell."""
    cell: Map[Any] = doc.get("cells", type=Array)[0]
    return cell


def new_document() -> bytes:
    """A document with one cell."""
    doc: Doc[Any] = Doc(client_id=2**31)
    cell = {"id": "one", "source": Text(), "metadata": Map(), "outputs": Array(), "cell_type": "code"}
    doc.get("cells", type=Array).append(Map(cell))
    return doc.get_update()


@dataclass
class Room:
    """A document behind its gate."""

    doc: "Doc[Any]" = field(default_factory=lambda: Doc(client_id=2**32))
    changes: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate = Gate(self.doc.get_update)
        self.doc.apply_update(START)
        self.gate.learn(START)
        self.doc.observe(lambda event: self.changes.append(event.update))

    def take(self, update: bytes) -> bool:
        """Take an update in, if the gate admits it."""
        try:
            admission = self.gate.check(update, ANYBODY)
        except InvalidUpdate:
            return False
        self.doc.apply_update(update)
        self.gate.commit(admission, self.changes, ANYBODY)
        self.changes.clear()
        return True


START = new_document()


def person(client_id: int) -> "Doc[Any]":
    """Somebody's copy of the document."""
    doc: Doc[Any] = Doc(client_id=client_id)
    doc.apply_update(START)
    return doc


def sync(here: "Doc[Any]", there: "Doc[Any]") -> None:
    """Let ``there`` have all that is ``here``."""
    there.apply_update(here.get_update(there.get_state()))


def changes(*kinds: str) -> "st.SearchStrategy[list[tuple[int, str, int]]]":
    """Who does what, and to whom."""
    return st.lists(st.tuples(st.integers(0, 2), st.sampled_from(kinds), st.integers(0, 2)), min_size=1, max_size=30)


CLIENTS = st.lists(st.integers(1, 2**32 - 1), min_size=3, max_size=3, unique=True)


@settings(max_examples=300, deadline=None)
@given(CLIENTS, changes("set", "set", "hear", "tell", "room"))
def test_whoever_changes_a_type_without_a_connection_is_let_in_again(
    clients: list[int], deeds: list[tuple[int, str, int]]
) -> None:
    room, people = Room(), [person(client) for client in clients]
    for number, (who, what, other) in enumerate(deeds):
        here = people[who]
        if what == "set":
            cell_of(here)["cell_type"] = TYPES[number % 3]
        elif what == "hear":
            sync(room.doc, here)
        elif what == "tell":
            sync(here, people[other])
        else:
            assert room.take(here.get_update(room.doc.get_state()))
            assert cell_of(room.doc)["cell_type"] in TYPES
    for here in people:
        assert room.take(here.get_update(room.doc.get_state()))
    for here in people:
        sync(room.doc, here)
    assert len({cell_of(each)["cell_type"] for each in (room.doc, *people)}) == 1


@settings(max_examples=500, deadline=None)
@given(CLIENTS, changes("set", "set", "delete", "hear", "tell", "room"))
def test_the_gate_refuses_what_takes_the_type_away_in_the_end_and_nothing_else(
    clients: list[int], deeds: list[tuple[int, str, int]]
) -> None:
    room, people = Room(), [person(client) for client in clients]
    for number, (who, what, other) in enumerate(deeds):
        here = people[who]
        if what == "set":
            cell_of(here)["cell_type"] = TYPES[number % 3]
        elif what == "delete":
            if "cell_type" in cell_of(here):
                del cell_of(here)["cell_type"]
        elif what == "hear":
            sync(room.doc, here)
        elif what == "tell":
            sync(here, people[other])
        else:
            update = here.get_update(room.doc.get_state())
            after: Doc[Any] = Doc()
            after.apply_update(room.doc.get_update())
            after.apply_update(update)
            assert room.take(update) == (cell_of(after).get("cell_type") is not None)


def test_a_trail_that_was_written_down_and_read_again_is_the_same() -> None:
    room, ada, bob = Room(), person(1), person(2)
    for name in ("markdown", "raw", "code"):
        cell_of(ada)["cell_type"] = name
    assert room.take(ada.get_update(room.doc.get_state()))
    cell_of(bob)["cell_type"] = "raw"
    late = Room()
    late.doc = Doc(client_id=2**32 + 1)
    late.doc.apply_update(room.doc.get_update())
    late.gate = Gate(late.doc.get_update)
    late.gate.learn(room.doc.get_update())
    late.doc.observe(lambda event: late.changes.append(event.update))
    assert late.take(bob.get_update(late.doc.get_state()))
    assert cell_of(late.doc)["cell_type"] == "raw", "the higher client id counts"

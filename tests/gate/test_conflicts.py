"""Where many put something at one place at once, Yjs compares each with all: no edit makes it do much at a time."""

from typing import Any

import pytest
from pycrdt import Doc, Text

from jupyter_collab.errors import InvalidUpdate
from jupyter_collab.gate import Gate, Stride
from jupyter_collab.gate.parts import MAX_OPEN_STEPS, MAX_PART_STEPS, MAX_STRIDE
from jupyter_collab.protocol import write_varuint
from jupyter_collab.yjs import UpdateReader

from ..unit.updates import author
from .test_large_edits import cut, iterate

RUNS = 20_000


def prepended(count: int, client_id: int) -> bytes:
    """What somebody wrote by putting each letter before all others, without a connection."""
    doc: Doc[Any] = Doc(client_id=client_id)
    text = doc.get("text", type=Text)
    for _ in range(count):
        text.insert(0, "a")
    return doc.get_update()


@pytest.fixture
def gate() -> Gate:
    """The gate of a room in which one text has so many pieces."""
    doc: Doc[Any] = Doc()
    doc.apply_update(prepended(RUNS, 5))
    gate = Gate(doc.get_update)
    gate.learn(doc.get_update())
    return gate


def test_what_may_cost_much_is_taken_in_in_small_parts(gate: Gate) -> None:
    parts = cut(gate, prepended(300, 7))
    items = [sum(1 for _ in UpdateReader(part).items()) for part in parts]
    assert sum(items) == 300
    assert max(items) * RUNS <= MAX_PART_STEPS + RUNS


def test_parts_grow_while_they_cost_less_than_they_might(gate: Gate) -> None:
    stride = Stride()
    parts = iterate(gate.cut(prepended(500, 7), author(), stride))
    sizes = []
    for seconds in (0.0, 0.0, 1.0, 0.0):
        sizes.append(sum(1 for _ in UpdateReader(next(parts)).items()))
        stride.note(seconds)
    assert sizes[0] < sizes[1] < sizes[2]
    assert sizes[3] == sizes[0]
    for _ in range(20):
        stride.note(0.0)
    assert stride.max_steps == MAX_STRIDE * MAX_PART_STEPS


def test_what_may_cost_much_is_not_taken_in_at_once_however_short_it_is(gate: Gate) -> None:
    assert gate.is_light(prepended(1, 7))
    update = prepended(300, 7)
    assert len(update) < 2**12
    assert not gate.is_light(update)


def test_an_edit_of_many_clients_is_counted_too(gate: Gate) -> None:
    letters = b"".join(b"\x01" + write_varuint(client) + b"\x00\x04\x01\x04text\x01x" for client in range(100, 400))
    assert not gate.is_light(write_varuint(300) + letters + b"\x00")


def test_a_cell_whose_parts_have_much_between_them_that_costs_is_refused(gate: Gate) -> None:
    between = MAX_OPEN_STEPS // RUNS + 10
    start = b"\x07\x01\x05cells\x01" + b"\x28\x00\x07\x00\x09cell_type\x01\x77\x03raw"
    end = b"\x27\x00\x07\x00\x06source\x02" + b"\x27\x00\x07\x00\x08metadata\x01"
    letters = b"\x04\x01\x04text\x01x" * between
    update = b"\x01" + write_varuint(between + 4) + b"\x07\x00" + start + letters + end + b"\x00"
    with pytest.raises(InvalidUpdate, match="between the parts"):
        cut(gate, update)

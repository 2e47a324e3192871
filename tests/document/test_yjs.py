"""Encoded state vectors and updates are read with bounds."""

import contextlib
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import InvalidUpdate, ProtocolError
from jupyter_collab.gate.surrogates import Surrogates
from jupyter_collab.protocol import write_varuint
from jupyter_collab.yjs import MAX_NESTING, UpdateReader, check_update, state_vector

from ..fuzz.writer import Made, type_content, update_of
from .strategies import NOTEBOOKS, SHARED_JUNK, TEXTS
from .test_junk import VECTORS


def nested(levels: int) -> bytes:
    """An update whose one value is a list in a list in a list…"""
    return (
        b"\x01\x01\x07\x00"  # one client, one struct, client 7, clock 0
        b"\x08\x01\x05cells"  # values, in the root type `cells`
        b"\x01" + b"\x75\x01" * (levels - 1) + b"\x75\x00"  # one value
        b"\x00"  # no deletions
    )


def parse(update: bytes) -> None:
    """:func:`check_update` without its short cut."""
    UpdateReader(update).read()


@given(st.dictionaries(st.integers(0, 2**53 - 1), st.integers(0, 2**53 - 1), max_size=5))
def test_state_vectors_are_read(clocks: dict[int, int]) -> None:
    data = write_varuint(len(clocks)) + b"".join(write_varuint(n) for item in clocks.items() for n in item)
    assert state_vector(data) == clocks


def test_a_documents_state_vector_is_read() -> None:
    doc: Doc[Any] = Doc(client_id=5)
    assert state_vector(doc.get_state()) == {}
    doc.get("text", type=Text).insert(0, "abc")
    assert state_vector(doc.get_state()) == {5: 3}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x01\x05",
        b"\x00\x00",
        b"\x02\x05\x01\x05\x01",
        b"\xff\xff\xff\xff\x07\x01\x01",
        b"\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x01",
    ],
)
def test_what_is_no_state_vector_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        state_vector(data)


@given(NOTEBOOKS, st.lists(SHARED_JUNK, max_size=3))
def test_all_that_documents_hold_passes(notebook: dict[str, Any], junk: list[Any]) -> None:
    document = RoomDocument.create("epoch", notebook)
    document.doc["other"] = Array(junk)
    document.doc["other"].clear()
    document.doc["more"] = Map({"x": junk and 1, "y": b"bytes", "z": -5})
    parse(document.doc.get_update())
    check_update(document.doc.get_update())


@pytest.mark.parametrize("name", sorted(VECTORS.keys() - {"values among cells"}))
def test_all_that_javascript_writes_passes(name: str) -> None:
    parse(bytes.fromhex(VECTORS[name]))


def test_a_hook_is_refused_as_yrs_reads_it_wrongly() -> None:
    kind, length, content = type_content(5, "hook")
    with pytest.raises(InvalidUpdate, match="XmlHook"):
        parse(update_of([Made(5, 0, length, kind, content, parent="mine", key="k")]))


@given(NOTEBOOKS, st.data())
def test_a_cut_or_altered_update_is_refused_or_is_one(notebook: dict[str, Any], data: st.DataObject) -> None:
    update = bytearray(RoomDocument.create("epoch", notebook).doc.get_update())
    cut = data.draw(st.integers(0, len(update) - 1))
    with pytest.raises(ProtocolError):
        parse(bytes(update[:cut]))
    update[cut] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ProtocolError):
        parse(bytes(update))


@given(st.lists(TEXTS, max_size=5))
def test_the_second_halves_of_characters_are_found(texts: list[str]) -> None:
    doc: Doc[Any] = Doc(client_id=7)
    for number, text in enumerate(texts):
        doc.get(f"text {number % 2}", type=Text).insert(0, text)
    surrogates = Surrogates()
    for item in UpdateReader(doc.get_update()).items():
        surrogates.add(item.client, item.clock, item.text or "")
    units = "".join(texts).encode("utf-16-be")[::2]
    assert [surrogates.has(7, clock) for clock in range(len(units) + 1)] == [
        *(0xDC <= upper_byte < 0xE0 for upper_byte in units),
        False,
    ]
    assert not surrogates.has(8, 1)


@pytest.mark.parametrize("levels", [1, 2, MAX_NESTING])
def test_values_may_nest_as_deep_as_json_does_in_practice(levels: int) -> None:
    check_update(nested(levels))
    parse(nested(levels))
    document = RoomDocument()
    document.doc.apply_update(nested(levels))
    assert document.doc["cells"].to_py() is not None


@pytest.mark.parametrize("levels", [MAX_NESTING + 1, 1000, 1_000_000])
def test_values_that_nest_deeper_are_refused(levels: int) -> None:
    with pytest.raises(InvalidUpdate, match="nested"):
        check_update(nested(levels))


def test_deep_nesting_is_what_it_is_feared_for() -> None:
    """If this fails, yrs has become safe, and the check is no longer needed."""
    script = "import sys; from pycrdt import Doc; Doc().apply_update(sys.stdin.buffer.read())"
    end = subprocess.run([sys.executable, "-c", script], input=nested(1_000_000), capture_output=True)
    assert end.returncode < 0


def test_a_claim_of_more_than_there_is_is_refused() -> None:
    with pytest.raises(InvalidUpdate, match="claims"):
        check_update(b"\xff\xff\xff\xff\x07" + b"u" * 200)


def test_a_long_text_with_many_marks_is_read_fast() -> None:
    document = RoomDocument.create("epoch")
    document.set_source(document.cell_ids[0], "uv" * 1_000_000)
    check_update(document.doc.get_update())


@pytest.mark.parametrize("count", [2**21, 2**27, 2**40])
def test_an_object_that_claims_more_keys_than_there_can_be_is_refused_before_yrs_makes_room(count: int) -> None:
    claim = b"\x01\x01\x07\x00\x28\x01\x01x\x01k\x01\x76" + write_varuint(count) + b"\x01a\x7e\x00"
    with pytest.raises(InvalidUpdate):
        check_update(claim)


def test_a_text_that_looks_like_such_a_claim_is_passed() -> None:
    doc: Doc[Any] = Doc()
    doc.get("x", type=Text).insert(0, "v日本 v語")
    check_update(doc.get_update())

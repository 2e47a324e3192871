"""Texts are edited by characters, and by no more of them than differ."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from jupyter_collab.document import RoomDocument
from jupyter_collab.document.text import replace_range, set_text

from .strategies import TEXTS

LINES = st.lists(st.one_of(st.sampled_from(["a\n", "b\r\n", "😀\n", "漢字\u2028", "\n"]), TEXTS), max_size=12).map(
    "".join
)


def shared_text(content: str) -> Text:
    doc: Doc[Any] = Doc()
    text: Text = doc.get("text", type=Text)
    text.insert(0, content)
    return text


@given(LINES, LINES)
def test_any_text_can_become_any_other(old: str, new: str) -> None:
    text = shared_text(old)
    set_text(text, new)
    assert str(text) == new


@given(TEXTS, st.integers(-40, 40), st.integers(-40, 40), TEXTS)
def test_positions_are_those_of_characters(old: str, start: int, stop: int, replacement: str) -> None:
    text = shared_text(old)
    replace_range(text, start, stop, replacement)
    characters = list(old)
    first, last, _ = slice(start, stop).indices(len(old))
    characters[first : max(first, last)] = replacement
    assert str(text) == "".join(characters)


@given(LINES, LINES, st.data())
def test_what_stays_can_be_edited_by_others_meanwhile(old: str, new: str, data: st.DataObject) -> None:
    text = shared_text(old)
    other_doc: Doc[Any] = Doc()
    other_doc.apply_update(text.doc.get_update())
    other = other_doc.get("text", type=Text)
    position = data.draw(st.integers(0, len(old)))
    set_text(text, new)
    replace_range(other, position, position, "«typed»")
    text.doc.apply_update(other_doc.get_update())
    assert str(text).replace("«typed»", "", 1) == new


def test_a_small_change_of_a_long_text_is_a_small_edit() -> None:
    lines = [f"line {number} 😀\n" for number in range(3000)]
    text = shared_text("".join(lines))
    updates: list[bytes] = []
    text.doc.observe(lambda event: updates.append(event.update))
    lines[10], lines[2000] = "line ten 😀\n", "line 2000 😁\n"
    set_text(text, "".join(lines))
    assert str(text) == "".join(lines)
    assert len(updates) == 1
    assert len(updates[0]) < 100


def test_two_who_join_many_lines_at_once_double_nothing() -> None:
    lines = [f"call_{number}(first, second);" for number in range(60)]
    text = shared_text("\n".join(lines))
    other_doc: Doc[Any] = Doc()
    other_doc.apply_update(text.doc.get_update())
    for either in (text, other_doc.get("text", type=Text)):
        set_text(either, "".join(lines))
    text.doc.apply_update(other_doc.get_update())
    assert str(text) == "".join(lines)


def test_setting_the_same_text_is_no_edit() -> None:
    text = shared_text("same 😀")
    updates: list[bytes] = []
    text.doc.observe(lambda event: updates.append(event.update))
    set_text(text, "same 😀")
    replace_range(text, 2, 2, "")
    assert updates == []


@pytest.mark.parametrize("embedded", [{"x": 1}, Map({"y": 2})])
def test_text_in_which_a_peer_embedded_something_is_edited_as_if_it_had_not(embedded: Any) -> None:
    document = RoomDocument.create("epoch")
    cell = document.cell_ids[0]
    document.set_source(cell, "é😀b")
    document.source_type(cell).insert_embed(2, embedded)
    document.replace_text(cell, 1, 2, "!")
    assert document.source(cell) == "é!b"

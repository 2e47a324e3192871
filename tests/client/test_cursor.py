"""Where this client shows itself to be, as Yjs programs read it."""

from typing import Any

import pytest
from pycrdt import Doc

from jupyter_collab.client.replica.cursor import cursor_at
from jupyter_collab.document import RoomDocument

ASCII_TEXT = "abc"


def document_with(source: str) -> RoomDocument:
    """A document with one cell, written by client 7."""
    doc: Doc[Any] = Doc(client_id=7)
    document = RoomDocument(doc)
    document.insert_cell(0, "code", source, id="c0")
    return document


def text_id(document: RoomDocument) -> dict[str, Any]:
    """The id of the shared text itself, as the document's own encoding has it."""
    end = len(document.source("c0"))
    cursor = cursor_at(document, "c0", end, end)
    assert cursor is not None
    identity: dict[str, Any] = cursor["head"]["type"]
    return identity


def test_a_position_is_the_character_to_its_right() -> None:
    document = document_with(ASCII_TEXT)
    first = text_id(document)["clock"] + 1  # the characters were written right after the text was made
    cursor = cursor_at(document, "c0", 0, 2)
    assert cursor == {
        "cell": "c0",
        "anchor": {"item": {"client": 7, "clock": first}, "assoc": 0},
        "head": {"item": {"client": 7, "clock": first + 2}, "assoc": 0},
    }


def test_a_position_stays_with_its_character() -> None:
    document = document_with(ASCII_TEXT)
    before = cursor_at(document, "c0", 1, 1)
    document.replace_text("c0", 0, 0, "xyz")
    assert cursor_at(document, "c0", 4, 4) == before


@pytest.mark.parametrize("source", ["", "abc", "日本😀"])
def test_the_end_is_the_end_of_the_text_whatever_comes(source: str) -> None:
    document = document_with(source)
    cursor = cursor_at(document, "c0", len(source), len(source))
    assert cursor is not None
    assert cursor["head"] == {"type": text_id(document), "assoc": 0}
    assert "item" not in cursor["head"]


def test_no_cursor_is_better_than_a_wrong_one() -> None:
    assert cursor_at(document_with("日本😀"), "c0", 1, 1) is None
    assert cursor_at(document_with("abc"), "c0", None, None) is None


@pytest.mark.parametrize("position", [-1, 4])
def test_a_position_that_there_is_not_is_an_error(position: int) -> None:
    with pytest.raises(IndexError, match="has 3 characters"):
        cursor_at(document_with("abc"), "c0", position, position)

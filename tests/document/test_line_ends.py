"""Only ``\\n`` ends a line; what Python's ``str.splitlines`` takes for a line end too is a character like others."""

from pathlib import Path

import pytest

import jupyter_collab
from jupyter_collab.document import ContentFormat, RoomDocument, read_content, write_content

from .test_notebooks import code, markdown, notebook, replica, sources

ODD = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""What ``str.splitlines`` takes for the end of a line."""

MODULES = sorted(Path(jupyter_collab.__file__).parent.rglob("*.py"))


def test_no_module_uses_splitlines() -> None:
    assert [str(path) for path in MODULES if ".splitlines(" in path.read_text()] == []


def document_with(*cells: dict[str, object]) -> RoomDocument:
    return replica(RoomDocument.create("epoch", notebook(*cells)))


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("content_format", list(ContentFormat))
def test_an_odd_character_survives_being_written_and_read(odd: str, content_format: ContentFormat) -> None:
    document = document_with(code(f"sep = 'x{odd}y'\nn = 1"), markdown(f"one{odd}two"), markdown("more"))
    text = write_content(document, content_format)
    fresh = document_with(code(""))
    fresh.set_content(read_content(text, content_format))
    assert sources(fresh) == sources(document)
    document.set_content(read_content(text.replace("n = 1", "n = 2"), content_format))
    assert sources(document) == [f"sep = 'x{odd}y'\nn = 2", f"one{odd}two", "more"]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("content_format", list(ContentFormat))
def test_an_edit_that_changes_nothing_else_is_taken(odd: str, content_format: ContentFormat) -> None:
    document = document_with(code(f"x = 1{odd}y = 2", id="a"), markdown("more", id="b"))
    other = document_with(code("x = 1\ny = 2", id="a"), markdown("more", id="b"))
    document.set_content(read_content(write_content(other, content_format), content_format))
    assert sources(document) == ["x = 1\ny = 2", "more"]
    document.set_content(read_content(write_content(other, content_format).replace("1\ny", f"1{odd}y"), content_format))
    if content_format is not ContentFormat.IPYNB:  # there the line end is written as an escape
        assert sources(document) == [f"x = 1{odd}y = 2", "more"]


def test_line_ends_of_windows_and_old_macs_become_plain_however_text_comes() -> None:
    document = document_with(code("", id="a"))
    document.set_source("a", "one\r\ntwo\rthree")
    document.append_text("a", "\r\nfour")
    document.replace_text("a", 0, 3, "1\r\n1")
    document.insert_cell(1, "markdown", "a\r\nb\rc")
    assert sources(document) == ["1\n1\ntwo\nthree\nfour", "a\nb\nc"]

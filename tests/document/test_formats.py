"""Content as ``.ipynb``, ``.md`` and ``.py``."""

import cProfile
import json
import pstats
import subprocess
from typing import Any

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pycrdt import Map

from jupyter_collab.document import ContentFormat, RoomDocument, read_content, write_content
from jupyter_collab.errors import ContentError

from .strategies import NOTEBOOKS, SOURCES
from .test_notebooks import code, markdown, notebook, record_updates, replica, sources, stream

IPYNB, MD, PY = ContentFormat.IPYNB, ContentFormat.MD, ContentFormat.PY


def room(*cells: dict[str, Any], **fields: Any) -> RoomDocument:
    return replica(RoomDocument.create("epoch", notebook(*cells, **fields)))


def put(document: RoomDocument, text: str, content_format: ContentFormat) -> None:
    document.set_content(read_content(text, content_format))


@given(NOTEBOOKS)
def test_ipynb_is_lossless_and_always_written_the_same(original: dict[str, Any]) -> None:
    document = RoomDocument.create("epoch", original)
    text = write_content(document, IPYNB)
    assert nbformat.reads(text, as_version=4) == document.to_notebook()
    other = RoomDocument.create("other")
    put(other, text, IPYNB)
    assert write_content(other, IPYNB) == text


@given(SOURCES)
@example("# Title\n\n* 😀\n\n\n")
@example("---\ntitle: x\n---\ntext")
@example("---\n\n---\n\n")
@example("<!-- #raw -->\nraw\n<!-- #endraw -->")
@example("a\u2028b")
def test_a_note_is_just_its_text(text: str) -> None:
    document = room(markdown(text))
    assert write_content(document, MD) == text
    other = room(code("something else"))
    put(other, text, MD)
    assert sources(other) == [text]
    assert other.kind == "note"


@given(NOTEBOOKS, st.sampled_from([MD, PY]))
def test_any_notebook_can_be_written_as_text_and_read_back(
    original: dict[str, Any], content_format: ContentFormat
) -> None:
    document = RoomDocument.create("epoch", original)
    text = write_content(document, content_format)
    put(document, text, content_format)
    nbformat.validate(document.to_notebook())


def plain_notebook() -> RoomDocument:
    return room(
        markdown("# Über 😀\n\ntext", id="m", metadata={"tags": ["a"]}),
        code("%matplotlib inline\nx = 1\nx", id="c", outputs=[stream("1\n")], execution_count=3),
        {"cell_type": "raw", "source": "raw", "metadata": {"format": "text/latex"}, "id": "r"},
        markdown("last", id="l", attachments={"a.png": {"image/png": "QQ=="}}),
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}, "title": "T"},
    )


@pytest.mark.parametrize("content_format", list(ContentFormat))
def test_line_breaks_of_windows_become_plain(content_format: ContentFormat) -> None:
    text = write_content(room(markdown("# One\n\ntwo"), code("x = 1\ny = 2")), content_format)
    windows = text.replace("\\n", "\\r\\n") if content_format is IPYNB else text.replace("\n", "\r\n")
    assert windows != text
    document = room(code(""))
    put(document, windows, content_format)
    assert sources(document) == ["# One\n\ntwo", "x = 1\ny = 2"]


@pytest.mark.parametrize("text", ["# One\r\n\r\ntwo\r\n", "# One\r\rtwo\r", "# One\n\r\ntwo\r"])
def test_a_note_from_windows_has_plain_line_breaks(text: str) -> None:
    document = room(markdown("before"))
    put(document, text, MD)
    assert sources(document) == ["# One\n\ntwo\n"]


@pytest.mark.parametrize("content_format", list(ContentFormat))
def test_what_was_written_can_be_set_without_any_change(content_format: ContentFormat) -> None:
    document = plain_notebook()
    updates = record_updates(document)
    put(document, write_content(document, content_format), content_format)
    assert updates == []


@pytest.mark.parametrize("content_format", [MD, PY])
def test_an_edited_text_leaves_what_texts_cannot_hold(content_format: ContentFormat) -> None:
    document = plain_notebook()
    before = document.to_notebook()
    text = write_content(document, content_format).replace("x = 1", "x = 2").replace("last", "new last")
    put(document, text, content_format)
    before["cells"][1]["source"] = "%matplotlib inline\nx = 2\nx"
    before["cells"][3]["source"] = "new last"
    assert document.to_notebook() == before


def test_markdown_with_code_stays_one_cell_in_a_note() -> None:
    document = room(markdown("old"))
    text = "# Title\n\n```python\n1 + 1\n```\n\nend\n"
    put(document, text, MD)
    assert sources(document) == [text]
    assert document.kind == "note"
    updates = record_updates(document)
    put(document, write_content(document, MD), MD)
    assert updates == []


def test_markdown_with_code_becomes_cells() -> None:
    document = room(code("old"))
    put(document, "# Title\n\n```python\n1 + 1\n```\n\nend\n", MD)
    assert [(cell["cell_type"], cell["source"]) for cell in document.cells] == [
        ("markdown", "# Title"),
        ("code", "1 + 1"),
        ("markdown", "end"),
    ]


def test_several_cells_of_markdown_stay_several() -> None:
    document = room(markdown("one", id="1"), markdown("two", id="2"))
    text = write_content(document, MD)
    put(document, text, MD)
    assert document.cell_ids == ["1", "2"]


def test_python_without_marks_is_one_cell() -> None:
    document = room(markdown("old"))
    put(document, "import os\n\n\ndef f():\n    return 1\n", PY)
    assert [cell["cell_type"] for cell in document.cells] == ["code"]


@pytest.mark.parametrize("tool", ["pandoc", "quarto", "marimo", "myst", "sphinx", "light"])
@pytest.mark.parametrize("content_format", [MD, PY])
def test_the_content_cannot_choose_what_converts_it(
    tool: str, content_format: ContentFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    metadata = {"jupytext": {"text_representation": {"extension": f".{content_format.value}", "format_name": tool}}}
    document = room(code("1", id="a"), markdown("b", id="b"), metadata=metadata)
    text = write_content(document, content_format)
    assert tool not in text
    begin = "# " if content_format is PY else ""
    header = "".join(
        f"{begin}{line}\n"
        for line in (
            "---", "jupyter:", "  jupytext:", "    text_representation:", f"      extension: .{content_format.value}",
            f"      format_name: {tool}", "---",
        )
    )  # fmt: skip
    put(document, header + "\nsome text\n", content_format)
    assert "some text" in "".join(sources(document))


@pytest.mark.parametrize("content_format", [MD, PY])
def test_the_content_cannot_choose_how_it_is_written(content_format: ContentFormat) -> None:
    options = {"cell_markers": '"""', "comment_magics": False, "split_at_heading": True, "executable": "/bin/sh"}
    cells = [markdown("# a", id="a"), code("%magic", id="b")]
    texts = [write_content(room(*cells, metadata=metadata), content_format) for metadata in ({}, {"jupytext": options})]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("text", "content_format", "message"),
    [
        ("", IPYNB, "not JSON"),
        ("# markdown", IPYNB, "not JSON"),
        ("[" * 100_000, IPYNB, "not JSON"),
        ("[]", IPYNB, "not a notebook"),
        ("---\njupyter: [\n---\n\n```python\n1\n```", MD, None),
        ("---\njupyter:\n  a: [\n---\n\ntext", MD, "not valid YAML"),
        ("# %%\n" * 100_001, PY, "lines"),
        ("```python\n```\n" * 60_000, MD, "lines"),
        ("a\n" * 200_000, MD, None),
        (json.dumps(notebook(*[markdown("")] * 5_001)), IPYNB, "Split it"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, content_format: ContentFormat, message: str | None) -> None:
    if message is None:
        read_content(text, content_format)
        return
    with pytest.raises(ContentError, match=message):
        read_content(text, content_format)


def without_ids(number: int) -> RoomDocument:
    """So many cells as a peer may write them."""
    document = RoomDocument()
    document.doc["cells"].extend([Map({"cell_type": "raw"}) for _ in range(number)])
    return document


def calls_to_read(document: RoomDocument) -> int:
    """How many functions are called for a reading, which grows as the work does and depends on no clock."""
    profile = cProfile.Profile()
    profile.runcall(document.to_notebook)
    calls: int = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]  # the type's authors forgot it
    return calls


def test_twice_as_many_cells_without_an_id_cost_twice_as_much() -> None:
    """A room whose reading cost the square of what one peer writes would stand still for all."""
    assert calls_to_read(without_ids(2_000)) < 3 * calls_to_read(without_ids(1_000))


def test_too_many_cells_are_not_written_as_text() -> None:
    document = without_ids(5_001)
    with pytest.raises(ContentError, match="too many"):
        write_content(document, PY)
    assert len(json.loads(write_content(document, IPYNB))["cells"]) == 5_001


def test_the_media_types_say_what_the_files_are() -> None:
    assert [content_format.media_type.partition(";")[0] for content_format in ContentFormat] == [
        "application/x-ipynb+json",
        "text/markdown",
        "text/x-python",
    ]
    json.loads(write_content(plain_notebook(), IPYNB))

"""What Jupyter opens is taken in, whatever is odd in it; it becomes valid, and what was changed is said."""

import json
from copy import deepcopy
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_collab.document import RoomDocument
from jupyter_collab.document.content import NotebookContent, read_notebook
from jupyter_collab.errors import ContentError

from .strategies import NOTEBOOKS
from .test_notebooks import code, deep, markdown, notebook, replica, stream


def display(**fields: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"text/plain": "1"}, "metadata": {}, **fields}


def taken(content: dict[str, Any]) -> tuple[dict[str, Any], NotebookContent]:
    """The valid notebook that ``content`` becomes, and what was said."""
    read = read_notebook(content)
    document = replica(RoomDocument.create("epoch", content))
    exported = document.to_notebook()
    nbformat.validate(exported)
    assert [cell["source"] for cell in exported["cells"]] == [cell.source for cell in read.cells]
    return exported, read


ODD_OUTPUTS = [
    (display(metadata=None), display(), "metadata were null"),
    (display(data={"text/plain": None, "text/html": "a"}), display(data={"text/html": "a"}), "text/plain"),
    (display(data={"text/plain": 5}), display(data={"text/plain": "5"}), "text/plain"),
    (display(data={"application/x+output": {"a": 1}}), display(data={"application/x+output": '{"a": 1}'}), "x+output"),
    (display(data={"text/plain": {"b": 1, "a": 2}}), display(data={"text/plain": '{"a": 2, "b": 1}'}), "text/plain"),
    (display(data={"application/x+json; v=1": [{}]}), display(data={"application/x+json; v=1": "{}"}), "x+json"),
    (display(data=None), display(data={}), "data were null"),
    (display(data="words"), display(data={"text/plain": "words"}), "plain text"),
    (display(output_type="update_display_data"), display(), "update_display_data"),
    (
        {"output_type": "pyout", "text": ["a\n", "b"], "png": "QQ==", "prompt_number": 3, "metadata": {}},
        {
            "output_type": "execute_result", "data": {"text/plain": "a\nb", "image/png": "QQ=="}, "metadata": {},
            "execution_count": 3,
        },
        "pyout",
    ),
    (
        display(output_type="pyout", execution_count=1),
        display(output_type="execute_result", execution_count=1),
        "pyout",
    ),
    (
        {"output_type": "pyerr", "ename": "E", "evalue": None, "traceback": None},
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": []},
        "pyerr",
    ),
    (
        {"output_type": "error", "ename": "E", "evalue": 5, "traceback": ["a", {"b": 1}]},
        {"output_type": "error", "ename": "E", "evalue": "5", "traceback": ["a", '{"b": 1}']},
        "message",
    ),
    ({**stream("a"), "name": None}, stream("a"), "name"),
    ({**stream("a"), "text": None}, stream(""), "text"),
    ({"output_type": "clear_output", "wait": True}, None, "clear_output"),
    ({}, None, "left out"),
    ({"updateData": {}}, None, "left out"),
    (5, None, "no output"),
]  # fmt: skip


@pytest.mark.parametrize(("odd", "mended", "words"), ODD_OUTPUTS)
def test_an_odd_output_costs_nothing_else(odd: Any, mended: dict[str, Any] | None, words: str) -> None:
    exported, read = taken(notebook(code("x = 1", outputs=[display(), odd, display()]), markdown("text")))
    assert exported["cells"][0]["outputs"] == [display(), *([] if mended is None else [mended]), display()]
    assert words in read.changes[0]
    assert all(change.startswith("Cell 1, output 2: ") for change in read.changes)


ODD_CELLS = [
    (code("a", metadata=None), "a", "metadata were null"),
    (code("a", outputs=None), "a", "outputs were null"),
    (code("a", outputs={}), "a", "outputs were {}"),
    (code("a", id=None), "a", "id was not valid"),
    (code("a", execution_count="x"), "a", "execution count"),
    (code("a", metadata={"tags": "x"}), "a", "tags"),
    (code("a", rendered=True), "a", "rendered"),
    (markdown("a", attachments=None), "a", "attachments were null"),
    (markdown("a", attachments={"a.png": 5}), "a", "a.png"),
    (code(None), "", "text was null"),  # type: ignore[arg-type]
    (code(["a", 5]), "a5", "held other things"),  # type: ignore[arg-type]
    ({"cell_type": "code", "input": ["x = 1\n", "y"], "outputs": [], "metadata": {}}, "x = 1\ny", "'input'"),
    ({"cell_type": "heading", "level": 2, "source": ["Title"], "metadata": {}}, "## Title", "heading"),
    ({"cell_type": "picture", "source": "a", "metadata": {}}, "a", "picture"),
    ({"source": "a", "outputs": [], "metadata": {}}, "a", "code now"),
]


@pytest.mark.parametrize(("odd", "source", "words"), ODD_CELLS)
def test_an_odd_cell_is_kept(odd: dict[str, Any], source: str, words: str) -> None:
    exported, read = taken(notebook(markdown("before"), odd))
    assert [cell["source"] for cell in exported["cells"]] == ["before", source]
    assert words in read.changes[0]
    assert all(change.startswith("Cell 2: ") for change in read.changes)


ODD_NOTEBOOKS = [
    (notebook(code("a"), metadata=None), "metadata were null"),
    (notebook(code("a"), nbformat="4"), "format was text"),
    ({"metadata": {}, "cells": [code("a")]}, "read as format 4"),
    (notebook(code("a"), metadata={"x": float("nan")}), "NaN"),
    (notebook(code("a"), metadata={"x": 2**60 + 1}), "rounded"),
    (notebook(code("a"), metadata={"x": deep(200)}), "nested"),
    (notebook(code("a", id="i"), markdown("b", id="i")), "before it"),
    (notebook(code("a"), extra={"b": 1}), "extra"),
    (notebook(code("a"), metadata={"kernelspec": 5}), "kernelspec"),
    ({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "cells": [code("a")]}, "read as format 4"),
]


@pytest.mark.parametrize(("odd", "words"), ODD_NOTEBOOKS)
def test_an_odd_notebook_is_taken(odd: dict[str, Any], words: str) -> None:
    exported, read = taken(odd)
    assert exported["cells"][0]["source"] == "a"
    assert words in "".join(read.changes)


def old(version: int, *cells: dict[str, Any]) -> dict[str, Any]:
    return {"nbformat": version, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": list(cells)}]}


@pytest.mark.parametrize("version", [2, 3])
def test_old_notebooks_are_taken_as_they_were_written_to_disk(version: int) -> None:
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "source": ["# a", "b"]},
        {"cell_type": "code", "input": ["x = 1", "x"], "outputs": [{"output_type": "pyout", "text": ["1"]}]},
        {"cell_type": "code", "source": "y", "metadata": None},
    ]
    heading = {"cell_type": "heading", "level": 1, "source": ["Title"], "metadata": {}}
    exported, read = taken(old(version, *cells, *([heading] if version == 3 else [])))
    assert [cell["source"] for cell in exported["cells"]] == ["# a\nb", "x = 1\nx", "y", "# Title"][: version + 1]
    assert exported["cells"][1]["outputs"][0]["data"] == {"text/plain": "1"}
    assert read.changes == ["Cell 3: its code was called 'source', as in format 4."]


def test_an_old_notebook_that_is_not_valid_is_not_shown_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """nbformat would log it whole, as an error of the server."""
    exported, _ = taken(
        {"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [{"cell_type": "code", "input": "a"}]}]}
    )
    assert exported["cells"][0]["source"] == "a"
    assert not caplog.records


@given(NOTEBOOKS)
def test_of_a_valid_notebook_nothing_is_said(valid: dict[str, Any]) -> None:
    assert read_notebook(valid).changes == []


def test_what_is_said_is_bounded() -> None:
    changes = read_notebook(notebook(code("a", outputs=[{}] * 5000))).changes
    assert len(changes) == 101
    assert changes[-1] == "There were 4,900 more changes."


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 5), st.floats(),
    st.sampled_from(["", "4", "code", "raw", "heading", "pyout"]),
    st.sampled_from([[], {}, [1], ["a"], {"a": 1}, {"text/plain": {"a": 1}}, [{}], [{"output_type": "noise"}]]),
)  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each container in ``value`` with each of its keys."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *places(value[key])]]


@settings(max_examples=300)
@given(valid=NOTEBOOKS, data=st.data())
def test_whatever_nbformat_reads_is_taken_and_valid(valid: dict[str, Any], data: st.DataObject) -> None:
    content = json.loads(json.dumps(valid))
    for _ in range(data.draw(st.integers(1, 4))):
        container, key = data.draw(st.sampled_from(places(content)))
        match data.draw(st.sampled_from(["change", "remove", "rename"])):
            case "change":
                container[key] = deepcopy(data.draw(JUNK))  # a later change must not be one of the strategy
            case "rename" if isinstance(container, dict):
                name = data.draw(st.sampled_from(["source", "input", "text", "data", "metadata", "outputs", "x"]))
                container[name] = container.pop(key)
            case _:
                del container[key]
        if not places(content):
            return
    try:
        nbformat.reads(json.dumps(content), as_version=4)
    except Exception:  # noqa: BLE001  # whatever it does not read may be refused
        try:
            taken(content)
        except ContentError:
            return
    else:
        if "cells" in content:  # else it is read as format 1, in which anything is a notebook
            taken(content)

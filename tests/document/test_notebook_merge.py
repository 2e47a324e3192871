"""What was done to a notebook that somebody read is done to the notebook as it is by now."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_collab.document import ContentFormat, RoomDocument, read_content, write_content
from jupyter_collab.document.content import NotebookContent, read_notebook
from jupyter_collab.document.notebook_merge import merge_contents

from .strategies import NOTEBOOKS


def content(**sources: str) -> NotebookContent:
    """A notebook of code cells with these ids and texts."""
    return read_notebook({"nbformat": 4, "metadata": {}, "cells": [code(*item) for item in sources.items()]})


def code(cell_id: str, source: str, **fields: Any) -> dict[str, Any]:
    return {"id": cell_id, "cell_type": "code", "source": source, "metadata": {}, "outputs": [], **fields}


def of(words: str) -> NotebookContent:
    """A notebook of cells that are written as ``id=text``."""
    return content(**dict(word.split("=") for word in words.replace("/", "\n").split(" ")))


@pytest.mark.parametrize(
    ("mine", "present", "merged"),
    [
        pytest.param("a=1+m b=2 c=3", "a=1 b=2+t c=3", "a=1+m b=2+t c=3", id="other cells"),
        pytest.param("a=1/m b=2 c=3", "a=1/t b=2 c=3", "a=1/t/m b=2 c=3", id="the same cell"),
        pytest.param("a=1 b=2 c=3 m=m", "a=1 b=2 c=3 t=t", "a=1 b=2 c=3 t=t m=m", id="both add"),
        pytest.param("a=1 c=3", "a=1 b=2 c=3+t", "a=1 c=3+t", id="I delete"),
        pytest.param("a=1 b=2 c=3+m", "a=1 c=3", "a=1 c=3+m", id="they delete"),
        pytest.param("a=1 c=3", "a=1 b=2+t c=3", "a=1 b=2+t c=3", id="they wrote in what I delete"),
        pytest.param("a=1 b=2+m c=3", "a=1 c=3", "a=1 b=2+m c=3", id="I wrote in what they delete"),
        pytest.param("c=3 a=1 b=2", "a=1 b=2 c=3 t=t", "c=3 a=1 b=2 t=t", id="I move"),
        pytest.param("a=1 b=2 c=3+m", "c=3 a=1 b=2", "c=3+m a=1 b=2", id="they move"),
    ],
)
def test_both_sides_have_what_they_did(mine: str, present: str, merged: str) -> None:
    result = merge_contents(of("a=1 b=2 c=3"), of(mine), of(present))
    assert [(cell.id, cell.source) for cell in result.cells] == [(cell.id, cell.source) for cell in of(merged).cells]


def test_what_a_run_wrote_meanwhile_stays_unless_it_was_changed_here() -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "run meanwhile"}

    def one(**fields: Any) -> NotebookContent:
        return read_notebook({"nbformat": 4, "metadata": {}, "cells": [code("a", "1", **fields)]})

    present = one(outputs=[output], execution_count=7, metadata={"tags": ["theirs"], "x": 1})
    [cell] = merge_contents(one(metadata={"x": 1}), one(metadata={"x": 2}), present).cells
    assert (cell.outputs, cell.execution_count) == ([output], 7)
    assert cell.metadata == {"tags": ["theirs"], "x": 2}


@settings(max_examples=30)
@given(NOTEBOOKS, NOTEBOOKS)
def test_where_only_one_side_changed_something_that_is_the_content(one: dict[str, Any], other: dict[str, Any]) -> None:
    base, changed = read_notebook(one), read_notebook(other)
    for merged in (merge_contents(base, changed, base), merge_contents(base, base, changed)):
        assert (merged.cells, merged.metadata) == (changed.cells, changed.metadata)


@given(st.data())
def test_no_cell_that_either_side_added_or_wrote_in_is_lost_and_twice_is_once(data: st.DataObject) -> None:
    ids = [f"c{number}" for number in range(data.draw(st.integers(0, 5)))]

    def side(mark: str) -> dict[str, str]:
        order = data.draw(st.permutations(ids))
        kept = {
            cell: cell + data.draw(st.sampled_from(["", f"\n{mark}-{cell}"]))
            for cell in order
            if data.draw(st.booleans())
        }
        added = {f"{mark}{number}": f"{mark} new {number}" for number in range(data.draw(st.integers(0, 2)))}
        return {**kept, **added} if data.draw(st.booleans()) else {**added, **kept}

    base, mine, theirs = dict(zip(ids, ids, strict=True)), side("mine"), side("theirs")
    merged = merge_contents(content(**base), content(**mine), content(**theirs))
    text = "\n".join(cell.source for cell in merged.cells).splitlines()
    for sources in (mine, theirs):
        for line in "\n".join(sources.values()).splitlines():
            if line not in ids:
                assert text.count(line) == 1
    again = merge_contents(content(**base), content(**mine), merged)
    assert {cell.id: cell for cell in again.cells} == {cell.id: cell for cell in merged.cells}
    assert len(again.cells) == len(merged.cells)


def document_of(**sources: str) -> RoomDocument:
    seeded = RoomDocument.create(
        "epoch", {"nbformat": 4, "metadata": {}, "cells": [code(*item) for item in sources.items()]}
    )
    document = RoomDocument()
    document.doc.apply_update(seeded.doc.get_update())
    return document


@pytest.mark.parametrize("content_format", list(ContentFormat))
def test_a_file_that_was_edited_elsewhere_is_merged_into_the_room(content_format: ContentFormat) -> None:
    document = document_of(a="first = 1", b="second = 2")
    text = write_content(document, content_format)
    edited = text.replace("first = 1", "first = 10")
    document.append_text("b", "  # a colleague")
    document.insert_cell(2, "code", "third = 3")
    for _ in range(2):
        document.merge_content(read_content(text, content_format), read_content(edited, content_format))
        assert [cell["source"] for cell in document.cells] == ["first = 10", "second = 2  # a colleague", "third = 3"]
    assert document.cell_ids[:2] == ["a", "b"]


def test_a_note_that_was_edited_elsewhere_is_merged() -> None:
    document = document_of(a="x")
    document.set_content(read_content("one\n\ntwo\n", ContentFormat.MD))
    document.set_cell_type(document.cell_ids[0], "markdown")
    text = write_content(document, ContentFormat.MD)
    document.append_text(document.cell_ids[0], "\ntheirs")
    document.merge_content(read_content(text, ContentFormat.MD), read_content("ONE\n\ntwo\n", ContentFormat.MD))
    assert document.source(document.cell_ids[0]).split() == ["ONE", "two", "theirs"]


def test_the_version_is_that_of_the_content() -> None:
    document = document_of(a="1")
    version = document.version
    document.append_text("a", "!")
    assert document.version != version
    document.set_source("a", "1")
    assert document.version == version
    document.set_content(content(a="1"))
    assert document.version == version
    outputs = [{"output_type": "stream", "name": "stdout", "text": "run"}]
    for run in ({"outputs": outputs}, {"execution_count": 1}, {"metadata": {"tags": ["t"]}}):
        document.set_content(read_notebook({"nbformat": 4, "metadata": {}, "cells": [code("a", "1", **run)]}))
        assert document.version != version

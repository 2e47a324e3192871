"""Notebooks go in and come out the same, and setting one is as small an edit as can be."""

import copy
import json
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc

from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import ContentError

from .strategies import NOTEBOOKS


def markdown(source: str, **fields: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}, **fields}


def code(source: str, **fields: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, **fields}


def notebook(*cells: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **fields}


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def record_updates(document: RoomDocument) -> list[bytes]:
    updates: list[bytes] = []
    document.doc.observe(lambda event: updates.append(event.update))
    return updates


def replica(document: RoomDocument) -> RoomDocument:
    """Another copy of the same history."""
    doc: Doc[Any] = Doc()
    doc.apply_update(document.doc.get_update())
    return RoomDocument(doc)


def exchange(one: RoomDocument, other: RoomDocument) -> None:
    """Let two copies learn of each other's edits."""
    for source, target in ((one, other), (other, one)):
        target.doc.apply_update(source.doc.get_update(target.doc.get_state()))


def sources(document: RoomDocument) -> list[str]:
    return [cell["source"] for cell in document.cells]


@given(NOTEBOOKS)
def test_a_notebook_comes_out_as_it_went_in(original: dict[str, Any]) -> None:
    exported = replica(RoomDocument.create("epoch", original)).to_notebook()
    nbformat.validate(exported)
    assert json.loads(nbformat.writes(exported)) == json.loads(nbformat.writes(nbformat.from_dict(original)))


@given(NOTEBOOKS)
def test_the_same_notebook_twice_changes_nothing(original: dict[str, Any]) -> None:
    document = replica(RoomDocument.create("epoch", original))
    updates = record_updates(document)
    document.set_notebook(original)
    document.set_notebook(document.to_notebook())
    assert updates == []


@given(NOTEBOOKS, NOTEBOOKS, st.randoms(use_true_random=False))
def test_any_notebook_can_become_any_other(before: dict[str, Any], after: dict[str, Any], random: Any) -> None:
    after = copy.deepcopy(after)
    taken = {cell["id"] for cell in after["cells"]}
    after["cells"] += [cell for cell in copy.deepcopy(before["cells"]) if cell["id"] not in taken]
    random.shuffle(after["cells"])
    document = replica(RoomDocument.create("epoch", before))
    document.set_notebook(after)
    assert document.to_notebook() == nbformat.from_dict(after)
    updates = record_updates(document)
    document.set_notebook(after)
    assert updates == []


@given(NOTEBOOKS, st.booleans())
def test_trust_is_stripped_on_the_way_in(original: dict[str, Any], trusted: bool) -> None:
    given_notebook = copy.deepcopy(original)
    for cell in given_notebook["cells"]:
        cell["metadata"]["trusted"] = trusted
    document = RoomDocument.create("epoch", given_notebook)
    assert not document.strip_trust()
    assert document.to_notebook() == nbformat.from_dict(original)


def test_a_new_room_has_one_empty_code_cell() -> None:
    document = RoomDocument.create("epoch")
    assert [(cell["cell_type"], cell["source"]) for cell in document.cells] == [("code", "")]
    assert document.kind == "notebook"
    assert document.epoch == "epoch"
    nbformat.validate(document.to_notebook())


def test_the_epoch_is_in_the_state_vector_of_whatever_holds_a_part_of_the_history() -> None:
    from jupyter_collab.yjs import epoch_client_id, state_vector

    document = replica(RoomDocument.create("one", notebook(markdown("text"))))
    assert epoch_client_id("one") in state_vector(document.doc.get_state())
    assert epoch_client_id("two") not in state_vector(document.doc.get_state())
    assert 0 < epoch_client_id("one") < 2**32


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([markdown("a")], "note"),
        ([{"cell_type": "raw", "source": "a", "metadata": {}}], "note"),
        ([code("a")], "notebook"),
        ([markdown("a"), markdown("b")], "notebook"),
        ([], "notebook"),
    ],
)
def test_one_cell_of_text_is_a_note(cells: list[dict[str, Any]], kind: str) -> None:
    assert RoomDocument.create("epoch", notebook(*cells)).kind == kind


def test_text_that_others_type_meanwhile_stays() -> None:
    ours = replica(RoomDocument.create("epoch", notebook(markdown("one\ntwo\nthree\n", id="a"), code("x = 1", id="b"))))
    theirs = replica(ours)
    ours.set_notebook(notebook(markdown("one!\ntwo\nthree?\n", id="a"), code("x = 1", id="b")))
    theirs.replace_text("a", 4, 7, "zwei")
    theirs.append_text("b", " + 2")
    exchange(ours, theirs)
    assert sources(ours) == sources(theirs) == ["one!\nzwei\nthree?\n", "x = 1 + 2"]


def test_a_changed_cell_costs_about_its_change() -> None:
    cells = [code(f"value_{n} = {n}\n" * 50, id=f"c{n}", outputs=[stream("x" * 10_000)]) for n in range(20)]
    document = replica(RoomDocument.create("epoch", notebook(*cells)))
    updates = record_updates(document)
    cells[7]["source"] = cells[7]["source"].replace("value_7 = 7\n", "value_7 = 8\n", 1)
    document.set_notebook(notebook(*cells))
    assert len(updates) == 1
    assert len(updates[0]) < 60


def test_moving_a_cell_touches_no_other() -> None:
    cells = [markdown(letter * 1000, id=letter) for letter in "abcdef"]
    document = replica(RoomDocument.create("epoch", notebook(*cells)))
    updates = record_updates(document)
    document.set_notebook(notebook(*cells[1:], cells[0]))
    assert [cell["id"] for cell in document.cells] == list("bcdefa")
    assert sum(map(len, updates)) < 1200


def test_a_changed_output_leaves_the_others_alone() -> None:
    outputs = [stream("x" * 5000), stream("old"), stream("y" * 5000)]
    document = replica(RoomDocument.create("epoch", notebook(code("", id="a", outputs=outputs))))
    updates = record_updates(document)
    outputs[1] = stream("new")
    document.set_notebook(notebook(code("", id="a", outputs=outputs)))
    assert document.cell("a")["outputs"] == outputs
    assert sum(map(len, updates)) < 200


def test_a_notebook_without_ids_is_matched_by_what_it_says() -> None:
    old_format = notebook(markdown("a"), code("1 + 1"), markdown("b"), nbformat_minor=4)
    document = replica(RoomDocument.create("epoch", old_format))
    ids = document.cell_ids
    updates = record_updates(document)
    document.set_notebook(old_format)
    assert updates == []
    old_format["cells"][1]["source"] = "1 + 2"
    document.set_notebook(old_format)
    assert (document.cell_ids, sources(document)) == (ids, ["a", "1 + 2", "b"])
    old_format["cells"].insert(1, code("0"))
    document.set_notebook(old_format)
    assert sources(document) == ["a", "0", "1 + 2", "b"]
    assert document.cell_ids[0::3] == ids[0::2]


def test_equal_cells_under_other_ids_are_other_cells() -> None:
    cells = [code("x", id="a"), markdown("y", id="b")]
    document = replica(RoomDocument.create("epoch", notebook(*cells)))
    new = notebook({**cells[0], "id": "new-a"}, {**cells[1], "id": "new-b"})
    document.set_notebook(new)
    assert document.to_notebook() == nbformat.from_dict(new)
    assert [cell["id"] for cell in document.deleted_cells] == ["a", "b"]


def test_a_cell_that_changed_its_type_is_still_the_cell() -> None:
    document = replica(RoomDocument.create("epoch", notebook(code("x" * 1000, id="a"))))
    updates = record_updates(document)
    document.set_notebook(notebook(markdown("x" * 1000 + "y", id="a")))
    assert document.cells == [markdown("x" * 1000 + "y", id="a")]
    assert sum(map(len, updates)) < 200


def test_a_cell_that_was_run_again_is_still_the_cell() -> None:
    cells = [code("a"), code("b"), code("c")]
    document = replica(RoomDocument.create("epoch", notebook(*cells)))
    ids = document.cell_ids
    document.set_notebook(notebook(code("new"), code("b", outputs=[stream("b")]), code("c", execution_count=2)))
    assert document.cell_ids[1:] == ids[1:]


@pytest.mark.parametrize(
    ("cell_type", "given_metadata", "valid"),
    [
        ("code", {"tags": ["a", "b,c", "", 5, "a"]}, {"tags": ["a"]}),
        ("code", {"tags": "a"}, {}),
        ("code", {"name": ""}, {}),
        ("code", {"name": "a\nb"}, {}),
        ("code", {"collapsed": 1, "scrolled": "sometimes", "jupyter": []}, {}),
        ("code", {"scrolled": "auto", "collapsed": False}, {"scrolled": "auto", "collapsed": False}),
        ("code", {"execution": {"a": "b", "c": 5}}, {"execution": {"a": "b"}}),
        ("code", {"format": 5}, {"format": 5}),
        ("raw", {"format": 5, "collapsed": 1}, {"collapsed": 1}),
        ("markdown", {"scrolled": 5, "x": None}, {"scrolled": 5, "x": None}),
    ],
)
def test_what_nbformat_forbids_in_metadata_is_left_out_of_exports(
    cell_type: str, given_metadata: dict[str, Any], valid: dict[str, Any]
) -> None:
    cell = {"cell_type": cell_type, "source": "", "metadata": given_metadata, "id": "a"}
    exported = RoomDocument.create("epoch", notebook(cell)).to_notebook()
    nbformat.validate(exported)
    assert exported["cells"][0]["metadata"] == valid


@pytest.mark.parametrize(
    ("given_metadata", "valid"),
    [
        ({"kernelspec": {"name": "ir"}}, {"kernelspec": {"name": "ir", "display_name": "ir"}}),
        ({"kernelspec": "ir"}, {}),
        ({"language_info": {"version": "3"}}, {"language_info": {"name": "", "version": "3"}}),
        ({"language_info": {"name": "R", "codemirror_mode": 5}}, {"language_info": {"name": "R"}}),
        ({"title": 5, "authors": {}, "orig_nbformat": 0, "x": 5}, {"x": 5}),
    ],
)
def test_what_nbformat_forbids_in_the_notebooks_metadata_is_made_good(
    given_metadata: dict[str, Any], valid: dict[str, Any]
) -> None:
    exported = RoomDocument.create("epoch", notebook(metadata=given_metadata)).to_notebook()
    nbformat.validate(exported)
    assert exported["metadata"] == valid


def test_repeated_and_impossible_ids_are_made_good() -> None:
    original = notebook(
        markdown("a", id="same"), markdown("b", id="same"), markdown("c", id="not an id"), markdown("d", id=7)
    )
    document = replica(RoomDocument.create("epoch", original))
    exported = document.to_notebook()
    nbformat.validate(exported)
    assert sources(document) == ["a", "b", "c", "d"]
    assert document.cell_ids[0] == "same"
    updates = record_updates(document)
    document.set_notebook(original)
    assert updates == []


def test_true_and_one_are_not_the_same() -> None:
    document = RoomDocument.create("epoch", notebook(markdown("", id="a", metadata={"x": 1})))
    document.set_notebook(notebook(markdown("", id="a", metadata={"x": True})))
    assert document.cell("a")["metadata"]["x"] is True


def test_what_json_has_and_yjs_has_not_is_made_to_fit() -> None:
    odd = {"big": 2**70, "huge": 10**400, "nan": float("nan"), "half": "a\ud83d!", "tuple": (1, 2)}
    document = RoomDocument.create("epoch", notebook(markdown("x\udc00", id="a"), metadata=odd))
    assert document.metadata == {"big": 2.0**70, "huge": None, "nan": None, "half": "a\ufffd!", "tuple": [1, 2]}
    assert document.source("a") == "x\ufffd"


def test_lists_of_lines_are_joined() -> None:
    cell = code(
        ["a\n", "b"],  # type: ignore[arg-type]  # as files have it
        id="a",
        outputs=[
            {"output_type": "stream", "name": "stdout", "text": ["1\n", "2"]},
            {"output_type": "display_data", "data": {"text/html": ["<b>", "</b>"], "application/json": ["x"]}},
        ],
    )
    document = RoomDocument.create("epoch", notebook(cell))
    assert document.source("a") == "a\nb"
    assert document.cell("a")["outputs"][0]["text"] == "1\n2"
    assert document.cell("a")["outputs"][1]["data"] == {"text/html": "<b></b>", "application/json": ["x"]}


def test_an_old_notebook_is_upgraded() -> None:
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "old"},
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 2, "source": "Title", "metadata": {}},
                    {
                        "cell_type": "code",
                        "input": "print(1)",
                        "language": "python",
                        "collapsed": False,
                        "metadata": {},
                        "outputs": [{"output_type": "stream", "stream": "stdout", "text": "1\n"}],
                    },
                ]
            }
        ],
    }
    document = replica(RoomDocument.create("epoch", old))
    assert sources(document) == ["## Title", "print(1)"]
    assert document.cells[1]["outputs"] == [stream("1\n")]
    updates = record_updates(document)
    document.set_notebook(old)
    assert updates == []


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "not a notebook"),
        ("text", "not a notebook"),
        ({}, "'nbformat'"),
        ({"nbformat": 5, "cells": []}, "Save it as format 4"),
        ({"nbformat": 3, "worksheets": 1}, "cannot be upgraded"),
        ({"nbformat": 2}, "cannot be upgraded"),
        ({"nbformat": 1, "cells": [5]}, "cannot be upgraded"),
        ({"nbformat": 4, "metadata": {}, "cells": 1}, "'cells' must be a list"),
        (notebook(5), "Cell 1 is no cell"),  # type: ignore[arg-type]
        (notebook(metadata={"x": object()}), "which JSON does not have"),
    ],
)
def test_what_is_no_notebook_is_refused_with_the_place(content: Any, message: str) -> None:
    document = RoomDocument.create("epoch")
    updates = record_updates(document)
    with pytest.raises(ContentError, match=message):
        document.set_notebook(content)
    assert updates == []

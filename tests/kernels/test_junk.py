"""A peer may have written anything into a cell: a run of it makes its outputs and its metadata good."""

from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc

from jupyter_collab.document import RoomDocument
from jupyter_collab.kernels.blobs import BLOB_TYPE, blob_digests
from jupyter_collab.kernels.exporting import write_whole_notebook
from jupyter_collab.store import Blob
from tests.document.strategies import SHARED_JUNK, WRONG_CELLS
from tests.document.test_junk import AFTER, VECTORS

from .outputs import a_run_of, display, stream

SHOWN: list[dict[str, Any]] = [
    {"output_type": "stream", "name": "stdout", "text": "a\nb\n"},
    {"output_type": "display_data", "data": {"text/plain": "c"}, "metadata": {}},
]


def check(document: RoomDocument) -> None:
    """Run every cell."""
    assert blob_digests(document) == set()
    for cell_id in document.cell_ids:
        run = a_run_of(cell_id)
        for message in (stream("a\n"), stream("b\n"), display("c")):
            run.reducer.take(*message)
            run.write(document)
        run.info = {"status": "ok"}
        run.write(document)
        document.set_run_info(cell_id, {"status": "ok"})
        cell = document.cell(cell_id)
        assert cell["metadata"]["jupyter_collab"]["run"] == {"status": "ok"}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == SHOWN
    nbformat.validate(document.to_notebook())


@pytest.mark.parametrize("name", VECTORS)
def test_what_a_javascript_peer_may_have_written(name: str) -> None:
    document = RoomDocument()
    document.doc.apply_update(RoomDocument.create("epoch", AFTER).doc.get_update())
    document.doc.apply_update(bytes.fromhex(VECTORS[name]))
    check(document)


@given(st.lists(st.one_of(SHARED_JUNK, WRONG_CELLS), max_size=4))
def test_what_a_python_peer_may_have_written(cells: list[Any]) -> None:
    doc: Doc[Any] = Doc()
    doc["cells"] = Array(cells)
    check(RoomDocument(doc))


JUNK = st.recursive(
    st.none() | st.integers(0, 9) | st.sampled_from(["0" * 64, "stdout", ""]),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(st.sampled_from(["digest", "also", "bytes", "stream", "lost_bytes", "media_type"]), values)
    ),
    max_leaves=8,
)


@given(st.lists(JUNK, max_size=3))
def test_references_that_a_peer_may_have_written(references: list[Any]) -> None:
    outputs = [output for junk in references for output in ({**SHOWN[1], "data": {BLOB_TYPE: junk}}, SHOWN[0])]
    cell: dict[str, Any] = {
        "id": "a",
        "cell_type": "code",
        "source": "",
        "metadata": {},
        "outputs": outputs,
        "execution_count": None,
    }
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    document = RoomDocument.create("epoch", notebook)
    assert blob_digests(document) <= {"0" * 64, "stdout", ""}
    for media_type, data in (("text/plain", b"b"), ("image/png", b"\x89"), ("application/json", b"[]")):
        exported = write_whole_notebook(document, {"0" * 64: Blob("0" * 64, data, media_type)})
        nbformat.validate(nbformat.reads(exported, as_version=4))

"""The digest by which copies of a document are compared: the same in Python as in the page, for the same texts."""

import json
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc

from jupyter_collab.document import RoomDocument

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "digest.json").read_text(encoding="utf-8"))


def document_of(update: str) -> RoomDocument:
    """The document that an update, as hexadecimal digits, makes."""
    doc: Doc[Any] = Doc()
    doc.apply_update(bytes.fromhex(update))
    return RoomDocument(doc)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_documents_of_the_table_have_its_digests(vector: dict[str, str]) -> None:
    assert document_of(vector["update"]).digest == vector["digest"]


def test_text_that_moves_from_one_cell_to_the_next_is_another_digest() -> None:
    whole = [document_of(VECTORS[0]["update"]) for _ in range(2)]
    for document, sources in zip(whole, (("ab", "c"), ("a", "bc")), strict=True):
        for index, source in enumerate(sources):
            document.insert_cell(index, "code", source, id=f"cell{index}")
    assert whole[0].digest != whole[1].digest

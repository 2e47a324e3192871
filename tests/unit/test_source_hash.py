"""The hash that tells whether a cell says still what was run: the same in Python as in the page."""

import json
import zlib
from pathlib import Path

import pytest

from jupyter_collab.document import source_hash

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "source_hash.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_sources_of_the_table_have_its_hashes(vector: dict[str, str]) -> None:
    assert source_hash(vector["source"]) == vector["hash"]


def test_what_is_made_to_have_the_checksum_of_what_was_run_is_told_from_it() -> None:
    ran, forged = (vector["source"] for vector in VECTORS[-2:])
    assert zlib.crc32(forged.encode()) == zlib.crc32(ran.encode())
    assert source_hash(forged) != source_hash(ran)

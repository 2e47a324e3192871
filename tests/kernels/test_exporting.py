"""A notebook that leaves the room has the large outputs in it, as the kernel sent them."""

import base64
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given

from jupyter_collab.kernels import exporting
from jupyter_collab.kernels.blobs import BLOB_TYPE, blob_digests
from jupyter_collab.kernels.exporting import read_blobs, write_whole_notebook
from jupyter_collab.kernels.limits import OutputLimits
from jupyter_collab.store import Blob
from tests.unit.doubles import serving
from tests.unit.scenarios import scenario
from tests.unit.stores import sqlite_store

from .outputs import CELL, Message, Room, display, error, result, stream
from .test_any_messages import STEPS
from .test_bounds import SMALL

NARROW = OutputLimits(stream_bytes=64, bundle_bytes=20)
"""Bounds that cost nothing of what came, only where it is."""


def exported(room: Room) -> list[dict[str, Any]]:
    """The outputs in the file that the room becomes."""
    blobs = {digest: Blob(digest, data, room.types[digest]) for digest, data in room.blobs.items()}
    notebook = nbformat.reads(write_whole_notebook(room.document, blobs), as_version=4)
    nbformat.validate(notebook)
    outputs: list[dict[str, Any]] = notebook["cells"][0]["outputs"]
    return outputs


def run(*messages: Message, limits: OutputLimits) -> Room:
    room = Room(limits)
    for message in messages:
        room.write(message)
    return room.finish()


def test_what_was_printed_is_whole_again() -> None:
    lines = [stream(f"line {number} 😀\n") for number in range(1_000)]
    warnings = [stream("!" * 400 + "\n", "stderr") for _ in range(10)]
    room = run(*lines, *warnings, display("x"), *lines, limits=OutputLimits(stream_bytes=1_000))
    whole = run(*lines, *warnings, display("x"), *lines, limits=OutputLimits(stream_bytes=10**6))
    assert len(room.outputs) == 7
    assert exported(room) == whole.outputs


def test_cells_without_outputs_stay_without() -> None:
    room = run(display({"text/html": "x" * 3_000}), limits=SMALL)
    room.document.insert_cell(0, "markdown", "text")
    room.document.insert_cell(1, "code", "not run")
    room.document.move_cell(CELL, 0)
    assert exported(room) == [{"output_type": "display_data", "data": {"text/html": "x" * 3_000}, "metadata": {}}]


def test_large_values_are_where_they_were() -> None:
    image = base64.b64encode(bytes(3_000)).decode()
    data = {"text/html": "<p>é</p>" * 1_000, "application/json": list(range(1_000)), "image/png": image}
    messages = [display({**data, "text/plain": "<Figure>"}), display(data), display({"text/plain": "x" * 3_000})]
    room = run(*messages, limits=SMALL)
    assert len(blob_digests(room.document)) == 4
    assert exported(room) == run(*messages, limits=OutputLimits()).outputs


@given(STEPS)
def test_whatever_came_is_exported_as_if_there_were_no_bounds(steps: list[list[Message]]) -> None:
    messages = [_undamaged(message) for step in steps for message in step]
    assert exported(run(*messages, limits=NARROW)) == run(*messages, limits=OutputLimits()).outputs


def _undamaged(message: Message) -> Message:
    """``message`` without what bounds change for good: long lines written over, errors, images that are none."""
    msg_type, content = message
    if msg_type == "stream":
        return stream(content["text"].replace("\r", "").replace("\b", ""), content["name"])
    return stream("!") if msg_type == "error" or "image/png" in content.get("data", {}) else message


def test_where_something_was_lost_it_is_said() -> None:
    room = run(*(stream(f"{number:5}\n") for number in range(10_000)), limits=SMALL)
    (output,) = exported(room)
    beginning, said, end = output["text"].partition("\n[The first 10 kB that came before are kept apart.")
    assert beginning.startswith("    0\n    1\n")
    assert " are lost.]\n" in said + end
    assert end.endswith(" 9999\n")


def test_what_does_not_fit_stays_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MAX_INLINED_BYTES", 5_000)
    room = run(display({"text/html": "a" * 3_000}), display({"text/html": "a" * 3_000}), error(), limits=SMALL)
    first, second, _ = exported(room)
    assert first["data"] == {"text/html": "a" * 3_000}
    assert second["data"].keys() == {BLOB_TYPE, "text/plain"}


@pytest.mark.parametrize("junk", [7, {"digest": [1]}, {"digest": "0" * 64, "stream": "stdout"}, {"also": [3, {}]}])
def test_references_that_peers_made_up_stay_as_they_are(junk: object) -> None:
    room = run(display({BLOB_TYPE: junk, "text/plain": "x"}), stream("y"), result("z", 1), limits=SMALL)
    room.blobs["1" * 64], room.types["1" * 64] = b"", "text/plain"
    assert exported(room) == room.outputs


@scenario
async def test_only_as_much_is_read_as_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MAX_INLINED_BYTES", 5_000)
    blobs = [Blob.of(bytes([number]) * size, "text/plain") for number, size in enumerate((4_000, 6_000, 900, 300))]
    async with serving(sqlite_store(tmp_path)) as manager:
        await manager.store.put_blobs("demo", blobs)
        found = await read_blobs([*(blob.digest for blob in blobs), "0" * 64], "demo", manager.store)
    assert sum(len(blob.data) for blob in found.values()) <= 5_000
    assert blobs[1].digest not in found
    assert len(found) >= 2

"""However much a cell prints, the document stays small, and a write costs no more than what is in sight."""

import base64
import json
import re
from typing import Any

import pytest

from jupyter_collab.document import RoomDocument
from jupyter_collab.kernels.blobs import BLOB_TYPE, blob_digests, words_for
from jupyter_collab.kernels.limits import OutputLimits
from jupyter_collab.rooms import Limits

from .outputs import Room, clear, display, error, reduced, stream, update

KILOBYTE, MEGABYTE = 2**10, 2**20
SMALL = OutputLimits(stream_bytes=1_000, bundle_bytes=2_000, cell_bytes=20_000, blob_bytes=10_000, outputs=10)


def reference_in(output: dict[str, Any]) -> dict[str, Any]:
    reference: dict[str, Any] = output["data"][BLOB_TYPE]
    return reference


def state_bytes(document: RoomDocument) -> int:
    """The size of the keyframe that would be written."""
    return len(document.doc.get_update())


def test_a_hundred_thousand_lines_leave_their_end_in_sight_and_the_rest_in_a_blob() -> None:
    room = Room()
    lines = [f"line {number} of many\n" for number in range(100_000)]
    for start in range(0, len(lines), 1_000):
        room.write(stream("".join(lines[start : start + 1_000])))
    waiting, _ = room.outputs
    assert waiting["data"] == {"text/plain": "What came before can be opened when the cell has run."}
    room.finish()
    note, tail = room.outputs
    reference = reference_in(note)
    assert room.blobs[reference["digest"]].decode() + tail["text"] == "".join(lines)
    assert (reference["media_type"], reference["name"]) == ("text/plain", "stdout.txt")
    assert reference["bytes"] == len(room.blobs[reference["digest"]])
    assert note["data"]["text/plain"] == f"{words_for(reference['bytes'])} that came before are kept apart."
    assert len(tail["text"]) <= 64 * KILOBYTE
    assert state_bytes(room.document) < 64 * KILOBYTE + 200 * 10**3
    assert blob_digests(room.document) == set(room.blobs) == {reference["digest"]}


def test_all_that_was_written_on_the_way_stays_in_proportion_to_what_was_printed() -> None:
    room = Room()
    for _ in range(100):
        room.write(stream(("x" * 99 + "\n") * 10))
    printed = 100 * 1_000
    assert sum(map(len, room.updates)) < 3 * printed


def test_an_endless_print_costs_each_write_no_more_than_what_is_in_sight() -> None:
    room = Room()
    for _ in range(20):
        room.updates.clear()
        room.write(stream("y\n" * MEGABYTE))
        assert sum(map(len, room.updates)) < 65 * KILOBYTE
    room.finish()
    (blob,) = room.blobs.values()
    assert len(blob) > 39 * MEGABYTE


def test_what_is_too_much_even_for_a_blob_is_counted() -> None:
    room = Room(SMALL)
    for number in range(100):
        room.take(stream(f"{number:3} " + "é" * 250 + "\n"))
    room.write().finish()
    note, tail = room.outputs
    (blob,) = room.blobs.values()
    assert SMALL.blob_bytes - 2 < len(blob) <= SMALL.blob_bytes
    assert blob.decode().startswith("  0 é")
    assert tail["text"].endswith("é\n")
    said = r"The first 10 kB that came before are kept apart. The [34]\d(\.\d)? kB after them are lost."
    assert re.fullmatch(said, note["data"]["text/plain"])


def test_progress_bars_at_full_speed_are_one_line() -> None:
    room = Room()
    for _ in range(50):
        room.write(stream("".join(f"\r{number}/1000 it" for number in range(1_001)), "stderr"))
    assert room.outputs == [{"output_type": "stream", "name": "stderr", "text": "1000/1000 it"}]
    assert state_bytes(room.document) < 2 * KILOBYTE
    assert room.finish().blobs == {}


def test_an_image_of_fifty_megabytes_is_a_blob() -> None:
    image = b"\x89PNG" + bytes(50 * 10**6)
    room = Room().write(display({"image/png": base64.encodebytes(image).decode(), "text/plain": "<Figure>"}))
    (output,) = room.outputs
    assert reference_in(output) == {
        "digest": next(iter(room.blobs)),
        "bytes": len(image),
        "media_type": "image/png",
        "name": "output.png",
    }
    assert output["data"].keys() == {BLOB_TYPE, "text/plain"}
    assert output["data"]["text/plain"] == "<Figure>"
    assert list(room.blobs.values()) == [image]
    assert state_bytes(room.document) < 2 * KILOBYTE


def test_every_value_that_is_too_large_is_a_blob_and_what_it_is_is_said() -> None:
    page, values = "<p>é</p>" * 1_000, list(range(1_000))
    data = {"text/html": page, "application/json": values, "text/latex": "$x$", "image/png": "no base64!" * 300}
    room = Room(SMALL).write(display(data))
    (output,) = room.outputs
    also = reference_in(output).pop("also")
    assert output["data"]["text/latex"] == "$x$"
    assert output["data"]["text/plain"].splitlines() == [
        "text/html of 9 kB is kept apart.",
        "application/json of 3.89 kB is kept apart.",
        "text/plain of 3 kB is kept apart.",
    ]
    references = [reference_in(output), *also]
    assert [reference["media_type"] for reference in references] == ["text/html", "application/json", "text/plain"]
    kept = [room.blobs[reference["digest"]] for reference in references]
    assert kept[0].decode() == page
    assert json.loads(kept[1]) == values
    assert blob_digests(room.document) == set(room.blobs)


def test_a_value_that_is_too_large_for_a_blob_is_not_kept() -> None:
    room = Room(SMALL).write(display({"text/html": "x" * 20_000, "text/latex": "$x$"}))
    (output,) = room.outputs
    assert output["data"] == {
        "text/latex": "$x$",
        "text/plain": "text/html of 20 kB is too large to be kept.",
    }
    assert room.blobs == {}


def test_an_update_of_a_display_may_be_large_too() -> None:
    room = Room(SMALL).write(display("small", "x")).write(update({"text/html": "y" * 5_000}, "x"))
    assert blob_digests(room.document) == set(room.blobs)
    assert len(room.blobs) == 1


def test_blobs_of_outputs_that_are_gone_before_they_were_written_are_not_stored() -> None:
    room = Room(SMALL)
    for number in range(10):
        room.take(clear(wait=True), display({"text/html": f"{number}" * 5_000}))
    room.write()
    assert list(room.blobs.values()) == [b"9" * 5_000]


def test_more_outputs_than_fit_are_told_of_and_what_is_printed_stays_in_sight() -> None:
    room = Room(SMALL)
    for number in range(1_000):
        room.write(display(f"{number}"), stream(f"{number}\n"), stream(f"{number}!\n", "stderr"))
    room.write(error())
    assert len(room.outputs) <= SMALL.outputs + 8
    said = [output["data"]["text/plain"] for output in room.outputs if "data" in output]
    assert "More than 10 outputs; the others are not shown." in said
    assert room.outputs[-1]["output_type"] == "error"
    assert "999\n999!\n" in room.outputs[-2]["text"]
    assert state_bytes(room.document) < 10 * KILOBYTE


def test_many_large_outputs_are_shown_smaller_and_smaller() -> None:
    limits = OutputLimits(outputs=200, cell_bytes=100_000, stream_bytes=20_000, bundle_bytes=50_000)
    room = Room(limits)
    for number in range(100):
        room.take(stream("x" * 19_000 + "\n"), display({"text/html": f"{number}" * 20_000}))
    room.write().finish()
    assert len(json.dumps(room.outputs)) < 100_000 + 60_000 + 100 * 6_000
    assert blob_digests(room.document) == set(room.blobs)


def test_after_clearing_there_is_space_again() -> None:
    room = Room(SMALL)
    for number in range(100):
        room.write(display(f"{number}"))
    assert len(room.outputs) == 11
    assert len(room.write(clear()).outputs) == 0
    for number in range(100):
        room.write(display(f"{number}"))
    assert [output["data"]["text/plain"] for output in room.outputs[-2:]] == [
        "9",
        "More than 10 outputs; the others are not shown.",
    ]


@pytest.mark.parametrize("line", ["short\n", "long " * 5_000])
def test_a_traceback_is_cut_at_its_beginning(line: str) -> None:
    (output,) = reduced(error("E" * 10**6, "v" * 10**6, (line,) * 30_000))
    assert len(json.dumps(output)) < 90 * KILOBYTE
    assert output["traceback"][0] == "… (the beginning of the traceback is left out)"
    assert output["traceback"][-1] == line


def test_running_again_and_again_leaves_a_document_that_is_no_larger() -> None:
    sizes = []
    document = Room(outputs=None).document
    for _ in range(30):
        room = Room()
        room.document = document
        room.write().write(stream("z" * 50_000)).write(display({"image/svg+xml": "<svg/>" * 50_000})).finish()
        sizes.append(state_bytes(document))
    assert sizes[-1] < sizes[0] + 2 * KILOBYTE


def test_what_a_cell_shows_is_far_less_than_what_a_room_may_have() -> None:
    room = Room()
    for _ in range(300):
        room.take(stream("x\n" * 31_000), display({"text/html": "y" * MEGABYTE}))
    room.write().finish()
    assert state_bytes(room.document) < Limits().room_bytes / 4

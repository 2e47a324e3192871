"""Whatever messages come: where no bound is passed, the outputs are those of nbformat's and nbclient's rules."""

import itertools
from typing import Any

import nbformat
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from jupyter_collab.document import RoomDocument
from jupyter_collab.kernels.blobs import blob_digests
from jupyter_collab.kernels.limits import OutputLimits

from .outputs import CELL, Message, Room, clear, display, error, result, stream, update
from .test_terminal import process_text

TEXTS = st.text(st.sampled_from("ab😀\n\r\b"), max_size=12)
NAMES = st.sampled_from(["stdout", "stderr"])
IDS = st.sampled_from(["x", "y"])
BUNDLES = st.dictionaries(
    st.sampled_from(["text/plain", "text/html", "image/png", "image/svg+xml"]), st.text("ab\n", max_size=30), max_size=3
) | st.fixed_dictionaries({"application/json": st.dictionaries(st.text("ab"), st.integers(0, 9))})

MESSAGES = st.one_of(
    st.builds(stream, TEXTS, NAMES),
    st.builds(display, BUNDLES, st.none() | IDS),
    st.builds(update, BUNDLES, IDS),
    st.builds(result, TEXTS, st.integers(1, 9)),
    st.builds(error),
    st.builds(clear, wait=st.booleans()),
    st.builds(lambda count: ("execute_input", {"code": "", "execution_count": count}), st.integers(1, 9)),
)
STEPS = st.lists(st.lists(MESSAGES, max_size=6), max_size=8)
"""What comes between one write and the next."""

TINY = OutputLimits(stream_bytes=64, bundle_bytes=20, cell_bytes=200, blob_bytes=100, outputs=4)


def expected(messages: list[Message]) -> dict[str, Any]:
    """What nbclient makes of the messages, with what is printed joined as JupyterLab does."""
    cell = new_code_cell()
    client = NotebookClient(new_notebook(cells=[cell]), record_timing=False)
    client.reset_execution_trackers()
    client.clear_before_next_output = False  # as when it begins with a cell
    for msg_type, content in messages:
        message = {"msg_type": msg_type, "header": {"msg_type": msg_type}, "parent_header": {"msg_id": "1"}}
        client.process_message({**message, "content": content}, cell, 0)
    outputs: list[dict[str, Any]] = []
    for output in cell["outputs"]:
        last = outputs[-1] if outputs else {}
        if output["output_type"] == "stream" == last.get("output_type") and output["name"] == last["name"]:
            last["text"] += output["text"]
        else:
            outputs.append(dict(output))
    for output in outputs:
        if output["output_type"] == "stream":
            output["text"] = process_text([output["text"]])
    return {"outputs": outputs, "execution_count": cell["execution_count"]}


@given(STEPS)
def test_the_outputs_are_those_of_nbclient(steps: list[list[Message]]) -> None:
    room = Room()
    for step in steps:
        room.write(*step)
    room.finish()
    shown = {key: room.cell[key] for key in ("outputs", "execution_count")}
    assert shown == expected([message for step in steps for message in step])
    assert room.blobs == {}


@given(STEPS)
def test_whatever_is_written_a_joiner_and_who_was_there_see_the_same(steps: list[list[Message]]) -> None:
    room = Room(TINY)
    follower = RoomDocument()
    follower.doc.apply_update(room.document.doc.get_update())
    for step in steps:
        room.write(*step)
    room.finish()
    for change in room.updates:
        follower.doc.apply_update(change)
    assert follower.cell(CELL) == room.cell
    assert blob_digests(room.document) <= set(room.blobs)
    nbformat.validate(room.document.to_notebook())


@given(STEPS)
def test_no_two_streams_of_one_name_follow_each_other(steps: list[list[Message]]) -> None:
    for limits in (OutputLimits(), TINY):
        room = Room(limits)
        for step in steps:
            names = [output.get("name") for output in room.write(*step).outputs]
            assert all(one is None or one != other for one, other in itertools.pairwise(names))

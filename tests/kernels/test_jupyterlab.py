"""JupyterLab's own model of a code cell shows the outputs as they are in the document, however they got there."""

import json
import subprocess
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from pycrdt import merge_updates

from tests.document.test_jupyterlab import LABEXTENSION, NODE, pytestmark

from .outputs import CELL, Message, Room, clear, display, error, result, stream, update
from .test_any_messages import STEPS, TINY

__all__ = ["pytestmark"]

SCRIPT = (Path(__file__).parent / "cellmodel.mjs").read_text()
OLD = [{"output_type": "stream", "name": "stdout", "text": "old\n"}]


def shown_after_each(updates: list[bytes]) -> list[dict[str, Any]]:
    """What the model shows after each update but the first, which makes the cell."""
    assert NODE is not None
    end = subprocess.run(
        [NODE, "--input-type=module", "-e", SCRIPT],
        input=json.dumps([update.hex() for update in updates]),
        cwd=LABEXTENSION,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert end.returncode == 0, end.stderr
    answers: list[dict[str, Any]] = json.loads(end.stdout)
    return answers


def check(steps: list[list[Message]], *, every: int = 1) -> None:
    """Write a step at a time; JupyterLab hears of ``every`` so many in one update."""
    room = Room(TINY, outputs=OLD)
    updates, expected = [room.document.doc.get_update()], []
    for number, step in enumerate([*steps, []], 1):
        room.write(*step)
        if number > len(steps):
            room.finish()
        if room.updates and (number % every == 0 or number > len(steps)):
            updates.append(merge_updates(*room.updates))
            room.updates.clear()
            expected.append({"outputs": room.outputs, "count": room.cell["execution_count"], "ownEdits": 0})
    assert shown_after_each(updates) == expected


def test_each_kind_of_change_is_shown() -> None:
    lines = [stream("".join(f"line {number}\n" for number in range(count))) for count in range(0, 40, 3)]
    steps: list[list[Message]] = [
        [("execute_input", {"execution_count": 3})],
        [stream("a\n")],
        [stream("😀 10%")],
        [stream("\r😀 20%")],
        *([line] for line in lines),
        [display("one", "x"), stream("b\n")],
        [stream("c\n", "stderr"), stream("d\n", "stderr")],
        [update("two", "x")],
        [stream("e\n", "stderr")],
        [clear(wait=True)],
        [stream("f\n", "stderr")],
        [clear(), stream("g\n"), stream("h\n", "stderr")],
        [clear(wait=True), stream("i\n", "stderr"), display("large " * 10)],
        [result("7", 3)],
        [stream("j\n")],
        [error()],
        [stream("k\n")],
        [display("beyond")],
        *([line] for line in lines),
    ]
    check(steps)
    for every in (2, 3, 5, 100):
        check(steps, every=every)


def test_any_outputs_that_follow_any_others_are_shown() -> None:
    first, second = (
        {"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}} for text in ("1", "2")
    )
    out, more, err = (
        {"output_type": "stream", "name": name, "text": text}
        for name, text in (("stdout", "a\n"), ("stdout", "a\nb\n"), ("stderr", "c\n"))
    )
    kinds: list[list[dict[str, Any]]] = [
        [],
        [out],
        [first, out],
        [first, more, second],
        [first, out, second],
        [first, err, out],
        [first, more],
        [out, first],
        [second, out, err],
        [second, out],
        [second],
    ]
    room = Room(outputs=OLD)
    updates, expected = [room.document.doc.get_update()], []
    written = None
    for outputs in (after for before in kinds for other in kinds for after in (before, other)):
        room.updates.clear()
        with room.document.doc.transaction():
            shared = room.document.outputs(CELL)
            assert shared is not None
            shared.update(written, outputs)
        written = outputs
        assert room.outputs == outputs
        if room.updates:
            updates.extend(room.updates)
            expected.append({"outputs": outputs, "count": 7, "ownEdits": 0})
    assert shown_after_each(updates) == expected


@settings(max_examples=10, phases=[Phase.explicit, Phase.generate])
@given(STEPS)
def test_whatever_comes_is_shown(steps: list[list[Message]]) -> None:
    check(steps)
    check(steps, every=3)

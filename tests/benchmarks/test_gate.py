"""The measure of the gate's cost: however the gate is held, a room takes the same edits in. No time is asserted."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_collab.gate import Admission, Author, Gate
from jupyter_collab.protocol import Update, parse

from . import gate
from .content import Trace, synthetic_trace
from .gate import GOAL, TIMED, WAYS, GateCost

TRACE = synthetic_trace(600)


@pytest.mark.parametrize("burst", [1, 50])
def test_the_same_edits_are_taken_in_each_way(tmp_path: Path, burst: int) -> None:
    turns, texts = asyncio.run(gate.take_in(gate.encode(TRACE), tmp_path, readers=2, burst=burst, turn=250))
    assert texts == dict.fromkeys(WAYS, TRACE.end_content)
    assert {way: len(taken) for way, taken in turns.items()} == dict.fromkeys(WAYS, 3)
    for way, taken in turns.items():
        assert all(one.seconds > 0 for one in taken)
        assert all((one.gate_seconds > 0) == (way == TIMED) for one in taken)


def test_the_gate_is_asked_for_each_edit_but_where_everything_is_admitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[bytes] = Counter()
    check_text = Gate.check_text

    def counted(self: Gate, update: bytes, author: Author) -> Admission | None:
        asked[update] += 1
        return check_text(self, update, author)

    monkeypatch.setattr(Gate, "check_text", counted)
    messages = gate.encode(TRACE)
    asyncio.run(gate.take_in(messages, tmp_path, readers=0, burst=50))
    edits = [message.update for message in map(parse, messages) if isinstance(message, Update)]
    assert all(asked[edit] >= 2 for edit in edits), "as it is, and timed"
    assert asked.total() < 3 * len(edits)


def test_an_edit_that_the_room_refuses_ends_the_measure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="refuses the trace: causal_gap"):
        asyncio.run(gate.take_in(gate.encode(TRACE)[1:], tmp_path, readers=0, burst=50))


def test_a_text_that_is_not_the_traces_ends_the_measure() -> None:
    wrong = Trace(TRACE.name, TRACE.patches, "another text")
    with pytest.raises(RuntimeError, match="does not lead to"):
        gate.measure(wrong, readers=0, burst=50)


def test_the_exit_status_says_whether_the_goal_was_reached(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reached = GateCost("made up", 12_000, 3, 1, 48, 110.0, 100.0, GOAL, 0.08)
    for cost, status, word in ((reached, 0, "reached"), (replace(reached, ratio=GOAL + 0.01), 1, "MISSED")):
        monkeypatch.setattr(gate, "measure", lambda *_, _cost=cost, **__: _cost)
        assert gate.main(["--edits", "100"]) == status
        printed = capsys.readouterr().out
        assert f"at most {GOAL}" in printed
        assert printed.splitlines()[-1] == word

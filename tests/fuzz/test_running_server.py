"""Whatever is sent to a running server: it goes on, says what is wrong, and all replicas of a room stay equal."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .kinds import KINDS
from .rounds import Rounds

SECONDS = float(os.environ.get("JC_FUZZ_SECONDS", "15"))
"""So long for each kind. ``python -m tests.fuzz`` does it for hours."""


@pytest.fixture(params=KINDS)
def rounds(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Rounds]]:
    with Rounds(tmp_path, request.param) as running:
        yield request.param, running


@pytest.mark.timeout(180 + 2 * SECONDS)
def test_what_is_made_up_breaks_no_server(rounds: tuple[str, Rounds]) -> None:
    kind, running = rounds
    running.replay_found()
    deadline = time.monotonic() + SECONDS
    seed = 0
    while seed == 0 or time.monotonic() < deadline:
        failure = running.play(seed)
        assert failure is None, f"python -m tests.fuzz --kinds {kind} --first {seed}: {failure.error!r} {failure.plan}"
        seed += 1
    ended = running.end()
    assert not ended.faults, ended

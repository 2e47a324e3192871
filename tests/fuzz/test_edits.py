"""Whatever somebody with a link sends: the room can be shown, and says nothing that only others may say."""

import asyncio
import os
import time

import pytest

from jupyter_collab.access import Capability, Role

from .corpus import Found, read_found
from .histories import ROLES, Figures, play
from .room import replay

SECONDS = float(os.environ.get("JC_FUZZ_SECONDS", "15"))
"""So long for all roles together. ``python -m tests.fuzz`` does it for hours."""

MIN_EDITS = 100


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.timeout(60 + SECONDS)
def test_made_up_edits_break_nothing(role: Role) -> None:
    figures = Figures()
    deadline = time.monotonic() + SECONDS / len(ROLES)
    seed = 0
    while time.monotonic() < deadline or figures.edits < MIN_EDITS:
        failure = asyncio.run(play(role, seed, figures))
        assert failure is None, f"python -m tests.fuzz --roles {role} --first {seed}: {failure.error!r}"
        seed += 1
    assert figures.refused > figures.edits / 10
    assert (figures.taken > figures.edits / 20) == role.may(Capability.EDIT), "else it says little"


@pytest.mark.parametrize("found", read_found(), ids=lambda found: found.name)
def test_what_was_found_once_breaks_nothing_now(found: Found) -> None:
    asyncio.run(replay(found.role, found.history))

"""``kill -9`` of the server while one person types and another moves, retypes, merges and splits the cells."""

import os
import random
import re
from collections import Counter
from collections.abc import Callable

import pytest

from tests.servers import RunningServer

from .people import Pane, Person, until
from .rooms import room_with

KILLS = int(os.environ.get("JC_KILLS", "2"))

pytestmark = [pytest.mark.browser, pytest.mark.crash, pytest.mark.timeout(120 + 60 * KILLS)]

WORD = re.compile(r"<\d+>")
WORDS_A_KILL = 30

ACTS = {
    "down": ["Control+Shift+ArrowDown"],
    "up": ["Control+Shift+ArrowUp"],
    "raw": ["r"],
    "code": ["y"],
    "merge": ["Shift+M"],
    "split": ["Enter", "Control+Home", "End", "Control+Shift+Minus", "Escape"],
    "undo": ["z"],
}
"""What is done to the cells, and its keys in command mode."""


def act(pane: Pane, rng: random.Random) -> None:
    """Choose a cell, and do something to it."""
    pane.editor(rng.randrange(pane.cells.count())).click()
    for key in ["Escape", *ACTS[rng.choice(list(ACTS))]]:
        pane.page.keyboard.press(key)


@pytest.mark.parametrize("seed", [20261129])
def test_no_word_is_lost_and_none_is_there_twice(
    person: Callable[..., Person], server: RunningServer, seed: int
) -> None:
    rng = random.Random(seed)
    written: list[str] = []
    room_with(server, "kills", "first\nline", "second\nline", "third\nline")
    with person("Ada") as ada, person("Ben") as ben:
        at_ada, at_ben = ada.open_room("kills"), ben.open_room("kills")
        for each in (ada, ben):
            each.go_offline()  # JupyterLab says once that it misses its server, and takes the focus with that
            each.go_offline(False)
        for pane in (at_ada, at_ben):
            until(lambda pane=pane: pane.chip, "synced".__eq__, seconds=40)  # type: ignore[misc]  # bound now
        at_ben.click_end(1)
        for _ in range(KILLS):
            moment = rng.randrange(WORDS_A_KILL)
            for number in range(WORDS_A_KILL):
                if number == moment:
                    server.kill()
                if not server.is_running and number in (moment + 10, WORDS_A_KILL - 1):
                    server.start()
                written.append(f"<{len(written)}>")
                ben.page.keyboard.type(written[-1])
                if number % 5 == 4:
                    ben.page.keyboard.press("Enter")
                if rng.random() < 0.3:
                    act(at_ada, rng)
        for pane in (at_ada, at_ben):
            until(lambda pane=pane: pane.chip, "synced".__eq__, seconds=40)  # type: ignore[misc]  # bound now
        stored = until(
            lambda: ["".join(cell["source"]) for cell in server.notebook("kills")["cells"]],
            lambda seen: seen == at_ada.sources == at_ben.sources,
        )
        assert Counter(WORD.findall("\n".join(stored))) == Counter(written)
        ben.take_picture("after the kills")

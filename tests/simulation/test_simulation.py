"""Seeded simulations of whole systems: nobody loses, doubles or smuggles in anything, whatever goes wrong.

``JC_SIMULATION_SEEDS=200`` plays so many seeds from 0, ``JC_SIMULATION_SEED=7`` that one alone. A plan that fails is
saved, and ``python -m tests.simulation`` plays it again.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from .plan import COPIES, SHORT_STEPS, make_plan
from .play import play

PYTHON = ("python", "client")
SEEDS = 10
SHORT_SEEDS = 40
SQLITE_SEEDS = 1
SQLITE_STEPS = 80


def chosen_seeds(usual: int) -> list[int]:
    """The seeds to play."""
    if alone := os.environ.get("JC_SIMULATION_SEED"):
        return [int(alone)]
    return list(range(int(os.environ.get("JC_SIMULATION_SEEDS", usual))))


def play_seed(seed: int, folder: Path, *, store: str, steps: int, copies: Sequence[str] = PYTHON) -> None:
    """Play the plan of ``seed``; if it fails, say how to play it again."""
    plan = make_plan(seed, store=store, steps=steps, copies=copies)
    try:
        world = play(plan, folder)
    except BaseException:
        saved = Path(tempfile.gettempdir()) / f"simulation-{store}-{steps}-{seed}.json"
        plan.save(saved)
        print(f"Seed {seed} fails. Play it again: python -m tests.simulation {saved}")
        raise
    done = {step.do for step in plan.steps}
    if "disk_works" in done or not done & {"disk_full", "disk_gone"}:
        assert len(world.fates.all) > steps / 12, "hardly anything happened"
    assert world.promise.typed
    assert world.fates.seen or world.fates.acked


@pytest.mark.parametrize("seed", chosen_seeds(SEEDS))
def test_everybody_converges_and_nothing_is_lost(seed: int, tmp_path: Path) -> None:
    play_seed(seed, tmp_path, store="memory", steps=250)


@pytest.mark.interop
@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("seed", chosen_seeds(SHORT_SEEDS))
def test_all_that_was_typed_is_there_once_whoever_typed_it(seed: int, tmp_path: Path) -> None:
    play_seed(seed, tmp_path, store="memory", steps=SHORT_STEPS, copies=COPIES)


@pytest.mark.parametrize("seed", chosen_seeds(SQLITE_SEEDS))
def test_everybody_converges_and_nothing_is_lost_on_a_real_disk(seed: int, tmp_path: Path) -> None:
    play_seed(seed, tmp_path, store="sqlite", steps=SQLITE_STEPS)


def test_a_plan_that_is_saved_is_the_same_plan(tmp_path: Path) -> None:
    plan = make_plan(3)
    plan.save(tmp_path / "plan.json")
    assert type(plan).load(tmp_path / "plan.json") == plan == make_plan(3)


def test_a_plan_plays_the_same_way_again(tmp_path: Path) -> None:
    check_same_way(PYTHON, tmp_path)


@pytest.mark.interop
@pytest.mark.usefixtures("pages")
def test_a_plan_with_pages_plays_the_same_way_again(tmp_path: Path) -> None:
    check_same_way(COPIES, tmp_path)


def check_same_way(copies: Sequence[str], folder: Path) -> None:
    """Play one plan twice."""
    first, second = (play(make_plan(5, copies=copies), folder) for _ in range(2))
    assert first.fates.acked == second.fates.acked
    assert first.fates.abandoned == second.fates.abandoned
    assert first.promise.typed == second.promise.typed
    assert first.promise.removed_by == second.promise.removed_by

"""Play seeds, or a plan that was saved.

python -m tests.simulation 7                    the plan of seed 7
python -m tests.simulation 0-999                many, and which of them fail
python -m tests.simulation --schedules 10000    so many short ones
python -m tests.simulation plan.json            a plan as it was saved
python -m tests.simulation plan.json --shrink   a shorter one that still fails, saved beside it

Pages are those in labextension/lib: run "npm run build:lib" there first.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from .plan import COPIES, SHORT_STEPS, Plan, make_plan
from .play import play

__all__: list[str] = []

PROGRESS_SCHEDULES = 500


def main() -> int:
    """Answer how many plans failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="?", help="a seed, a range of seeds such as 0-999, or a file with a plan")
    parser.add_argument("--schedules", type=int, help="play so many short plans instead")
    parser.add_argument("--store", choices=["memory", "sqlite"], default="memory")
    parser.add_argument("--steps", type=int)
    parser.add_argument(
        "--copies", default=",".join(COPIES), help="what the clients' documents are, among: %(default)s"
    )
    parser.add_argument("--shrink", action="store_true", help="look for a shorter plan that still fails, and save it")
    parser.add_argument("--log", action="store_true", help="show what the servers log")
    options = parser.parse_args()
    if (options.what is None) == (options.schedules is None):
        parser.error("Say what to play: a seed, a range, a file, or --schedules.")
    logging.basicConfig(level=logging.INFO if options.log else logging.CRITICAL, format="%(message)s")
    played = failed = 0
    for name, plan in _plans(options):
        failure = _failure(plan)
        played += 1
        if failure is not None:
            failed += 1
            shrunk = _shrunk(plan) if options.shrink else plan
            print(f"{name}: {failure}\n{[(step.do, step.who % len(plan.clients)) for step in shrunk.steps]}")
            _save(shrunk, Path(f"{name}.json"))
        elif options.schedules is None:
            print(f"{name}: fine")
        if played % PROGRESS_SCHEDULES == 0:
            print(f"{played} played, {failed} failed")
    print(f"{played} played, {failed} failed")
    return failed


def _plans(options: argparse.Namespace) -> Iterator[tuple[str, Plan]]:
    if options.what is not None and options.what.endswith(".json"):
        yield options.what.removesuffix(".json") + "-again", Plan.load(Path(options.what))
        return
    first, _, last = (options.what or f"0-{options.schedules - 1}").partition("-")
    steps = options.steps or (250 if options.schedules is None else SHORT_STEPS)
    for seed in range(int(first), int(last or first) + 1):
        copies = tuple(options.copies.split(","))
        yield f"simulation-{seed}", make_plan(seed, store=options.store, steps=steps, copies=copies)


def _failure(plan: Plan) -> str | None:
    try:
        with tempfile.TemporaryDirectory() as folder:
            play(plan, Path(folder))
    except Exception as error:  # noqa: BLE001  # whatever goes wrong is what we look for
        return f"{type(error).__name__}: {error}"
    return None


def _shrunk(plan: Plan) -> Plan:
    """A plan with fewer steps that fails too: steps are left out, many at first and then fewer, while it does."""
    size = len(plan.steps) // 2
    while size:
        start = 0
        while start < len(plan.steps):
            shorter = replace(plan, steps=[*plan.steps[:start], *plan.steps[start + size :]])
            if _failure(shorter) is not None:
                plan = shorter
            else:
                start += size
        size //= 2
    print(f"shrunk to {len(plan.steps)} steps")
    return plan


def _save(plan: Plan, path: Path) -> None:
    plan.save(path)
    print(f"saved as {path}")


if __name__ == "__main__":
    sys.exit(min(main(), 1))

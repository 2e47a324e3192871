"""Send what is made up to rooms and to a running server: ``python -m tests.fuzz --minutes 60``.

``gate`` are edits of each role, sent to a room; the other kinds (see :mod:`.kinds`) go to a server. What fails is kept,
as short as can be, in ``tests/fuzz/found``, which pytest replays from then on. Memory that is freed is overwritten: if
yrs read it all the same, that would else go unnoticed most times. Then the process ends, and says where.
"""

import argparse
import asyncio
import faulthandler
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from jupyter_collab.access import Role

from .corpus import Found, keep, keep_plan
from .histories import ROLES, Failure, Figures, play, shortest
from .kinds import KINDS
from .rounds import EXAMPLES, Rounds

OVERWRITES_FREED = "MALLOC_PERTURB_"
"""What the C library reads as it starts."""

MAX_FAILURES = 10
"""So many of one role are looked at; the others of it are told in a line."""


def main() -> int:
    """Return 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="so long altogether")
    parser.add_argument("--edits", type=int, default=1_000_000, help="at most so many for each role")
    parser.add_argument("--kinds", nargs="+", choices=["gate", *KINDS], default=["gate", *KINDS])
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--roles", nargs="+", choices=[str(role) for role in ROLES], default=[*ROLES])
    options = parser.parse_args()
    failed = 0
    seconds = options.minutes * 60 / len(options.kinds)
    for kind in options.kinds:
        if kind == "gate":
            for role in map(Role, options.roles):
                failed += asyncio.run(_fuzz(role, options.first, seconds / len(options.roles), options.edits))
        else:
            failed += _fuzz_server(kind, options.first, seconds)
    return min(failed, 1)


def _fuzz_server(kind: str, first: int, seconds: float) -> int:
    """Play plans of one kind against a server; returns how much of what should be true was not."""
    failed, seed = 0, first
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder, Rounds(Path(folder), kind) as rounds:
        while time.monotonic() < deadline:
            failure = rounds.play(seed)
            if failure is not None:
                failed += 1
                print(f"{kind} {seed}: {str(failure.error)[:1000]}", flush=True)
                print(keep_plan(f"{kind}-{seed}", str(failure.error)[:300], failure.plan), flush=True)
                if failed > MAX_FAILURES:
                    break
            seed += 1
        ended = rounds.end()
    for words in ended.faults:
        print(f"{kind}: {words}", flush=True)
    print(
        f"{kind}: seeds {first} to {seed - 1} of {EXAMPLES} plans, {failed} of them failed; {ended.words}", flush=True
    )
    return failed + len(ended.faults)


async def _fuzz(role: Role, first: int, seconds: float, edits: int) -> int:
    """Play histories of one role; returns how many failed."""
    figures, failed, seed = Figures(), 0, first
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and figures.edits < edits:
        failure = await play(role, seed, figures)
        if failure is not None:
            failed += 1
            await _tell(failure, is_kept=failed <= MAX_FAILURES)
        seed += 1
    rate = figures.edits / max(figures.seconds, 1e-9)
    hours = 1_000_000 / rate / 3600
    print(
        f"{role}: {figures.edits:,} edits, {figures.taken:,} of them taken, seeds {first} to {seed - 1}; {rate:,.0f} a "
        f"second, so a million takes {hours:.1f} hours; {failed} histories failed",
        flush=True,
    )
    return failed


async def _tell(failure: Failure, *, is_kept: bool) -> None:
    print(f"{failure.role} {failure.seed}: {type(failure.error).__name__}: {str(failure.error)[:300]}", flush=True)
    if is_kept:
        history = await shortest(failure)
        name = f"{failure.role}-{failure.seed}"
        print(keep(Found(name, failure.role, repr(failure.error)[:300], history)), f"{len(history)} edits", flush=True)
        traceback.print_exception(failure.error, limit=-3)


if __name__ == "__main__":
    if OVERWRITES_FREED not in os.environ:
        again = [sys.executable, "-m", "tests.fuzz", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, OVERWRITES_FREED: "165"})
    faulthandler.enable()
    sys.exit(main())

"""Make up plans from a seed, play them, and make one that fails as short as can be; hypothesis does it."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .running import Plan

__all__ = ["Failure", "search"]

SHRINK_SECONDS = 30.0


@dataclass
class Failure:
    """A plan after which something was not true that should be."""

    error: BaseException
    plan: Plan


class _ShortEnough(BaseException):
    """Ends hypothesis's search, which would go on for minutes at an ``Exception``."""


def search(plans: st.SearchStrategy[Plan], play: Callable[[Plan], None], seed: int, examples: int) -> Failure | None:
    """Play so many plans; returns the shortest that fails, if any does."""
    failures: list[Failure] = []
    ends_at = 0.0

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[*HealthCheck],
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(plans)
    def run(plan: Plan) -> None:
        nonlocal ends_at
        known = next((failure for failure in failures if failure.plan == plan), None)
        if known is not None:
            raise known.error
        if failures and time.monotonic() > ends_at:
            raise _ShortEnough
        try:
            play(plan)
        except Exception as error:
            ends_at = ends_at or time.monotonic() + SHRINK_SECONDS
            failures.append(Failure(error, plan))
            raise

    with suppress(Exception, _ShortEnough):  # what failed is kept
        run()
    return min(failures, key=lambda failure: len(json.dumps(failure.plan)), default=None)

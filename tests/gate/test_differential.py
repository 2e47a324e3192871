"""The gate says of updates what yrs does with them: of those that libraries make, and of those that nobody should."""

import os
import random
from collections.abc import Callable, Iterator

import pytest

from ..interop.npm import node_path
from .corpus import read_corpus
from .differential import compare, mutated
from .histories import histories_of_pycrdt, histories_of_yjs, is_yjs_here

HISTORIES = int(os.environ.get("JC_HISTORIES", "60"))
"""So many of each kind; one has some thirty updates."""

needs_yjs = pytest.mark.skipif(
    node_path() is None or not is_yjs_here(), reason="needs Node and the npm packages of labextension"
)
MAKERS = [histories_of_pycrdt, pytest.param(histories_of_yjs, marks=[pytest.mark.interop, needs_yjs])]

Maker = Callable[[int, int], Iterator[list[bytes]]]


@pytest.mark.parametrize("make", MAKERS)
def test_it_says_of_what_libraries_make_what_yrs_does_with_it(make: Maker) -> None:
    verdicts = sum((compare(history) for history in make(0, HISTORIES)), start=compare([]))
    assert min(verdicts["taken"], verdicts["gap"]) > HISTORIES
    assert verdicts["refused"] == 0


@pytest.mark.parametrize("make", MAKERS)
def test_what_it_admits_of_broken_updates_yrs_takes_whole(make: Maker) -> None:
    verdicts = sum(
        (
            compare(mutated(history, random.Random(number)), may_be_stricter=True)
            for number, history in enumerate(make(0, HISTORIES // 3))
        ),
        start=compare([]),
    )
    assert min(verdicts["taken"], verdicts["gap"], verdicts["refused"]) > HISTORIES


@pytest.mark.parametrize("name", read_corpus())
def test_a_history_that_was_kept(name: str) -> None:
    compare(read_corpus()[name], may_be_stricter=True)

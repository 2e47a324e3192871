"""Who guesses is stopped, however many guesses come at once; those who are right never notice."""

import asyncio

import pytest

from jupyter_collab.access import Attempts, Guesses
from jupyter_collab.access.passwords import hashing
from jupyter_collab.errors import TooManyAttempts

from .scenarios import scenario

HERE, THERE = ("here", "account"), ("there", "account")


class Lock:
    """Says who was right once it is told to; counts who asked, and how many at once."""

    def __init__(self, *, opens: bool) -> None:
        self.opens = opens
        self.asked = 0
        self.at_once = 0
        self.most_at_once = 0

    async def check(self) -> str | None:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return "open" if self.opens else None


def guesses(address_limit: int = 5, account_limit: int = 100) -> Guesses:
    """Bounds for each address and for each account."""
    return Guesses(Attempts(address_limit, 60.0), Attempts(account_limit, 60.0))


@scenario
async def test_of_many_wrong_guesses_at_once_no_more_are_tried_than_one_by_one() -> None:
    bounds, lock = guesses(), Lock(opens=False)
    came = await asyncio.gather(*(bounds.guess(HERE, lock.check) for _ in range(40)), return_exceptions=True)
    assert lock.asked == 5
    assert sum(isinstance(each, TooManyAttempts) for each in came) == 35


@scenario
async def test_a_class_that_is_right_comes_in_together_from_one_address() -> None:
    bounds, lock = guesses(), Lock(opens=True)
    assert await asyncio.gather(*(bounds.guess(HERE, lock.check) for _ in range(60))) == ["open"] * 60
    assert lock.most_at_once == 5


@scenario
async def test_each_bound_counts_for_itself() -> None:
    bounds, wrong = guesses(account_limit=7), Lock(opens=False)
    for keys in [HERE] * 5 + [THERE] * 2:
        await bounds.guess(keys, wrong.check)
    with pytest.raises(TooManyAttempts):
        await bounds.guess(THERE, wrong.check)
    assert await bounds.guess(("there", "other account"), Lock(opens=True).check) == "open"


@scenario
async def test_a_check_that_fails_is_no_wrong_guess_and_holds_nobody_up() -> None:
    async def fail() -> str | None:
        raise OSError("The store is away.")

    bounds = guesses()
    for _ in range(10):
        with pytest.raises(OSError, match="away"):
            await bounds.guess(HERE, fail)
    assert await bounds.guess(HERE, Lock(opens=True).check) == "open"


@scenario
async def test_hashes_wait_only_for_hashes() -> None:
    hold = asyncio.Event()
    loop = asyncio.get_running_loop()
    under_way = [
        asyncio.ensure_future(hashing(lambda: asyncio.run_coroutine_threadsafe(hold.wait(), loop).result()))
        for _ in range(40)
    ]
    await asyncio.sleep(0.01)
    assert await asyncio.wait_for(asyncio.to_thread(int, "7"), timeout=5) == 7
    hold.set()
    await asyncio.gather(*under_way)

"""Who guesses is stopped, however many guesses come at once; those who are right never notice."""

import asyncio
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from functools import partial
from typing import Any

import pytest

from jupyter_collab.access import MAX_GUESSES_PER_ADDRESS, Attempts, Guesses
from jupyter_collab.access.passwords import hashing
from jupyter_collab.errors import TooManyAttempts

from .scenarios import scenario, settle

HERE, THERE = ("here", "account"), ("there", "account")


Check = Callable[[], Awaitable[str | None]]


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


class Caller:
    """Somebody who guesses at one address; ``woken`` counts how often they went on."""

    def __init__(self, bounds: Guesses, check: Check, keys: Sequence[str] = HERE) -> None:
        self.woken = 0
        self.task = asyncio.create_task(self._guess(bounds, keys, check))

    async def _guess(self, bounds: Guesses, keys: Sequence[str], check: Check) -> str | None:
        return await self._counting(guess(bounds, keys, check))

    @types.coroutine
    def _counting(self, guessing: Coroutine[Any, Any, str | None]) -> Generator[Any, Any, str | None]:
        steps = guessing.__await__()
        step = partial(next, steps)
        while True:
            self.woken += 1
            try:
                waited_for = step()
            except StopIteration as stop:
                found: str | None = stop.value
                return found
            try:
                yield waited_for
                step = partial(next, steps)
            except asyncio.CancelledError as error:
                step = partial(steps.throw, error)


async def guess(bounds: Guesses, keys: Sequence[str], check: Check) -> str | None:
    """A guess at the address that is the first of ``keys``."""
    return await bounds.guess(keys, check, address=keys[0])


class Gates:
    """Checks that end when they are told to, in the order in which they began; ``began`` says who."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self._ends: list[asyncio.Future[str | None]] = []

    def check(self, name: str) -> Check:
        def begin() -> Awaitable[str | None]:
            self.began.append(name)
            end: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
            self._ends.append(end)
            return end

        return begin

    async def end(self, found: str | None = "open") -> None:
        """The first one that is under way ends; all that can go on then does."""
        end = self._ends.pop(0)
        if not end.cancelled():
            end.set_result(found)
        await settle()


def guesses(address_limit: int = 5, account_limit: int = 100) -> Guesses:
    """Bounds for each address and for each account."""
    return Guesses(Attempts(address_limit, 60.0), Attempts(account_limit, 60.0))


@scenario
async def test_of_many_wrong_guesses_at_once_no_more_are_tried_than_one_by_one() -> None:
    bounds, lock = guesses(), Lock(opens=False)
    came = await asyncio.gather(*(guess(bounds, HERE, lock.check) for _ in range(40)), return_exceptions=True)
    assert lock.asked == 5
    assert sum(isinstance(each, TooManyAttempts) for each in came) == 35


@scenario
async def test_a_class_that_is_right_comes_in_together_from_one_address() -> None:
    bounds, lock = guesses(), Lock(opens=True)
    assert await asyncio.gather(*(guess(bounds, HERE, lock.check) for _ in range(60))) == ["open"] * 60
    assert lock.most_at_once == 5


@scenario
async def test_each_bound_counts_for_itself() -> None:
    bounds, wrong = guesses(account_limit=7), Lock(opens=False)
    for keys in [HERE] * 5 + [THERE] * 2:
        await guess(bounds, keys, wrong.check)
    with pytest.raises(TooManyAttempts):
        await guess(bounds, THERE, wrong.check)
    assert await guess(bounds, ("there", "other account"), Lock(opens=True).check) == "open"


@scenario
async def test_a_check_that_fails_is_no_wrong_guess_and_holds_nobody_up() -> None:
    async def fail() -> str | None:
        raise OSError("The store is away.")

    bounds = guesses()
    for _ in range(10):
        with pytest.raises(OSError, match="away"):
            await guess(bounds, HERE, fail)
    assert await guess(bounds, HERE, Lock(opens=True).check) == "open"


@scenario
async def test_who_waits_is_woken_when_it_is_their_turn_and_not_before() -> None:
    bounds, lock = guesses(), Lock(opens=True)
    callers = [Caller(bounds, lock.check) for _ in range(400)]
    await asyncio.gather(*(caller.task for caller in callers))
    assert lock.most_at_once == 5
    assert max(caller.woken for caller in callers) <= 3, "to begin, for their turn, and with what the check found"


@scenario
async def test_all_who_wait_hear_at_once_that_there_were_too_many_wrong_ones() -> None:
    bounds, gates = guesses(address_limit=2), Gates()
    callers = [Caller(bounds, gates.check(str(number))) for number in range(300)]
    await settle()
    await gates.end(None)
    assert [caller.task.done() for caller in callers] == [True] + [False] * 299
    await gates.end(None)
    assert all(caller.task.done() for caller in callers)
    ends = await asyncio.gather(*(caller.task for caller in callers), return_exceptions=True)
    assert sum(isinstance(end, TooManyAttempts) for end in ends) == 298
    assert gates.began == ["0", "1"]
    assert max(caller.woken for caller in callers) == 2


@scenario
async def test_people_go_on_in_the_order_in_which_they_came() -> None:
    bounds, gates = guesses(address_limit=2), Gates()
    names = [f"{number:02}" for number in range(30)]
    callers = []
    for number, name in enumerate(names):
        callers.append(Caller(bounds, gates.check(name)))
        if number % 3 == 2:  # while some go, others come
            await settle()
            await gates.end()
    while gates.began != names or not all(caller.task.done() for caller in callers):
        await gates.end()
    assert gates.began == names


@pytest.mark.parametrize("had_turn", [False, True])
@scenario
async def test_who_goes_away_while_waiting_is_passed_over(had_turn: bool) -> None:
    bounds, gates = guesses(address_limit=1), Gates()
    first, second, third = (Caller(bounds, gates.check(name)) for name in ("first", "second", "third"))
    await settle()
    if had_turn:  # the first one ends, so it is the turn of the second, who does not know yet
        first.task.cancel()
        await asyncio.sleep(0)
        assert first.task.done()
    second.task.cancel()
    await gates.end()
    assert gates.began == ["first", "third"]
    await gates.end()
    assert await third.task == "open"
    assert await guess(bounds, HERE, Lock(opens=True).check) == "open"


@scenario
async def test_who_waits_at_two_bounds_is_not_overtaken_for_ever() -> None:
    bounds, gates = guesses(address_limit=1, account_limit=1), Gates()
    busy_address = Caller(bounds, gates.check("busy address"), ("here", "one"))
    busy_account = Caller(bounds, gates.check("busy account"), ("there", "two"))
    both = Caller(bounds, gates.check("both"), ("here", "two"))
    later = [
        Caller(bounds, gates.check(f"later {number}"), keys)
        for number in range(20)
        for keys in (("here", f"a{number}"), (f"n{number}", "two"))
    ]
    await settle()
    await gates.end()
    await gates.end()
    assert busy_address.task.done()
    assert busy_account.task.done()
    while not both.task.done():
        await gates.end()
    assert not all(caller.task.done() for caller in later)
    while not all(caller.task.done() for caller in later):
        await gates.end()


@scenario
async def test_of_very_many_from_one_address_those_beyond_the_bound_are_told_at_once() -> None:
    bounds, gates = guesses(), Gates()
    callers = [Caller(bounds, gates.check("")) for _ in range(MAX_GUESSES_PER_ADDRESS + 1)]
    await settle()
    assert [caller.task.done() for caller in callers] == [False] * MAX_GUESSES_PER_ADDRESS + [True]
    with pytest.raises(TooManyAttempts, match="from your address"):
        await callers[-1].task
    assert await guess(bounds, THERE, Lock(opens=True).check) == "open"
    while not all(caller.task.done() for caller in callers):
        await gates.end()
    assert await guess(bounds, HERE, Lock(opens=True).check) == "open"


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

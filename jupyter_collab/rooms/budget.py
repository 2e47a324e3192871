"""What each person may use of the event loop's time, over all their connections, rooms and reconnects.

Everything else on the server waits while a message is handled. So people whom the server does not trust with the
machine have a share of that time: a token bucket that holds a minute's worth. A person who has used it up is not
refused; their next message is handled when they may again.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from ..access import Attempts, User
from ..errors import TooManyUpdates

__all__ = ["Budget", "Budgets"]

Result = TypeVar("Result")

MINUTE = 60.0

SECONDS_PER_BYTE = 0.05 / 2**20
SECONDS_PER_MESSAGE = 0.0001
"""What receiving a message, keeping it and sending it on cost, beside the time that is measured."""

REQUEST_SECONDS = 0.02
"""What a request to the REST API counts as."""

MAX_BURST_SECONDS = 0.002
REST_PER_BURST = 2
MAX_REST_SECONDS = 2.0
"""A person who keeps the server busy for longer, with one message or many in a row, rests twice as long as that took.

So others have their turn in a burst; and the thread that writes to the store, which waits up to five milliseconds for
the interpreter at each of its statements while the event loop has no pause.
"""

MAX_HELD_BYTES = 32 * 2**20
"""So much of one person may wait to be handled."""

HELD_BYTES_PER_MESSAGE = 2**14
"""What a message counts as, at least, while it waits."""

MAX_PEOPLE = 10_000
"""So many are told apart. Beyond that, the one who came least lately is forgotten."""

ROOMS_PER_HOUR = 60


class Budget:
    """One person's share: ``seconds_per_minute`` of the event loop's time.

    ``clock`` says when they have more again, ``work_clock`` how long something took: the time of this thread, so that
    nobody pays for what else the machine does.
    """

    def __init__(
        self, seconds_per_minute: float, clock: Callable[[], float], work_clock: Callable[[], float] = time.thread_time
    ) -> None:
        self._most = seconds_per_minute
        self._left = seconds_per_minute
        """The seconds that they may still use; below 0 if they have used more."""
        self._clock = clock
        self._refilled_at = clock()
        self._work_clock = work_clock
        self._held_bytes = 0
        """How much of theirs waits to be handled."""
        self._burst = 0.0
        """How many seconds their messages took that came one soon after the other, up to ``_burst_at``."""
        self._burst_at = clock()

    @property
    def wait_seconds(self) -> float:
        """How long this person must wait; 0 if they need not."""
        self._refill()
        return max(0.0, -self._left * MINUTE / self._most)

    def _refill(self) -> None:
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._refilled_at) * self._most / MINUTE)
        self._refilled_at = now

    def spend(self, seconds: float, size: int = 0) -> None:
        """They used so much time, and sent a message of ``size`` bytes. Nobody owes more than a minute's worth."""
        self._refill()
        self._left = max(-self._most, self._left - seconds - size * SECONDS_PER_BYTE)

    async def turn(self, size: int = 0) -> None:
        """Wait until they may, with a message of ``size`` bytes.

        Raises
        ------
        TooManyUpdates
            So much waits already that the server does not keep more.
        """
        with self._holding(max(size, HELD_BYTES_PER_MESSAGE)):
            while (seconds := self.wait_seconds) > 0:  # noqa: ASYNC110  # it is time that is waited for
                await asyncio.sleep(seconds)

    @contextmanager
    def _holding(self, size: int) -> Iterator[None]:
        if self._held_bytes + size > MAX_HELD_BYTES:
            raise TooManyUpdates("Much that you sent waits already; slow down.")
        self._held_bytes += size
        try:
            yield
        finally:
            self._held_bytes -= size

    def measure(self, handle: Callable[[], Awaitable[None] | None], size: int) -> Awaitable[None] | None:
        """Let ``handle`` handle a message of ``size`` bytes; returns what to wait for before the next, if anything."""
        began = self._work_clock()
        waiting = handle()
        took = self._work_clock() - began + SECONDS_PER_MESSAGE + size * SECONDS_PER_BYTE
        self.spend(took)
        if waiting is not None:
            return self.measured(waiting)
        rest = self._rest_after(took)
        return asyncio.sleep(rest) if rest else None

    def measured(self, waiting: Awaitable[Result]) -> Awaitable[Result]:
        """``waiting``, of which this person pays for what is done in this thread."""
        return _Measured(waiting, self.spend, self._work_clock)

    def _rest_after(self, took: float) -> float:
        """How long to rest after a message; what came long enough before it is forgotten."""
        now = self._clock()
        self._burst = max(0.0, self._burst - (now - self._burst_at - took)) + took
        self._burst_at = now
        return min(REST_PER_BURST * self._burst, MAX_REST_SECONDS) if self._burst > MAX_BURST_SECONDS else 0.0


class _Measured(Awaitable[Result]):
    """Tells what ``waiting`` takes of the thread's time between its waits."""

    def __init__(self, waiting: Awaitable[Result], spend: Callable[[float], None], clock: Callable[[], float]) -> None:
        self._waiting = waiting
        self._spend = spend
        self._clock = clock

    def __await__(self) -> Generator[Any, Any, Result]:
        steps: Any = self._waiting.__await__()
        go_on: Callable[[], Any] = partial(next, steps)
        while True:
            began = self._clock()
            try:
                wanted = go_on()
            except StopIteration as stop:
                result: Result = stop.value
                return result
            finally:
                self._spend(self._clock() - began)
            try:
                value = yield wanted
                go_on = partial(steps.send, value)
            except BaseException as error:  # noqa: BLE001  # it goes into what waits, as if nobody stood between
                go_on = partial(steps.throw, error)


class Budgets:
    """The budgets of all people on this server process, but for users of the server: they can end it anyway."""

    def __init__(self, seconds_per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds_per_minute = seconds_per_minute
        self._clock = clock
        self._people: OrderedDict[str, Budget] = OrderedDict()
        self._rooms = Attempts(ROOMS_PER_HOUR, 3600.0, clock, words="You made many rooms in an hour.")

    def of(self, user: User) -> Budget | None:
        """The budget of somebody, the same one when they come again; ``None`` for users of the server."""
        if user.is_server_user:
            return None
        budget = self._people.get(user.principal)
        if budget is None:
            budget = self._people[user.principal] = Budget(self._seconds_per_minute, self._clock)
        self._people.move_to_end(user.principal)
        if len(self._people) > MAX_PEOPLE:
            self._people.popitem(last=False)
        return budget

    async def request(self, user: User) -> None:
        """Wait until somebody's request may be handled; raises what :meth:`Budget.turn` does."""
        budget = self.of(user)
        if budget is not None:
            await budget.turn()
            budget.spend(REQUEST_SECONDS)

    def measured(self, user: User, waiting: Awaitable[Result]) -> Awaitable[Result]:
        """``waiting``, of which ``user`` pays for what is done in this thread, if they pay for anything."""
        budget = self.of(user)
        return waiting if budget is None else budget.measured(waiting)

    def note_room(self, user: User) -> None:
        """Count a room that somebody makes.

        Raises
        ------
        TooManyAttempts
            They made as many in an hour as one may.
        """
        if not user.is_server_user:
            self._rooms.check(user.principal)
            self._rooms.failed(user.principal)

"""The runs that wait for a room's kernel."""

from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ..access import Capability, User
from ..errors import TooManyRuns
from ..store import Origin, OriginKind
from .notebook import Code

__all__ = ["May", "Run", "RunQueue"]

May = Callable[[Capability], Awaitable[bool]]
"""Says whether the person who asked for a run may do something in the room now; ``StoreError`` if nobody knows."""


@dataclass(frozen=True, slots=True)
class Run:
    """What somebody wants to be run: ``code``, as the cell had it when they asked.

    Runs with the same ``request`` were asked for together.
    """

    number: int
    code: Code
    user: User
    request: int
    may: May

    @property
    def cell_id(self) -> str:
        """The cell."""
        return self.code.cell_id

    @property
    def origin(self) -> Origin:
        """Where what the kernel writes during this run comes from."""
        return Origin.by(self.user, OriginKind.KERNEL, run=self.number)


SHARE_OF_ONE = 0.5
SHARE_OF_OTHERS = 0.75


class RunQueue:
    """Runs in the order in which they were asked for, at most ``max_runs``, of ``max_characters`` together.

    Whoever the server does not know has half of that, and all of them three quarters: then others can run something.
    """

    def __init__(self, max_runs: int, max_characters: int) -> None:
        self._max_runs = max_runs
        self._max_characters = max_characters
        self._waiting: deque[Run] = deque()
        self._reserved_runs: Counter[str] = Counter()
        self._reserved_characters: Counter[str] = Counter()
        """By principal: what is being noted, and comes then."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def waiting(self) -> Sequence[Run]:
        """The queued runs, the next first."""
        return tuple(self._waiting)

    def free_characters(self, user: User) -> int:
        """How many characters more may wait for ``user``."""
        waiting = sum(len(run.code.source) for run in self._waiting)
        free = self._max_characters - self._reserved_characters.total() - waiting
        if user.is_server_user:
            return free
        own = self._reserved_characters[user.principal] + sum(len(run.code.source) for run in self._runs_of(user))
        spare = round((1 - SHARE_OF_OTHERS) * self._max_characters)
        return min(free - spare, round(SHARE_OF_ONE * self._max_characters) - own)

    def require_space(self, count: int, user: User) -> None:
        """Raise ``TooManyRuns`` if there is no space for so many runs of ``user``."""
        most = self._max_runs if user.is_server_user else round(SHARE_OF_OTHERS * self._max_runs)
        if len(self._waiting) + self._reserved_runs.total() + count > most:
            raise TooManyRuns(f"At most {most} cells may wait to be run; wait, or cancel some.")
        most_of_one = round(SHARE_OF_ONE * self._max_runs)
        own = len(self._runs_of(user)) + self._reserved_runs[user.principal]
        if not user.is_server_user and own + count > most_of_one:
            raise TooManyRuns(f"At most {most_of_one} cells of yours may wait to be run; wait, or cancel some.")

    def _runs_of(self, user: User) -> list[Run]:
        return [run for run in self._waiting if run.user.principal == user.principal]

    @contextmanager
    def reserved(self, codes: Sequence[Code], user: User) -> Iterator[None]:
        """Keep space for these of ``user``, which fit and are added within."""
        characters = sum(len(code.source) for code in codes)
        self._reserved_runs[user.principal] += len(codes)
        self._reserved_characters[user.principal] += characters
        try:
            yield
        finally:
            self._reserved_runs[user.principal] -= len(codes)
            self._reserved_characters[user.principal] -= characters
            self._reserved_runs += Counter()
            self._reserved_characters += Counter()

    def add(self, runs: Sequence[Run]) -> None:
        """Put ``runs`` at the end."""
        self._waiting.extend(runs)

    def next(self) -> Run | None:
        """Take the first run out, if there is one."""
        return self._waiting.popleft() if self._waiting else None

    def cancel(self, number: int) -> Run | None:
        """Take the run of this number out; ``None`` if it does not wait."""
        found = [run for run in self._waiting if run.number == number]
        for run in found:
            self._waiting.remove(run)
        return found[0] if found else None

    def cancel_request(self, request: int) -> list[Run]:
        """Take out what was asked for together."""
        canceled = [run for run in self._waiting if run.request == request]
        self._waiting = deque(run for run in self._waiting if run.request != request)
        return canceled

    def cancel_user(self, user: User) -> list[Run]:
        """Take out what ``user`` asked for."""
        canceled = [run for run in self._waiting if run.user.principal == user.principal]
        self._waiting = deque(run for run in self._waiting if run.user.principal != user.principal)
        return canceled

    def cancel_all(self) -> list[Run]:
        """Take everything out."""
        canceled = list(self._waiting)
        self._waiting.clear()
        return canceled

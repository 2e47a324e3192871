"""Whether what is here is what the room has: when to ask the server, and what its answers mean. No I/O."""

from collections.abc import Callable

__all__ = ["Agreement"]

JOINED_SECONDS = 1.0
IDLE_SECONDS = 5.0
HEALING_SECONDS = 60.0
"""A document that differs is fetched again at most so often."""


class Agreement:
    """Says when to ask, and whether an answer means that the documents differ.

    An answer counts only if nothing changed here since the question. Something may be on its way all the same, so it
    takes two answers with one digest, and nothing that changed in between. ``clock`` returns seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._is_running = False
        self._due: float | None = None
        self._not_before = clock()
        self._is_asked = False
        self._unanswered = 0
        self._suspect: str | None = None

    def start(self) -> None:
        """The document has what the room has, and the server will answer."""
        self._is_running = True
        self._due = self._clock() + JOINED_SECONDS

    def stop(self) -> None:
        """The connection is gone, and with it the pending replies."""
        self._is_running = False
        self._due = None
        self._is_asked = False
        self._unanswered = 0
        self._suspect = None

    def changed(self) -> None:
        """The document here is another."""
        self._is_asked = False
        self._suspect = None
        if self._is_running:
            self._wait()

    def _wait(self) -> None:
        self._due = self._clock() + IDLE_SECONDS

    @property
    def due_in(self) -> float | None:
        """In how many seconds there is something to ask; ``None``: not before something happens."""
        if self._due is None or self._is_asked:
            return None
        return max(0.0, max(self._due, self._not_before) - self._clock())

    def ask(self, *, may_ask: bool) -> bool:
        """Whether to ask now; if it is due and one may not, it is due again later."""
        if self.due_in != 0:
            return False
        self._wait()
        self._is_asked = may_ask
        self._unanswered += may_ask
        return may_ask

    def hear(self, digest: str | None, *, agrees: bool) -> bool:
        """Take an answer: the digest of the room's document (``None``: ask later). Returns whether ours differs."""
        self._unanswered -= 1
        if not self._is_asked or self._unanswered:
            return False
        self._is_asked = False
        self._wait()
        if digest is None or agrees:
            self._suspect = None
            if agrees:
                self._due = None
            return False
        if digest != self._suspect:
            if self._suspect is None:
                self._due = self._clock()
            self._suspect = digest
            return False
        self._suspect = None
        self._not_before = self._clock() + HEALING_SECONDS
        return True

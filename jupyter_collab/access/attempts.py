"""Counts wrong guesses, and other actions that are limited."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address

from ..errors import TooManyAttempts

__all__ = ["Attempts", "network_of"]

MAX_KEYS = 10_000
"""The maximum of keys; beyond it the key with the oldest guess is dropped."""


IPV6_SUBSCRIBER_BITS = 64
"""A subscriber with one IPv6 address has many with the same first bits."""


class Attempts:
    """At most ``limit`` wrong ones within ``seconds`` for each key, for instance an address.

    ``words`` are the error's first sentence; ``on_failed`` is called with each key that failed here.
    """

    def __init__(
        self,
        limit: int,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        words: str = "Too many wrong attempts.",
        on_failed: Callable[[str], None] | None = None,
    ) -> None:
        self._words = words
        self._on_failed = on_failed
        self.limit = limit
        self._seconds = seconds
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, key: str, limit: int | None = None) -> None:
        """Raise ``TooManyAttempts`` if ``key`` must wait; ``limit`` for another one than usual."""
        if self.count(key) >= (limit or self.limit):
            wait = max(1, round(self._wrong[key][0] + self._seconds - self._clock()))
            raise TooManyAttempts(f"{self._words} Try again in {wait} s.")

    def count(self, key: str) -> int:
        """How many wrong ones there were lately; not more than the limit."""
        wrong = self._wrong.get(key, deque())
        while wrong and wrong[0] <= self._clock() - self._seconds:
            wrong.popleft()
        return len(wrong)

    def failed(self, key: str) -> None:
        """Note that ``key`` was wrong here, or did it once more."""
        self.note(key)
        if self._on_failed is not None:
            self._on_failed(key)

    def note(self, key: str) -> None:
        """Count ``key`` once more, wherever it was wrong."""
        self._wrong.setdefault(key, deque(maxlen=self.limit)).append(self._clock())
        self._wrong.move_to_end(key)
        if len(self._wrong) > MAX_KEYS:
            self._wrong.popitem(last=False)


def network_of(address: str) -> str:
    """The network that counts as one: an IPv4 address, or one subscriber's IPv6 addresses; else ``address``."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed, IPV6_SUBSCRIBER_BITS), strict=False))

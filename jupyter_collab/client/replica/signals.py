"""Tell those who asked that something changed: at most once for each time they could look."""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Schedule", "Signal", "Unsubscribe"]

T = TypeVar("T")

Schedule = Callable[[Callable[[], None]], None]
"""Runs a function soon, where the one who gave it wants it to run."""

Unsubscribe = Callable[[], None]

_log = logging.getLogger(__name__)


class Subscription(Generic[T]):
    """One callback, what it has not been told yet, and where it runs.

    What happens before it runs is merged, so a slow callback is called less often and nothing piles up.
    """

    def __init__(self, callback: Callable[[T], object], schedule: Schedule, merge: Callable[[T, T], T]) -> None:
        self._callback = callback
        self._schedule = schedule
        self._merge = merge
        self._lock = threading.Lock()
        self._waiting: list[T] = []
        self._active = True

    def put(self, value: T) -> None:
        """Tell the callback of ``value``, soon."""
        with self._lock:
            if not self._active:
                return
            if self._waiting:
                self._waiting = [self._merge(self._waiting[0], value)]
                return
            self._waiting = [value]
        self._schedule(self._deliver)

    def cancel(self) -> None:
        """Never call the callback again."""
        with self._lock:
            self._active = False
            self._waiting = []

    def _deliver(self) -> None:
        with self._lock:
            values, self._waiting = self._waiting, []
        for value in values:
            try:
                self._callback(value)
            except Exception:  # noqa: BLE001  # the boundary: a callback of the user's must not end the connection
                _log.exception("A callback that jupyter_collab called failed: %r", self._callback)


class Signal(Generic[T]):
    """Something that changes.

    Parameters
    ----------
    merge
        One value in place of an earlier and a later one that a callback has not seen yet.
    """

    def __init__(self, merge: Callable[[T, T], T]) -> None:
        self._merge = merge
        self._subscriptions: list[Subscription[T]] = []

    def connect(self, callback: Callable[[T], object], schedule: Schedule) -> Unsubscribe:
        """Call ``callback`` after each change, by way of ``schedule``, until the function returned is called."""
        subscription = Subscription(callback, schedule, self._merge)
        self._subscriptions.append(subscription)

        def unsubscribe() -> None:
            subscription.cancel()
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)

        return unsubscribe

    def emit(self, value: T) -> None:
        """Tell everybody."""
        for subscription in tuple(self._subscriptions):
            subscription.put(value)


def latest(earlier: T, later: T) -> T:
    """Merge by forgetting what is no longer true."""
    return later

"""Classes without ``async``, made of the async ones: each call runs on a background event loop, and is waited for."""

import threading
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from ..replica.reader import reading_as
from .loop import BackgroundLoop

__all__ = ["Facade", "blocking", "blocking_as", "each"]

A = TypeVar("A")
B = TypeVar("B")
F = TypeVar("F")
T = TypeVar("T")
P = ParamSpec("P")


class Facade(Generic[A]):
    """Stands for an async object. Its methods are made by :func:`blocking`, and keep their types and docstrings.

    Parameters
    ----------
    loop
        Where the object lives.
    twin
        The object.
    """

    def __init__(self, loop: BackgroundLoop, twin: A) -> None:
        self._loop = loop
        self._twin = twin

    def _wait(self, start: Callable[[A], Coroutine[Any, Any, T]]) -> T:
        """What a coroutine of the object returns or raises; it reads and edits as this thread."""
        reader = threading.current_thread()

        async def run() -> T:
            with reading_as(reader):
                return await start(self._twin)

        return self._loop.wait(run)


def blocking(
    method: Callable[Concatenate[A, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Facade[A], P], T]:
    """The method of a :class:`Facade` that waits for what ``method`` of the async class does."""

    @wraps(method)
    def call(self: Facade[A], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._wait(lambda twin: method(twin, *args, **kwargs))

    return call


def blocking_as(
    method: Callable[Concatenate[A, P], Coroutine[Any, Any, B]],
    face: Callable[[BackgroundLoop, B], F],
) -> Callable[Concatenate[Facade[A], P], F]:
    """As :func:`blocking`, for a method that returns async objects: ``face`` makes facades of them."""

    @wraps(method)
    def call(self: Facade[A], /, *args: P.args, **kwargs: P.kwargs) -> F:
        return face(self._loop, self._wait(lambda twin: method(twin, *args, **kwargs)))

    return call


def each(face: Callable[[BackgroundLoop, B], F]) -> Callable[[BackgroundLoop, list[B]], list[F]]:
    """What makes a facade of each of several async objects, for :func:`blocking_as`."""
    return lambda loop, twins: [face(loop, twin) for twin in twins]

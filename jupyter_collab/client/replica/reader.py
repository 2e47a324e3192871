"""Who reads and edits: each reader has its own notion of what it has read (see :mod:`.seen_texts`)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["Looker", "named_reader", "reading_as", "thread_reader"]

_named: ContextVar[object] = ContextVar("jupyter_collab reader")


class Looker:
    """Reads for somebody else: what it looks at, nobody has read until it is handed on."""


@contextmanager
def reading_as(reader: object) -> Iterator[None]:
    """Let ``reader`` be the one who reads and edits in here, whatever thread or task this is."""
    token = _named.set(reader)
    try:
        yield
    finally:
        _named.reset(token)


def named_reader() -> object | None:
    """The reader of the :func:`reading_as` that is around this; ``None`` outside of one."""
    return _named.get(None)


def thread_reader() -> object:
    """Who reads in code without ``async``: this thread, unless another reader is named."""
    return named_reader() or threading.current_thread()

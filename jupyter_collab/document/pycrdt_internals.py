"""All that reaches into parts of pycrdt that are private. ``test_pycrdt_internals.py`` tells when they have changed.

pycrdt's own ``Map.get`` makes Python objects of a transaction and of a shared type each time. Code that reads a few
keys of thousands of cells inside one transaction asks yrs itself, which is seven times as fast.
"""

from collections.abc import Callable
from typing import Any

from pycrdt import Map, ReadTransaction, Subscription, Text, Transaction

__all__ = ["WRITTEN_FOR", "has_value", "observe_bare", "plain_value", "read_value", "read_value_in"]

WRITTEN_FOR = "0.14"
"""The versions of pycrdt whose ``integrated`` and ``_txn`` are known."""


def plain_value(shared: "Map[Any]", transaction: "Transaction | ReadTransaction", key: str) -> Any:
    """The plain value that ``shared`` has under ``key``, or ``None``; a shared type there is no plain value."""
    return shared.integrated.get(transaction._txn, key) if has_value(shared, transaction, key) else None


def read_value(shared: "Map[Any]", transaction: "Transaction | ReadTransaction", key: str) -> Any:
    """What ``Map.get`` returns, sooner if that is a number, a text or nothing."""
    value = plain_value(shared, transaction, key)
    return value if value is None or isinstance(value, int | float | str) else shared.get(key)


def has_value(shared: "Map[Any]", transaction: "Transaction | ReadTransaction", key: str) -> bool:
    """Whether ``shared`` has anything under ``key``."""
    return bool(shared.integrated.has(transaction._txn, key))


def read_value_in(shared: "Map[Any]", transaction: "Transaction | ReadTransaction", key: str, inner_key: str) -> Any:
    """What the shared map that is under ``key`` has under ``inner_key``; ``None`` if there is no such map."""
    inner = plain_value(shared, transaction, key)
    if not isinstance(inner, type(shared.integrated)) or not inner.has(transaction._txn, inner_key):
        return None
    value = inner.get(transaction._txn, inner_key)
    return value if isinstance(value, dict) else shared[key].get(inner_key)


def observe_bare(text: Text, callback: Callable[[Any], None]) -> Subscription:
    """Let ``callback`` be called with yrs's own event when ``text`` changes, until the subscription is dropped.

    pycrdt's own ``observe`` reads for each event where in the document the text is, and what changed in it.
    """
    subscription: Subscription = text.integrated.observe(callback)
    return subscription

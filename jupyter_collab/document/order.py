"""The keys that say where a cell stands: text that is ordered as the cells are.

A key is a fractional index in base 62 (an integer part and a fraction, as the libraries named ``fractional-indexing``
make them) with the writer's client id behind it, so that two who insert into one gap at once never choose the same.
Keys are ASCII, so Python and JavaScript order them alike.
"""

import re
from collections.abc import Iterator

from fractional_indexing import (
    BASE_62_DIGITS,
    FIError,
    generate_key_between,
    generate_n_keys_between,
    validate_order_key,
)

__all__ = ["KEY", "first_keys", "is_key", "key_between", "keys_between"]

MAX_KEY_CHARACTERS = 1000
"""A key grows by a character for some six cells that are put into one gap, each before the last."""

KEY = "pos"
"""Where a cell has its key."""

VALID_KEY = re.compile(rf"[0-9A-Za-z]{{2,{MAX_KEY_CHARACTERS}}}")


def is_key(value: object) -> bool:
    """Whether ``value`` is a key; peers may write anything."""
    if not isinstance(value, str) or not VALID_KEY.fullmatch(value):
        return False
    try:
        validate_order_key(value)
    except FIError:
        return False
    return True


def first_keys(count: int) -> list[str]:
    """Keys for ``count`` cells that have none, in their order: the same ones for everybody who asks."""
    return list(generate_n_keys_between(None, None, count))


def key_between(low: str | None, high: str | None, client_id: int) -> str:
    """A key behind ``low`` and before ``high`` (``None``: the beginning, the end) that only ``client_id`` can choose.

    Raises
    ------
    ValueError
        There is no room between the two: ``low`` is not less than ``high``, or the key would be too long.
    """
    suffix = _suffix(client_id)
    try:
        key = generate_key_between(low, high)
        while high is not None and key + suffix >= high:
            key = generate_key_between(key, high)
    except (FIError, RecursionError) as error:  # the library goes a call deeper for each character
        raise ValueError(f"There is no key between {low!r} and {high!r}.") from error
    if len(key) + len(suffix) > MAX_KEY_CHARACTERS:
        raise ValueError(f"The key between {low!r} and {high!r} is too long.")
    return str(key) + suffix


def keys_between(low: str | None, high: str | None, count: int, client_id: int) -> Iterator[str]:
    """``count`` keys in order, each as of :func:`key_between`."""
    for _ in range(count):
        low = key_between(low, high, client_id)
        yield low


def _suffix(client_id: int) -> str:
    """``client_id`` in base 62, least digit first; a key must not end with 0."""
    digits = ""
    while client_id:
        client_id, digit = divmod(client_id, len(BASE_62_DIGITS))
        digits += BASE_62_DIGITS[digit]
    return digits or "1"

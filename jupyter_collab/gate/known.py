"""Whether what an update says of edits that the document has already is what the document has."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import InvalidUpdate
from ..yjs import ANY, DELETED, GC, JSON, STRING, Item, UpdateReader, values_of, write_state_vector
from .units import Unit

__all__ = ["require_known"]

DIFFERS = (
    "The edit says something else of what is in the room already: two programs write under one Yjs client id. "
    "Nothing of it was taken in. Take the room's document again, with a new client id."
)


def require_known(
    update: bytes, items: Sequence[Item], clocks: Mapping[int, int], encode: Callable[[bytes], bytes]
) -> Iterator[None]:
    """Make sure, in small steps, that ``items`` of ``update``, as far as they are in the document, are the same there.

    Parameters
    ----------
    update, items
        An update, and those of its items that begin before the end of what the document has of their client.
    clocks
        How many units of each client the document has.
    encode
        Returns what the document has that a state vector has not, as an update.

    Raises
    ------
    InvalidUpdate
        One of them differs: whoever sent it has another document, and could never see what the others see.
    """
    firsts: dict[int, int] = {}
    for item in items:
        firsts[item.client] = min(item.clock, firsts.get(item.client, item.clock))
    present = encode(write_state_vector({**clocks, **firsts}))
    own: dict[int, list[Item]] = {client: [] for client in firsts}
    for item in UpdateReader(present, is_ours=True).items():
        if item.client in own:
            own[item.client].append(item)
        yield
    rests = {client: iter(found) for client, found in own.items()}
    heads = {client: next(rest, None) for client, rest in rests.items()}
    for item in sorted(items, key=lambda item: (item.client, item.clock)):
        head = heads[item.client]
        while head is not None and head.clock + head.length <= item.clock:
            head = heads[item.client] = next(rests[item.client], None)
        _compare(update, item, present, head, rests[item.client], heads)
        yield


def _compare(
    update: bytes,
    item: Item,
    present: bytes,
    head: Item | None,
    rest: Iterator[Item],
    heads: dict[int, Item | None],
) -> None:
    end = item.clock + item.length
    while head is not None and head.clock < end:
        if not _agree(update, item, present, head):
            raise InvalidUpdate(DIFFERS)
        if head.clock + head.length > end:
            return
        head = heads[item.client] = next(rest, None)


def _agree(update: bytes, one: Item, other_update: bytes, other: Item) -> bool:
    """Whether two items are the same where both are; one whose content is gone says nothing of it any more."""
    if one.kind in (GC, DELETED) or other.kind in (GC, DELETED):
        return True
    start = max(one.clock, other.clock)
    stop = min(one.clock + one.length, other.clock + other.length)
    return (
        one.kind == other.kind
        and _left(one, start) == _left(other, start)
        and one.right == other.right
        and (start > one.clock or start > other.clock or (one.parent, one.key) == (other.parent, other.key))
        and _same(_content(update, one, start, stop), _content(other_update, other, start, stop))
    )


def _left(item: Item, clock: int) -> Unit | None:
    return item.left if clock == item.clock else (item.client, clock - 1)


def _content(update: bytes, item: Item, start: int, stop: int) -> Any:
    """What ``item`` holds from clock ``start`` up to ``stop``; not of what yrs writes in another way than it reads."""
    first, last = start - item.clock, stop - item.clock
    if item.kind == STRING:
        return (item.text or "").encode("utf-16-le")[2 * first : 2 * last]
    return values_of(update, item)[first:last] if item.kind in (ANY, JSON) else None


def _same(one: Any, other: Any) -> bool:
    return one == other or _canonical(one) == _canonical(other)  # NaN is not the same as itself


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)

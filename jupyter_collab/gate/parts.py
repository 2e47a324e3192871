"""A large update in parts that are updates themselves: each builds on those before, and leaves a room that can be
shown.

yrs takes the items of one update in a time that grows with the square of their number where they can be joined, as what
somebody typed letter by letter can.
"""

from collections.abc import Iterable, Iterator, Sequence

from ..errors import InvalidUpdate
from ..protocol import write_varuint
from ..yjs import Deletion, Item

__all__ = ["MAX_PART_ITEMS", "parts_of"]

MAX_PART_ITEMS = 500
MAX_PART_BYTES = 2**17
MAX_OPEN_ITEMS = 5_000
"""So far may the items lie apart that make one cell or output."""

MAX_PART_DELETIONS = 20_000


def parts_of(
    update: bytes, items: Sequence[Item], deletions: Sequence[Deletion], spans: Iterable[tuple[int, int]]
) -> Iterator[bytes]:
    """``update`` in parts.

    Parameters
    ----------
    update, items, deletions
        An update, what is new in it, in an order in which it can be taken in, and what it deletes.
    spans
        From which to which of ``items`` something is not whole yet that cannot be shown then.

    Raises
    ------
    InvalidUpdate
        Some part would be very large.
    """
    start = 0
    for stop in _cuts(items, spans):
        yield _insertion_of(update, items[start:stop])
        start = stop
    for start in range(0, len(deletions), MAX_PART_DELETIONS):
        yield b"\x00" + _deletions_of(deletions[start : start + MAX_PART_DELETIONS])


def _cuts(items: Sequence[Item], spans: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Behind how many of ``items`` parts may end."""
    waiting = sorted(spans, reverse=True)
    start = until = size_bytes = 0
    for index, item in enumerate(items):
        size_bytes += item.stop - item.start
        while waiting and waiting[-1][0] <= index:
            until = max(until, waiting.pop()[1])
        if index < until:
            if index - start > MAX_OPEN_ITEMS:
                raise InvalidUpdate(
                    f"The edit has more than {MAX_OPEN_ITEMS} things between the parts of one cell or output. "
                    "Nothing of it was taken in. Send them together."
                )
        elif index + 1 - start >= MAX_PART_ITEMS or size_bytes >= MAX_PART_BYTES:
            yield index + 1
            start, size_bytes = index + 1, 0
    if start < len(items):
        yield len(items)


def _insertion_of(update: bytes, items: Iterable[Item]) -> bytes:
    """An update of just these items of another one."""
    by_client: dict[int, list[Item]] = {}
    for item in items:
        by_client.setdefault(item.client, []).append(item)
    sections = [
        write_varuint(len(of_client))
        + write_varuint(client)
        + write_varuint(of_client[0].clock)
        + b"".join(update[item.start : item.stop] for item in of_client)
        for client, of_client in by_client.items()
    ]
    return write_varuint(len(sections)) + b"".join(sections) + b"\x00"


def _deletions_of(deletions: Iterable[Deletion]) -> bytes:
    by_client: dict[int, list[Deletion]] = {}
    for deletion in deletions:
        by_client.setdefault(deletion.client, []).append(deletion)
    sections = [
        write_varuint(client)
        + write_varuint(len(of_client))
        + b"".join(write_varuint(deletion.clock) + write_varuint(deletion.length) for deletion in of_client)
        for client, of_client in by_client.items()
    ]
    return write_varuint(len(sections)) + b"".join(sections)

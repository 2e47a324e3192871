"""Whether the updates of a log fit to each other, so that the document they make is whole.

Somebody may write two things under one client id at two servers at once. Then the log has both, and others may have
built on either. What is first in the log counts; what does not fit to that is left out as a whole.
"""

from collections.abc import Generator, Iterator
from typing import Any

from pycrdt import Doc

from ..causality import Causality
from ..errors import CausalGap
from ..gate import require_known
from ..protocol import write_varuint
from ..yjs import SKIP, Item, UpdateReader, state_vector

__all__ = ["begins_behind", "clocks_of", "is_whole", "require_fitting", "whole_part"]


def clocks_of(doc: "Doc[Any]") -> dict[int, int]:
    """How many units of each client ``doc`` has."""
    return state_vector(doc.get_state())


def begins_behind(update: bytes, clocks: dict[int, int]) -> Generator[None, None, bool]:
    """Whether all that ``update`` brings is behind what there is of its clients; adds it to ``clocks``, if so.

    In small steps.
    """
    for item in UpdateReader(update, is_ours=True).items():
        if item.clock < clocks.get(item.client, 0):
            return False
        clocks[item.client] = item.clock + item.length
        yield
    return True


def is_whole(doc: "Doc[Any]") -> Generator[None, None, bool]:
    """Whether yrs keeps nothing aside because what it builds on is not there; found out in small steps."""
    clocks = clocks_of(doc)
    reader = UpdateReader(doc.get_update(doc.get_state()), is_ours=True)
    for item in reader.items():
        if item.kind != SKIP:
            return False
    for client, clock, length in reader.deletions():
        if clock + length > clocks.get(client, 0):
            return False
        yield
    return True


def require_fitting(doc: "Doc[Any]", update: bytes, clocks: dict[int, int]) -> Iterator[None]:
    """Make sure, in small steps, that ``update`` fits to ``doc``; adds what it brings to ``clocks``, those of ``doc``.

    Raises
    ------
    CausalGap
        It builds on what is not there, or deletes it.
    InvalidUpdate
        It says something else of what is there, or cannot be read.
    """
    reader = UpdateReader(update, is_ours=True)
    causality = Causality(lambda client: clocks.get(client, 0))
    ends: dict[int, int] = {}
    known: list[Item] = []
    for item in reader.items():
        for next_item in causality.feed(item):
            ends[next_item.client] = next_item.clock + next_item.length
            if next_item.clock < clocks.get(next_item.client, 0):
                known.append(next_item)
        yield
    causality.finish()
    for client, clock, length in reader.deletions():
        if clock + length > max(clocks.get(client, 0), ends.get(client, 0)):
            raise CausalGap("It deletes what is not there.")
        yield
    if known:
        yield from require_known(update, known, clocks, doc.get_update)
    for client, end in ends.items():
        clocks[client] = max(end, clocks.get(client, 0))


def whole_part(doc: "Doc[Any]") -> Generator[None, None, bytes]:
    """All of ``doc`` as an update, but for what yrs keeps aside; made in small steps."""
    clocks = clocks_of(doc)
    update = doc.get_update()
    reader = UpdateReader(update, is_ours=True)
    items: dict[int, list[Item]] = {}
    for item in reader.items():
        if item.kind != SKIP and item.clock + item.length <= clocks.get(item.client, 0):
            items.setdefault(item.client, []).append(item)
        yield
    deletions: dict[int, list[bytes]] = {}
    for client, clock, length in reader.deletions():
        length = min(clock + length, clocks.get(client, 0)) - clock
        if length > 0:
            deletions.setdefault(client, []).append(write_varuint(clock) + write_varuint(length))
        yield
    sections = [
        write_varuint(len(found))
        + write_varuint(client)
        + write_varuint(found[0].clock)
        + update[found[0].start : found[-1].stop]
        for client, found in items.items()
    ]
    deleted = [
        write_varuint(client) + write_varuint(len(found)) + b"".join(found) for client, found in deletions.items()
    ]
    return write_varuint(len(sections)) + b"".join(sections) + write_varuint(len(deleted)) + b"".join(deleted)

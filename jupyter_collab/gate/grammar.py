"""What may stand where in a room's document, so that JupyterLab can show it: the grammar of ``docs/wire.md``.

It is asked about each item that comes. What is new makes shared types of some :class:`~.shared_types.Kind`; what a
person may not do has a complaint, a sentence for that person.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any

from ..document import CELL_TYPES
from ..yjs import (
    ANY,
    ARRAY_TYPE,
    DELETED,
    FORMAT,
    JSON,
    MAP_TYPE,
    STRING,
    TEXT_TYPE,
    TYPE,
    Item,
    shared_type_of,
    values_of,
)
from .shared_types import Kind, Place

__all__ = ["ROOTS", "RUN_KEYS", "Care", "care_of", "complaint_about", "kind_of"]

ROOTS = {"cells": Kind.CELLS, "meta": Kind.META, "state": Kind.STATE}

OUTPUT_TYPES = frozenset({"stream", "display_data", "execute_result", "error", "update_display_data"})

SERVERS_STATE = frozenset({"kernel", "epoch"})
"""What only the server says in ``state``."""

RUN_KEYS = frozenset({"execution_count", "execution_state", "put"})
"""What a cell says about its runs, besides its metadata and outputs."""

OWN_METADATA = "jupyter_collab"


class Care(Enum):
    """What is to be seen to where something that matters is deleted or exchanged."""

    KEPT = auto()
    """Nobody may delete or exchange it."""
    REPLACED = auto()
    """An edit that deletes it must put another one in its place."""
    WATCHED = auto()
    """It is the server's word: see :mod:`~..document.word`."""


KINDS: dict[tuple[Kind, str | None], tuple[int, Kind]] = {
    (Kind.CELLS, None): (MAP_TYPE, Kind.CELL),
    (Kind.CELL, "source"): (TEXT_TYPE, Kind.SOURCE),
    (Kind.CELL, "metadata"): (MAP_TYPE, Kind.CELL_METADATA),
    (Kind.CELL, "outputs"): (ARRAY_TYPE, Kind.OUTPUTS),
    (Kind.OUTPUTS, None): (MAP_TYPE, Kind.OUTPUT),
    (Kind.OUTPUT, "text"): (TEXT_TYPE, Kind.STREAM),
    (Kind.META, "metadata"): (MAP_TYPE, Kind.NOTEBOOK_METADATA),
}
"""Which shared type stands where, and what it is."""

CARES: dict[tuple[Kind, str | None], Care] = {
    (Kind.CELLS, None): Care.KEPT,
    (Kind.CELL, "id"): Care.KEPT,
    (Kind.CELL, "source"): Care.KEPT,
    (Kind.CELL, "metadata"): Care.KEPT,
    (Kind.CELL, "outputs"): Care.KEPT,
    (Kind.CELL, "cell_type"): Care.REPLACED,
    **{(Kind.CELL, key): Care.WATCHED for key in RUN_KEYS},
    (Kind.CELL_METADATA, OWN_METADATA): Care.WATCHED,
    (Kind.OUTPUT, "output_type"): Care.KEPT,
    (Kind.OUTPUT, "text"): Care.KEPT,
    (Kind.META, "metadata"): Care.REPLACED,
    **{(Kind.STATE, key): Care.KEPT for key in SERVERS_STATE},
}

LISTS = frozenset({Kind.CELLS, Kind.OUTPUTS, Kind.SOURCE, Kind.STREAM})
"""The kinds that are lists or texts; the others are maps, but for those where all is free."""

TEXTS = frozenset({Kind.SOURCE, Kind.STREAM})

NOT_FREE = frozenset(Kind) - {Kind.FREE, Kind.GONE}


def care_of(place: Place) -> Care | None:
    """What is to be seen to for what stands in ``place``."""
    return CARES.get((place.type.kind, place.key))


def kind_of(place: Place, item: Item, update: bytes) -> Kind:
    """What the shared type is that ``item``, one of those of ``update``, makes in ``place``."""
    if place.type.kind is Kind.GONE:
        return Kind.GONE
    shared_type, kind = KINDS.get((place.type.kind, place.key), (None, Kind.FREE))
    return kind if shared_type_of(update, item) == shared_type else Kind.FREE


def complaint_about(place: Place, item: Item, update: bytes) -> str | None:
    """Why a person may not put ``item``, one of those of ``update``, into ``place``."""
    kind, key = place.type.kind, place.key
    if item.kind == FORMAT and key is not None:  # yrs would have a key without a value, over which it panics
        return "It sets a key to a mark of a format."
    if kind not in NOT_FREE:
        return None
    if (key is None) != (kind in LISTS):
        return f"It treats the {kind.words} as another kind of shared type than it is."
    if kind is Kind.STATE and key in SERVERS_STATE:
        return f"Only the server writes '{key}'."
    if item.kind == DELETED or kind is Kind.STATE:
        return None
    if kind in TEXTS:
        return None if item.kind in (STRING, FORMAT) else "It puts something else than text into a text."
    return _complaint_about_value(place, item, update)


def _complaint_about_value(place: Place, item: Item, update: bytes) -> str | None:
    kind, key = place.type.kind, place.key
    wanted = KINDS.get((kind, key))
    if wanted is not None and item.kind == TYPE and shared_type_of(update, item) == wanted[0]:
        return None
    if kind is Kind.CELLS:
        return "It puts something that is no cell among the cells of the room."
    if kind is Kind.OUTPUTS:
        are_outputs = item.kind in (ANY, JSON) and all(map(_is_output, values_of(update, item)))
        return None if are_outputs else "It puts something that is no output among the outputs of a cell."
    if kind is Kind.OUTPUT:
        return None if _is_fit_for_output(key, item, update) else f"The '{key}' of an output cannot be that."
    if kind is Kind.CELL and key == "cell_type":
        value = _only_value(item, update)
        return None if isinstance(value, str) and value in CELL_TYPES else "It gives a cell a type that there is not."
    if wanted is not None:
        return f"The '{key}' of the {kind.words} cannot be that."
    return None


def _is_fit_for_output(key: str | None, item: Item, update: bytes) -> bool:
    if key == "output_type":
        return _is_output_type(_only_value(item, update))
    return key != "text" or _is_text(_only_value(item, update))


def _only_value(item: Item, update: bytes) -> Any:
    values = values_of(update, item)
    return values[0] if len(values) == 1 and isinstance(values[0], str | list) else None


def _is_text(value: object) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(isinstance(line, str) for line in value)
    return isinstance(value, str)


def _is_output_type(value: object) -> bool:
    return isinstance(value, str) and value in OUTPUT_TYPES


def _is_output(value: object) -> bool:
    if not isinstance(value, Mapping) or not _is_output_type(value.get("output_type")):
        return False
    return value["output_type"] != "stream" or _is_text(value.get("text"))

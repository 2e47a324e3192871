"""Completion of names alone, for people who may run cells but not write any: kernels complete files, too."""

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["name_before", "only_names"]

NAME_AT_THE_END = re.compile(r"[^\W\d]\w*(\.\w+)*\.?\Z")

NAME = re.compile(r"\.?[^\W\d]\w*(\.[^\W\d]\w*)*[=!]?")
"""A match that may be a name; kernels end arguments with ``=``, and some names with ``!``."""

TYPES = "_jupyter_types_experimental"
"""Where kernels of Python say of each match what it is."""

NO_NAMES = frozenset(["path", "<unknown>"])


def name_before(code: str, cursor_pos: int) -> str:
    """The name before the cursor, with dots; without what stands before it, which could make it that of a file."""
    found = NAME_AT_THE_END.search(code[:cursor_pos])
    return "" if found is None else found[0]


def only_names(reply: Mapping[str, Any], offset: int) -> dict[str, Any]:
    """A complete reply about a name that stands at ``offset``, without matches that are no names."""
    metadata = reply.get("metadata")
    types = metadata.get(TYPES) if isinstance(metadata, Mapping) else None
    others = {match.get("text") for match in types or () if match.get("type") in NO_NAMES}
    return {
        **reply,
        "matches": [match for match in reply.get("matches", ()) if NAME.fullmatch(match) and match not in others],
        "cursor_start": reply.get("cursor_start", 0) + offset,
        "cursor_end": reply.get("cursor_end", 0) + offset,
        "metadata": {},
    }

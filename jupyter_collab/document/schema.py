"""What nbformat 4.5 demands of ids, counts and the metadata that it knows; everything else in metadata is free.

A rule answers the valid part of a value, or ``None`` for what is to be left out.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["CELL_METADATA", "NOTEBOOK_METADATA", "TRUSTED", "Rule", "valid_count", "valid_id", "valid_metadata"]

TRUSTED = "trusted"
"""The key of a cell's metadata that is never part of the shared document: trust is each viewer's own."""

CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

Rule = Callable[[Any], Any]


def valid_id(value: object) -> str | None:
    """``value`` if it is an id that a cell may have."""
    return value if isinstance(value, str) and CELL_ID.fullmatch(value) else None


def valid_count(value: object) -> int | None:
    """``value`` if it is an execution count."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def valid_metadata(metadata: Mapping[str, Any], rules: Mapping[str, Rule]) -> dict[str, Any]:
    """``metadata`` without what nbformat would find invalid in them."""
    valid = {}
    for key, value in metadata.items():
        kept = rules[key](value) if key in rules else value
        if key not in rules or kept is not None:
            valid[key] = kept
    return valid


def _only(kind: type) -> Rule:
    return lambda value: value if isinstance(value, kind) else None


def _tags(value: Any) -> list[str] | None:
    if not isinstance(value, list):
        return None
    return list(dict.fromkeys(tag for tag in value if isinstance(tag, str) and tag and "," not in tag))


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and value and "\n" not in value else None


def _times(value: Any) -> dict[str, str] | None:
    return {key: time for key, time in value.items() if isinstance(time, str)} if isinstance(value, dict) else None


def _never(value: Any) -> None:
    return None


def _kernelspec(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    name = value.get("name") if isinstance(value.get("name"), str) else ""
    display_name = value.get("display_name") if isinstance(value.get("display_name"), str) else name
    return {**value, "name": name, "display_name": display_name}


def _language_info(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    return {"name": "", **valid_metadata(value, LANGUAGE_INFO)}


LANGUAGE_INFO: dict[str, Rule] = {
    "name": _only(str),
    "file_extension": _only(str),
    "mimetype": _only(str),
    "pygments_lexer": _only(str),
    "codemirror_mode": lambda value: value if isinstance(value, str | dict) else None,
}

ANY_CELL_METADATA: dict[str, Rule] = {TRUSTED: _never, "jupyter": _only(dict), "name": _name, "tags": _tags}

CELL_METADATA: dict[str, dict[str, Rule]] = {
    "markdown": ANY_CELL_METADATA,
    "raw": {**ANY_CELL_METADATA, "format": _only(str)},
    "code": {
        **ANY_CELL_METADATA,
        "collapsed": _only(bool),
        "execution": _times,
        "scrolled": lambda value: value if isinstance(value, bool) or value == "auto" else None,
    },
}
"""The rules for the metadata of each type of cell."""

NOTEBOOK_METADATA: dict[str, Rule] = {
    "authors": _only(list),
    "kernelspec": _kernelspec,
    "language_info": _language_info,
    "orig_nbformat": lambda value: valid_count(value) or None,
    "title": _only(str),
}

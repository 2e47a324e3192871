"""Spans of time as people write them."""

import re
from datetime import timedelta

__all__ = ["seconds_of"]

UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds_of(span: str | timedelta | None) -> int | None:
    """A span of time in seconds: ``"90s"``, ``"30m"``, ``"2h"``, ``"7d"``, ``"1w"``, a timedelta, or ``None``.

    Raises
    ------
    ValueError
        For anything else.
    """
    if span is None:
        return None
    if isinstance(span, timedelta):
        return round(span.total_seconds())
    found = re.fullmatch(r"(\d{1,9})\s*([smhdw])", span.strip().lower(), re.ASCII)
    if found is None:
        raise ValueError(f"{span!r} is no span of time; write for instance 30m, 2h, 7d or 1w.")
    return int(found[1]) * UNIT_SECONDS[found[2]]

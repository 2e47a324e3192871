"""Updates for others, in few messages."""

import logging
from collections.abc import Iterator, Sequence

from pycrdt import merge_updates

from ..background import is_failure

__all__ = ["MAX_MERGED_UPDATES", "merged"]

log = logging.getLogger(__name__)

MAX_MERGED_UPDATES = 500
"""Merging costs the square of their number; this many take a few milliseconds."""


def merged(updates: Sequence[bytes]) -> Iterator[bytes]:
    """Yield as few updates as merge quickly, which say what ``updates`` say, in their order."""
    for start in range(0, len(updates), MAX_MERGED_UPDATES):
        part = updates[start : start + MAX_MERGED_UPDATES]
        if len(part) == 1:
            yield part[0]
            continue
        try:
            whole = merge_updates(*part)
        except BaseException as error:
            if not is_failure(error):
                raise
            log.exception("yrs cannot merge %s updates; they are sent one by one.", len(part))
            yield from part
        else:
            yield whole

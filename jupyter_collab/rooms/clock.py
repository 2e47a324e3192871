"""The time that is written into documents."""

import time

__all__ = ["now_ms"]


def now_ms() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)

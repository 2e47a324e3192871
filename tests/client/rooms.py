"""Rooms joined at a scripted server."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from jupyter_collab.client import AsyncRoom, connect_async

from .doubles import QUICK, TOKEN, ScriptedServer


@contextlib.asynccontextmanager
async def joined(server: ScriptedServer, **options: Any) -> AsyncIterator[AsyncRoom]:
    """A joined room; what it could not save at the end is the test's own affair."""
    room = await connect_async("demo", server.server.url, TOKEN, **{"backoff": QUICK, **options})
    try:
        yield room
    finally:
        await room._core.close_after_failure(0.2)

"""Somebody in a room, in a process of their own: ``python -m tests.attack.sitter WS_URL ROOM TOKEN``.

Shows presence, and adds ``", later"`` to the first text that others write.
"""

import asyncio
import sys
from types import SimpleNamespace
from typing import cast

from ..peers import RawClient
from ..servers import RunningServer

__all__: list[str] = []


async def _sit(ws_url: str, room: str, token: str) -> None:
    server = SimpleNamespace(ws_url=ws_url, headers={"Authorization": f"token {token}"})
    async with RawClient([cast(RunningServer, server)], room, "sitter") as sitter:
        sitter.present({"cursor": {"cell": "x"}})
        await sitter.joined(seconds=60)
        read = asyncio.Event()
        sitter.on_remote = lambda: read.set() if sitter.text else None
        await read.wait()
        sitter.write(", later")
        await asyncio.Event().wait()  # until it is killed


if __name__ == "__main__":
    asyncio.run(_sit(*sys.argv[1:]))

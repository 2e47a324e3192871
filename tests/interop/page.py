"""The extension's own room, without a browser: ``labextension/test/page.ts`` in a Node process."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ..peers import eventually
from ..servers import REPOSITORY, RunningServer
from .npm import NpmPeer, node_path

__all__ = ["Page", "build_page"]

LABEXTENSION = REPOSITORY / "labextension"
PROGRAM = LABEXTENSION / "build" / "page.js"
BUILD_SECONDS = 110


def build_page(path: str) -> None:
    """Compile the extension's sources and the driver, after installing what that needs, if they are not compiled."""
    if _is_built():
        return
    npm = shutil.which("npm", path=path)
    assert npm is not None
    scripts = [] if (LABEXTENSION / "node_modules").exists() else [["ci", "--no-audit", "--no-fund"]]
    for arguments in [*scripts, ["run", "build:test"]]:
        done = subprocess.run(
            [npm, *arguments, "--loglevel=error"],
            cwd=LABEXTENSION,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
        assert done.returncode == 0, f"npm {arguments[0]} failed:\n{done.stdout}\n{done.stderr}"


def _is_built() -> bool:
    sources = (path for folder in ("src", "test") for path in (LABEXTENSION / folder).rglob("*.ts"))
    return PROGRAM.exists() and PROGRAM.stat().st_mtime > max(path.stat().st_mtime for path in sources)


class Page(NpmPeer):
    """A page that has a room open. Use :meth:`open`."""

    @classmethod
    @asynccontextmanager
    async def open(cls, server: RunningServer, room: str, *role: str) -> AsyncIterator["Page"]:
        """Open a page; it is closed at the end."""
        node = shutil.which("node", path=node_path())
        assert node is not None
        process = await asyncio.create_subprocess_exec(
            node,
            str(PROGRAM),
            server.url,
            server.token,
            room,
            *role,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # yjs's warnings about JupyterLab's documents
            limit=2**24,
        )
        page = cls(process)
        try:
            yield page
        finally:
            await page._leave()

    async def becomes(self, kind: str) -> dict[str, Any]:
        """Wait until the room's status is of that kind; answers it."""

        async def status() -> dict[str, Any] | None:
            now: dict[str, Any] = await self.ask("status")
            return now if now["kind"] == kind else None

        said = await eventually(status, f"the page is {kind}; it said {self.events}")
        assert said is not None
        return said

    async def synced(self) -> None:
        """Wait until everything typed here is durable."""
        await self.becomes("synced")

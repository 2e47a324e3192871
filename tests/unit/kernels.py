"""Designed doubles: kernels that do what a test tells them, and a host that starts them."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from jupyter_collab.access import Capability, UserKind
from jupyter_collab.errors import KernelDied, KernelFailed
from jupyter_collab.kernels.contract import KernelSpec, KernelSpecs, OnMessage
from jupyter_collab.kernels.limits import KernelLimits
from jupyter_collab.kernels.notebook import require_spec
from jupyter_collab.kernels.room_kernel import RoomKernel
from jupyter_collab.kernels.room_kernels import RoomKernels
from jupyter_collab.rooms import RoomManager
from jupyter_collab.store import SQLStore
from jupyter_collab.workers import Workers, WorkLimits

from .doubles import serving, user
from .scenarios import LOOK_SECONDS, UNTIL_SECONDS

__all__ = ["Cells", "ScriptedHost", "ScriptedKernel", "eventually", "running"]

Seen = TypeVar("Seen")

SPECS = KernelSpecs(
    "python3",
    {
        "python3": KernelSpec("python3", "Python 3", "python"),
        "ir": KernelSpec("ir", "R", "R"),
    },
)


class ScriptedKernel:
    """Runs sources that say what it is to do, one command a line.

    ``print TEXT``, ``show ID TEXT``, ``update ID TEXT``, ``ask PROMPT``, ``wait`` (for :meth:`go_on`), ``fail``;
    an interrupt fails a cell that waits. ``reply JSON`` puts an entry into the payload of the reply.
    """

    def __init__(self, kernel_id: str, name: str) -> None:
        self.id = kernel_id
        self.name = name
        self.status = "idle"
        self.on_status: Callable[[str], None] = lambda status: None
        self.sources: list[str] = []
        self.answers: list[str] = []
        self.is_shut_down = False
        self.is_closed = False
        self.fails_to_restart = False
        self._waiting: asyncio.Future[str] | None = None

    async def execute(self, source: str, on_message: OnMessage, *, allow_stdin: bool) -> dict[str, Any]:
        self.sources.append(source)
        self.set_status("busy")
        payload: list[Any] = []
        try:
            for line in source.splitlines():
                command, _, rest = line.partition(" ")
                if command == "reply":
                    payload.append(json.loads(rest))
                await self._do(command, rest, on_message)
        except RuntimeError as error:
            self.set_status("idle")
            on_message("error", {"ename": str(error), "evalue": "", "traceback": [str(error)]})
            return {"status": "error", "ename": str(error), "payload": payload}
        self.set_status("idle")
        return {"status": "ok", "payload": payload}

    async def _do(self, command: str, rest: str, on_message: OnMessage) -> None:
        match command:
            case "print":
                on_message("stream", {"name": "stdout", "text": rest + "\n"})
            case "show" | "update":
                display_id, _, text = rest.partition(" ")
                bundle = {"data": {"text/plain": text}, "metadata": {}, "transient": {"display_id": display_id}}
                on_message("display_data" if command == "show" else "update_display_data", bundle)
            case "ask":
                on_message("input_request", {"prompt": rest, "password": False})
                self.answers.append(await self._wait())
            case "wait":
                await self._wait()
            case "fail":
                raise RuntimeError("ValueError")

    async def _wait(self) -> str:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            return await self._waiting
        finally:
            self._waiting = None

    @property
    def waits(self) -> bool:
        """Whether a cell waits."""
        return self._waiting is not None

    def go_on(self, answer: str = "") -> None:
        """Let the cell that waits go on."""
        assert self._waiting is not None
        self._waiting.set_result(answer)

    def _stop(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)

    def set_status(self, status: str) -> None:
        self.status = status
        self.on_status(status)

    def die(self, *, restarts: bool) -> None:
        """The process ends."""
        self._stop(KernelDied("It ended."))
        self.set_status("restarting" if restarts else "dead")
        if restarts:
            self.set_status("idle")

    def answer_input(self, value: str) -> None:
        self.go_on(value)

    async def interrupt(self) -> None:
        self._stop(RuntimeError("KeyboardInterrupt"))

    async def restart(self) -> None:
        self.set_status("restarting")
        self._stop(KernelDied("It was restarted."))
        if self.fails_to_restart:
            raise KernelFailed("It did not restart.")
        await asyncio.sleep(0)
        self.set_status("idle")

    async def shutdown(self) -> None:
        self._stop(KernelDied("It was shut down."))
        self.is_shut_down = True

    async def complete(self, code: str, cursor_pos: int) -> dict[str, Any]:
        return {"matches": [code], "cursor_start": 0, "cursor_end": cursor_pos}

    async def inspect(self, code: str, cursor_pos: int, detail_level: int) -> dict[str, Any]:
        return {"found": True, "data": {"text/plain": code}}

    async def close(self) -> None:
        self.is_closed = True


class ScriptedHost:
    """Starts :class:`ScriptedKernel`; ``error`` is why it cannot, ``may_start`` lets it."""

    def __init__(self, server: str = "one") -> None:
        self.server = server
        self.started: list[ScriptedKernel] = []
        self.error: Exception | None = None
        self.may_start = asyncio.Event()
        self.may_start.set()
        self.found: Mapping[str, ScriptedKernel] = {}

    @property
    def kernel(self) -> ScriptedKernel:
        """The kernel that was started last."""
        return self.started[-1]

    async def specs(self) -> KernelSpecs:
        return SPECS

    async def find(self, room_id: str) -> ScriptedKernel | None:
        return self.found.get(room_id)

    async def start(self, room_id: str, title: str, name: str) -> ScriptedKernel:
        require_spec(SPECS, name)
        await self.may_start.wait()
        if self.error is not None:
            raise self.error
        self.started.append(ScriptedKernel(f"k{len(self.started) + 1}", name))
        return self.started[-1]


class Cells:
    """The room ``demo`` with its kernels, as one who runs cells sees it."""

    def __init__(self, manager: RoomManager, host: ScriptedHost, kernels: RoomKernels) -> None:
        self.manager = manager
        self.host = host
        self.kernels = kernels
        self.may: dict[str, set[Capability]] = defaultdict(lambda: {Capability.RUN, Capability.EDIT})
        self.asking_fails: Exception | None = None

    def kernel(self) -> AbstractAsyncContextManager[RoomKernel]:
        """The room's kernel, to be asked for something."""
        return self.kernels.of("demo")

    async def put(self, *sources: str) -> None:
        """Make the room's cells c0, c1 and so on."""
        cells = [
            {"id": f"c{number}", "cell_type": "code", "source": source, "metadata": {}, "outputs": []}
            for number, source in enumerate(sources)
        ]
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        await self.manager.edit("demo", lambda document: document.set_notebook(notebook), user("ada"))

    async def run(
        self, *cells: str, by: str = "ada", hashes: Mapping[str, str] | None = None, kind: UserKind = UserKind.SERVER
    ) -> list[int]:
        """Run cells, or all, which have ``hashes`` before the asker's eyes; answers the runs' numbers."""
        async with self.kernel() as kernel:
            runs = await kernel.runs.add(cells or "all", user(by, kind), partial(self._ask_whether_may, by), hashes)
        return [run.number for run in runs]

    async def _ask_whether_may(self, name: str, capability: Capability) -> bool:
        if self.asking_fails is not None:
            raise self.asking_fails
        return capability in self.may[name]

    async def sources(self) -> list[str]:
        """The text of each cell, in order."""
        return [cell["source"] for cell in (await self.manager.read("demo")).cells]

    async def state(self) -> Any:
        async with self.kernel() as kernel:
            return kernel.state

    async def until(self, condition: Callable[[Any], object]) -> Any:
        """Wait until the state is as wanted."""
        return await eventually(self.state, condition)

    async def until_done(self) -> Any:
        return await self.until(lambda state: not state["queue"])

    async def until_waits(self) -> ScriptedKernel:
        """Wait until a cell waits for the test; answers the kernel."""
        await self.until(lambda state: self.host.started and self.host.kernel.waits)
        return self.host.kernel

    async def text(self, cell_id: str) -> str:
        """What a cell shows."""
        cell = (await self.manager.read("demo")).cell(cell_id)
        return "".join(
            output.get("text") or output.get("data", {}).get("text/plain") or output.get("ename", "") + "\n"
            for output in cell["outputs"]
        )

    async def info(self, cell_id: str) -> Any:
        """What a cell says about its newest run."""
        metadata = (await self.manager.read("demo")).cell(cell_id)["metadata"]
        return metadata.get("jupyter_collab", {}).get("run")

    async def history(self) -> list[tuple[str, str]]:
        """The cells that were run, oldest first, and how that ended, as soon as all have."""
        runs = await eventually(
            lambda: self.manager.store.list_runs("demo", 100), lambda runs: all(run.ended_at for run in runs)
        )
        return [(run.cell_id, run.status) for run in reversed(runs)]


async def eventually(ask: Callable[[], Awaitable[Seen]], condition: Callable[[Seen], object]) -> Seen:
    """What ``ask`` answers once that is as wanted; fail if it does not come true in time."""
    deadline = asyncio.get_running_loop().time() + UNTIL_SECONDS
    while not condition(seen := await ask()):
        assert asyncio.get_running_loop().time() < deadline, seen
        await asyncio.sleep(LOOK_SECONDS)
    return seen


@asynccontextmanager
async def running(
    store: SQLStore, host: ScriptedHost | None = None, limits: KernelLimits | None = None, idle_seconds: float = 60.0
) -> AsyncIterator[Cells]:
    """A server process whose rooms have kernels of ``host``."""
    host = host or ScriptedHost()
    async with serving(store, idle_seconds=idle_seconds) as manager:
        kernels = RoomKernels(manager, host, Workers(WorkLimits()), limits)
        manager.watchers.append(kernels)
        try:
            yield Cells(manager, host, kernels)
        finally:
            await kernels.close()

"""One run of a cell, while the kernel works on it."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ..document import source_hash
from ..rooms import RoomManager
from .cell_outputs import CellOutputs
from .contract import Kernel
from .next_input import put_input
from .payload import read_payload
from .room_outputs import RoomOutputs
from .run_queue import Run
from .state import InputWanted, RunInfo

__all__ = ["Execution"]

NOTHING: Mapping[str, Any] = {"status": "ok"}
"""What is taken for the reply to a cell without code, which the kernel would give a number for nothing."""


class Execution:
    """Has ``run`` executed. What the kernel says goes to ``outputs``, or to ``on_input`` if it asks for input.

    Attributes
    ----------
    status
        How it ended: ``ok``, ``error``, or ``aborted`` as long as the kernel has not told.
    reply
        The content of the kernel's reply; empty without one.
    ends_kernel
        Whether the code asks for the kernel's end.
    """

    def __init__(
        self, run: Run, room_id: str, rooms: RoomManager, outputs: RoomOutputs, on_input: Callable[[InputWanted], None]
    ) -> None:
        self.status = "aborted"
        self.reply: Mapping[str, Any] = {}
        self.ends_kernel = False
        self._run = run
        self._room_id = room_id
        self._rooms = rooms
        self._outputs = outputs
        self._on_input = on_input

    async def perform(self, kernel: Kernel) -> None:
        """Run what was in the cell when that was asked for; raises ``KernelDied``. The cell says how it ended."""
        info = _run_info(self._run)
        cell = self._outputs.begin(self._run, info)
        began = time.monotonic()
        try:
            await self._run_on(kernel, cell)
        finally:
            seconds = round(time.monotonic() - began, 3)
            self._outputs.end(cell, {**info, "seconds": seconds, "status": self.status})

    async def _run_on(self, kernel: Kernel, cell: CellOutputs) -> None:
        source = self._run.code.source
        if source.strip():
            self.reply = await kernel.execute(source, partial(self._take, cell), allow_stdin=True)
        else:
            self.reply = NOTHING
        self.status = str(self.reply.get("status", "error"))
        payload = read_payload(self.reply)
        for content in payload.shown:
            self._take(cell, "display_data", content)
        if payload.next_input is not None:
            for content in await put_input(self._rooms, self._room_id, self._run, payload.next_input):
                self._take(cell, "display_data", content)
        self.ends_kernel = payload.ends_kernel

    def _take(self, cell: CellOutputs, msg_type: str, content: Mapping[str, Any]) -> None:
        """A message of the kernel, during the run or later: threads go on when the cell has ended."""
        if msg_type != "input_request":
            self._outputs.take(cell, msg_type, content)
        elif self._outputs.is_newest(cell):
            prompt, password = str(content.get("prompt", "")), bool(content.get("password", False))
            self._on_input({"run": self._run.number, "cell": self._run.cell_id, "prompt": prompt, "password": password})


def _run_info(run: Run) -> RunInfo:
    return {
        "by": run.user.display_name,
        "username": run.user.username,
        "kind": run.user.kind.value,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "status": "running",
        "hash": source_hash(run.code.source),
    }

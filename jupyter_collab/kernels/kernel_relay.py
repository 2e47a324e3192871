"""What a room's kernel does, between servers: the one that has the kernel tells, and the others show it."""

import asyncio
import json
import logging
from functools import partial
from typing import Any

from ..background import Background
from ..backplane import MAX_MESSAGE_BYTES
from ..rooms import RoomManager
from ..store import ServerMessage
from .board import Board
from .kernel_lease import ELSEWHERE
from .state import KernelState, QueuedRun

__all__ = ["TOPIC", "KernelRelay"]

log = logging.getLogger(__name__)

TOPIC = "kernel"
"""What messages of these are about; one that says nothing asks what the kernel does."""

REPEAT_SECONDS = 5.0
SILENT_SECONDS = 15.0
"""How often it is said again, and after how long without a word nothing is shown of a kernel any more."""

MAX_RUNS_SAID = 200
"""So many of the runs that wait are told to other servers."""


class KernelRelay:
    """Tells other servers what ``board`` shows of the kernel of the room ``room_id``, or lets it show what they say.

    The store says which server to believe.
    """

    def __init__(self, room_id: str, rooms: RoomManager, board: Board) -> None:
        self._room_id = room_id
        self._rooms = rooms
        self._board = board
        self._believed: str | None = None
        self._has_said = self._is_closed = False
        self._turns = asyncio.Lock()
        self._repeating: asyncio.TimerHandle | None = None
        self._forgetting: asyncio.TimerHandle | None = None
        self._background = Background(f"what other servers say of the kernel of room {room_id}")
        board.on_announced = self._announced

    async def close(self) -> None:
        """Say and hear nothing any more."""
        self._is_closed = True
        self._board.on_announced = None
        await self._background.close()

    def ask(self) -> None:
        """Ask the server that has the kernel, if there is one, what it does."""
        if not self._board.has_kernel:
            self._rooms.say(self._room_id, TOPIC)

    def _announced(self) -> None:
        """Tell what people here were told, if it is about a kernel of this server, and anybody is elsewhere."""
        if (self._board.has_kernel or self._has_said) and self._rooms.has_others(self._room_id):
            self._say()
            if self._repeating is None:
                self._repeating = self._background.later(REPEAT_SECONDS, "saying it again", self._repeat)

    def _repeat(self) -> None:
        self._repeating = None
        if self._board.has_kernel:
            self._announced()

    def _say(self) -> None:
        self._has_said = self._board.has_kernel
        state = self._board.state
        queue = state["queue"][:MAX_RUNS_SAID]
        while len(data := _said(state["kernel"], queue)) > MAX_MESSAGE_BYTES:  # of long names only the first are told
            queue = queue[: len(queue) // 2]
        self._rooms.say(self._room_id, TOPIC, data)

    def hear(self, message: ServerMessage) -> None:
        """Another server says what its kernel does, or asks."""
        if self._is_closed:
            return
        if not message.data:
            if self._board.has_kernel:
                self._say()
        elif not self._board.has_kernel:
            self._background.run("hearing", partial(self._take, message))

    async def _take(self, message: ServerMessage) -> None:
        try:
            state = _read(message.data)
        except (ValueError, TypeError, LookupError) as error:
            log.warning("Room %s: %s says something about its kernel: %s", self._room_id, message.server, error)
            return
        async with self._turns:  # what was said last counts
            if message.server != self._believed:
                lease = await self._rooms.store.kernel_lease(self._room_id)
                self._believed = None if lease is None else lease.server
            if message.server == self._believed and not self._board.has_kernel:
                self._show(state)

    def _show(self, state: KernelState) -> None:
        if state["kernel"] is None:
            self.forget()
            self._board.take_back(ELSEWHERE)
            return
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._forgetting = self._background.later(SILENT_SECONDS, "forgetting", self.forget)
        self._board.kernel_elsewhere(state)

    def forget(self) -> None:
        """Show nothing of a kernel elsewhere, and ask the store again which server to believe.

        Of a server that is not heard of any more the store still says that the kernel is there, and so do people hear.
        """
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None
        self._believed = None
        self._board.kernel_elsewhere(None)


def _said(kernel: object, queue: list[QueuedRun]) -> bytes:
    return json.dumps({"kernel": kernel, "queue": queue}, ensure_ascii=False).encode(errors="replace")


def _read(data: bytes) -> KernelState:
    """What another server says; ``ValueError``, ``TypeError`` or ``LookupError`` if this version cannot tell."""
    said = json.loads(data)
    kernel: Any = said["kernel"]
    return {
        "kernel": None
        if kernel is None
        else {
            "id": str(kernel["id"]),
            "name": str(kernel["name"]),
            "display_name": str(kernel["display_name"]),
            "language": str(kernel["language"]),
            "status": str(kernel["status"]),
        },
        "message": ELSEWHERE,
        "queue": [
            {
                "run": int(run["run"]),
                "cell": str(run["cell"]),
                "by": {
                    "username": str(run["by"]["username"]),
                    "display_name": str(run["by"]["display_name"]),
                    "kind": str(run["by"]["kind"]),
                },
                "state": "running" if run["state"] == "running" else "queued",
            }
            for run in said["queue"]
        ],
        "input": None,
    }

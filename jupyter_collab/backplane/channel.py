"""Messages between servers, through a table of the store that all of them look at again and again."""

import asyncio
import logging
import time
from collections import deque
from contextlib import suppress

from ..background import Background
from ..errors import StoreError
from ..store import ServerMessage, Store
from .contract import EVERYWHERE, MAX_MESSAGE_BYTES, MessageListener

__all__ = ["StoreChannel"]

log = logging.getLogger(__name__)

KEPT_SECONDS = 60.0
"""A message is dropped when some server has known of it for so long."""

MAX_WAITING = 1_000
"""So many messages wait to be written; the oldest beyond that are lost."""


LAST_SECONDS = 2.0
"""How long a server that stops waits until its last messages are written."""


class StoreChannel:
    """The messages of the server with the id ``server``, written at most every ``interval_seconds``.

    Others are read by :meth:`read`, in one look for all rooms. A position in the order of all messages says what this
    server has read. Nobody's clock is compared with another's: each server drops what it knew of ``KEPT_SECONDS`` ago.
    """

    def __init__(self, store: Store, server: str, interval_seconds: float) -> None:
        self._store = store
        self._server = server
        self._interval_seconds = interval_seconds
        self._listeners: dict[str, MessageListener] = {}
        self._waiting: deque[ServerMessage] = deque(maxlen=MAX_WAITING)
        self._position: int | None = None
        self._rests = 0
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._known: deque[tuple[float, int]] = deque()
        self._is_failing = self._is_closed = False
        self._background = Background("messages to other servers")

    @property
    def is_wanted(self) -> bool:
        """Whether somebody here wants to hear of a room."""
        return bool(self._listeners.keys() - {EVERYWHERE})

    def subscribe(self, room_id: str, listener: MessageListener) -> None:
        """See :class:`~.contract.Backplane`."""
        self._listeners[room_id] = listener
        if self._position is None and self.is_wanted:
            self._may_write.clear()  # what others answer must come behind where this server begins to read

    def unsubscribe(self, room_id: str) -> None:
        """See :class:`~.contract.Backplane`."""
        self._listeners.pop(room_id, None)

    def publish(self, room_id: str, topic: str, data: bytes) -> None:
        """See :class:`~.contract.Backplane`."""
        if len(data) > MAX_MESSAGE_BYTES:
            raise ValueError(f"A message between servers has at most {MAX_MESSAGE_BYTES} bytes, this one {len(data)}.")
        if self._is_closed:
            return
        self._waiting.append(ServerMessage(room_id, topic, self._server, data))
        self._background.run_once("writing", self._write)

    async def _write(self) -> None:
        """Write what waits, and what comes meanwhile. What the store does not take is lost."""
        while self._waiting:
            await self._may_write.wait()
            await self._write_now()
            await asyncio.sleep(self._interval_seconds)

    async def _write_now(self) -> None:
        messages = tuple(self._waiting)
        self._waiting.clear()
        try:
            self._note(await self._store.add_messages(messages, self._outdated()))
        except StoreError as error:
            if not self._is_failing:
                log.warning("Other servers do not hear from this one: %s", error)
            self._is_failing = True
        else:
            self._is_failing = False

    def _note(self, position: int) -> None:
        """Remember when the position was reached."""
        if not self._known or position > self._known[-1][1]:
            self._known.append((time.monotonic(), position))

    def _outdated(self) -> int:
        """The position up to which nobody needs the messages any more."""
        outdated = 0
        while self._known and self._known[0][0] < time.monotonic() - KEPT_SECONDS:
            outdated = self._known.popleft()[1]
        return outdated

    async def read(self) -> None:
        """Tell the listeners what others said since the last time; the first time, and after a rest, nothing."""
        rests = self._rests
        if self._position is None:
            position = await self._store.last_message()
            if rests != self._rests:
                return
            self._position = position
            self._may_write.set()
        room_ids = tuple(self._listeners)
        if not room_ids:
            return
        messages, position = await self._store.messages(room_ids, self._position, reader=self._server)
        if rests != self._rests:
            return
        self._position = position
        self._note(position)
        for message in messages:
            if (listener := self._listeners.get(message.room_id)) is not None:
                with self._background.boundary(f"a message about {message.topic} of room {message.room_id}"):
                    listener(message)

    def rest(self) -> None:
        """Nobody reads for a while: what is said meanwhile is not to be heard later."""
        self._rests += 1
        self._position = None
        self._may_write.set()

    async def close(self) -> None:
        """Write what waits, if the store takes it, and end; what is published later is lost."""
        self._is_closed = True
        if self._waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._write_now(), LAST_SECONDS)
        await self._background.close()

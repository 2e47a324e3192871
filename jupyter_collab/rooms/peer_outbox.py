"""A peer's outgoing queue: sent at once while the peer keeps up, else merged; beyond a limit the peer is closed."""

import logging
from collections.abc import Callable
from typing import Protocol

from ..errors import CloseCode, CollabError, SlowReader
from ..protocol import Update, build
from .fanout import MAX_MERGED_UPDATES, merged

__all__ = ["PeerOutbox", "Transport"]

log = logging.getLogger(__name__)


class Transport(Protocol):
    """A connection, as far as a room needs to know it. Nothing here blocks or raises when the peer is gone."""

    def send(self, message: bytes) -> bool:
        """Send one message; returns whether the connection can take another right away."""

    def on_drained(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, as soon as all that was sent has left."""

    def close(self, code: CloseCode, reason: str) -> None:
        """Close the connection; a second call does nothing."""


class PeerOutbox:
    """Sends to one peer, in order.

    While the transport is busy, updates wait and merge, so that a peer that falls behind is owed one message and not
    a thousand. ``on_ready`` is called when it has caught up, ``on_failed`` when nothing more can be sent: if the
    transport failed, or more than ``max_bytes`` wait, which is a :class:`~jupyter_collab.errors.SlowReader`. The
    document, which may be larger than that, does not count while it waits, but once.
    """

    def __init__(
        self,
        transport: Transport,
        max_bytes: int,
        on_ready: Callable[[], None],
        on_failed: Callable[[CollabError], None],
    ) -> None:
        self._transport = transport
        self._max_bytes = max_bytes
        self._on_ready = on_ready
        self._on_failed = on_failed
        self._busy = False
        self._closed = False
        self._messages: list[bytes] = []
        self._updates: list[bytes] = []
        self._waiting_bytes = 0
        self._waiting_document: bytes | None = None

    @property
    def busy(self) -> bool:
        """Whether something sent before has not left yet."""
        return self._busy

    @property
    def waiting_bytes(self) -> int:
        """How much waits for the transport."""
        return self._waiting_bytes

    def send(self, message: bytes) -> None:
        """Send ``message``, after everything before it."""
        if self._closed:
            return
        if self._busy:
            self._merge()
            self._messages.append(message)
            self._wait_for(len(message))
        else:
            self._send_now(message)

    def send_document(self, message: bytes) -> None:
        """Send ``message``, which answers what the document is; all who ask the same are sent the same one."""
        is_first = self._waiting_document is None
        if not self._busy or not is_first:
            self.send(message)
        elif not self._closed:
            self._merge()
            self._messages.append(message)
            self._waiting_document = message

    def send_update(self, update: bytes, message: bytes) -> None:
        """Send ``update``, whose message, built once for all peers, is ``message``."""
        if self._closed:
            return
        if self._busy:
            self._updates.append(update)
            if len(self._updates) >= MAX_MERGED_UPDATES:
                self._merge()
            self._wait_for(len(update))
        else:
            self._send_now(message)

    def close(self) -> None:
        """Drop what waits, and whoever would be told of it."""
        self._closed = True
        self._on_ready = _do_nothing
        self._on_failed = _tell_nobody
        self._waiting_document = None
        self._messages.clear()
        self._updates.clear()
        self._waiting_bytes = 0

    def _send_now(self, message: bytes) -> None:
        try:
            has_left = self._transport.send(message)
        except Exception:  # the boundary of one peer: the others must get what they are owed
            log.exception("A connection failed.")
            on_failed = self._on_failed
            self.close()
            on_failed(CollabError("Your connection failed on the server, whose log says why. Reconnect."))
            return
        if not has_left:
            self._busy = True
            self._transport.on_drained(self._drained)

    def _wait_for(self, size: int) -> None:
        self._waiting_bytes += size
        if self._waiting_bytes > self._max_bytes:
            waiting, on_failed = self._waiting_bytes, self._on_failed
            self.close()
            on_failed(SlowReader(f"{waiting} bytes wait for you to read; reconnect to get what is missing."))

    def _merge(self) -> None:
        """Turn the waiting updates into one message."""
        if self._updates:
            self._messages += [build(Update(update)) for update in merged(self._updates)]
            self._updates = []

    def _drained(self) -> None:
        self._busy = False
        self._merge()
        waiting, self._messages, self._waiting_bytes = self._messages, [], 0
        for position, message in enumerate(waiting):
            self._send_now(message)
            if message is self._waiting_document:
                self._waiting_document = None
            if self._busy:
                self._messages = waiting[position + 1 :]
                self._waiting_bytes = sum(len(other) for other in self._messages if other is not self._waiting_document)
                return
        if not self._closed:
            self._on_ready()


def _do_nothing() -> None:
    """What follows when a closed outbox has caught up."""


def _tell_nobody(_error: CollabError) -> None:
    """What follows when a closed outbox fails."""

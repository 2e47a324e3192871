"""Connections with latency: in order each way, until they are cut."""

import asyncio
import random
from collections.abc import Callable

from jupyter_collab.errors import CloseCode

__all__ = ["Link"]

LATENCY_SECONDS = 0.05
INSTANT_SECONDS = 1e-6


class _Way:
    """One direction: every message arrives, after all that were sent before it."""

    def __init__(self, rng: random.Random, deliver: Callable[[bytes], None]) -> None:
        self._rng = rng
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._last_arrival = 0.0
        self._is_cut = False

    def send(self, data: bytes) -> None:
        self.later(lambda: self._deliver(data))

    def later(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when all that was sent before has arrived."""
        arrival = max(self._last_arrival + INSTANT_SECONDS, self._loop.time() + self._rng.random() * LATENCY_SECONDS)
        self._last_arrival = arrival
        self._loop.call_at(arrival, self._arrive, callback)

    def _arrive(self, callback: Callable[[], None]) -> None:
        if not self._is_cut:
            callback()

    def cut(self) -> None:
        self._is_cut = True


class Link:
    """A connection between a client and a server; the server sees it as a room's transport.

    ``on_message`` and ``on_closed(code)`` are the client's ends. ``inbox`` is the server's: messages, and ``None``
    when the server has found out that the connection has ended.
    """

    def __init__(
        self, rng: random.Random, on_message: Callable[[bytes], None], on_closed: Callable[[CloseCode | None], None]
    ) -> None:
        self.inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._on_closed = on_closed
        self._up = _Way(rng, self.inbox.put_nowait)
        self._down = _Way(rng, on_message)
        self._held: list[Callable[[], None]] | None = None
        self._drained: list[Callable[[], None]] = []
        self._is_closing = False

    # The client's end

    def tell_server(self, data: bytes) -> None:
        """Send a message to the server."""
        self._up.send(data)

    def cut(self, noticed_after: float) -> None:
        """The network fails: what is on its way is lost. The server notices so many seconds later."""
        self._up.cut()
        self._down.cut()
        asyncio.get_running_loop().call_later(noticed_after, self.inbox.put_nowait, None)

    # The server's end

    def send(self, message: bytes) -> bool:
        if self._is_closing:
            return True
        if self._held is not None:
            self._held.append(lambda: self._down.send(message))
            return False
        self._down.send(message)
        return True

    def on_drained(self, callback: Callable[[], None]) -> None:
        self._drained.append(callback)

    def close(self, code: CloseCode, reason: str) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        self.resume()
        self._down.later(lambda: self._on_closed(code))
        self.inbox.put_nowait(None)

    def die(self) -> None:
        """The server is killed; the client hears that the connection is gone."""
        self._up.cut()
        self._down.cut()
        self._is_closing = True
        self._held = None
        self._on_closed(None)

    # Back-pressure

    def stall(self) -> None:
        """The client does not read: what is sent from now on fills the socket."""
        if self._held is None:
            self._held = []

    def resume(self) -> None:
        """It reads again."""
        held, self._held = self._held, None
        for send in held or ():
            send()
        waiting, self._drained = self._drained, []
        for callback in waiting:
            callback()

"""Keeps a replica in touch with its room: one websocket after another."""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import anyio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from ...errors import CloseCode, CollabError, InvalidRoomId, NotSignedIn, ProtocolError, ServerUnreachable
from ...protocol import SUBPROTOCOL, AwarenessMessage, Hello, QueryAwareness, build, parse
from ...roles import Role, RoleName
from ..http.refusal import error_of_close
from ..http.server_access import Server
from .backoff import Backoff, Verdict, verdict_of
from .local_replica import LocalReplica, StartAnew
from .presence_states import PresenceStates

__all__ = ["Connection", "Status"]

Status = Literal["connecting", "synced", "saving", "offline", "not-saved", "in-deleted-cell", "refused"]

MAX_INCOMING_BYTES = 256 * 1024 * 1024
"""The longest message that we take from the server: a whole room, at a join."""

OPEN_SECONDS = 10.0
PING_SECONDS = 10.0
CLOSE_SECONDS = 2.0

RENEW_PRESENCE_SECONDS = 15.0
"""Yjs clients forget those that say nothing for 30 s."""

STEADY_SECONDS = 2.0
"""A connection that lasted so long was a good one: after it, the waits are short again."""

# The library says the request's headers at debug level, and they hold the token.
_transport_log = logging.getLogger(__name__ + ".transport")
_transport_log.setLevel(logging.INFO)
_log = logging.getLogger(__name__)


class Phase(Enum):
    """What a connection is doing."""

    CONNECTING = "connecting"
    ONLINE = "online"
    OFFLINE = "offline"
    REFUSED = "refused"
    CLOSED = "closed"


class _Connect(connect):
    """Opens a websocket and follows no redirect: it would lead to a login page, or the token to another server."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Connection:
    """Connects a replica to a room, again and again until it is closed or refused.

    Parameters
    ----------
    server, room_id, role
        Where to; ``role`` can only lower what the server grants.
    replica, presence
        What to keep in touch.
    on_status
        Called after :attr:`status`, or what goes with it, may have changed.
    """

    def __init__(
        self,
        server: Server,
        room_id: str,
        role: RoleName | None,
        replica: LocalReplica,
        presence: PresenceStates,
        on_status: Callable[[], None],
        backoff: Backoff | None = None,
    ) -> None:
        if role is not None and role not in list(Role):
            raise ValueError(f"There is no role {role!r}; use one of {', '.join(Role)}.")
        self._server = server
        self._room_id = room_id
        self._role = role
        self._replica = replica
        self._presence = presence
        self._on_status = on_status
        self._backoff = backoff or Backoff()
        self._phase = Phase.CONNECTING
        self._wake = asyncio.Event()
        self._presence_is_due = False
        self._was_joined = False
        self.error: CollabError | None = None

    @property
    def status(self) -> Status:
        """The state of the text, in one word."""
        if self._phase in (Phase.REFUSED, Phase.CLOSED):
            return "refused" if self._phase is Phase.REFUSED else "offline"
        if self._replica.not_saved is not None:
            return "not-saved"
        if self._phase is Phase.OFFLINE:
            return "offline"
        if self._phase is Phase.CONNECTING or self._replica.is_being_renewed:
            return "connecting"
        if self._replica.pending:
            return "saving"
        return "in-deleted-cell" if self._replica.has_late_edits else "synced"

    @property
    def is_online(self) -> bool:
        """Whether there is a connection over which the room was received."""
        return self._phase is Phase.ONLINE

    def wake(self) -> None:
        """There is something to send."""
        self._wake.set()

    def show_presence(self) -> None:
        """Our own presence changed, or others may have forgotten it."""
        self._presence_is_due = self._presence.visible
        self._wake.set()

    def close(self) -> None:
        """It was closed by us."""
        if self._phase is not Phase.REFUSED:
            self._enter(Phase.CLOSED)

    def refuse(self, error: CollabError) -> None:
        """There will be no connection any more, because of ``error``."""
        self.error = error
        self._enter(Phase.REFUSED)

    def _enter(self, phase: Phase) -> None:
        if self._phase is not phase:
            self._phase = phase
            self._on_status()

    async def run(self) -> None:
        """Stay connected until cancelled, or until the server refuses us for good (see :attr:`error`)."""
        failures = 0
        while self._phase is not Phase.REFUSED:
            began = asyncio.get_running_loop().time()
            verdict = await self._one_session()
            if verdict is Verdict.STOP:
                self._enter(Phase.REFUSED)
                return
            if self._was_joined:
                self._enter(Phase.OFFLINE)
            lasted = asyncio.get_running_loop().time() - began
            failures = 1 if lasted > STEADY_SECONDS else failures + 1
            if verdict is Verdict.RETRY or failures > 1:
                await asyncio.sleep(self._seconds_until_next(failures))

    def _seconds_until_next(self, failures: int) -> float:
        seconds = self._backoff.seconds(failures)
        is_too_much = self.error is not None and self.error.code == CloseCode.TOO_MANY_UPDATES
        return max(seconds, self._backoff.slow_down_seconds) if is_too_much else seconds

    async def _one_session(self) -> Verdict:
        try:
            await self._connect_once()
            verdict = Verdict.RETRY
        except StartAnew:
            verdict = Verdict.START_ANEW
        except ConnectionClosed as closed:
            verdict = self._judge_close(closed)
        except InvalidStatus as refused:
            verdict = self._judge_answer(refused.response.status_code, refused)
        except (OSError, TimeoutError, InvalidHandshake) as failed:
            verdict = self._judge_failure(failed)
        except (CollabError, WebSocketException) as broken:
            verdict = self._judge_breach(broken)
        finally:
            self._replica.disconnect()
            self._presence.leave()
        return verdict

    async def _connect_once(self) -> None:
        query = {"role": self._role or "", "epoch": self._replica.epoch or ""}
        options: dict[str, Any] = {"ssl": self._server.tls} if self._server.tls is not None else {}
        if self._server.is_local:
            options["proxy"] = None
        async with _Connect(
            self._server.room_url(self._room_id, query),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            additional_headers=self._server.headers,
            compression=None,
            open_timeout=OPEN_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            close_timeout=CLOSE_SECONDS,
            max_size=MAX_INCOMING_BYTES,
            logger=_transport_log,
            **options,
        ) as websocket:
            if websocket.subprotocol != SUBPROTOCOL:
                raise ProtocolError(f"The server does not speak {SUBPROTOCOL}.")
            await self._talk(websocket)

    async def _talk(self, websocket: ClientConnection) -> None:
        """Send and receive until one of the two ends, and raise what ended it."""
        ended: list[Exception] = []

        async def run(talking: Callable[[ClientConnection], Any]) -> None:
            try:
                await talking(websocket)
            except (ConnectionClosed, StartAnew, CollabError) as error:
                ended.append(error)
                both.cancel_scope.cancel()

        async with anyio.create_task_group() as both:
            both.start_soon(run, self._receive)
            both.start_soon(run, self._send)
        raise ended[0]

    async def _receive(self, websocket: ClientConnection) -> None:
        while True:
            data = await websocket.recv()
            if isinstance(data, str):
                raise ProtocolError("The server sent a text frame.")
            self._take(data)

    def _take(self, data: bytes) -> None:
        message = parse(data)
        match message:
            case AwarenessMessage(payload):
                self._presence.receive(payload)
            case QueryAwareness():
                self.show_presence()
            case _:
                self._replica.receive(message)
        if isinstance(message, Hello):
            self._presence.join(self._replica.client_id, message.info["user"])
            self.show_presence()
        if self._replica.is_in_sync and self._phase is not Phase.ONLINE:
            self._was_joined = True
            self.error = None
            self._enter(Phase.ONLINE)
        self._wake.set()

    async def _send(self, websocket: ClientConnection) -> None:
        while True:
            self._wake.clear()
            for data in self._replica.take_messages():
                await websocket.send(data)
            if self._presence_is_due and self._replica.hello is not None:
                self._presence_is_due = False
                await websocket.send(build(self._presence.message()))
            if not self._wake.is_set():
                await self._wait_for_news()

    async def _wait_for_news(self) -> None:
        due_in = self._replica.due_in
        is_due_first = due_in is not None and due_in < RENEW_PRESENCE_SECONDS
        with anyio.move_on_after(due_in if is_due_first else RENEW_PRESENCE_SECONDS) as waiting:
            await self._wake.wait()
        if waiting.cancelled_caught and not is_due_first:
            self.show_presence()

    # Why a websocket ended, and what to do

    def _judge_close(self, closed: ConnectionClosed) -> Verdict:
        if closed.rcvd is None:
            return self._judge_failure(closed)
        code, reason = closed.rcvd.code, closed.rcvd.reason
        self.error = error_of_close(code, reason)
        if code == CloseCode.NOT_SAVED:
            self._replica.not_saved = str(self.error)
        verdict = verdict_of(code)
        if verdict is Verdict.START_ANEW:
            return self._start_anew(code, self.error)
        return self._unless_new(verdict)

    def _start_anew(self, code: int, error: CollabError) -> Verdict:
        """Put the document aside, if that can be what the server does not like."""
        has_reason = self._replica.epoch is not None if code == CloseCode.EPOCH_MISMATCH else self._replica.pending > 0
        if has_reason:
            self._replica.put_aside(error)
            return Verdict.START_ANEW
        return self._unless_new(Verdict.RETRY if code == CloseCode.FORBIDDEN else Verdict.STOP)

    def _judge_answer(self, status: int, cause: Exception) -> Verdict:
        """The server, or a proxy in its place while it is away, answered the handshake with an HTTP status."""
        if status == 400:
            self.error = InvalidRoomId(f"{self._room_id!r} is no room id: use letters, digits and . _ - only.")
            return Verdict.STOP
        if status in (401, 403):
            self.error = NotSignedIn(f"{self._server.url} does not let you into room {self._room_id!r}.")
            return Verdict.STOP
        if 300 <= status < 400:
            self.error = NotSignedIn(f"{self._server.url} does not run, or wants you to sign in first.")
        elif status == 404:
            self.error = ServerUnreachable(f"{self._server.url} has no jupyter_collab.")
        else:
            return self._judge_failure(cause)
        return self._unless_new(Verdict.RETRY)

    def _judge_failure(self, cause: Exception) -> Verdict:
        self.error = ServerUnreachable(f"{self._server.url} does not respond ({type(cause).__name__}).")
        return self._unless_new(Verdict.RETRY)

    def _judge_breach(self, cause: Exception) -> Verdict:
        self.error = cause if isinstance(cause, CollabError) else ProtocolError(str(cause))
        _log.warning("Room %r: left, as the server broke the protocol: %s", self._room_id, cause)
        self._replica.keep_unsent(self.error)
        return Verdict.STOP

    def _unless_new(self, verdict: Verdict) -> Verdict:
        """Who joins for the first time is told what is wrong, and does not wait for it to pass."""
        return verdict if self._was_joined else Verdict.STOP

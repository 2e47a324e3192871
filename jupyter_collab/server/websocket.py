"""The websocket of a room: ``{base_url}api/collab/room/{room_id}``; see ``docs/wire.md``."""

from collections.abc import Awaitable
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.ioloop import IOLoop
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

from ..access import Role
from ..errors import CollabError, InvalidRoomId, UnsupportedMessage
from ..protocol import SUBPROTOCOL
from ..rooms import Peer, Room, check_room_id
from .jupyter_server_internals import count_as_pong, last_pong, stop_pings
from .principals import Principal, principal_of
from .services import Services
from .transport import TornadoTransport

__all__ = ["RoomWebSocketHandler"]

PING_MILLISECONDS = 3_000
SILENCE_MILLISECONDS = 9_000
"""A peer that was pinged, and from which nothing came for so long, is gone."""


class RoomWebSocketHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """Authenticates, authorises and validates, and only then lets a peer into its room."""

    room: Room | None = None
    peer: Peer
    principal: Principal
    gone = False
    _is_held = False

    def initialize(self, services: Services, public: bool) -> None:
        """Set by the route; see :func:`~jupyter_collab.server.services.mounted`."""
        self.services = services
        self.manager = services.manager
        self._public = public

    @property
    def ping_interval(self) -> int:
        """How often jupyter_server pings, in milliseconds. Tornado takes it for seconds: its own never come."""
        return PING_MILLISECONDS

    @property
    def ping_timeout(self) -> int:
        """How long a peer may be silent, in milliseconds."""
        return SILENCE_MILLISECONDS

    @property
    def max_message_size(self) -> int:
        """The largest frame, in bytes, that Tornado reads before it closes the connection with 1009."""
        return self.manager.limits.message_bytes

    @allow_unauthenticated
    async def get(self, room_id: str) -> None:
        """Answer the handshake, or refuse it before anything is made for it."""
        self.principal = await principal_of(self, self.services.session_cookies if self._public else None)
        try:
            check_room_id(room_id)
        except InvalidRoomId as error:
            raise HTTPError(400, str(error)) from error
        user, most = self.principal.user, self._at_most(self.principal.most)
        self.transport = TornadoTransport(self)
        self.peer = Peer(user, most, self.transport, epoch=self.get_query_argument("epoch", None), most=most)
        await super().get(room_id)

    def _at_most(self, granted: Role) -> Role:
        """What is ``granted``, or the lower role that the query asks for."""
        wish = self.get_query_argument("role", granted.value)
        try:
            return granted.lowered_to(Role(wish))
        except ValueError as error:
            roles = ", ".join(role.value for role in Role)
            raise HTTPError(400, f"There is no such role; use one of {roles}.") from error

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Speak :data:`SUBPROTOCOL` with those who offer it, plain y-websocket with all others."""
        self.peer.speaks_v1 = SUBPROTOCOL in subprotocols
        return SUBPROTOCOL if self.peer.speaks_v1 else None

    async def open(self, room_id: str) -> None:
        """The handshake is done: join."""
        super().open(room_id)
        self.transport.tune()
        try:
            await self.manager.start()
            await self.services.members.admit(room_id, self.peer)
            room = await self.manager.join(room_id, self.peer)
        except CollabError as error:
            self.log.info("Refused %s in room %s: %s", self.peer.name, room_id, error)
            self.peer.close(error)
            return
        self.room = room
        if self.gone:
            self.manager.leave(room, self.peer)
        else:
            self.services.rechecks.begin(self)

    def on_message(self, message: str | bytes) -> Any:
        """Hand a message to the room; Tornado reads the next one when what this answers is done."""
        if self.room is None:
            return None
        count_as_pong(self, IOLoop.current().time())  # whoever sends is there, though the pong may wait behind much
        if isinstance(message, str):
            self.log.warning("Room %s closes %s: it sent a text frame.", self.room.id, self.peer.name)
            self.peer.close(UnsupportedMessage("text frames are not understood, send binary ones"))
            return None
        waiting = self.room.receive(self.peer, message)
        return None if waiting is None else self._read_on_after(waiting)

    async def _read_on_after(self, waiting: Awaitable[None]) -> None:
        self._is_held = True
        try:
            await waiting
        finally:
            self._is_held = False

    def send_ping(self) -> None:
        """Ask whether the peer is there.

        While we do not read, its answers are not heard, and count as given; while it takes a large message in, they
        come late.
        """
        now = IOLoop.current().time()
        count_as_pong(self, now if self._is_held else max(last_pong(self), self.transport.left_at))
        super().send_ping()

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the connection. The peer leaves the room at once, whether or not it replies."""
        self._leave()
        super().close(code, reason)

    def on_close(self) -> None:
        """The connection has ended, from either side."""
        stop_pings(self)
        self._leave()

    def _leave(self) -> None:
        self.gone = True
        self.services.rechecks.end(self)
        room, self.room = self.room, None  # which may be closed long before all is over that holds this handler
        if room is not None:
            self.manager.leave(room, self.peer)

    # -- looked at again, now and then -------------------------------------------------------------------------------

    @property
    def handler(self) -> JupyterHandler:
        """What answered the handshake."""
        return self

    def limit(self, most: Role) -> None:
        """From now on the server allows ``most`` at best."""
        self.peer.most = self._at_most(most)
        if self.room is not None:
            self.services.members.look_again(self.room, self.peer)

    def dismiss(self, error: CollabError) -> None:
        """End the connection, saying why."""
        if self.room is not None:
            self.room.expel(self.peer, error)

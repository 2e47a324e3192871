"""Sessions of guests and accounts: their tokens, and whether they are still valid."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..access import Session, SessionTokens, User, UserKind
from ..backplane import EVERYWHERE
from ..rooms import RoomManager
from ..store import PeopleStore, ServerMessage

__all__ = ["EndedSessions", "Sessions", "message_about"]

log = logging.getLogger(__name__)

TOPIC = "sessions"
"""What messages to other servers are about."""

KEY_NAME = "session_key"
RENEW_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class EndedSessions:
    """The session with the hash ``name`` was ended, or all those of the principal ``name``.

    ``is_replaced`` says that a new one takes their place, ``is_elsewhere`` that another server says so. A new session
    may have begun since then; ``successor`` is the one that this server began with that.
    """

    name: str
    is_replaced: bool
    is_elsewhere: bool = False
    successor: Session | None = None

    def includes(self, session: Session) -> bool:
        """Whether ``session`` has ended, unless it began since then."""
        is_new = self.successor is not None and self.successor.hash == session.hash
        return not is_new and self.name in (session.hash, session.user.principal)

    @property
    def data(self) -> bytes:
        """The message to other servers, under the topic ``TOPIC``, ``EVERYWHERE``."""
        return json.dumps([self.name, self.is_replaced]).encode()

    @classmethod
    def read(cls, data: bytes) -> "EndedSessions":
        """What another server tells; ``ValueError`` for what this version does not understand."""
        try:
            name, is_replaced = json.loads(data)
        except TypeError as error:
            raise ValueError("It says nothing of sessions.") from error
        return cls(str(name), bool(is_replaced), is_elsewhere=True)


def message_about(ended: EndedSessions, sender: str) -> ServerMessage:
    """What a program that is no server has to add to the messages in the store; ``sender`` is a name of its own."""
    return ServerMessage(EVERYWHERE, TOPIC, sender, ended.data)


class Sessions:
    """Each session goes on for ``lifetime`` after its last use. Tokens are signed; the store knows hashes only.

    Attributes
    ----------
    listeners
        Called when sessions are ended, by this server or by another one.
    """

    def __init__(self, rooms: RoomManager, lifetime: timedelta) -> None:
        self.lifetime = lifetime
        self.listeners: list[Callable[[EndedSessions], None]] = []
        self._rooms = rooms
        rooms.listeners[TOPIC] = self._hear
        self._tokens: SessionTokens | None = None
        self._opening = asyncio.Lock()

    @property
    def _people(self) -> PeopleStore:
        return self._rooms.store.people

    async def _open(self) -> SessionTokens:
        """The tokens, whose key all servers of the store share, and which outlives them."""
        if self._tokens is None:
            async with self._opening:
                await self._rooms.start()
                key = await self._people.secret(KEY_NAME, SessionTokens.new_key())
                self._tokens = SessionTokens(key, self.lifetime)
        return self._tokens

    async def find(self, token: str) -> Session | None:
        """The session of ``token``, if it goes on."""
        session = (await self._open()).read(token)
        return session if session is not None and await self.goes_on(session) else None

    def listen(self, *, always: bool) -> None:
        """Set whether to receive ends of sessions at other servers also while no room is open here."""
        self._rooms.listen(always=always)

    async def goes_on(self, session: Session) -> bool:
        """Whether nobody has ended ``session``, and its time is not over."""
        return await self._people.session(session.hash) == session.user.principal

    async def renewed(self, session: Session) -> str | None:
        """A new token that extends ``session``; ``None`` if its present token is new enough."""
        if datetime.now(UTC) - session.issued_at <= RENEW_AFTER:
            return None
        await self._people.extend_session(session.hash, self._end())
        return (await self._open()).issue(session)

    async def begin(self, user: User) -> tuple[Session, str]:
        """A new session, and a token for it; all former ones of a guest end, for somebody else may have begun one."""
        tokens = await self._open()
        session = tokens.begin(user)
        if user.kind is UserKind.GUEST:
            await self._people.end_sessions(principal=user.principal)
            self._tell(EndedSessions(user.principal, is_replaced=True, successor=session))
        await self._people.begin_session(session.hash, user.principal, self._end())
        return session, tokens.issue(session)

    async def end(self, token: str) -> None:
        """End the session of ``token``, if it is one."""
        session = (await self._open()).read(token)
        if session is not None:
            await self._people.end_sessions(session_hash=session.hash)
            self._tell(EndedSessions(session.hash, is_replaced=False))

    async def replace(self, former: Session, successor: Session) -> None:
        """End a session of somebody in whose browser another one was begun; it is replaced if that is theirs too."""
        await self._people.end_sessions(session_hash=former.hash)
        is_theirs = former.user.principal == successor.user.principal
        self._tell(EndedSessions(former.hash, is_theirs, successor=successor))

    def all_ended(self, former: Session, successor: Session) -> None:
        """Say that the store has ended all of somebody's sessions before ``successor``, which replaces ``former``."""
        self._tell(EndedSessions(former.hash, is_replaced=True, successor=successor))
        self._tell(EndedSessions(former.user.principal, is_replaced=False, successor=successor))

    def _tell(self, ended: EndedSessions) -> None:
        self._tell_here(ended)
        self._rooms.say(EVERYWHERE, TOPIC, ended.data)

    def _tell_here(self, ended: EndedSessions) -> None:
        for listener in self.listeners:
            listener(ended)

    def _hear(self, message: ServerMessage) -> None:
        try:
            ended = EndedSessions.read(message.data)
        except ValueError as error:
            log.warning("%s says something about sessions: %s", message.server, error)
        else:
            self._tell_here(ended)

    def _end(self) -> datetime:
        return datetime.now(UTC) + self.lifetime

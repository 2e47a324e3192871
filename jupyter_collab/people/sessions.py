"""Sessions of people whom the Jupyter server does not know: what their tokens say, and whether they go on."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..access import Session, SessionTokens, User, UserKind
from ..rooms import RoomManager
from ..store import PeopleStore

__all__ = ["Sessions"]

KEY_NAME = "session_key"
RENEW_AFTER = timedelta(hours=1)


class Sessions:
    """Each session goes on for ``lifetime`` after its last use. Tokens are signed; the store knows hashes only.

    Attributes
    ----------
    listeners
        Called when this process ends sessions: with the hash of one, or the principal of whom all are ended, and
        whether a new one takes their place.
    """

    def __init__(self, rooms: RoomManager, lifetime: timedelta) -> None:
        self.lifetime = lifetime
        self.listeners: list[Callable[[str, bool], None]] = []
        self._rooms = rooms
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

    async def goes_on(self, session: Session) -> bool:
        """Whether nobody has ended ``session``, and its time is not over."""
        return await self._people.session(session.hash) == session.user.principal

    async def renewed(self, session: Session) -> str | None:
        """A new token for ``session``, which goes on for longer; ``None`` if its own is new enough."""
        if datetime.now(UTC) - session.issued_at <= RENEW_AFTER:
            return None
        await self._people.extend_session(session.hash, self._end())
        return (await self._open()).issue(session)

    async def begin(self, user: User) -> str:
        """A token for a new session; all former ones of a guest end, for somebody else may have begun one for them."""
        tokens = await self._open()
        if user.kind is UserKind.GUEST:
            await self._people.end_sessions(principal=user.principal)
            self._tell(user.principal, is_replaced=True)
        session = tokens.begin(user)
        await self._people.begin_session(session.hash, user.principal, self._end())
        return tokens.issue(session)

    async def end(self, token: str) -> None:
        """End the session of ``token``, if it is one."""
        session = (await self._open()).read(token)
        if session is not None:
            await self._people.end_sessions(session_hash=session.hash)
            self._tell(session.hash, is_replaced=False)

    def all_ended(self, user: User, own: Session | None) -> None:
        """Say that the store has ended all sessions of ``user``, whose ``own`` one is replaced."""
        if own is not None:
            self._tell(own.hash, is_replaced=True)
        self._tell(user.principal, is_replaced=False)

    def _tell(self, ended: str, *, is_replaced: bool) -> None:
        for listener in self.listeners:
            listener(ended, is_replaced)

    def _end(self) -> datetime:
        return datetime.now(UTC) + self.lifetime

"""Guests' sessions: a signed cookie that reaches no farther than ``/collab/``, and can be ended from here."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join

from ..access import Session, SessionTokens, User, UserKind, person
from ..rooms import RoomManager
from ..store import PeopleStore
from .cookies import CookieRules

__all__ = ["SERVER_COOKIE", "Sessions"]

COOKIE = "jupyter-collab-session"
SERVER_COOKIE = "jupyter-collab-server"
"""The same session, sent to the whole server: for accounts that may use it (``identity.py``)."""

KEY_NAME = "session_key"
RENEW_AFTER = timedelta(hours=1)


class Sessions:
    """Sessions of people whom the Jupyter server does not know. Each goes on for ``lifetime`` after its last use.

    ``listeners`` are called when this process ends sessions, with the hash of one, or the principal of whom all are
    ended, and whether a new one takes their place.
    """

    def __init__(self, rooms: RoomManager, lifetime: timedelta, cookies: CookieRules) -> None:
        self.listeners: list[Callable[[str, bool], None]] = []
        self._rooms = rooms
        self._lifetime = lifetime
        self._cookies = cookies
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
                self._tokens = SessionTokens(key, self._lifetime)
        return self._tokens

    async def find(self, handler: JupyterHandler, name: str = COOKIE) -> Session | None:
        """The session of the request's cookie, if it goes on; it is renewed now and then."""
        cookie = handler.get_cookie(self._cookies.name(handler, name))
        if not cookie:
            return None
        tokens = await self._open()
        session = tokens.read(cookie)
        if session is None or not await self.goes_on(session):
            return None
        if datetime.now(UTC) - session.issued_at > RENEW_AFTER and not handler.request.headers.get("Upgrade"):
            await self._people.extend_session(session.hash, self._end())
            self._send(handler, name, tokens.issue(session))
        return session

    async def goes_on(self, session: Session) -> bool:
        """Whether nobody has ended ``session``, and its time is not over."""
        return await self._people.session(session.hash) == session.user.principal

    async def begin(self, handler: JupyterHandler, user: User, *, uses_server: bool = False) -> None:
        """Begin a session; all former ones of a guest end, for somebody else may have put one into their browser.

        With ``uses_server`` its cookie is sent to the whole server as well.
        """
        tokens = await self._open()
        if user.kind is UserKind.GUEST:
            await self._people.end_sessions(principal=user.principal)
            self._tell(user.principal, is_replaced=True)
        session = tokens.begin(user)
        await self._people.begin_session(session.hash, user.principal, self._end())
        self._send(handler, COOKIE, tokens.issue(session))
        if uses_server:
            self._send(handler, SERVER_COOKIE, tokens.issue(session))
        else:
            self._clear(handler, SERVER_COOKIE)

    async def end(self, handler: JupyterHandler) -> None:
        """End the request's session."""
        tokens = await self._open()
        for name in (COOKIE, SERVER_COOKIE):
            session = tokens.read(handler.get_cookie(self._cookies.name(handler, name)) or "")
            if session is not None:
                await self._people.end_sessions(session_hash=session.hash)
                self._tell(session.hash, is_replaced=False)
            self._clear(handler, name)

    def all_ended(self, user: User, own: Session | None) -> None:
        """Say that the store has ended all sessions of ``user``, whose ``own`` one is replaced."""
        if own is not None:
            self._tell(own.hash, is_replaced=True)
        self._tell(user.principal, is_replaced=False)

    def _tell(self, ended: str, *, is_replaced: bool) -> None:
        for listener in self.listeners:
            listener(ended, is_replaced)

    def _end(self) -> datetime:
        return datetime.now(UTC) + self._lifetime

    def _send(self, handler: JupyterHandler, name: str, token: str) -> None:
        handler.set_cookie(
            self._cookies.name(handler, name),
            token,
            path=_path(handler, name),
            httponly=True,
            samesite="Lax",
            secure=self._cookies.are_secure(handler),
            max_age=round(self._lifetime.total_seconds()),
        )

    def _clear(self, handler: JupyterHandler, beginning: str) -> None:
        name = self._cookies.name(handler, beginning)
        if handler.get_cookie(name):
            handler.clear_cookie(name, path=_path(handler, beginning))


def new_guest(name: str) -> User:
    """Somebody whom nobody has seen before."""
    return person(UserKind.GUEST, secrets.token_hex(8), name)


def _path(handler: JupyterHandler, name: str) -> str:
    return handler.base_url if name == SERVER_COOKIE else url_path_join(handler.base_url, "collab/")

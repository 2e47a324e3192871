"""The cookies of sessions: a guest's reaches no farther than ``/collab/``."""

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join

from ..access import Session, User, UserKind
from ..people import Sessions
from .cookies import CookieRules

__all__ = ["SERVER_COOKIE", "SessionCookies"]

COOKIE = "jupyter-collab-session"
SERVER_COOKIE = "jupyter-collab-server"
"""The same session, sent to the whole server: for accounts that may use it (``identity.py``)."""


class SessionCookies:
    """Finds, begins and ends ``sessions`` by the cookies of requests."""

    def __init__(self, sessions: Sessions, rules: CookieRules) -> None:
        self._sessions = sessions
        self._rules = rules

    async def find(self, handler: JupyterHandler, name: str = COOKIE) -> Session | None:
        """The session of the request's cookie, if it goes on; it is renewed now and then."""
        token = self._token(handler, name)
        session = await self._sessions.find(token) if token else None
        if session is not None and not handler.request.headers.get("Upgrade"):
            renewed = await self._sessions.renewed(session)
            if renewed is not None:
                self._send(handler, name, renewed)
        return session

    async def begin(self, handler: JupyterHandler, user: User, *, uses_server: bool = False) -> Session:
        """Begin a session; with ``uses_server`` its cookie is sent to the whole server as well.

        The session of an account that the browser had before ends with its cookie.
        """
        former = await self._former(handler)
        session, token = await self._sessions.begin(user)
        self._send(handler, COOKIE, token)
        if uses_server:
            self._send(handler, SERVER_COOKIE, token)
        else:
            self._clear(handler, SERVER_COOKIE)
        if former is not None and former.user.kind is UserKind.ACCOUNT:
            await self._sessions.replace(former, session)
        return session

    async def _former(self, handler: JupyterHandler) -> Session | None:
        for name in (COOKIE, SERVER_COOKIE):
            token = self._token(handler, name)
            if token and (session := await self._sessions.find(token)) is not None:
                return session
        return None

    async def end(self, handler: JupyterHandler) -> None:
        """End the request's session."""
        for name in (COOKIE, SERVER_COOKIE):
            if token := self._token(handler, name):
                await self._sessions.end(token)
            self._clear(handler, name)

    def _token(self, handler: JupyterHandler, name: str) -> str | None:
        return handler.get_cookie(self._rules.name(handler, name))

    def _send(self, handler: JupyterHandler, name: str, token: str) -> None:
        handler.set_cookie(
            self._rules.name(handler, name),
            token,
            path=_path(handler, name),
            httponly=True,
            samesite="Lax",
            secure=self._rules.are_secure(handler),
            max_age=round(self._sessions.lifetime.total_seconds()),
        )

    def _clear(self, handler: JupyterHandler, beginning: str) -> None:
        name = self._rules.name(handler, beginning)
        if handler.get_cookie(name):
            handler.clear_cookie(name, path=_path(handler, beginning))


def _path(handler: JupyterHandler, name: str) -> str:
    return handler.base_url if name == SERVER_COOKIE else url_path_join(handler.base_url, "collab/")

"""Whether those who are connected still may be: logins end, sessions are ended, and the server's rules change."""

import asyncio
import logging
from functools import partial
from typing import Protocol

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError

from ..access import Role, Session
from ..background import Background
from ..errors import CollabError, SessionEnded, SessionReplaced
from ..people import EndedSessions, Sessions
from .principals import Principal, principal_of

__all__ = ["Connection", "Rechecks"]

log = logging.getLogger(__name__)

REFUSALS = (401, 403)


class Connection(Protocol):
    """An open websocket, as it is looked at here."""

    @property
    def handler(self) -> JupyterHandler:
        """What answered the handshake."""

    principal: Principal

    def limit(self, most: Role) -> None:
        """From now on the server allows ``most`` at best."""

    def dismiss(self, error: CollabError) -> None:
        """End the connection, saying why."""


class Rechecks:
    """Asks again, every ``seconds``, who made the handshakes; whom nobody knows any more is disconnected.

    The ends of our own sessions are heard of at once, also from other servers of the store. What cannot be asked now,
    because a hub or the store does not answer, is asked again the next time.
    """

    def __init__(self, sessions: Sessions, seconds: float) -> None:
        self._sessions = sessions
        self._seconds = seconds
        self._watched: dict[Connection, asyncio.Task[None]] = {}
        self._turns = asyncio.Lock()
        self._background = Background("rechecks")
        sessions.listeners.append(self._sessions_ended)

    def begin(self, connection: Connection) -> None:
        """Look after ``connection`` from now on; a session of ours may have ended since the handshake."""
        at_once = connection.principal.session is not None
        watch = partial(self._watch, connection, at_once=at_once)
        self._watched[connection] = self._background.run("watching", watch)

    def end(self, connection: Connection) -> None:
        """It has ended; again does nothing."""
        task = self._watched.pop(connection, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def close(self) -> None:
        """Look after nobody any more."""
        self._watched.clear()
        await self._background.close()

    async def _watch(self, connection: Connection, *, at_once: bool) -> None:
        if not at_once:
            await asyncio.sleep(self._seconds)
        while True:
            with self._background.boundary(f"asking who {connection.principal.user.principal} is"):
                await self._look(connection)
            if connection not in self._watched:
                return
            await asyncio.sleep(self._seconds)

    async def _look(self, connection: Connection) -> None:
        known = connection.principal
        if known.session is not None and not known.user.is_server_user:
            if not await self._sessions.goes_on(known.session):
                connection.dismiss(SessionEnded("Your visit is over here; come by an invitation again."))
            return
        try:
            found = await _ask_again(connection.handler)
        except HTTPError as error:
            if error.status_code in REFUSALS:
                connection.dismiss(SessionEnded("You are signed out, or may not use rooms any more; sign in again."))
            else:
                log.warning("It cannot be asked now who %s is: %r", known.user.principal, error)
            return
        if found.most is not known.most:
            connection.principal = found
            connection.limit(found.most)

    def _sessions_ended(self, ended: EndedSessions) -> None:
        for connection in tuple(self._watched):
            session = connection.principal.session
            if session is None or not ended.includes(session):
                continue
            if ended.is_elsewhere:
                look = partial(self._look_whether_ended, connection, session, ended)
                self._background.run("asking whether a session has ended", look)
            else:
                _dismiss(connection, ended)

    async def _look_whether_ended(self, connection: Connection, session: Session, ended: EndedSessions) -> None:
        """This one may have begun after those that another server speaks of."""
        async with self._turns:  # what was said first counts
            goes_on = await self._sessions.goes_on(session)
            if connection not in self._watched:
                return
            if goes_on:
                await self._look(connection)
            else:
                _dismiss(connection, ended)


def _dismiss(connection: Connection, ended: EndedSessions) -> None:
    if ended.is_replaced:
        connection.dismiss(SessionReplaced("Another session has taken the place of yours: reconnect."))
    else:
        connection.dismiss(SessionEnded("Your session has ended: sign in again, or come by an invitation."))


async def _ask_again(handler: JupyterHandler) -> Principal:
    """Who made the request that ``handler`` answered, asked anew: nothing that was remembered for it counts."""
    asker = _Asker(handler.application, handler.request)
    await asker.prepare()
    return await principal_of(asker, None)


class _Asker(JupyterHandler):
    """Makes jupyter_server find out who made a request; answers nothing."""

    @allow_unauthenticated
    def get(self) -> None:
        """It is never called; the decorator says that whoever asks need not be known."""

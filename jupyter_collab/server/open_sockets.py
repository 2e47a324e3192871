"""Websockets of the server itself that accounts opened: of kernels, terminals, events, and those of extensions."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from weakref import WeakKeyDictionary

from tornado.websocket import WebSocketHandler

from ..access import Session
from ..background import Background
from ..errors import SessionEnded, SessionReplaced
from ..people import Accounts, EndedSessions, Sessions
from .tornado_internals import end_websocket

__all__ = ["OpenSockets"]

ENDED = SessionEnded("Your session has ended, or you may not use this server any more: sign in again.")
REPLACED = SessionReplaced("Another session has taken the place of yours: connect again.")


class OpenSockets:
    """Knows by which session each websocket was opened, and ends it with the session.

    jupyter_server asks only at the handshake who somebody is. Ends of sessions are heard of at once, also from other
    servers of the store; every ``seconds`` the store is asked for all else, and whether the accounts still may use
    the server. What cannot be asked now, because the store does not answer, is asked again the next time.
    """

    def __init__(self, sessions: Sessions, accounts: Accounts, seconds: float) -> None:
        self._sessions = sessions
        self._accounts = accounts
        self._seconds = seconds
        self._opened_by: WeakKeyDictionary[WebSocketHandler, Session] = WeakKeyDictionary()
        self._turns = asyncio.Lock()
        self._background = Background("sockets of the server")
        sessions.listeners.append(self._sessions_ended)

    async def watch(self, handler: WebSocketHandler, session: Session) -> bool:
        """Look after ``handler``, whose handshake ``session`` makes; return whether the session still goes on.

        It is asked for after the handler is known here, so no end of it is missed in between.
        """
        self._opened_by[handler] = session
        self._background.run_once("asking", self._ask_again_and_again)
        return await self._sessions.goes_on(session)

    async def close(self) -> None:
        """Look after nothing any more."""
        await self._background.close()

    def _sessions_ended(self, ended: EndedSessions) -> None:
        if ended.is_elsewhere:
            self._background.run("asking for sessions of another server", partial(self._look, ended))
        else:
            self._end(ended)

    async def _look(self, ended: EndedSessions) -> None:
        """Another server says that sessions have ended: ask the store, since new ones may have begun after those."""
        async with self._turns:  # what was said first counts
            for session in self._sessions_of(ended):
                if not await self._may_stay(session):
                    self._end(replace(ended, name=session.hash))

    def _sessions_of(self, ended: EndedSessions | None = None) -> Iterable[Session]:
        every = {session.hash: session for session in self._opened_by.values()}.values()
        return [session for session in every if ended is None or ended.includes(session)]

    async def _may_stay(self, session: Session) -> bool:
        return await self._sessions.goes_on(session) and await self._accounts.server_user(session) is not None

    def _end(self, ended: EndedSessions) -> None:
        for handler, session in list(self._opened_by.items()):
            if not ended.includes(session):
                continue
            if ended.is_replaced and ended.successor is not None:
                self._opened_by[handler] = ended.successor
            else:
                del self._opened_by[handler]
                why = REPLACED if ended.is_replaced else ENDED
                end_websocket(handler, why.code, f"{why.reason}: {why}")

    async def _ask_again_and_again(self) -> None:
        self._sessions.listen(always=True)
        try:
            while self._opened_by:
                await asyncio.sleep(self._seconds)
                for session in self._sessions_of():
                    with self._background.boundary(f"asking whether {session.user.principal} may stay"):
                        if not await self._may_stay(session):
                            self._end(EndedSessions(session.hash, is_replaced=False))
        finally:
            self._sessions.listen(always=False)

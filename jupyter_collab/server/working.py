"""Handlers whose work may take long: it is done in a process, one at a time for each person, while they wait for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, TypeVarTuple

from tornado.web import Finish

from .body import BodyHandler
from .services import Services

__all__ = ["WorkingHandler"]

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


class WorkingHandler(BodyHandler):
    """Base of handlers that read and write content. Work ends when the one who asked for it hangs up."""

    def initialize(self, services: Services, public: bool) -> None:
        """Set by the route."""
        super().initialize(services, public)
        self._has_hung_up = False
        self._waiting: asyncio.Task[Any] | None = None
        self._sender: str | None = None

    def expect_body(self) -> None:
        """Refuse one more large body of somebody who sends, or waits with, as many as one may: they are kept whole."""
        if self.expects_large_body:
            person = self.user.principal
            self.services.workers.turns.enter(person)
            self._sender = person

    def on_finish(self) -> None:
        """Called when the request has been answered."""
        super().on_finish()
        self._forget_body()

    def _forget_body(self) -> None:
        if self._sender is not None:
            self.services.workers.turns.leave(self._sender)
            self._sender = None

    def on_connection_close(self) -> None:
        """Called when the client has disconnected before the response."""
        super().on_connection_close()
        self._has_hung_up = True
        self._forget_body()
        if self._waiting is not None:
            self._waiting.cancel()

    @asynccontextmanager
    async def turn(self, *, is_light: bool) -> AsyncIterator[None]:
        """Wait until nothing else of this person is done, unless this ``is_light``; raises ``TooMuchWork``."""
        if is_light:
            yield
            return
        turns, person = self.services.workers.turns, self.user.principal
        await self._unless_hung_up(lambda: turns.take(person))
        try:
            yield
        finally:
            turns.give_back(person)

    async def work(
        self,
        work: Callable[[*Arguments], Result],
        *arguments: *Arguments,
        content_bytes: int,
        is_light: bool = False,
    ) -> Result:
        """What ``work`` returns, which reads so much content; raises what :meth:`Workers.run` does."""
        if is_light:
            return work(*arguments)
        return await self._unless_hung_up(
            lambda: self.services.workers.run(work, *arguments, content_bytes=content_bytes)
        )

    async def _unless_hung_up(self, start: Callable[[], Awaitable[Result]]) -> Result:
        if self._has_hung_up:
            raise Finish
        task = asyncio.ensure_future(start())  # it is waited for here; a task of its own, so that it alone is cancelled
        self._waiting = task
        try:
            return await task
        except asyncio.CancelledError:
            if self._has_hung_up:
                raise Finish from None  # nobody is told
            raise
        finally:
            self._waiting = None

"""A room, entered from Python with ``async``."""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from contextvars import copy_context
from datetime import timedelta
from types import TracebackType
from typing import Any, TypeVar

from ...roles import RoleName
from ..http.access_client import Member, RoomEvent
from ..http.kernel_client import CellRun
from ..http.rest_client import ContentFormat
from ..replica.reader import Looker, named_reader, reading_as
from ..replica.room_core import RoomCore
from ..replica.signals import Schedule
from .cell import Cell
from .invitation import AsyncInvitation
from .kernel import AsyncKernel
from .room_runs import require_success, run_in_room
from .room_view import RoomView

__all__ = ["AsyncRoom"]

T = TypeVar("T")

LEAVE_SECONDS = 10.0
CONTENT_SECONDS = 60.0


class AsyncRoom(RoomView):
    """A room that one is in, for use with ``async``; made by ``connect_async`` and ``join_async``.

    An async context manager. It belongs to the event loop on which it was entered, and its callbacks run there.
    """

    def __init__(self, core: RoomCore) -> None:
        self._core = core

    def _run(self, function: Callable[[], T]) -> T:
        self._core.check_thread()
        return function()

    def _schedule(self) -> Schedule:
        loop, context = asyncio.get_running_loop(), copy_context()
        return lambda function: _ignore(loop.call_soon(function, context=context))

    @property
    def reader(self) -> object:
        """This task, or in a callback the thread: what it has read is what its edits are made against."""
        self._core.check_thread()
        return named_reader() or asyncio.current_task() or threading.current_thread()

    async def wait_saved(self, timeout: float | None = None) -> None:
        """Return when every edit made here is durable.

        Raises
        ------
        TimeoutError
            When it takes longer than ``timeout`` seconds.
        EditsNotSaved
            When the room did not take some; their text is in :attr:`unsent`.
        CollabError
            When the server refused us for good, and edits are left.
        """
        await self._core.wait_saved(timeout)

    async def wait_for(
        self,
        condition: Callable[[], T],
        timeout: float | None = None,
    ) -> T:
        """Wait until ``condition()`` is true, and return what it said; it is asked after every change of the room.

        What the condition looks at does not count as read here; a text of the room that it returns does.

        Raises
        ------
        TimeoutError
            When it takes longer than ``timeout`` seconds.
        """
        reader, looker = self.reader, Looker()

        def ask() -> T:
            with reading_as(looker):
                return condition()

        result = await self._core.wait_for(ask, timeout)
        self.seen.hand_on(looker, reader, result)
        return result

    async def export(self, content_format: ContentFormat = "ipynb") -> str:
        """The room's content, with every edit made here, as the text of an ``ipynb``, ``md`` or ``py`` file."""
        return await self._core.export_content(content_format, self.reader, CONTENT_SECONDS)

    async def import_content(
        self, content: str | Mapping[str, Any], content_format: ContentFormat = "ipynb"
    ) -> list[str]:
        """Make the room hold ``content``, as an edit of what this program has read: what others did since stays.

        What this thread (or task) got last from :meth:`export`, in this format, from :meth:`notebook`, or gave to this
        method is compared with ``content``, and just that difference is made. Where it got nothing, the whole content
        is replaced.

        Parameters
        ----------
        content
            The text of a file, or a notebook (nbformat 4).

        Returns what of it no notebook can have, a sentence each, and what became of that; mostly nothing.

        Raises
        ------
        ContentError
            When it is not of that format; nothing is changed.
        """
        text = content if isinstance(content, str) else json.dumps(content)
        return await self._core.import_content(text, content_format, self.reader, CONTENT_SECONDS)

    @property
    def kernel(self) -> AsyncKernel:
        """The room's kernel on the server; everybody sees its outputs."""
        return AsyncKernel(self._core.kernel, self._core.replica)

    async def run(self, *which: int | str | Cell, timeout: float | None = None, check: bool = True) -> list[CellRun]:
        """Run cells on the room's kernel, where everybody sees it, and wait for their outputs.

        Parameters
        ----------
        which
            The cells, each by its index, its id or itself; none for all code cells. Others than code are left out.
        timeout
            How long to wait, in seconds. What was asked for goes on after that.
        check
            Whether a cell that fails, and is not tagged ``raises-exception``, is an error here.

        Returns
        -------
        What came of each cell, in the order in which they were run.

        Raises
        ------
        CellFailed
            When one failed, or was not run to its end; those asked for after it were not run.
        PermissionDenied
            When our role does not include running.
        EditsNotSaved
            When edits made here, without which nothing is run, did not reach the room.
        KernelError
            What the server has against it: ``TooManyRuns`` and its like.
        TimeoutError
            When it takes longer than ``timeout`` seconds.
        """
        runs = await run_in_room(self._core, [self._existing(cell).id for cell in which] or "all", timeout)
        if check:
            require_success(self, runs)
        return runs

    async def rename(self, title: str) -> None:
        """Give the room another title."""
        await self._core.rename(title)

    async def invite(
        self,
        role: RoleName = "viewer",
        expires: str | timedelta | None = "1d",
        uses: int | None = None,
        password: str | None = None,
        *,
        approval: bool = False,
    ) -> AsyncInvitation:
        """Make an invitation; its ``warning`` says what those who come can do beyond the room.

        Those who come as ``runner`` or ``editor`` can run code on the server, with your files and your rights unless
        the server keeps the kernels of rooms apart. If you run a cell, you run the code that a ``writer`` wrote in it.

        Parameters
        ----------
        role
            What it makes of those who come: ``viewer``, ``runner``, ``writer`` or ``editor``.
        expires
            For how long it is good: ``"30m"``, ``"2h"``, ``"7d"``, a timedelta, or ``None`` for ever.
        uses
            How many may come by it; ``None`` for any number.
        password
            What they have to know besides.
        approval
            Whether an owner lets each one in.

        Raises
        ------
        PermissionDenied
            When you do not own the room, or the server admits no guests.
        ValueError
            When ``expires`` is no span of time.
        """
        access = self._core.access
        return AsyncInvitation(access, await access.invite(role, expires, uses, password, approval))

    async def invitations(self) -> list[AsyncInvitation]:
        """The room's invitations, newest first, without their links: those are told once."""
        access = self._core.access
        return [AsyncInvitation(access, info) for info in await access.invitations()]

    async def members(self) -> list[Member]:
        """The members of the room, and those who wait to be let in."""
        return await self._core.access.members()

    async def set_role(self, principal: str, role: RoleName) -> str | None:
        """Give somebody a role, or let in who waits; a name alone is that of a user of the server.

        What somebody runs who may not run any more goes on in the room's kernel. The returned words say so and how to
        end it; ``None`` if there is nothing.

        Raises
        ------
        LastOwner
            When nobody would own the room any more.
        """
        return await self._core.access.set_role(principal, role)

    async def remove_member(self, principal: str) -> str | None:
        """Remove a member, or refuse a waiting person; returns and raises what :meth:`set_role` does."""
        return await self._core.access.remove_member(principal)

    async def audit(self, limit: int = 100, before: int | None = None) -> list[RoomEvent]:
        """What was done in the room and by whom, newest first; ``before`` is the id that all are below."""
        return await self._core.access.audit(limit, before)

    async def close(self, timeout: float = LEAVE_SECONDS) -> None:
        """Leave the room once every edit made here is durable. The second time does nothing.

        Raises
        ------
        EditsNotSaved
            When that takes longer than ``timeout`` seconds, or cannot be; the room is closed all the same.
        """
        await self._core.close(timeout)

    async def __aenter__(self) -> "AsyncRoom":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await (self._core.close(LEAVE_SECONDS) if error is None else self._core.close_after_failure(LEAVE_SECONDS))


def _ignore(_: object) -> None:
    return

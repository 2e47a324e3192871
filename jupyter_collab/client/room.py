"""A room, joined from Python with ``async``."""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Generator, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, TypeVar

from .cell import Cell
from .connection import Role
from .core import RoomCore
from .discovery import find_server
from .guest import join_by_link
from .invitation import AsyncInvitation
from .kernel import AsyncKernel, CellRun
from .people import Member, RoomEvent
from .reconnecting import Backoff
from .rest import ContentFormat
from .room_runs import require_success, run_in_room
from .server import Server
from .signals import Schedule
from .view import RoomView

__all__ = ["AsyncRoom", "connect_async"]

T = TypeVar("T")

JOIN_SECONDS = 30.0
LEAVE_SECONDS = 10.0
CONTENT_SECONDS = 60.0


class AsyncRoom(RoomView):
    """A joined room, for use with ``async``; made by :func:`connect_async`. An async context manager.

    It belongs to the event loop on which it was joined, and its callbacks run there.
    """

    def __init__(self, core: RoomCore) -> None:
        self._core = core
        self._is_asking = False
        """Whether a condition of :meth:`wait_for` is being asked: it reads as the room itself, not as a task."""

    def _run(self, function: Callable[[], T]) -> T:
        self._core.check_thread()
        return function()

    def _schedule(self) -> Schedule:
        loop = asyncio.get_running_loop()
        return lambda function: _ignore(loop.call_soon(function))

    @property
    def reader(self) -> object:
        """This task, or in a callback the thread: what it has read is what its edits are made against."""
        self._core.check_thread()
        return self if self._is_asking else asyncio.current_task() or threading.current_thread()

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
        reader = self.reader

        def ask() -> T:
            self._is_asking = True
            try:
                return condition()
            finally:
                self._is_asking = False

        result = await self._core.wait_for(ask, timeout)
        self.seen.hand_on(self, reader, result)
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
        """What runs the room's cells on the server, for everybody to see."""
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
            require_success(self._core, runs)
        return runs

    async def rename(self, title: str) -> None:
        """Give the room another title."""
        await self._core.rename(title)

    async def invite(
        self,
        role: Role = "viewer",
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
        people = self._core.people
        return AsyncInvitation(people, await people.invite(role, expires, uses, password, approval))

    async def invitations(self) -> list[AsyncInvitation]:
        """The room's invitations, newest first, without their links: those are told once."""
        people = self._core.people
        return [AsyncInvitation(people, info) for info in await people.invitations()]

    async def members(self) -> list[Member]:
        """Who was given a place in the room, and who waits for one."""
        return await self._core.people.members()

    async def set_role(self, principal: str, role: Role) -> str | None:
        """Give somebody a role, or let in who waits; a name alone is that of a user of the server.

        What somebody runs who may not run any more goes on in the room's kernel. The returned words say so and how to
        end it; ``None`` if there is nothing.

        Raises
        ------
        LastOwner
            When nobody would own the room any more.
        """
        return await self._core.people.set_role(principal, role)

    async def remove(self, principal: str) -> str | None:
        """Take somebody's place away, or refuse who waits; returns and raises what :meth:`set_role` does."""
        return await self._core.people.remove(principal)

    async def events(self, limit: int = 100, before: int | None = None) -> list[RoomEvent]:
        """What was done in the room and by whom, newest first; ``before`` is the id that all are below."""
        return await self._core.people.events(limit, before)

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


class Joining:
    """A room that is about to be joined: ``await`` it, or use it with ``async with``."""

    def __init__(self, join: Callable[[], Any]) -> None:
        self._join = join
        self._room: AsyncRoom | None = None

    def __await__(self) -> Generator[Any, None, AsyncRoom]:
        room: Generator[Any, None, AsyncRoom] = self._join().__await__()
        return room

    async def __aenter__(self) -> AsyncRoom:
        self._room = await self
        return self._room

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._room is not None:
            await self._room.__aexit__(kind, error, trace)


def connect_async(
    room: str | None = None,
    url: str | None = None,
    token: str | None = None,
    *,
    create: bool = False,
    role: Role | None = None,
    visible: bool = True,
    timeout: float = JOIN_SECONDS,
    tls: ssl.SSLContext | None = None,
    backoff: Backoff | None = None,
    link: str | None = None,
    name: str | None = None,
    password: str | None = None,
) -> Joining:
    """Join a room: ``async with connect_async("demo") as room`` or ``room = await connect_async("demo")``.

    Parameters
    ----------
    room
        Its id; not with a ``link``, which leads to one room.
    url, token
        The Jupyter server; by default the one that Jupyter tools would find from here (see :mod:`.discovery`).
    create
        Make the room if there is none.
    role
        Ask for less than what the server grants: ``viewer``, ``runner``, ``writer`` or ``editor``.
    visible
        Whether the others see this program among the people. The server's list of rooms names it all the same, as
        not visible.
    timeout
        How long to wait for the room's content, in seconds.
    tls
        How to check an ``https`` server's certificate.
    backoff
        How long to wait between attempts to come back.
    link, name, password
        An invitation's link, the name under which to come by it as a guest, and its password if it has one. Where an
        owner lets each one in, this waits for ``timeout`` seconds.

    Raises
    ------
    ServerNotFound, ServerUnreachable, SignInRefused
        When there is no server to talk to.
    RoomNotFound
        When there is no such room.
    CollabError
        For anything else that the server has against it.
    ValueError
        When there is no such role, or neither a room nor a link with a name.
    """

    async def find() -> tuple[Server, str]:
        if link is None and room is not None:
            return await find_server(url, token, tls), room
        if link is None or name is None or room is not None:
            raise ValueError("Give a room, or an invitation's link and your name.")
        return await join_by_link(link, name, password, tls, timeout)

    async def join() -> AsyncRoom:
        server, room_id = await find()
        core = RoomCore(server, room_id, role, backoff, visible)
        try:
            if create:
                await core.rest.ensure_room(room_id)
            await core.open(timeout)
        except BaseException:
            await core.rest.close()
            raise
        return AsyncRoom(core)

    return Joining(join)

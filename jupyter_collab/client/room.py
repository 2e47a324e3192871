"""A room, joined from Python with ``async``."""

import asyncio
import ssl
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, TypeVar

from .connection import Role
from .core import RoomCore
from .discovery import find_server
from .reconnecting import Backoff
from .rest import ContentFormat
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

    def _run(self, function: Callable[[], T]) -> T:
        self._core.check_thread()
        return function()

    def _schedule(self) -> Schedule:
        loop = asyncio.get_running_loop()
        return lambda function: _ignore(loop.call_soon(function))

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

        Raises
        ------
        TimeoutError
            When it takes longer than ``timeout`` seconds.
        """
        return await self._core.wait_for(condition, timeout)

    async def export(self, content_format: ContentFormat = "ipynb") -> str:
        """The room's content, with every edit made here, as the text of an ``ipynb``, ``md`` or ``py`` file."""
        return await self._core.export_content(content_format, CONTENT_SECONDS)

    async def import_content(self, content: str, content_format: ContentFormat = "ipynb") -> None:
        """Make the room hold ``content``, the text of a file, as an edit: what is there already stays untouched.

        Raises
        ------
        ContentError
            When it is not of that format; nothing is changed.
        """
        await self._core.import_content(content, content_format, CONTENT_SECONDS)

    async def rename(self, title: str) -> None:
        """Give the room another title."""
        await self._core.rename(title)

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
    room: str,
    url: str | None = None,
    token: str | None = None,
    *,
    create: bool = False,
    role: Role | None = None,
    visible: bool = True,
    timeout: float = JOIN_SECONDS,
    tls: ssl.SSLContext | None = None,
    backoff: Backoff | None = None,
) -> Joining:
    """Join a room: ``async with connect_async("demo") as room`` or ``room = await connect_async("demo")``.

    Parameters
    ----------
    room
        Its id.
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

    Raises
    ------
    ServerNotFound, ServerUnreachable, SignInRefused
        When there is no server to talk to.
    RoomNotFound
        When there is no such room.
    CollabError
        For anything else that the server has against it.
    ValueError
        When there is no such role.
    """

    async def join() -> AsyncRoom:
        server = await find_server(url, token, tls)
        core = RoomCore(server, room, role, backoff, visible)
        try:
            if create:
                await core.rest.ensure_room(room)
            await core.open(timeout)
        except BaseException:
            await core.rest.close()
            raise
        return AsyncRoom(core)

    return Joining(join)

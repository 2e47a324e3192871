"""A room, joined from Python without ``async``: each call is done on a background event loop, and waited for."""

import atexit
import json
import logging
import os
import queue
import ssl
import threading
import weakref
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

from ..errors import CollabError
from .background import BackgroundLoop, background_loop
from .connection import Role
from .core import RoomCore
from .invitation import Invitation
from .kernel import Kernel
from .reconnecting import Backoff
from .rest import ContentFormat
from .room import CONTENT_SECONDS, JOIN_SECONDS, LEAVE_SECONDS, AsyncRoom, connect_async
from .signals import Schedule
from .view import RoomView

__all__ = ["Room", "connect"]

T = TypeVar("T")
P = ParamSpec("P")

EXIT_SECONDS = 2.0
"""How long the end of the process may wait for a room's last edits to be durable."""

_log = logging.getLogger(__name__)


def _blocking(
    method: Callable[Concatenate[AsyncRoom, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["Room", P], T]:
    """The method of :class:`Room` that waits for what ``method`` of :class:`AsyncRoom` does."""

    @wraps(method)
    def call(self: "Room", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._wait(lambda room: method(room, *args, **kwargs))

    return call


class Callbacks:
    """Runs functions one after another in a thread of its own, from the first one on until it is told to end."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def run_soon(self, function: Callable[[], None]) -> None:
        """Run ``function`` after those before it. Called on the background loop only."""
        if self._thread is None:
            self._thread = threading.Thread(target=_run_all, args=(self._queue,), name=self._name, daemon=True)
            self._thread.start()
        self._queue.put(function)

    def end(self) -> None:
        """End the thread after what it has been given."""
        self._queue.put(None)


def _run_all(functions: "queue.SimpleQueue[Callable[[], None] | None]") -> None:
    while (function := functions.get()) is not None:
        function()


class Room(RoomView):
    """A joined room, for use without ``async``; made by :func:`connect`. A context manager.

    It may be used from any thread. Its callbacks run one after another in a thread of their own, where they may use
    the room, and wait, as everywhere else.
    """

    def __init__(self, loop: BackgroundLoop, room: AsyncRoom) -> None:
        self._loop = loop
        self._room = room
        self._core = room._core
        self._callbacks = Callbacks(f"jupyter_collab callbacks of {self.id}")
        weakref.finalize(self, _leave_soon, loop, self._core, self._callbacks).atexit = False
        _open_rooms.add(self)

    def _run(self, function: Callable[[], T]) -> T:
        return self._loop.call(function)

    def _wait(self, start: Callable[[AsyncRoom], Coroutine[Any, Any, T]]) -> T:
        return self._loop.wait(lambda: start(self._room))

    def _schedule(self) -> Schedule:
        return self._callbacks.run_soon

    @property
    def reader(self) -> object:
        """This thread: what it has read is what its edits are made against."""
        return threading.current_thread()

    wait_saved = _blocking(AsyncRoom.wait_saved)
    run = _blocking(AsyncRoom.run)
    rename = _blocking(AsyncRoom.rename)
    members = _blocking(AsyncRoom.members)
    set_role = _blocking(AsyncRoom.set_role)
    remove = _blocking(AsyncRoom.remove)
    events = _blocking(AsyncRoom.events)

    def wait_for(
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

        async def wait(room: AsyncRoom) -> T:
            result = await room._core.wait_for(condition, timeout)
            self.seen.hand_on(self.reader, reader, result)
            return result

        return self._wait(wait)

    def export(self, content_format: ContentFormat = "ipynb") -> str:
        """The room's content, with every edit made here, as the text of an ``ipynb``, ``md`` or ``py`` file."""
        reader = self.reader
        return self._wait(lambda room: room._core.export_content(content_format, reader, CONTENT_SECONDS))

    def import_content(self, content: str | Mapping[str, Any], content_format: ContentFormat = "ipynb") -> list[str]:
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
        reader, text = self.reader, content if isinstance(content, str) else json.dumps(content)
        return self._wait(lambda room: room._core.import_content(text, content_format, reader, CONTENT_SECONDS))

    @property
    def kernel(self) -> Kernel:
        """What runs the room's cells on the server, for everybody to see."""
        return Kernel(self._loop, self._room.kernel)

    def invite(
        self,
        role: Role = "viewer",
        expires: str | timedelta | None = "1d",
        uses: int | None = None,
        password: str | None = None,
        *,
        approval: bool = False,
    ) -> Invitation:
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
        made = self._wait(lambda room: room.invite(role, expires, uses, password, approval=approval))
        return Invitation(self._loop, made)

    def invitations(self) -> list[Invitation]:
        """The room's invitations, newest first, without their links: those are told once."""
        return [Invitation(self._loop, one) for one in self._wait(lambda room: room.invitations())]

    def close(self, timeout: float = LEAVE_SECONDS) -> None:
        """Leave the room once every edit made here is durable. The second time does nothing.

        Raises
        ------
        EditsNotSaved
            When that takes longer than ``timeout`` seconds, or cannot be; the room is closed all the same.
        """
        try:
            self._wait(lambda room: room.close(timeout))
        finally:
            self._forget()

    def _forget(self) -> None:
        _open_rooms.discard(self)
        self._callbacks.end()

    def __enter__(self) -> "Room":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._wait(lambda room: room.__aexit__(kind, error, trace))
        finally:
            self._forget()


_open_rooms: "weakref.WeakSet[Room]" = weakref.WeakSet()


def _leave_soon(loop: BackgroundLoop, core: RoomCore, callbacks: Callbacks) -> None:
    """Nobody holds the room any more. This may run anywhere, so it waits for nothing."""
    callbacks.end()
    loop.soon(lambda: core.close_after_failure(EXIT_SECONDS))


@atexit.register
def _leave_all() -> None:
    """The process ends: what was edited last is still to be sent."""
    for room in tuple(_open_rooms):
        try:
            room.close(EXIT_SECONDS)
        except CollabError as error:
            _log.warning("%s", error)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_rooms.clear)  # they are the parent's to leave


def connect(
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
) -> Room:
    """Join a room: ``with connect("demo") as room`` or ``room = connect("demo")``.

    The parameters and errors are those of :func:`~.room.connect_async`.
    """
    loop = background_loop()

    async def join() -> AsyncRoom:
        return await connect_async(
            room,
            url,
            token,
            create=create,
            role=role,
            visible=visible,
            timeout=timeout,
            tls=tls,
            backoff=backoff,
            link=link,
            name=name,
            password=password,
        )

    return Room(loop, loop.wait(join))

"""A room, entered from Python without ``async``: each call is done on a background event loop, and waited for."""

import atexit
import logging
import os
import weakref
from collections.abc import Callable
from functools import wraps
from inspect import signature
from types import TracebackType
from typing import ParamSpec, TypeVar

from ...errors import CollabError
from ..replica.reader import thread_reader
from ..replica.room_core import RoomCore
from ..replica.signals import Schedule
from ..room.async_room import LEAVE_SECONDS, AsyncRoom
from ..room.entry import Entry, connect_async, join_async
from ..room.room_view import RoomView
from .callbacks import Callbacks
from .facade import Facade, blocking, blocking_as, each
from .invitation_facade import Invitation
from .kernel_facade import Kernel
from .loop import BackgroundLoop, background_loop

__all__ = ["Room", "connect", "join"]

T = TypeVar("T")
P = ParamSpec("P")

EXIT_SECONDS = 2.0
"""How long the end of the process may wait for a room's last edits to be durable."""

_log = logging.getLogger(__name__)


class Room(RoomView, Facade[AsyncRoom]):
    """A room that one is in, for use without ``async``; made by :func:`connect` and :func:`join`. A context manager.

    It may be used from any thread. Its callbacks run one after another in a thread of their own, where they may use
    the room, and wait, as everywhere else.
    """

    def __init__(self, loop: BackgroundLoop, twin: AsyncRoom) -> None:
        super().__init__(loop, twin)
        self._core = twin._core
        self._callbacks = Callbacks(f"jupyter_collab callbacks of {self.id}")
        weakref.finalize(self, _leave_soon, loop, self._core, self._callbacks).atexit = False
        _open_rooms.add(self)

    def _run(self, function: Callable[[], T]) -> T:
        return self._loop.call(function)

    def _schedule(self) -> Schedule:
        return self._callbacks.run_soon

    @property
    def reader(self) -> object:
        """This thread: what it has read is what its edits are made against."""
        return thread_reader()

    @property
    def kernel(self) -> Kernel:
        """The room's kernel on the server; everybody sees its outputs."""
        return Kernel(self._loop, self._twin.kernel)

    wait_saved = blocking(AsyncRoom.wait_saved)
    wait_for = blocking(AsyncRoom.wait_for)
    run = blocking(AsyncRoom.run)
    export = blocking(AsyncRoom.export)
    import_content = blocking(AsyncRoom.import_content)
    rename = blocking(AsyncRoom.rename)
    invite = blocking_as(AsyncRoom.invite, Invitation)
    invitations = blocking_as(AsyncRoom.invitations, each(Invitation))
    members = blocking(AsyncRoom.members)
    set_role = blocking(AsyncRoom.set_role)
    remove_member = blocking(AsyncRoom.remove_member)
    audit = blocking(AsyncRoom.audit)

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


def _blocking_entry(enter: Callable[P, Entry]) -> Callable[P, Room]:
    """The function without ``async`` of the same name that returns when one is in the room."""

    @wraps(enter)
    def call(*args: P.args, **kwargs: P.kwargs) -> Room:
        loop, entry = background_loop(), enter(*args, **kwargs)

        async def wait() -> AsyncRoom:
            return await entry

        return Room(loop, loop.wait(wait))

    call.__name__ = call.__qualname__ = enter.__name__.removesuffix("_async")
    call.__doc__ = (enter.__doc__ or "").replace("async with ", "with ").replace("await ", "").replace("_async", "")
    call.__dict__["__signature__"] = signature(enter).replace(return_annotation=Room)
    return call


connect = _blocking_entry(connect_async)
join = _blocking_entry(join_async)

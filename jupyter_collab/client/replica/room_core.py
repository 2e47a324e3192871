"""One room that a program is in: what :class:`~.async_room.AsyncRoom` and :class:`~.blocking_room.Room` both stand on.

Everything here runs on the event loop on which it was entered.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Literal, TypeVar

import anyio

from ...document import RoomDocument
from ...errors import CollabError, EditsNotSaved, PermissionDenied, RoomClosed, ServerUnreachable
from ...roles import RoleName
from ..http.access_client import AccessClient
from ..http.kernel_client import KernelClient
from ..http.rest_client import ContentFormat, RestClient
from ..http.server_access import Server
from .backoff import Backoff
from .changes import RoomChange
from .connection import Connection, Status
from .local_replica import LocalReplica
from .person import Person
from .presence_states import PresenceStates
from .seen_texts import SeenTexts
from .signals import Signal, latest

__all__ = ["CONTENT", "RoomCore"]

T = TypeVar("T")

_log = logging.getLogger(__name__)

CONTENT = "content."
"""What the content as a whole is called among the texts that were seen, with its format; no cell has such an id."""

Life = Literal["new", "open", "closed"]


class RoomCore:
    """The parts of a room, wired.

    Parameters
    ----------
    server, room_id, role
        Where it is; ``role`` can only lower what the server grants.
    backoff
        How to come back after a connection is lost.
    visible
        Whether the others see us among the people.
    """

    def __init__(
        self,
        server: Server,
        room_id: str,
        role: RoleName | None = None,
        backoff: Backoff | None = None,
        visible: bool = True,
    ) -> None:
        self.room_id = room_id
        self.server = server
        self.changes: Signal[RoomChange] = Signal(RoomChange.__or__)
        self.people_changes: Signal[list[Person]] = Signal(latest)
        self.status_changes: Signal[Status] = Signal(latest)
        self.rest = RestClient(server)
        self.access = AccessClient(self.rest, room_id)
        self.kernel = KernelClient(self.rest, room_id, role)
        self.seen = SeenTexts()
        self.replica = LocalReplica(self._tell_change, self._tell_news)
        self.presence = PresenceStates(self._tell_people, visible)
        self._connection = Connection(server, room_id, role, self.replica, self.presence, self._tell_news, backoff)
        self._life: Life = "new"
        self._news = asyncio.Event()
        self._told_status: Status = "connecting"
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.get_ident()

    # What changed

    def _tell_change(self, change: RoomChange) -> None:
        self.changes.emit(change)
        self._news.set()

    def _tell_people(self) -> None:
        self.people_changes.emit(self.presence.people)
        self._news.set()

    def _tell_news(self) -> None:
        self._connection.wake()
        self._news.set()
        if self.status != self._told_status:
            self._told_status = self.status
            self.status_changes.emit(self.status)

    # What is

    @property
    def document(self) -> RoomDocument:
        """The document, as it is here."""
        return self.replica.document

    @property
    def status(self) -> Status:
        """The state of the text, in one word."""
        return self._connection.status

    @property
    def error(self) -> CollabError | None:
        """The present problem, if any."""
        return self._connection.error

    @property
    def problem(self) -> str:
        """The present problem, for people; empty if there is none."""
        if self.replica.not_saved is not None:
            return self.replica.not_saved
        return str(self.error or "")

    @property
    def is_read_only(self) -> bool:
        """Whether an edit would be refused."""
        return (
            self._life != "open"
            or self.status == "refused"
            or not self.replica.may_edit
            or self.replica.is_being_renewed
        )

    def check_thread(self) -> None:
        """Make sure that nobody comes in from another thread."""
        if threading.get_ident() != self._thread:
            raise RuntimeError(
                "An AsyncRoom belongs to the thread of its event loop. From other threads use jupyter_collab.connect()."
            )

    def check_may_edit(self) -> None:
        """Make sure that an edit would not be refused.

        Raises
        ------
        RoomClosed
            When the room was closed here.
        PermissionDenied
            When our role does not include editing.
        EditsNotSaved
            When the document was put aside, and the room's is not here yet.
        CollabError
            When the server refused us for good.
        """
        if self._life != "open":
            raise RoomClosed(f"Room {self.room_id!r} is closed here: connect again.")
        if self.status == "refused" and self.error is not None:
            raise self.error
        if not self.replica.may_edit:
            raise PermissionDenied(f"You are {self.replica.role!r} in room {self.room_id!r} and may not edit it.")
        if self.replica.is_being_renewed:
            reason = f" {self.replica.unsent.error}" if self.replica.unsent else ""
            raise EditsNotSaved(f"Room {self.room_id!r} is being fetched again: wait, then edit again.{reason}")

    # Its life

    async def open(self, timeout_seconds: float) -> None:
        """Join: returns when the room's content is here.

        Raises
        ------
        CollabError
            When the server says no, or does not answer in time.
        """
        self._life = "open"
        self._task = asyncio.create_task(self._run(), name=f"jupyter_collab room {self.room_id}")
        try:
            with anyio.fail_after(timeout_seconds):
                await self._until(lambda: self._connection.is_online or self.status == "refused")
        except TimeoutError:
            await self._end()
            raise ServerUnreachable(f"Room {self.room_id!r} was not received within {timeout_seconds} s.") from None
        except BaseException:
            await self._end()
            raise
        if self.status == "refused":
            await self._end()
            raise self.error or ServerUnreachable(f"Room {self.room_id!r} could not be entered.")

    async def _run(self) -> None:
        try:
            await self._connection.run()
        except Exception as error:  # noqa: BLE001  # the boundary of the task: whoever waits must not wait for ever
            _log.exception("Room %r: the connection failed", self.room_id)
            self._connection.refuse(CollabError(f"The client failed: {error!r}"))
        self._news.set()

    async def close(self, timeout_seconds: float) -> None:
        """Leave, once what was edited is durable. The second time does nothing.

        Raises
        ------
        EditsNotSaved
            When that took too long or cannot be. The room is closed all the same.
        """
        if self._life != "open":
            return
        try:
            await self.wait_saved(timeout_seconds)
        except TimeoutError as error:
            raise EditsNotSaved(str(error)) from error
        finally:
            await self._end()

    async def close_after_failure(self, timeout_seconds: float) -> None:
        """Leave because of another error, whose place nothing must take: unsaved edits are only logged."""
        try:
            await self.close(timeout_seconds)
        except CollabError as not_saved:
            _log.warning("%s", not_saved)

    async def _end(self) -> None:
        self._life = "closed"
        self._connection.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self.rest.close()
        self._news.set()

    def discard_unsent(self) -> None:
        """Forget the text that was kept out of the room."""
        self.replica.unsent = None

    # Waiting

    async def _until(self, condition: Callable[[], T]) -> T:
        """The first result of ``condition`` that is true; it is asked again whenever something changed."""
        while True:
            self._news.clear()
            result = condition()
            if result:
                return result
            if self._life == "closed":
                raise RoomClosed(f"Room {self.room_id!r} was closed here.")
            await self._news.wait()

    async def wait_for(self, condition: Callable[[], T], timeout_seconds: float | None) -> T:
        """The first result of ``condition`` that is true; TimeoutError if there is none in time."""
        with anyio.fail_after(timeout_seconds):
            return await self._until(condition)

    async def wait_saved(self, timeout_seconds: float | None) -> None:
        """Return when every edit made here is durable.

        Raises
        ------
        TimeoutError
            When it takes longer.
        EditsNotSaved
            When there are edits that the room did not take; their text is in ``unsent``.
        CollabError
            When the server refused us for good and edits are left.
        """
        try:
            await self.wait_for(self._is_settled, timeout_seconds)
        except TimeoutError:
            raise TimeoutError(
                f"{self.replica.pending} edits of room {self.room_id!r} are not saved after {timeout_seconds} s "
                f"(status: {self.status})."
            ) from None
        unsent = self.replica.unsent
        if unsent is not None:
            raise EditsNotSaved(f"Edits are kept out of room {self.room_id!r}, see .unsent: {unsent.error}")
        if self.replica.pending:
            raise self.error or EditsNotSaved(f"{self.replica.pending} edits of room {self.room_id!r} are not saved.")

    def _is_settled(self) -> bool:
        return not self.replica.pending or self.status == "refused" or self._life == "closed"

    # Content by way of the server

    async def export_content(self, content_format: ContentFormat, reader: object, timeout_seconds: float) -> str:
        """What the room holds, with the edits made here, as the text of a file that ``reader`` has read then."""
        await self.wait_saved(timeout_seconds)
        text = await self.rest.export_content(self.room_id, content_format)
        self.seen.note(reader, f"{CONTENT}{content_format}", text)
        return text

    async def import_content(
        self, content: str, content_format: ContentFormat, reader: object, timeout_seconds: float
    ) -> list[str]:
        """Do to the room what was done to the content that ``reader`` has read, and return when it is here too.

        Returns what was changed in ``content``.
        """
        await self.wait_saved(timeout_seconds)
        base = self.seen.last(reader, f"{CONTENT}{content_format}")
        if base is None:
            room = await self.rest.import_content(self.room_id, content, content_format)
        else:
            room = await self.rest.merge_content(self.room_id, base, content, content_format)
        self.seen.note(reader, f"{CONTENT}{content_format}", content)
        with anyio.fail_after(timeout_seconds):
            await self.catch_up()
        return room["changed"]

    async def catch_up(self) -> None:
        """Return when all that the server has by now is here."""
        if self._connection.is_online:
            self.replica.resync()
        await self._until(lambda: self.replica.is_in_sync)

    async def rename(self, title: str) -> None:
        """Give the room another title."""
        self.replica.title = (await self.rest.rename_room(self.room_id, title))["title"]

    # Presence

    def show_presence(self, cell: str | None, cursor: object) -> None:
        """Show ourselves in ``cell``, with ``cursor`` if that is known."""
        self.presence.set_mine(cell=cell, cursor=cursor)
        self._connection.show_presence()

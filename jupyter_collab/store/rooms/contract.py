"""The store's contract for rooms.

A room is a row of facts (:class:`RoomRecord`) and an append-only log of Yjs updates, numbered by ``seq`` from 1. A
keyframe is the full state at a log position. A room has at least one, and all entries after its oldest one. Any number
of server processes may use one store at the same time: the store alone hands out ``seq``.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from ...access import Role
from ..people.contract import MemberRecord
from .origin import Origin

__all__ = ["NOBODY", "Head", "LogEntry", "LogSlice", "Reader", "RoomRecord", "RoomStore"]


NOBODY: Mapping[int, Origin] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """The facts of a room. Times are aware, in UTC; ``deleted_at`` is set while the room is in the bin.

    ``server_role`` is the role of every user of the server there, ``None`` if the room is private; ``access_version``
    grows with every change of who may do what in it.
    """

    id: str
    title: str
    epoch: str
    kind: str
    head_seq: int
    created_at: datetime
    changed_at: datetime
    deleted_at: datetime | None
    server_role: Role | None = Role.OWNER
    access_version: int = 0


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One durable Yjs update: where it comes from, the life of the room that took it in, and when.

    ``at`` is aware, in UTC, and true to within the time of a commit.
    A room has a life for each time that a server process loads it; ``life`` is a random name of it.
    """

    update: bytes
    origin: Origin
    life: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LogSlice:
    """A part of a room's log, which ends at the position ``seq``.

    ``state`` is a full state that stands for the entries before the first one, where some of those asked for were
    dropped. ``keyframe_bytes`` is the size of the newest keyframe up to ``seq``.
    """

    record: RoomRecord
    state: bytes | None
    entries: tuple[LogEntry, ...]
    seq: int
    keyframe_bytes: int


@dataclass(frozen=True, slots=True)
class Head:
    """Where a room's log ends now."""

    epoch: str
    seq: int
    title: str
    deleted: bool
    access_version: int = 0


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose rooms are listed: those that ``principal`` is in and, for the server's users, those open to all of them."""

    principal: str
    is_server_user: bool


class RoomStore(ABC):
    """The contract."""

    @abstractmethod
    async def create_room(
        self,
        room_id: str,
        title: str,
        epoch: str,
        kind: str,
        state: bytes,
        *,
        server_role: Role | None = Role.OWNER,
        owner: MemberRecord | None = None,
    ) -> RoomRecord:
        """Make a room with ``state`` as its first keyframe (``seq`` 0); ``RoomExists`` if the id is taken."""

    @abstractmethod
    async def get_room(self, room_id: str, *, deleted: bool = False) -> RoomRecord:
        """One room; ``RoomNotFound`` if there is none, or, unless ``deleted``, if it is in the bin."""

    @abstractmethod
    async def list_rooms(
        self, search: str, deleted: bool, limit: int, offset: int, reader: Reader | None = None
    ) -> tuple[list[RoomRecord], int]:
        """A page of the rooms (those in the bin if ``deleted``), last changed first, and how many there are in all."""

    @abstractmethod
    async def rename_room(self, room_id: str, title: str) -> RoomRecord:
        """Give a room another title."""

    @abstractmethod
    async def delete_room(self, room_id: str) -> RoomRecord:
        """Put a room into the bin."""

    @abstractmethod
    async def restore_room(self, room_id: str) -> RoomRecord:
        """Take a room out of the bin; one that is not in it is left as it is."""

    @abstractmethod
    async def purge_room(self, room_id: str) -> None:
        """Delete a room in the bin, except its epoch: documents of that epoch must never be merged again."""

    @abstractmethod
    async def retired_epochs(self, room_id: str) -> tuple[str, ...]:
        """The epochs of rooms that had this id and were purged."""

    @abstractmethod
    async def append(
        self,
        room_id: str,
        epoch: str,
        entries: Sequence[LogEntry],
        after_seq: int = 0,
        clients: Mapping[int, Origin] = NOBODY,
    ) -> int:
        """Append to the log, durably and all or nothing, behind whatever is there; returns the last entry's ``seq``.

        Without entries, ``clients`` are noted all the same.

        ``clients`` says from where the edits come that are made under Yjs client ids; who had one first, keeps it.
        Nothing is appended, and ``ClientIdTaken`` raised, if one is that of another writer.
        Raises ``RoomNotFound`` if the room is gone or in the bin, ``EpochMismatch`` if it has another epoch, and
        ``LogCutShort`` if the log, which had reached ``after_seq``, ends before that.
        """

    @abstractmethod
    async def clients(self, room_id: str) -> dict[int, Origin]:
        """The origin of the edits under each Yjs client id, as far as it is known.

        It is kept as long as the room, also when entries of the log are dropped.
        """

    @abstractmethod
    async def writers(self, room_id: str, client_ids: Collection[int] | None = None) -> dict[int, str]:
        """Who writes under each of ``client_ids``, or of all that are known, as :func:`~..access.writer_of` names them.

        Ids without a known origin are left out. The gate limits the ids of a person.
        """

    @abstractmethod
    async def read_log(self, room_id: str, after_seq: int | None = None) -> LogSlice:
        """The log after ``after_seq``, or the whole room with its newest keyframe for ``None``."""

    @abstractmethod
    async def read_updates(self, room_id: str, epoch: str) -> tuple[int, list[bytes]]:
        """All updates of a room's document, in order, and the position of the last one.

        They are read with nothing that is said of them, as fast as can be. Raises ``EpochMismatch`` if the room has
        another epoch.
        """

    @abstractmethod
    async def put_keyframe(self, room_id: str, epoch: str, seq: int, state: bytes, kind: str) -> None:
        """Store the full ``state`` at ``seq``, in place of another one there; nothing is dropped.

        ``state`` must contain every entry up to ``seq``. One for another epoch, or older than the newest, is ignored.
        """

    @abstractmethod
    async def drop_entries(self, room_id: str, epoch: str, up_to_seq: int) -> None:
        """Drop the entries that the newest keyframe up to ``up_to_seq`` stands for, and the keyframes before that one.

        So what the room was can be read from that keyframe's position on. For another epoch nothing is dropped.
        """

    @abstractmethod
    async def read_past(self, room_id: str, seq: int) -> LogSlice:
        """The room as it was at the position ``seq``: a keyframe, and the entries from there on.

        Raises ``RoomError`` if that was dropped, or if the log does not go so far.
        """

    @abstractmethod
    async def heads(self, room_ids: Collection[str]) -> dict[str, Head]:
        """Where the logs of these rooms end; purged rooms are left out. Cheap: it is called many times a second."""

"""A store in memory that promises what every store does, and a disk under it that outlives servers and can fail."""

import asyncio
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from jupyter_collab.access import Role, writer_of
from jupyter_collab.errors import (
    BlobNotFound,
    ClientIdTaken,
    EpochMismatch,
    LogCutShort,
    NotSaved,
    RoomError,
    RoomExists,
    RoomNotFound,
    StoreUnavailable,
)
from jupyter_collab.store import (
    NOBODY,
    AccountStore,
    Blob,
    Head,
    KernelLease,
    LogEntry,
    LogSlice,
    MemberRecord,
    Origin,
    PeopleStore,
    Reader,
    RoomRecord,
    RunRecord,
    ServerMessage,
    Store,
)
from jupyter_collab.store.blobs.contract import MIN_BLOB_AGE_SECONDS
from jupyter_collab.store.messages.contract import MAX_MESSAGES
from jupyter_collab.store.runs.contract import MAX_RUN_SOURCE_CHARACTERS, MAX_RUNS

from .tokens import tokens_in

__all__ = ["Disk", "MemoryStore"]

LATENCY_SECONDS = 0.02


@dataclass
class _StoredRoom:
    """``keyframes`` are states by their position in the log, ``dropped`` is how many entries are gone from it."""

    record: RoomRecord
    keyframes: dict[int, bytes]
    dropped: int = 0
    entries: list[LogEntry] = field(default_factory=list)
    clients: dict[int, Origin] = field(default_factory=dict)
    blobs: dict[str, tuple[Blob, datetime]] = field(default_factory=dict)
    runs: dict[int, RunRecord] = field(default_factory=dict)
    kernel_lease: KernelLease | None = None

    def slice(self, after_seq: int | None) -> LogSlice:
        frame_seq = max(self.keyframes)
        state = self.keyframes[frame_seq]
        wants_state = after_seq is None or after_seq < self.dropped
        start = frame_seq if after_seq is None or wants_state else after_seq
        entries = tuple(self.entries[start - self.dropped :])
        return LogSlice(self.record, state if wants_state else None, entries, self.record.head_seq, len(state))

    def past(self, seq: int) -> LogSlice:
        frame_seq = max((there for there in self.keyframes if there <= seq), default=None)
        if frame_seq is None or seq > self.record.head_seq:
            raise RoomError(f"What the room was at {seq} is not kept.")
        state = self.keyframes[frame_seq]
        entries = tuple(self.entries[frame_seq - self.dropped : seq - self.dropped])
        return LogSlice(self.record, state, entries, seq, len(state))


class Disk:
    """What is durable. ``fails_to_write`` and ``fails_to_read`` are its troubles; ``tokens`` are all it ever got."""

    def __init__(self) -> None:
        self.rooms: dict[str, _StoredRoom] = {}
        self.retired: dict[str, list[str]] = {}
        self.messages: dict[int, ServerMessage] = {}
        self.last_message = 0
        self.fails_to_write = False
        self.fails_to_read = False
        self.tokens: set[str] = set()
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        """Later than ever before."""
        self._now = max(datetime.now(UTC), self._now + timedelta(microseconds=1))
        return self._now

    def note(self, update: bytes) -> None:
        """Remember the tokens in ``update``, which is durable now."""
        self.tokens |= tokens_in(update)

    def room(self, room_id: str, *, deleted: bool = False) -> _StoredRoom:
        room = self.rooms.get(room_id)
        if room is None or (room.record.deleted_at is not None and not deleted):
            raise RoomNotFound(f"There is no room '{room_id}'.")
        return room


class MemoryStore(Store):
    """One process's way to ``disk``. After :meth:`die` nothing that it was asked to do is begun or answered."""

    def __init__(self, disk: Disk, rng: random.Random | None = None) -> None:
        self._disk = disk
        self._rng = rng
        self._opened = self._closed = self._dead = False

    def die(self) -> None:
        """The process is killed."""
        self._dead = True

    async def bury(self) -> None:
        """Nothing of the process is left."""

    async def open(self) -> None:
        self._opened = True

    async def close(self) -> None:
        self._closed = True

    async def _pause(self) -> None:
        await asyncio.sleep(self._rng.random() * LATENCY_SECONDS if self._rng is not None else 0)
        if self._dead:
            raise asyncio.CancelledError

    async def _reading(self) -> None:
        await self._pause()
        if not self._opened or self._disk.fails_to_read:
            raise StoreUnavailable("The store is not open." if not self._opened else "The disk cannot be read.")

    async def _writing(self) -> None:
        if not self._opened:
            raise StoreUnavailable("The store is not open.")
        if self._closed:
            raise NotSaved("The store is closed.")
        await self._pause()
        if self._disk.fails_to_write:
            raise NotSaved("The disk is full.")

    @property
    def people(self) -> PeopleStore:
        raise NotImplementedError("Nobody is invited in a simulation.")

    @property
    def accounts(self) -> AccountStore:
        raise NotImplementedError("Nobody signs in in a simulation.")

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
        await self._writing()
        if room_id in self._disk.rooms:
            raise RoomExists(f"There is a room '{room_id}' already.")
        now = self._disk.now()
        record = RoomRecord(room_id, title, epoch, kind, 0, now, now, None)
        self._disk.rooms[room_id] = _StoredRoom(record, {0: state})
        self._disk.note(state)
        return record

    async def get_room(self, room_id: str, *, deleted: bool = False) -> RoomRecord:
        await self._reading()
        return self._disk.room(room_id, deleted=deleted).record

    async def list_rooms(
        self, search: str, deleted: bool, limit: int, offset: int, reader: Reader | None = None
    ) -> tuple[list[RoomRecord], int]:
        await self._reading()
        chosen = [
            room.record
            for room in self._disk.rooms.values()
            if (room.record.deleted_at is not None) is deleted
            and (search.lower() in room.record.title.lower() or search.lower() in room.record.id.lower())
        ]
        chosen.sort(key=lambda record: record.changed_at, reverse=True)
        return chosen[offset : offset + limit], len(chosen)

    async def _change(self, room_id: str, deleted: bool, **facts: object) -> RoomRecord:
        await self._writing()
        room = self._disk.room(room_id, deleted=deleted)
        room.record = replace(room.record, **facts)  # type: ignore[arg-type]  # the callers below know the fields
        await self._pause()
        return room.record

    async def rename_room(self, room_id: str, title: str) -> RoomRecord:
        return await self._change(room_id, False, title=title)

    async def delete_room(self, room_id: str) -> RoomRecord:
        return await self._change(room_id, False, deleted_at=self._disk.now())

    async def restore_room(self, room_id: str) -> RoomRecord:
        return await self._change(room_id, True, deleted_at=None)

    async def purge_room(self, room_id: str) -> None:
        await self._writing()
        record = self._disk.room(room_id, deleted=True).record
        if record.deleted_at is None:
            raise RoomError(f"The room '{room_id}' is not in the bin.")
        del self._disk.rooms[room_id]
        self._disk.retired.setdefault(room_id, []).append(record.epoch)

    async def retired_epochs(self, room_id: str) -> tuple[str, ...]:
        await self._reading()
        return tuple(self._disk.retired.get(room_id, ()))

    async def append(
        self,
        room_id: str,
        epoch: str,
        entries: Sequence[LogEntry],
        after_seq: int = 0,
        clients: Mapping[int, Origin] = NOBODY,
    ) -> int:
        await self._writing()
        room = self._disk.room(room_id)
        if room.record.epoch != epoch:
            raise EpochMismatch(f"The room '{room_id}' has a new history.")
        if room.record.head_seq < after_seq:
            raise LogCutShort(f"The log of the room '{room_id}' ends before {after_seq}.")
        for client_id, origin in clients.items():
            if writer_of(room.clients.get(client_id, origin).principal) != writer_of(origin.principal):
                raise ClientIdTaken(f"The client id {client_id} is somebody else's in the room '{room_id}'.")
        room.entries.extend(entries)
        for client_id, origin in clients.items():
            room.clients.setdefault(client_id, origin)
        seq = room.record.head_seq + len(entries)
        room.record = replace(room.record, head_seq=seq, changed_at=self._disk.now())
        for entry in entries:
            self._disk.note(entry.update)
        await self._pause()  # it is durable, but a process that is killed now does not hear of it
        return seq

    async def clients(self, room_id: str) -> dict[int, Origin]:
        await self._reading()
        room = self._disk.rooms.get(room_id)
        return {} if room is None else dict(room.clients)

    async def writers(self, room_id: str, client_ids: Collection[int] | None = None) -> dict[int, str]:
        known = await self.clients(room_id)
        chosen = known.keys() if client_ids is None else known.keys() & set(client_ids)
        return {client_id: writer_of(known[client_id].principal) for client_id in chosen}

    async def read_log(self, room_id: str, after_seq: int | None = None) -> LogSlice:
        await self._reading()
        log_slice = self._disk.room(room_id).slice(after_seq)
        await self._pause()  # it may be old when it arrives
        return log_slice

    async def read_updates(self, room_id: str, epoch: str) -> tuple[int, list[bytes]]:
        log_slice = await self.read_log(room_id)
        if log_slice.record.epoch != epoch:
            raise EpochMismatch("It has a new history.")
        assert log_slice.state is not None
        return log_slice.seq, [log_slice.state, *(entry.update for entry in log_slice.entries)]

    async def put_keyframe(self, room_id: str, epoch: str, seq: int, state: bytes, kind: str) -> None:
        await self._writing()
        room = self._disk.rooms.get(room_id)
        if room is not None and room.record.epoch == epoch and max(room.keyframes) <= seq <= room.record.head_seq:
            room.keyframes[seq] = state
            room.record = replace(room.record, kind=kind)
            self._disk.note(state)
        await self._pause()

    async def drop_entries(self, room_id: str, epoch: str, up_to_seq: int) -> None:
        await self._writing()
        room = self._disk.rooms.get(room_id)
        if room is not None and room.record.epoch == epoch:
            kept = max((seq for seq in room.keyframes if seq <= up_to_seq), default=room.dropped)
            del room.entries[: kept - room.dropped]
            room.dropped = kept
            for seq in [seq for seq in room.keyframes if seq < kept]:
                del room.keyframes[seq]
        await self._pause()

    async def read_past(self, room_id: str, seq: int) -> LogSlice:
        await self._reading()
        log_slice = self._disk.room(room_id).past(seq)
        await self._pause()
        return log_slice

    async def heads(self, room_ids: Collection[str]) -> dict[str, Head]:
        await self._reading()
        found = [self._disk.rooms[room_id].record for room_id in room_ids if room_id in self._disk.rooms]
        heads = {
            record.id: Head(record.epoch, record.head_seq, record.title, record.deleted_at is not None)
            for record in found
        }
        await self._pause()
        return heads

    async def put_blobs(self, room_id: str, blobs: Sequence[Blob]) -> None:
        await self._writing()
        room = self._disk.room(room_id)
        for blob in blobs:
            room.blobs[blob.digest] = (blob, self._disk.now())

    async def get_blob(self, room_id: str, digest: str) -> Blob:
        await self._reading()
        room = self._disk.rooms.get(room_id)
        if room is None or digest not in room.blobs:
            raise BlobNotFound(f"The room '{room_id}' has no such blob.")
        return room.blobs[digest][0]

    async def collect_blobs(self, room_id: str, kept: Collection[str]) -> int:
        await self._writing()
        room = self._disk.rooms.get(room_id)
        if room is None:
            return 0
        oldest = self._disk.now() - timedelta(seconds=MIN_BLOB_AGE_SECONDS)
        dropped = [digest for digest, (_, at) in room.blobs.items() if at < oldest and digest not in kept]
        for digest in dropped:
            del room.blobs[digest]
        return len(room.blobs)

    async def add_runs(
        self, room_id: str, cells: Sequence[tuple[str, str]], *, username: str, display_name: str, kind: str
    ) -> list[RunRecord]:
        await self._writing()
        runs = self._disk.room(room_id).runs
        who, queued_at = (username, display_name, kind), self._disk.now()
        added = [
            RunRecord(number, cell_id, *who, "", _kept(source), queued_at, None, None, "queued")
            for number, (cell_id, source) in enumerate(cells, max(runs, default=0) + 1)
        ]
        for run in added:
            runs[run.id] = run
            runs.pop(run.id - MAX_RUNS, None)
        return added

    async def start_run(self, room_id: str, run_id: int, *, kernel_name: str) -> None:
        await self._change_run(room_id, run_id, status="running", started_at=self._disk.now(), kernel_name=kernel_name)

    async def end_run(self, room_id: str, run_id: int, status: str) -> None:
        await self._change_run(room_id, run_id, status=status, ended_at=self._disk.now())

    async def _change_run(self, room_id: str, run_id: int, **facts: object) -> None:
        await self._writing()
        room = self._disk.rooms.get(room_id)
        if room is not None and run_id in room.runs:
            room.runs[run_id] = replace(room.runs[run_id], **facts)  # type: ignore[arg-type]  # as above

    async def list_runs(self, room_id: str, limit: int, before: int | None = None) -> list[RunRecord]:
        await self._reading()
        room = self._disk.rooms.get(room_id)
        numbers = sorted(room.runs, reverse=True) if room is not None else []
        chosen = [number for number in numbers if before is None or number < before][:limit]
        return [room.runs[number] for number in chosen] if room is not None else []

    async def kernel_lease(self, room_id: str) -> KernelLease | None:
        await self._reading()
        room = self._disk.rooms.get(room_id)
        return None if room is None else room.kernel_lease

    async def put_kernel_lease(
        self, room_id: str, lease: KernelLease | None, instead_of: KernelLease | None
    ) -> KernelLease | None:
        await self._writing()
        room = self._disk.room(room_id, deleted=True)
        if room.kernel_lease == instead_of:
            room.kernel_lease = lease
        return room.kernel_lease

    async def add_messages(self, messages: Sequence[ServerMessage], drop_up_to: int = 0) -> int:
        await self._writing()
        disk = self._disk
        for message in messages:
            disk.last_message += 1
            disk.messages[disk.last_message] = message
        dropped = max(drop_up_to, disk.last_message - MAX_MESSAGES)
        disk.messages = {seq: message for seq, message in disk.messages.items() if seq > dropped}
        return max(disk.messages, default=0)

    async def messages(
        self, room_ids: Collection[str], after: int, *, reader: str
    ) -> tuple[tuple[ServerMessage, ...], int]:
        await self._reading()
        found = [message for seq, message in self._disk.messages.items() if seq > after]
        wanted = [message for message in found if message.room_id in room_ids and message.server != reader]
        return tuple(wanted), max([after, *self._disk.messages])

    async def last_message(self) -> int:
        await self._reading()
        return max(self._disk.messages, default=0)


def _kept(source: str) -> str:
    return source[:MAX_RUN_SOURCE_CHARACTERS].replace("\0", "\N{REPLACEMENT CHARACTER}")

"""A real notebook room with a store in memory, somebody who types in it, an attacker, and all that must stay true."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from unittest.mock import patch

import nbformat
from pycrdt import Array, Doc, Map, Text

from jupyter_collab.access import Capability, Role, User, UserKind, writer_of
from jupyter_collab.document import CELL_TYPES, RoomDocument
from jupyter_collab.document.values import array_items, canonical, to_plain
from jupyter_collab.gate.grammar import OUTPUT_TYPES
from jupyter_collab.protocol import (
    AwarenessEntry,
    AwarenessMessage,
    SyncStep1,
    SyncStep2,
    Update,
    build,
    build_awareness,
    parse,
)
from jupyter_collab.rooms import Limits, Peer, Room, RoomState
from jupyter_collab.rooms.counts import Counts
from jupyter_collab.store import NOBODY, LogEntry, LogSlice, Origin, OriginKind, RoomRecord, Store
from jupyter_collab.yjs import SERVER_CLIENT_IDS, state_vector

from ..unit.doubles import MemoryTransport
from .writer import DOC, made_of

__all__ = ["ADA", "Broken", "FuzzedRoom", "Sent", "replay"]

ADA, SERVER = 1, SERVER_CLIENT_IDS.start
"""Yjs client ids: of the one who types, and of the server, the same each time, so that what was found is replayed."""

RUN = {"by": "Ada", "username": "ada", "at": "2026-01-31T12:00:00.000Z", "seconds": 1, "status": "ok", "hash": "1"}
KERNEL = {"id": "k", "name": "python3", "server": "s"}

NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"language_info": {"name": "python"}},
    "cells": [
        {
            "id": "code",
            "cell_type": "code",
            "source": "1 + 1 🦜",
            "metadata": {"tags": ["a"]},
            "execution_count": 3,
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": "not all passed"},
                {"output_type": "display_data", "data": {"text/plain": "2"}, "metadata": {}},
            ],
        },
        {"id": "words", "cell_type": "markdown", "source": "words", "metadata": {}},
        {"id": "raw", "cell_type": "raw", "source": "", "metadata": {}},
    ],
}


class Broken(AssertionError):
    """Something did not stay true."""


@dataclass(frozen=True)
class Sent:
    """One message of an edit: ``by`` is "ada" or "eve", ``is_own`` says whether it is an update or a step 2."""

    by: str
    update: bytes
    is_own: bool = True


class _MemoryStore:
    """As much of a store as one live room needs. ``entries`` is what was made durable."""

    def __init__(self, state: bytes) -> None:
        now = datetime.now(UTC)
        self._record = RoomRecord("room", "Room", "epoch", "notebook", 0, now, now, None)
        self._state = state
        self._writers: dict[int, str] = {}
        self.entries: list[LogEntry] = []

    async def read_log(self, room_id: str, after_seq: int | None = None) -> LogSlice:
        after = after_seq or 0
        state = self._state if after_seq is None else None
        return LogSlice(self._record, state, tuple(self.entries[after:]), len(self.entries), len(self._state))

    async def retired_epochs(self, room_id: str) -> list[str]:
        return []

    async def append(
        self,
        room_id: str,
        epoch: str,
        entries: Sequence[LogEntry],
        after_seq: int = 0,
        clients: Mapping[int, Origin] = NOBODY,
    ) -> int:
        for client_id, origin in clients.items():
            self._writers.setdefault(client_id, writer_of(origin.principal))
        self.entries += entries
        return len(self.entries)

    async def writers(self, room_id: str, client_ids: Collection[int] | None = None) -> dict[int, str]:
        return {
            client_id: writer
            for client_id, writer in self._writers.items()
            if client_ids is None or client_id in client_ids
        }

    async def put_keyframe(self, *state: object) -> None:
        """The log is kept whole."""

    async def drop_entries(self, *what: object) -> None:
        """The log is kept whole."""


class _Ears(logging.Handler):
    """Keeps what the product says of an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


@contextmanager
def _listening() -> Iterator[list[str]]:
    ears, logger = _Ears(), logging.getLogger("jupyter_collab")
    level, passes = logger.level, logger.propagate
    logger.addHandler(ears)
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    try:
        yield ears.heard
    finally:
        logger.removeHandler(ears)
        logger.setLevel(level)
        logger.propagate = passes


def _person(name: str, kind: UserKind) -> User:
    return User(name, name, name.title(), name[0].upper(), kind=kind)


class FuzzedRoom:
    """Use :meth:`open`. ``taken`` and ``refused`` count what ``eve``, who is a guest, sent."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self.taken = self.refused = 0
        first = RoomDocument.create("epoch", NOTEBOOK).doc.get_update()
        self._store = _MemoryStore(first)
        self._mirror = RoomDocument(Doc(client_id=3))
        self._mirror.doc.apply_update(first)
        self._mirrored = 0
        self._cells = 0
        self.ada_doc: Doc[Any] = Doc(client_id=ADA)
        self._heard: list[str] = []

    @classmethod
    @contextmanager
    def watched(cls, role: Role) -> Iterator["FuzzedRoom"]:
        """One of which the log is listened to; :meth:`open` it."""
        room = cls(role)
        with _listening() as heard, patch("jupyter_collab.rooms.replica.server_client_id", lambda: SERVER):
            room._heard = heard
            yield room

    async def open(self) -> None:
        """Load the room, and let both in."""
        self.room = await Room.load(
            "room",
            cast(Store, self._store),
            Limits(),
            Counts(),
            self._lost,
            lambda room_id: None,
            lambda room, entries: None,
        )
        ada = _person("ada", UserKind.SERVER)
        await self.room.edits.change(_as_if_run, Origin.by(ada, OriginKind.KERNEL, run=1))
        self._words = self.room._replica.look_into(lambda document: _word(document._shared("code")))
        self._ada = self._join(ada, Role.OWNER, self.ada_doc)
        self._hear(self._ada, AwarenessMessage(build_awareness([AwarenessEntry(ADA, 1, "{}")])))
        self._eve = self._join(_person("eve", UserKind.GUEST), self.role, None)
        self._state = self.encode()
        self._look()

    async def close(self) -> None:
        """End the room."""
        await self.room.close(1000, "")  # type: ignore[arg-type]  # nobody reads it

    def _lost(self, room: Room, error: Exception) -> None:
        raise Broken("The room cannot go on.") from error

    def _join(self, user: User, role: Role, doc: "Doc[Any] | None") -> Peer:
        transport = MemoryTransport()
        if doc is not None:
            transport.on_message = lambda message: _apply(doc, message)
        peer = Peer(user, role, transport, speaks_v1=True)
        self.room.join(peer)
        if doc is not None:
            waiting = self.room.receive(peer, build(SyncStep1(doc.get_state())))
            assert waiting is None
        return peer

    def _hear(self, peer: Peer, message: Any) -> Any:
        return self.room.receive(peer, build(message))

    def encode(self) -> bytes:
        """The room's document."""
        return self.room._replica.encode()

    async def take(self, sent: Sent) -> bool:
        """Let somebody send an edit, and see that all is well; returns whether it changed anything.

        Raises
        ------
        Broken
            It is not.
        """
        if sent.by == "ada":
            self.ada_doc.apply_update(sent.update)
        peer = self._ada if sent.by == "ada" else self._eve
        waiting = self._hear(peer, Update(sent.update) if sent.is_own else SyncStep2(sent.update))
        if waiting is not None:
            await waiting
        if self.room.state is not RoomState.LIVE or self._heard:
            said = [line for text in self._heard for line in text.splitlines()]
            raise Broken(f"The room was made anew, or failed: {[*said[:1], *said[-1:]]}")
        await self.room.flush()
        state = self.encode()
        changed = state != self._state and _known(state) != _known(self._state)
        if sent.by == "eve":
            self.taken += changed
            self.refused += not changed
            self._see_to_eve(changed=changed)
        self._state = state
        if changed:
            self._look()
        elif len(self._store.entries) != self._mirrored:
            raise Broken("Something was made durable, but nothing changed.")
        return changed

    def _see_to_eve(self, *, changed: bool) -> None:
        """Eve comes back after a refusal."""
        if changed and not self.role.may(Capability.EDIT):
            raise Broken(f"A {self.role} changed the document.")
        if self._eve not in self.room.peers or self.room.edits.sender(self._eve).was_refused:
            if changed:
                raise Broken("A part of a refused edit stays.")
            self.room.leave(self._eve)
            self._eve = self._join(self._eve.user, self.role, None)

    # What must stay true

    def _look(self) -> None:
        self._require(state_vector(self.room._replica.state_vector) == self.room._replica._gate.clocks, "other clocks")
        self._follow()
        self.room._replica.look_into(self._look_into)

    def _follow(self) -> None:
        """What was made durable makes the same document, as does what was sent to Ada."""
        for entry in self._store.entries[self._mirrored :]:
            self._mirror.doc.apply_update(entry.update)
        self._mirrored = len(self._store.entries)
        own = state_vector(self.room._replica.state_vector)
        self._require(state_vector(self._mirror.doc.get_state()) == own, "what is durable has other edits")
        self._require(self._mirror.digest == self.room._replica.digest, "what is durable has other texts")
        self._require(state_vector(self.ada_doc.get_state()) == own, "Ada has other edits")
        self._require(
            self._ada in self.room.peers and not self.room.edits.sender(self._ada).was_refused,
            "Ada was refused something",
        )

    def _look_into(self, document: RoomDocument) -> None:
        notebook = document.to_notebook()
        nbformat.validate(notebook)
        same = canonical(notebook) == canonical(self._mirror.to_notebook())
        self._require(same, "what is durable makes another notebook")
        state, meta = document.doc.get("state", type=Map), document.doc.get("meta", type=Map)
        self._require(to_plain(state.get("kernel")) == KERNEL, "the kernel changed")
        self._require(state.get("epoch") == "epoch", "the epoch changed")
        self._require(isinstance(meta.get("metadata"), Map), "the notebook's metadata are no map")
        cells = list(document.doc.get("cells", type=Array))
        for cell in cells:
            self._look_at_cell(cell)
        self._require(len(cells) >= self._cells, "a cell was taken away")
        self._require(len({cell["id"] for cell in cells}) == len(cells), "two cells have one id")
        self._require(len([cell for cell in cells if _word(cell)[0]]) <= 1, "a run is said to be of two cells")
        self._cells = len(cells)

    def _look_at_cell(self, cell: "Map[Any]") -> None:
        self._require(isinstance(cell, Map), "something is no cell")
        self._require(cell.get("cell_type") in CELL_TYPES, "a cell has no type")
        self._require(isinstance(cell.get("source"), Text), "a cell has no text")
        self._require(isinstance(cell.get("metadata"), Map), "a cell has no metadata")
        self._require(isinstance(cell.get("pos"), str), "a cell has no place")
        self._require(isinstance(cell.get("outputs"), Array), "a cell has no outputs")
        self._require(len(array_items(cell["outputs"])) == len(cell["outputs"]), "outputs cannot be edited")
        self._require("trusted" not in cell["metadata"], "outputs are marked as trusted")
        self._require(to_plain(cell.get("execution_state")) in (None, "idle"), "a cell says that it runs")
        for output in map(to_plain, array_items(cell["outputs"])):
            self._require(isinstance(output, dict) and output.get("output_type") in OUTPUT_TYPES, "an odd output")
            self._require(output["output_type"] != "stream" or _is_text(output.get("text")), "a stream has no text")
        self._look_at_word(cell)

    def _look_at_word(self, cell: "Map[Any]") -> None:
        """Where a cell says that it was run, that run, and no other, is what its outputs are of."""
        run, outputs, count = _word(cell)
        if run is None:
            return
        before = self._words
        self._require(run == before[0], "a cell says of another run")
        self._require(outputs in ("[]", before[1]), "outputs that no run made are said to be of a run")
        self._require(count in (None, before[2]), "a number that no run gave is said to be of a run")

    def _require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise Broken(otherwise)


def _as_if_run(document: RoomDocument) -> None:
    document.set_run_info("code", RUN)
    document.doc.get("state", type=Map)["kernel"] = KERNEL


def _known(state: bytes) -> Any:
    """What a document says; yrs writes the options of documents in it in any order."""
    items, deletions = made_of(state)
    return [item._replace(content=b"") if item.kind == DOC else item for item in items], deletions


def _apply(doc: "Doc[Any]", data: bytes) -> None:
    match parse(data):
        case Update(update) | SyncStep2(update):
            doc.apply_update(update)


def _is_text(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(line, str) for line in value))


def _word(cell: "Map[Any]") -> tuple[Any, str, Any]:
    own = to_plain(cell["metadata"].get("jupyter_collab"))
    outputs = to_plain(cell["outputs"])
    return own.get("run") if isinstance(own, dict) else None, canonical(outputs), cell.get("execution_count")


async def replay(role: Role, history: Iterable[Sent]) -> None:
    """Send all of it to a new room; raises what :meth:`FuzzedRoom.take` does."""
    with FuzzedRoom.watched(role) as room:
        await room.open()
        try:
            for sent in history:
                await room.take(sent)
        finally:
            await room.close()

"""A room's document behind its gate, and people with documents of their own, as hostile as need be."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pycrdt import Array, Doc, Map, Text

from jupyter_collab.access import User, UserKind
from jupyter_collab.document import RoomDocument
from jupyter_collab.gate import Author
from jupyter_collab.rooms.replica import Replica
from jupyter_collab.store import LogSlice, RoomRecord

__all__ = ["GatedRoom", "Person", "person"]

NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {
            "id": "code",
            "cell_type": "code",
            "source": "1 + 1",
            "metadata": {},
            "execution_count": 3,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "two"}],
        },
        {"id": "words", "cell_type": "markdown", "source": "words", "metadata": {}},
    ],
}

_client_ids = itertools.count(1000)


def person(name: str) -> User:
    """A guest of this name."""
    return User(name, name, name.title(), name[0].upper(), kind=UserKind.GUEST)


class GatedRoom:
    """A room with two cells, ``code`` and ``words``. ``presence`` says which person is present as which client."""

    def __init__(self, state: bytes | None = None) -> None:
        if state is None:
            state = RoomDocument.create("epoch", NOTEBOOK).doc.get_update()
        self.replica = Replica(50 * 2**20)
        self.load(state)
        self.understand()
        self.replica.complete(1)
        self.presence: dict[int, str] = {}

    def log_slice(self, state: bytes) -> LogSlice:
        """A log that is nothing but a keyframe."""
        now = datetime.now(UTC)
        record = RoomRecord("room", "Room", "epoch", "notebook", 1, now, now, None)
        return LogSlice(record, state, (), 1, len(state))

    def load(self, state: bytes) -> None:
        """Make the document, as when a room is opened or healed."""
        for _ in self.replica.loading(self.log_slice(state), ()):
            pass

    def understand(self) -> None:
        """Let the gate get to know the document."""
        for _ in self.replica.understand():
            pass

    def take(self, update: bytes, name: str = "eve") -> list[bytes]:
        """What the room does with an edit of somebody: what changed."""
        who = person(name)
        changes = self.replica.apply(update, Author(f"guest:{name}", self.presence.get))
        return [*changes, *self.replica.strip_trust(), *self.replica.complete(1), *self.replica.keep_word(who)]

    def joined(self, name: str = "eve", client_id: int | None = None) -> "Person":
        """Somebody with the room's document."""
        return Person(self, name, client_id)

    def look(self, look: Callable[[RoomDocument], Any]) -> Any:
        """What there is to see."""
        return self.replica.look_into(look)

    def cell(self, cell_id: str) -> dict[str, Any]:
        """One cell, as in a notebook."""
        found: dict[str, Any] = self.look(lambda document: document.cell(cell_id))
        return found


class Person:
    """Somebody with a document, who edits it and sends what changed."""

    def __init__(self, room: GatedRoom, name: str, client_id: int | None) -> None:
        self.name = name
        self._room = room
        self.doc: Doc[Any] = Doc(client_id=next(_client_ids) if client_id is None else client_id)
        self.document = RoomDocument(self.doc)
        self.doc.apply_update(room.replica.encode())
        self.bag: Array[Any] = self.doc.get("cells", type=Array)
        self.meta: Map[Any] = self.doc.get("meta", type=Map)
        self.state: Map[Any] = self.doc.get("state", type=Map)

    def cell(self, index: int = 0) -> "Map[Any]":
        """A cell as it lies in the bag."""
        cell: Map[Any] = self.bag[index]
        return cell

    def source(self, index: int = 0) -> Text:
        """A cell's text."""
        text: Text = self.cell(index)["source"]
        return text

    def update(self, change: Callable[["Person"], object]) -> bytes:
        """What ``change`` does here, as one update."""
        said: list[bytes] = []
        subscription = self.doc.observe(lambda event: said.append(event.update))
        with self.doc.transaction():
            change(self)
        self.doc.unobserve(subscription)
        (update,) = said
        return update

    def send(self, change: Callable[["Person"], object]) -> list[bytes]:
        """Let the room take what ``change`` does here."""
        return self._room.take(self.update(change), self.name)

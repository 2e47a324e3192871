"""What comes into a shared type that is deleted: Yjs drops it, so it is taken in only where that type is deleted."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import InvalidUpdate
from jupyter_collab.protocol import write_varuint
from jupyter_collab.yjs import Deletion, UpdateReader

from .rooms import GatedRoom, Person
from .test_neighbours import GONE, LOW, typing

SCATTERED = 3_000


def without_every_second(unit: tuple[int, int], count: int) -> bytes:
    """An update that deletes ``count`` units, each the second behind the one before."""
    client, clock = unit
    clocks = range(clock, clock + 2 * count, 2)
    return b"\x00\x01" + b"".join(map(write_varuint, (client, count, *(n for clock in clocks for n in (clock, 1)))))


@pytest.fixture
def room() -> GatedRoom:
    """A room in which much is deleted here and there, and something of Eve's is collected."""
    room = GatedRoom()
    room.joined("ada", client_id=40_000).send(lambda ada: ada.source().insert(0, "y" * 3 * SCATTERED))
    room.take(without_every_second((40_000, 0), SCATTERED), "ada")
    room.take(GONE)
    return room


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Deletion]:
    """The deletions that are read from now on."""
    found: list[Deletion] = []
    deletions = UpdateReader.deletions

    def noted(reader: UpdateReader) -> Iterator[Deletion]:
        for deletion in deletions(reader):
            found.append(deletion)
            yield deletion

    monkeypatch.setattr(UpdateReader, "deletions", noted)
    return found


def test_nobody_makes_the_gate_read_all_that_is_deleted(room: GatedRoom, read: list[Deletion]) -> None:
    for _ in range(3):
        with pytest.raises(InvalidUpdate, match="beside each other"):
            room.take(typing((LOW, 1), (LOW, 0), (40_000, 1), "x"))
    assert len(read) < 10


def test_no_reader_makes_the_room_read_all_that_is_deleted_for_each_message(
    room: GatedRoom, read: list[Deletion]
) -> None:
    assert room.replica.knows(without_every_second((40_000, 0), 1))
    read.clear()
    for clock in range(2 * SCATTERED, 2 * SCATTERED + 20, 2):
        deletion = without_every_second((40_000, clock), 1)
        assert not room.replica.knows(deletion)
        room.take(deletion, "ada")
        assert room.replica.knows(deletion)
    assert len(read) < 100


def by_its_author(room: GatedRoom, ada: Person) -> None:
    ada.send(lambda ada: ada.doc.get("top", type=Map)["holder"].__delitem__("text"))


def with_its_holder(room: GatedRoom, ada: Person) -> None:
    ada.send(lambda ada: ada.doc.get("top", type=Map).__delitem__("holder"))


def by_another_value(room: GatedRoom, ada: Person) -> None:
    """The edit does not say that the text is deleted by that."""
    update = ada.update(lambda ada: ada.doc.get("top", type=Map)["holder"].__setitem__("text", "words"))
    [*_, last] = UpdateReader(update).items()
    room.take(update[: last.stop] + b"\x00", ada.name)


def by_the_server(room: GatedRoom, ada: Person) -> None:
    def change(document: RoomDocument) -> None:
        del document.doc.get("top", type=Map)["holder"]["text"]

    room.replica.edit(change, lambda _size: None)


@pytest.mark.parametrize("delete", [by_its_author, with_its_holder, by_another_value, by_the_server])
def test_what_comes_late_into_a_text_is_taken_in_if_that_is_deleted(
    delete: Callable[[GatedRoom, Person], None],
) -> None:
    room = GatedRoom()
    room.take(GONE)
    ada = room.joined("ada", client_id=40_000)
    ada.send(lambda ada: ada.doc.get("top", type=Map).__setitem__("holder", Map({"text": Text("end")})))
    [first] = [item for item in UpdateReader(room.replica.encode(), is_ours=True).items() if item.text == "end"]
    late = typing((LOW, 1), (LOW, 0), (first.client, first.clock), "late")
    with pytest.raises(InvalidUpdate, match="beside each other"):
        room.take(late)
    delete(room, ada)
    assert room.take(late)
    joined: Doc[Any] = Doc()
    joined.apply_update(room.replica.encode())
    assert "late" not in str(joined.get("top", type=Map).to_py())

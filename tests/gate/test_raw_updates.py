"""Updates that no library would write, byte by byte: what they would do is known before yrs sees them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Map, Text

from jupyter_collab.access import Role
from jupyter_collab.depths import MAX_TYPES_DEEP
from jupyter_collab.errors import CausalGap, InvalidUpdate
from jupyter_collab.gate import Author, Stride
from jupyter_collab.gate.examination import MAX_AT_ONE_PLACE
from jupyter_collab.protocol import write_bytes, write_varuint
from jupyter_collab.rooms import Room
from jupyter_collab.yjs import UpdateReader

from ..unit.doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from ..unit.scenarios import scenario, until
from .rooms import GatedRoom, person
from .test_large_edits import letter_by_letter
from .test_word import RUN, own

Unit = tuple[int, int]

NOTHING_DELETED = b"\x00"


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def items(client: int, clock: int, *structs: bytes) -> bytes:
    """The items of an update, all of one client."""
    return b"\x01" + write_varuint(len(structs)) + write_varuint(client) + write_varuint(clock) + b"".join(structs)


def deletion(*units: Unit) -> bytes:
    """The end of an update that deletes these."""
    ranges = (write_varuint(client) + b"\x01" + write_varuint(clock) + b"\x01" for client, clock in units)
    return write_varuint(len(units)) + b"".join(ranges)


def name(unit: Unit) -> bytes:
    """How an update names a unit."""
    return write_varuint(unit[0]) + write_varuint(unit[1])


def under(key: str, parent: bytes, content: bytes) -> bytes:
    """An item under a key of a map, that follows none; ``content`` begins with its kind."""
    kind = bytes([content[0] | 0x20])
    return kind + parent + write_bytes(key.encode()) + content[1:]


def in_root(root: str) -> bytes:
    """A root type as parent."""
    return b"\x01" + write_bytes(root.encode())


def in_type(unit: Unit) -> bytes:
    """The type that a unit made as parent."""
    return b"\x00" + name(unit)


def text(words: str) -> bytes:
    """A value that is a text."""
    return b"\x08\x01\x77" + write_bytes(words.encode())


def unit_of(room: GatedRoom, key: str) -> Unit:
    """The first value that is there under a key, wherever."""
    for item in UpdateReader(room.replica.encode(), is_ours=True).items():
        if item.key == key:
            return item.client, item.clock
    raise KeyError(key)


def test_nothing_is_put_over_what_is_kept_even_if_it_is_gone_already() -> None:
    for key in ("source", "outputs", "id", "cell_type", "output_type", "text", "metadata", "epoch"):
        room = GatedRoom()
        before = room.replica.encode()
        over = b"\x81" + name(unit_of(room, key)) + b"\x01"
        with pytest.raises(InvalidUpdate):
            room.take(items(5, 0, over) + NOTHING_DELETED)
        assert room.replica.encode() == before
        assert not room.replica.spoiled


def test_the_metadata_of_the_notebook_are_not_exchanged_for_some_that_lose() -> None:
    room = GatedRoom()
    (shared,) = (
        (item.client, item.clock)
        for item in UpdateReader(room.replica.encode(), is_ours=True).items()
        if item.key == "metadata" and item.parent == "meta"
    )
    loses = under("metadata", in_root("meta"), b"\x07\x01")
    with pytest.raises(InvalidUpdate, match="metadata"):
        room.take(items(5, 0, loses) + deletion(shared))
    follows = b"\xa7" + name(shared) + b"\x01"
    assert room.take(items(5, 0, follows) + deletion(shared))


def test_a_new_cell_has_one_id() -> None:
    cell = (5, 0)
    parts = [
        b"\x07" + in_root("cells") + b"\x01",
        under("id", in_type(cell), text("new1")),
        under("id", in_type(cell), text("code")),
        under("cell_type", in_type(cell), text("raw")),
        under("source", in_type(cell), b"\x07\x02"),
        under("metadata", in_type(cell), b"\x07\x01"),
    ]
    with pytest.raises(InvalidUpdate, match="id of a cell"):
        GatedRoom().take(items(5, 0, *parts) + NOTHING_DELETED)
    del parts[2]
    assert GatedRoom().take(items(5, 0, *parts) + NOTHING_DELETED)


def test_a_new_stream_has_text_that_is_there() -> None:
    room = GatedRoom()
    output = (5, 0)
    outputs = unit_of(room, "outputs")
    parts = [
        b"\x07" + in_type(outputs) + b"\x01",
        under("output_type", in_type(output), text("stream")),
        under("text", in_type(output), b"\x07\x02"),
    ]
    gone = [*parts, b"\x81" + name((5, 2)) + b"\x01"]
    for structs, end in ((gone, NOTHING_DELETED), (parts, deletion((5, 2))), (parts[:2], NOTHING_DELETED)):
        with pytest.raises(InvalidUpdate):
            room.take(items(5, 0, *structs) + end)
    assert room.take(items(5, 0, *parts) + NOTHING_DELETED)


def test_who_ran_a_cell_is_not_taken_away_by_what_is_gone() -> None:
    room = GatedRoom()
    room.replica.edit(lambda document: document.set_run_info("code", RUN), lambda size: None)
    over = b"\x81" + name(unit_of(room, "jupyter_collab")) + b"\x01"
    room.take(items(5, 0, over) + NOTHING_DELETED)
    assert own(room) == {"run": RUN}
    room.take(items(6, 0, under("execution_count", in_type(unit_of_cell(room)), b"\x08\x01\x7d\x09")) + NOTHING_DELETED)


def unit_of_cell(room: GatedRoom) -> Unit:
    """The first cell."""
    for item in UpdateReader(room.replica.encode(), is_ours=True).items():
        if item.parent == "cells":
            return item.client, item.clock
    raise KeyError("cells")


@pytest.mark.parametrize(
    "structs",
    [
        [b"\x08\x81\x80\x80\x80\x10\x05state\x01\x7e"],
        [b"\x08\x81\x00\x05state\x01\x7e"],
        [b"\x08\x02\x05state\x01\x7e"],
        [b"\x07\x01\x04mine\x81\x00"],
        [b"\x04\x01\x04mine\x81\x00x"],
    ],
)
def test_a_number_is_written_in_one_way(structs: list[bytes]) -> None:
    with pytest.raises(InvalidUpdate, match="not a Yjs update"):
        GatedRoom().take(items(5, 0, *structs) + NOTHING_DELETED)


def test_types_in_what_is_gone_are_not_deep_either() -> None:
    room = GatedRoom()
    room.take(items(5, 0, b"\x00\x01") + NOTHING_DELETED)
    chain = [b"\x07" + in_type((5, number)) + b"\x01" for number in range(MAX_TYPES_DEEP + 1)]
    with pytest.raises(InvalidUpdate, match="deep"):
        room.take(items(5, 1, *chain) + NOTHING_DELETED)


def letters(client: int, clock: int, count: int) -> bytes:
    """So many letters at the beginning of a text, none of which was seen when the next one was typed."""
    return items(client, clock, *[b"\x04" + in_root("mine") + b"\x01x"] * count) + NOTHING_DELETED


def test_too_much_at_one_place_is_refused_before_any_of_it_is_taken_in() -> None:
    room = GatedRoom()
    before = room.replica.encode()
    for count in (MAX_AT_ONE_PLACE + 1, 20_000):
        with pytest.raises(InvalidUpdate, match="same two"):
            room.take(letters(5, 0, count))
        with pytest.raises(InvalidUpdate, match="same two"):
            list(room.replica.cut(letters(5, 0, count), Author("guest:eve", room.presence.get), Stride()))
    assert room.replica.encode() == before


def test_nobody_closes_a_place_for_others() -> None:
    room = GatedRoom()
    for client, count in ((5, MAX_AT_ONE_PLACE), (6, MAX_AT_ONE_PLACE), (7, MAX_AT_ONE_PLACE // 2)):
        room.take(letters(client, 0, count), f"guest {client}")
        room.take(b"\x00\x01" + bytes((client, 1, 0)) + write_varuint(count), f"guest {client}")
    room.understand()
    assert room.take(letters(8, 0, 1), "ada")
    assert room.take(letters(8, 1, 1), "ada")


def test_somebody_may_edit_what_was_collected_before_the_room_was_opened_again() -> None:
    room = GatedRoom()
    ada = room.joined("ada")
    ada.send(lambda ada: ada.meta["metadata"].__setitem__("mine", Map({"deep": Text("x")})))
    late = room.joined("late")
    ada.send(lambda ada: ada.meta["metadata"].__delitem__("mine"))
    reopened = GatedRoom(room.replica.encode())

    def type_offline(late: Any) -> None:
        late.meta["metadata"]["mine"]["deep"].insert(0, "into nothing")
        late.source().insert(0, "offline ")

    reopened.take(late.update(type_offline), "late")
    assert reopened.cell("code")["source"] == "offline 1 + 1"
    assert not reopened.replica.spoiled


def test_what_somebody_else_wrote_may_come_with_what_one_has() -> None:
    room = GatedRoom()
    ada = room.joined("ada", client_id=77)
    ada.send(lambda ada: ada.source().insert(0, "ada "))
    newer = ada.update(lambda ada: ada.source().insert(0, "newer "))
    passes_on = Author("guest:bob", room.presence.get, is_own=False)
    with pytest.raises(CausalGap):
        room.replica.apply(newer, passes_on)
    with pytest.raises(InvalidUpdate):
        room.take(newer, "bob")


def test_a_client_id_is_still_somebodys_after_the_room_was_made_anew() -> None:
    room = GatedRoom()
    room.joined("ada", client_id=77).send(lambda ada: ada.source().insert(0, "ada "))
    room.load(room.replica.encode())
    room.understand()
    with pytest.raises(InvalidUpdate, match="somebody else"):
        room.joined("eve", client_id=77).send(lambda eve: eve.source().insert(0, "eve "))


def test_what_several_edits_forge_before_the_server_looks_is_put_right() -> None:
    room = GatedRoom()
    room.replica.edit(lambda document: document.set_run_info("code", RUN), lambda size: None)
    eve = room.joined()
    who = Author("guest:eve", room.presence.get)
    for forged in ("Ada Owner", "Somebody"):
        metadata = eve.cell()["metadata"]
        before = eve.doc.get_state()
        metadata["jupyter_collab"] = {"run": {**RUN, "by": forged}}
        room.replica.apply(eve.doc.get_update(before), who)
    room.replica.keep_word(person("eve"))
    assert own(room) == {"run": RUN}


@scenario
async def test_edits_are_counted_right_after_a_large_one_that_was_stopped_midway(store: FaultyStore) -> None:
    async with serving(store) as manager:
        eve = await ScriptedPeer("eve", Role.WRITER).join(manager)
        room = eve.room
        assert room is not None
        sending = asyncio.ensure_future(eve.send_edit(letter_by_letter(20_000)))
        await until(lambda: letters_in(room) > 0)
        room.set_role(eve.peer, Role.VIEWER)
        await sending
        assert [rejection.count for rejection in eve.rejections] == [eve.edits_sent]
        room.set_role(eve.peer, Role.WRITER)
        await eve.answer()
        await eve.typed("again")
        assert eve.acks[-1].count == eve.edits_sent


def letters_in(room: Room) -> int:
    """How long the root text ``text`` is."""
    return len(room._replica._document.doc.get("text", type=Text))

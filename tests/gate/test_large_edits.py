"""A large edit is looked at as a whole and taken in in parts, so nobody waits for it; no part leaves half a cell."""

import asyncio
from collections.abc import Generator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pycrdt import Array, Doc, Map, Text, merge_updates

from jupyter_collab.causality import Causality
from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import InvalidUpdate
from jupyter_collab.gate import Author, Gate, Stride, deletions_in, parts_of_own
from jupyter_collab.gate.parts import MAX_OPEN_ITEMS, MAX_PART_DELETIONS, MAX_PART_ITEMS
from jupyter_collab.protocol import write_varuint
from jupyter_collab.yjs import Item, UpdateReader

from ..unit.doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from ..unit.scenarios import scenario, until
from ..unit.updates import author
from .rooms import GatedRoom, Person

Result = TypeVar("Result")


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def letter_by_letter(count: int, client_id: int = 7, root: str = "text") -> bytes:
    """What somebody typed offline, each letter an item of its own; yrs alone takes 26 s for 100,000."""
    name = root.encode()
    first = b"\x04\x01" + bytes([len(name)]) + name + b"\x01x"
    rest = (b"\x84" + write_varuint(client_id) + write_varuint(number) + b"\x01x" for number in range(count - 1))
    return b"\x01" + write_varuint(count) + write_varuint(client_id) + b"\x00" + first + b"".join(rest) + b"\x00"


def iterate(steps: Generator[None, None, Result]) -> Result:
    """What work in small steps returns in the end."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: Result = stop.value
            return result


def cut(gate: Gate, update: bytes) -> list[bytes]:
    """The parts of an update."""
    return list(iterate(gate.cut(update, author(), Stride())))


def items_in(update: bytes) -> int:
    """How many it has."""
    return sum(1 for _ in UpdateReader(update).items())


def many_cells(person: Person, count: int) -> bytes:
    """An edit that adds cells."""

    def add(person: Person) -> None:
        for number in range(count):
            fields: dict[str, Any] = {"id": f"new{number}", "pos": f"b{number:05}V", "cell_type": "code"}
            parts = {"source": Text(str(number)), "metadata": Map()}
            output = Map({"output_type": "stream", "name": "stdout", "text": Text("out")})
            person.bag.append(Map({**fields, **parts, "outputs": Array([output])}))

    return person.update(add)


def test_each_part_can_be_taken_by_itself_and_all_together_are_the_whole() -> None:
    room, whole = GatedRoom(), Doc[Any]()
    whole.apply_update(room.replica.encode())
    eve = room.joined()
    update = merge_updates(many_cells(eve, 700), eve.update(lambda eve: eve.source().__delitem__(slice(0, 2))))
    gate = Gate(whole.get_update)
    gate.learn(room.replica.encode())
    parts = cut(gate, update)
    assert max(map(items_in, parts)) < MAX_PART_ITEMS + 20
    assert len(parts) > 5
    for part in parts:
        assert room.take(part)
        assert not room.replica.spoiled
    whole.apply_update(update)
    assert room.replica.digest == RoomDocument(whole).digest
    assert room.cell("new699")["outputs"][0]["text"] == "out"
    assert room.cell("code")["source"] == "+ 1"


def test_what_is_made_here_is_cut_without_looking_at_the_document() -> None:
    room, whole = GatedRoom(), Doc[Any]()
    whole.apply_update(room.replica.encode())
    eve = room.joined()
    update = many_cells(eve, 700)
    parts = iterate(parts_of_own(update))
    assert len(parts) > 5
    assert max(map(items_in, parts)) < MAX_PART_ITEMS + 20
    for part in parts:
        assert room.take(part)
    whole.apply_update(update)
    assert room.replica.digest == RoomDocument(whole).digest


def test_cells_that_are_written_in_turn_by_two_clients_are_cut_where_both_are_whole() -> None:
    room = GatedRoom()
    ada, eve = room.joined("ada"), room.joined("eve")
    updates = []
    for number in range(300):
        one, other = (ada, eve) if number % 2 else (eve, ada)
        updates.append(many_cells(one, 1))
        other.doc.apply_update(updates[-1])
    gate = Gate(room.look(lambda document: document.doc.get_update))
    gate.learn(room.replica.encode())
    parts = cut(gate, merge_updates(*updates))
    assert len(parts) > 2
    for part in parts:
        assert room.replica.apply(part, Author("eve", lambda client_id: None, is_own=False))


def test_a_cell_whose_parts_lie_very_far_apart_is_refused() -> None:
    far = MAX_OPEN_ITEMS + 100
    start = b"\x07\x01\x05cells\x01" + b"\x28\x00\x07\x00\x09cell_type\x01\x77\x03raw"
    end = b"\x27\x00\x07\x00\x06source\x02" + b"\x27\x00\x07\x00\x08metadata\x01"
    letters = b"\x04\x01\x01t\x01x" + b"".join(b"\x84\x07" + write_varuint(n + 2) + b"\x01x" for n in range(far - 1))
    update = b"\x01" + write_varuint(far + 4) + b"\x07\x00" + start + letters + end + b"\x00"
    gate = Gate(Doc[Any]().get_update)
    with pytest.raises(InvalidUpdate, match="between the parts"):
        cut(gate, update)
    gate.check(update, author())


def test_items_that_wait_for_those_of_others_are_looked_at_in_small_steps_too(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Doc[Any](client_id=5), Doc[Any](client_id=9)
    first.get("text", type=Text).insert(0, "x")
    second.apply_update(first.get_update())
    for number in range(1_000):
        second.get("text", type=Text).insert(1, str(number % 10))
    read = 0
    feed = Causality.feed

    def counted(self: Causality, item: Item) -> Iterator[Item]:
        nonlocal read
        read += 1
        return feed(self, item)

    monkeypatch.setattr(Causality, "feed", counted)
    steps, counts = Gate(second.get_update).learning(second.get_update()), [0]
    for _ in steps:
        counts.append(read)
    assert read > 1_000
    assert max(after - before for before, after in pairwise(counts)) < 10


@scenario
async def test_what_was_typed_letter_by_letter_is_taken_while_others_type(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        eve = await ScriptedPeer("eve").join(manager)
        sending = asyncio.ensure_future(eve.send_edit(letter_by_letter(30_000)))
        await asyncio.sleep(0)
        words = 0
        while not sending.done():
            await ada.typed("w")
            words += 1
        await sending
        await eve.until_saved()
        assert words > 10  # two or three if yrs is given all of it at once
        await until(lambda: str(ada.text).count("x") == 30_000)
        assert eve.rejections == []


@scenario
async def test_a_large_edit_that_is_refused_leaves_nothing_and_is_told(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        eve = await ScriptedPeer("eve").join(manager)
        bad = b"\x01\x01\x08\x00\x08\x01\x05cells\x01\x7e\x00"
        await eve.send_edit(merge_updates(letter_by_letter(5_000), bad))
        said = [(rejection.count, rejection.reason) for rejection in eve.rejections]
        assert said == [(eve.edits_sent, "invalid_update")]
        await ada.typed("still here")
        assert str(ada.text) == "still here"


@scenario
async def test_a_large_edit_is_acknowledged_once_all_of_it_is_durable(store: FaultyStore) -> None:
    async with serving(store) as manager:
        eve = await ScriptedPeer("eve").join(manager)
        before = eve.edits_sent
        with store.holding_writes():
            sending = asyncio.ensure_future(eve.send_edit(letter_by_letter(5_000)))
            await asyncio.sleep(0.2)
            assert all(ack.count <= before for ack in eve.acks)
        await sending
        await eve.until_saved()


def test_a_large_edit_that_cuts_a_character_is_refused_before_any_part_of_it_is_taken_in() -> None:
    room = GatedRoom()
    eve = room.joined()
    eve.send(lambda eve: eve.source().insert(0, "🦜"))
    [bird] = [item for item in UpdateReader(room.replica.encode(), is_ours=True).items() if item.text == "🦜"]
    insertion = room.joined("ada").update(lambda ada: ada.source(1).insert(0, "x" * 20_000))
    half = b"\x01" + write_varuint(bird.client) + b"\x01" + write_varuint(bird.clock) + b"\x01"
    with pytest.raises(InvalidUpdate, match="character"):
        cut(room.replica._gate, insertion[:-1] + half)
    assert cut(room.replica._gate, insertion)


def test_what_an_edit_brings_and_deletes_is_never_there() -> None:
    """Somebody puts in a cell and deletes it, offline, and types much besides."""
    room = GatedRoom()
    eve = room.joined(client_id=7)

    def put_and_delete(person: Person) -> None:
        person.bag.append(Map({"id": "gone", "cell_type": "raw", "source": Text("x"), "metadata": Map()}))
        del person.bag[len(person.bag) - 1]

    updates = [eve.update(put_and_delete), eve.update(lambda eve: eve.source(1).insert(0, "y" * 2**18))]
    parts = cut(room.replica._gate, merge_updates(*updates))
    assert len(parts) > 1
    for part in parts:
        room.take(part)
    assert room.cell("words")["source"].startswith("y")


def test_a_long_text_that_is_full_of_holes_is_erased_in_parts() -> None:
    room = GatedRoom()
    eve = room.joined(client_id=7)
    whole = eve.update(lambda eve: eve.source(1).insert(0, "y" * 100_000))
    [text] = UpdateReader(whole).items()
    holes = b"\x01\x07" + write_varuint(20_000)
    holes += b"".join(write_varuint(text.clock + 3 * number) + b"\x01" for number in range(20_000))
    parts = cut(room.replica._gate, whole[:-1] + holes)
    assert max(len(list(deletions_in(part))) for part in parts) <= MAX_PART_DELETIONS
    for part in parts:
        room.take(part)
    assert len(room.cell("words")["source"]) == len("words") + 80_000

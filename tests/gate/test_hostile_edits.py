"""What no page could show, what is others', and what would end the server, is refused; and nothing of it stays."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, merge_updates

from jupyter_collab.depths import MAX_TYPES_DEEP
from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import CausalGap, InvalidUpdate
from jupyter_collab.gate import Author
from jupyter_collab.gate.examination import Examination
from jupyter_collab.protocol import write_bytes, write_varuint
from jupyter_collab.yjs import ANY, DELETED, Deletion, Item, UpdateReader

from ..fuzz.writer import Made, any_content, count_content, made_of, text_content, update_of
from .rooms import GatedRoom, Person
from .test_large_edits import cut

Change = Callable[[Person], Any]


def stream(**parts: Any) -> "Map[Any]":
    """An output as a kernel writes it."""
    return Map({"output_type": "stream", "name": "stdout", "text": Text("x"), **parts})


def cell(**parts: Any) -> "Map[Any]":
    """A whole cell."""
    fields = {"cell_type": "markdown", "source": Text(""), "metadata": Map(), "outputs": Array()}
    return Map({"id": "new", "pos": "a5", **fields, **parts})


NOT_SHOWN: dict[str, Change] = {
    "an output that is null": lambda eve: eve.cell()["outputs"].append(None),
    "an output that is a number": lambda eve: eve.cell()["outputs"].append(3),
    "an output that is a text": lambda eve: eve.cell()["outputs"].append(Text("out")),
    "a stream without text": lambda eve: eve.cell()["outputs"].append(Map({"output_type": "stream"})),
    "an output whose type is a list": lambda eve: eve.cell()["outputs"].append(Map({"output_type": ["stream"]})),
    "a plain output whose type is a list": lambda eve: eve.cell()["outputs"].append({"output_type": ["stream"]}),
    "a cell whose type is a list": lambda eve: eve.bag.append(cell(cell_type=["code"])),
    "a plain stream without text": lambda eve: eve.cell()["outputs"].append({"output_type": "stream"}),
    "a stream whose text is a number": lambda eve: eve.cell()["outputs"].append(stream(text=7)),
    "an output of no type": lambda eve: eve.cell()["outputs"].append(Map({"data": {}})),
    "an output of another type": lambda eve: eve.cell()["outputs"].append(Map({"output_type": "bomb"})),
    "the text taken out of a stream": lambda eve: eve.cell()["outputs"][0].__delitem__("text"),
    "another text in a stream": lambda eve: eve.cell()["outputs"][0].__setitem__("text", Text("forged")),
    "metadata that are a word": lambda eve: eve.meta.__setitem__("metadata", "boom"),
    "no metadata": lambda eve: eve.meta.__delitem__("metadata"),
    "metadata that are a list": lambda eve: eve.meta.__setitem__("metadata", Array([1])),
    "a word among the cells": lambda eve: eve.bag.append("word"),
    "a list among the cells": lambda eve: eve.bag.append(Array()),
    "a cell without a type": lambda eve: eve.bag.append(cell(cell_type=None)),
    "a cell of another type": lambda eve: eve.bag.append(cell(cell_type="bomb")),
    "a cell without text": lambda eve: eve.bag.append(Map({"cell_type": "raw", "metadata": Map()})),
    "a cell with plain text": lambda eve: eve.bag.append(cell(source="plain")),
    "a cell with plain metadata": lambda eve: eve.bag.append(cell(metadata={})),
    "a cell with plain outputs": lambda eve: eve.bag.append(cell(outputs=[])),
    "another type of a cell": lambda eve: eve.cell().__setitem__("cell_type", "bomb"),
    "no type of a cell": lambda eve: eve.cell().__delitem__("cell_type"),
    "a picture in a source": lambda eve: eve.source().insert_embed(0, {"image": 1}),
    "a cell taken away": lambda eve: eve.bag.__delitem__(0),
    "another source": lambda eve: eve.cell().__setitem__("source", Text("mine")),
    "another id": lambda eve: eve.cell().__setitem__("id", "mine"),
    "other metadata": lambda eve: eve.cell().__setitem__("metadata", Map()),
    "other outputs": lambda eve: eve.cell().__setitem__("outputs", Array()),
}

SERVERS: dict[str, Change] = {
    "which kernel there is": lambda eve: eve.state.__setitem__("kernel", {"server": "http://elsewhere"}),
    "which history it is": lambda eve: eve.state.__setitem__("epoch", "mine"),
    "no history": lambda eve: eve.state.__delitem__("epoch"),
}


@pytest.mark.parametrize("name", [*NOT_SHOWN, *SERVERS])
def test_such_an_edit_is_refused_and_nothing_of_it_stays(name: str) -> None:
    room = GatedRoom()
    before = room.replica.encode()
    eve = room.joined()
    with pytest.raises(InvalidUpdate):
        eve.send({**NOT_SHOWN, **SERVERS}[name])
    assert not room.replica.spoiled
    assert room.replica.encode() == before
    assert room.joined("ada").send(lambda ada: ada.source().insert(0, "x"))


FINE: dict[str, Change] = {
    "a cell": lambda eve: eve.bag.append(cell()),
    "code": lambda eve: eve.bag.append(cell(cell_type="code", execution_count=None, outputs=Array([stream()]))),
    "a cell with attachments": lambda eve: eve.bag.append(cell(attachments=Map({"a.png": {"image/png": "AAAA"}}))),
    "another type": lambda eve: eve.cell(1).__setitem__("cell_type", "raw"),
    "a deletion": lambda eve: eve.cell(1).__setitem__("deleted", {"at": 1, "by": "Eve"}),
    "a move": lambda eve: eve.cell(1).__setitem__("pos", "a0"),
    "no outputs": lambda eve: eve.cell()["outputs"].clear(),
    "a picture as output": lambda eve: eve.cell()["outputs"].append(
        Map({"output_type": "display_data", "data": {"image/png": "AAAA"}, "metadata": {}})
    ),
    "a plain output": lambda eve: eve.cell()["outputs"].append({"output_type": "stream", "name": "a", "text": ["b"]}),
    "more of a stream": lambda eve: eve.cell()["outputs"][0]["text"].insert(0, "more "),
    "tags": lambda eve: eve.cell()["metadata"].__setitem__("tags", ["a"]),
    "a title": lambda eve: eve.meta["metadata"].__setitem__("title", "Mine"),
    "new metadata": lambda eve: eve.meta.__setitem__("metadata", Map({"title": "Mine"})),
    "bold text": lambda eve: eve.source().format(0, 1, {"bold": True}),
    "no text": lambda eve: eve.source().clear(),
    "a dirty document": lambda eve: eve.state.__setitem__("dirty", True),
    "a root of one's own": lambda eve: eve.doc.get("mine", type=Map).__setitem__("k", Map({"deep": Array([1])})),
}


@pytest.mark.parametrize("name", FINE)
def test_such_an_edit_is_taken(name: str) -> None:
    room = GatedRoom()
    eve = room.joined()
    assert eve.send(FINE[name])
    assert room.replica.state_vector
    assert eve.send(lambda eve: eve.source().insert(0, "and on"))


def test_a_cell_may_be_made_changed_and_deleted_before_anybody_hears_of_it() -> None:
    room = GatedRoom()
    eve = room.joined()
    updates = [
        eve.update(lambda eve: eve.bag.append(cell())),
        eve.update(lambda eve: eve.cell(2).__setitem__("cell_type", "code")),
        eve.update(lambda eve: eve.cell(2)["outputs"].append(stream())),
        eve.update(lambda eve: eve.cell(2)["outputs"].clear()),
        eve.update(lambda eve: eve.cell(2).__setitem__("deleted", {"at": 1, "by": "Eve"})),
    ]
    assert room.take(merge_updates(*updates))


# -- gaps


def test_an_edit_with_a_gap_leaves_nothing_behind_and_makes_no_room_anew() -> None:
    room = GatedRoom()
    eve = room.joined()
    first = eve.update(lambda eve: eve.source().insert(0, "first "))
    second = eve.update(lambda eve: eve.source().insert(6, "second "))
    deletion = eve.update(lambda eve: eve.source().__delitem__(slice(0, 3)))
    before = room.replica.encode()
    for late in (second, deletion, merge_updates(second, deletion)):
        with pytest.raises(CausalGap):
            room.take(late)
        assert not room.replica.spoiled
        assert room.replica.encode() == before
    for update in (first, second, deletion):
        room.take(update)
    assert room.cell("code")["source"] == "st second 1 + 1"


def test_a_part_of_an_edit_with_a_gap_is_not_taken_either() -> None:
    room = GatedRoom()
    eve, bob = room.joined("eve"), room.joined("bob")
    eve.update(lambda eve: eve.source().insert(0, "never sent"))
    half = merge_updates(
        bob.update(lambda bob: bob.source(1).insert(0, "sound")), eve.update(lambda eve: eve.source().insert(0, "gap"))
    )
    before = room.replica.encode()
    with pytest.raises(CausalGap):
        room.take(half)
    assert room.replica.encode() == before


def test_what_two_clients_build_on_each_other_in_turn_is_taken_at_once() -> None:
    room = GatedRoom()
    eve, bob = room.joined("eve"), room.joined("bob")
    updates = []
    for number in range(20):
        one, other = (eve, bob) if number % 2 else (bob, eve)
        updates.append(one.update(lambda one: one.source(1).insert(0, "x")))
        other.doc.apply_update(updates[-1])
    assert room.take(merge_updates(*updates))
    assert room.cell("words")["source"] == "x" * 20 + "words"


# -- whose it is


def test_nobody_writes_under_the_client_id_of_somebody_who_wrote() -> None:
    room = GatedRoom()
    ada = room.joined("ada", client_id=77)
    ada.send(lambda ada: ada.source().insert(0, "ada "))
    eve = room.joined("eve", client_id=77)
    with pytest.raises(InvalidUpdate, match="somebody else"):
        eve.send(lambda eve: eve.source().insert(0, "eve "))
    ada.send(lambda ada: ada.source().insert(4, "goes on "))
    assert room.cell("code")["source"] == "ada goes on 1 + 1"


def test_nobody_writes_under_the_client_id_of_somebody_who_is_there() -> None:
    room = GatedRoom()
    ada = room.joined("ada", client_id=77)
    room.presence[77] = "guest:ada"
    eve = room.joined("eve", client_id=77)
    with pytest.raises(InvalidUpdate, match="somebody else"):
        eve.send(lambda eve: eve.source().insert(0, "eve "))
    ada.send(lambda ada: ada.source().insert(0, "ada "))
    assert room.cell("code")["source"] == "ada 1 + 1"


def test_text_that_is_not_what_the_room_has_under_its_id_is_not_silently_dropped() -> None:
    room = GatedRoom()
    ada = room.joined("ada", client_id=77)
    eve = room.joined("eve", client_id=77)  # before anybody knows of Ada
    eve.send(lambda eve: eve.source().insert(0, "xxxx"))
    with pytest.raises(InvalidUpdate, match="something else"):
        ada.send(lambda ada: ada.source().insert(0, "word"))


def test_the_servers_own_client_id_is_nobodys() -> None:
    room = GatedRoom()
    client_id = room.look(lambda document: document.doc.client_id)
    with pytest.raises(InvalidUpdate, match="somebody else"):
        room.joined("eve", client_id).send(lambda eve: eve.source().insert(0, "x"))


def test_the_client_id_of_another_server_on_the_store_is_nobodys() -> None:
    here, there = GatedRoom(), GatedRoom()
    client_id = there.look(lambda document: document.doc.client_id)
    assert client_id != here.look(lambda document: document.doc.client_id)
    here.presence[client_id] = "guest:eve"
    eve = here.joined("eve", client_id)
    with pytest.raises(InvalidUpdate, match="somebody else"):
        eve.send(lambda eve: eve.source().insert(0, "x"))
    with pytest.raises(CausalGap):  # perhaps the other server wrote it, and we shall read it
        here.replica.apply(eve.doc.get_update(), Author("guest:eve", here.presence.get, is_own=False))


def test_what_another_server_wrote_may_be_sent_again() -> None:
    here = GatedRoom()
    there = GatedRoom(here.replica.encode())
    news = there.replica.edit(lambda document: document.append_text("words", " by the server"), lambda size: None)
    for change in news:
        here.replica.take(change)
    assert here.cell("words")["source"] == "words by the server"
    bob = here.joined("bob")
    bob.send(lambda bob: bob.source(1).insert(0, "by Bob "))
    assert here.take(bob.doc.get_update(), "bob") == []
    assert here.cell("words")["source"] == "by Bob words by the server"


@pytest.mark.parametrize("client_id", [2**32 - 1, 2**33, 2**53 - 1])
def test_whatever_else_a_library_chooses_as_client_id_is_taken(client_id: int) -> None:
    room = GatedRoom()
    eve = room.joined("eve", client_id)
    eve.send(lambda eve: eve.source(1).insert(0, "x"))
    eve.send(lambda eve: eve.source(1).insert(1, "y"))
    assert room.cell("words")["source"] == "xywords"


def test_what_is_known_may_be_sent_again_by_anybody() -> None:
    room = GatedRoom()
    ada, eve = room.joined("ada"), room.joined("eve")
    for number in range(10):
        ada.send(lambda ada, number=number: ada.source(number % 2).insert(number % 3, "word😀"))  # type: ignore[misc]
    ada.send(lambda ada: ada.source().__delitem__(slice(0, 4)))
    ada.send(lambda ada: ada.cell()["metadata"].__setitem__("n", {"b": [1.5, None, True], "a": "é"}))
    eve.doc.apply_update(room.replica.encode())
    assert room.take(eve.doc.get_update()) == []
    assert room.take(ada.doc.get_update(), "ada") == []


@pytest.mark.parametrize("place", ["root", "cell", "metadata"])
def test_documents_in_the_document_are_refused_with_words(place: str) -> None:
    room = GatedRoom()
    eve = room.joined("eve")
    before = room.replica.encode()
    holders: dict[str, Callable[[Person], Map[Any]]] = {
        "root": lambda eve: eve.doc.get("mine", type=Map),
        "cell": lambda eve: eve.cell(),
        "metadata": lambda eve: eve.cell()["metadata"],
    }

    def put(eve: Person) -> None:
        holders[place](eve)["sub"] = Doc[Any]()

    with pytest.raises(InvalidUpdate, match="sub-document, which a room does not sync"):
        eve.send(put)
    assert room.replica.encode() == before


# -- cost


def deep(levels: int, root: str = "mine") -> bytes:
    """So many maps, each in the one before."""
    doc: Doc[Any] = Doc(client_id=5)
    holder = doc.get(root, type=Map)
    with doc.transaction():
        for _ in range(levels):
            holder["k"] = Map()
            holder = holder["k"]
    return doc.get_update()


def test_types_too_deep_in_each_other_are_refused_at_once_and_one_after_the_other() -> None:
    GatedRoom().take(deep(MAX_TYPES_DEEP))
    for levels in (MAX_TYPES_DEEP + 1, 60_000):
        with pytest.raises(InvalidUpdate, match="deep"):
            GatedRoom().take(deep(levels))
    room = GatedRoom()
    doc: Doc[Any] = Doc(client_id=5)
    holder = doc.get("mine", type=Array)
    for _ in range(MAX_TYPES_DEEP):
        before = doc.get_state()
        holder.append(1)
        holder.append(Array())
        holder = holder[1]
        room.take(doc.get_update(before))
    before = doc.get_state()
    holder.append(Array())
    with pytest.raises(InvalidUpdate, match="deep"):
        room.take(doc.get_update(before))


def test_a_room_that_holds_such_types_already_is_mended_when_it_opens() -> None:
    script = (
        "from pycrdt import Map, merge_updates\n"
        "from tests.gate.rooms import GatedRoom\n"
        "from tests.gate.test_hostile_edits import deep\n"
        "state = GatedRoom().replica.encode()\n"
        "room = GatedRoom(merge_updates(state, deep(60_000)))\n"
        "assert room.replica.prune()\n"
        "assert len(room.replica.encode()) < len(state) + 100_000\n"
        "eve = room.joined()\n"
        "eve.send(lambda eve: eve.doc.get('mine', type=Map).__delitem__('k'))\n"
        "assert room.cell('code')['source'] == '1 + 1'\n"
        "assert not room.replica.prune()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_deep_types_are_what_they_are_feared_for() -> None:
    """If this fails, yrs has become safe, and the bound is no longer needed."""
    script = (
        "from pycrdt import Doc, Map\n"
        "doc = Doc()\n"
        "doc['x'] = holder = Map()\n"
        "with doc.transaction():\n"
        "    for _ in range(100_000):\n"
        "        holder['k'] = Map()\n"
        "        holder = holder['k']\n"
        "del doc.get('x', type=Map)['k']\n"
    )
    end = subprocess.run([sys.executable, "-c", script], capture_output=True)
    assert end.returncode < 0


def test_thousands_of_things_between_the_same_two_are_refused() -> None:
    structs = b"".join(b"\x28\x01\x01x\x01k\x01\x7d" + write_varuint(n % 50) for n in range(20_000))
    update = b"\x01" + write_varuint(20_000) + b"\x07\x00" + structs + b"\x00"
    with pytest.raises(InvalidUpdate, match="same two"):
        GatedRoom().take(update)


def test_thousands_of_clients_in_one_edit_are_refused() -> None:
    sections = b"".join(
        b"\x01" + write_varuint(n) + b"\x00\x28\x01\x01x" + write_bytes(b"%d" % n) + b"\x01\x7d\x01"
        for n in range(100, 3100)
    )
    with pytest.raises(InvalidUpdate, match="3000 Yjs clients"):
        GatedRoom().take(write_varuint(3000) + sections + b"\x00")


def test_thousands_of_roots_are_refused() -> None:
    structs = b"".join(b"\x04\x01" + write_bytes(f"root{n}".encode()) + b"\x01x" for n in range(100))
    with pytest.raises(InvalidUpdate, match="root types"):
        GatedRoom().take(b"\x01\x64\x07\x00" + structs + b"\x00")


@pytest.mark.parametrize(
    "change",
    [
        lambda eve: eve.doc.get("cells", type=Map).__setitem__("k", "v"),
        lambda eve: eve.doc.get("cells", type=Text).insert(0, "text"),
        lambda eve: eve.doc.get("meta", type=Array).append(1),
        lambda eve: eve.doc.get("state", type=Text).insert(0, "text"),
        lambda eve: eve.doc.get("cells", type=XmlFragment).children.append(XmlElement("p")),
    ],
)
def test_a_root_is_not_treated_as_another_kind_of_type(change: Change) -> None:
    room = GatedRoom()
    before = room.replica.encode()
    eve = Person(room, "eve", 7)
    other: Doc[Any] = Doc(client_id=8)
    eve.doc = other
    change(eve)
    with pytest.raises(InvalidUpdate):
        room.take(other.get_update())
    assert room.replica.encode() == before


def print_anew(document: RoomDocument) -> None:
    """Exchange the outputs of the cell, as a run does."""
    outputs = document.outputs("code")
    assert outputs is not None
    output = {"output_type": "stream", "name": "stdout", "text": "x"}
    outputs.update(None, [output, output])


def test_a_gate_forgets_what_is_gone_and_not_whose_client_ids_are() -> None:
    room = GatedRoom()
    ada, eve = room.joined("ada", client_id=77), room.joined("eve", client_id=78)
    ada.send(lambda ada: ada.source().insert(0, "ada "))
    for _ in range(8):
        for _ in range(1_000):
            room.replica.edit(print_anew, lambda size: None)
        eve.doc.apply_update(room.replica.encode())
        eve.send(lambda eve: eve.source().insert(0, "e"))
        if room.replica.is_bloated:
            break
    was_bloated = room.replica.is_bloated
    steps = iter(room.replica.understand())
    next(steps)
    ada.doc.apply_update(room.replica.encode())
    ada.send(lambda ada: ada.source().insert(0, "meanwhile "))
    assert list(steps)
    assert (was_bloated, room.replica.is_bloated) == (True, False)
    ada.send(lambda ada: ada.source().insert(0, "and on "))
    with pytest.raises(InvalidUpdate, match="somebody else"):
        room.joined("eve", client_id=77).send(lambda eve: eve.source().insert(0, "eve "))
    assert room.cell("code")["source"].startswith("and on meanwhile e")


def test_who_writes_first_while_the_gate_forgets_what_is_gone_is_remembered() -> None:
    room = GatedRoom()
    steps = iter(room.replica.understand())
    next(steps)
    room.joined("ada", client_id=77).send(lambda ada: ada.source().insert(0, "ada "))
    assert list(steps)
    with pytest.raises(InvalidUpdate, match="somebody else"):
        room.joined("eve", client_id=77).send(lambda eve: eve.source().insert(0, "eve "))


def test_two_who_let_the_gate_forget_at_once_leave_out_no_edit() -> None:
    room = GatedRoom()
    ada = room.joined("ada", client_id=77)
    first, second = iter(room.replica.understand()), iter(room.replica.understand())
    next(first)
    ada.send(lambda ada: ada.source().insert(0, "between "))
    next(second)
    ada.send(lambda ada: ada.source().insert(0, "meanwhile "))
    for steps in (second, first):
        assert list(steps)
        ada.send(lambda ada: ada.source().insert(0, "and on "))
    assert room.cell("code")["source"].startswith("and on and on meanwhile between ")


def test_what_came_while_the_gate_got_to_know_a_room_is_learnt_in_small_steps_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = GatedRoom()
    items = itertools.count()
    take = Examination._take

    def counted(self: Examination, item: Item) -> None:
        next(items)
        take(self, item)

    steps = iter(room.replica.understand())
    next(steps)
    for _ in range(100):
        room.replica.edit(print_anew, lambda size: None)
    monkeypatch.setattr(Examination, "_take", counted)
    counts = [next(items) for _ in steps]
    counts.append(next(items))
    assert counts[-1] > 1_000
    assert max(after - before for before, after in itertools.pairwise(counts)) < 100
    room.joined("ada").send(lambda ada: ada.source().insert(0, "and on "))
    assert room.cell("code")["source"].startswith("and on ")


def held(content: bytes, key: str = "k", root: str = "mine") -> bytes:
    """One item under a key of a root type; ``content`` begins with its kind."""
    place = b"\x01" + write_bytes(root.encode()) + write_bytes(key.encode())
    return b"\x01\x01\x07\x00" + bytes([content[0] | 0x20]) + place + content[1:] + b"\x00"


MISREAD = {
    "values as Yjs once wrote them, of which yrs reads one more than there are": held(b"\x02\x01\x011"),
    "the same, so that what yrs reads is another edit": held(b"\x02\x01\x011")[:-1] + b"\x01\x78\x00",
    "a format under a key, where observers of yrs panic": held(b"\x06\x04bold\x04true", "tags"),
    "a format under a key of metadata": held(b"\x06\x04bold\x04true", "k", "meta"),
}


@pytest.mark.parametrize("update", MISREAD.values(), ids=MISREAD.keys())
def test_what_yrs_reads_otherwise_than_yjs_does_is_refused_before_it_reads_it(update: bytes) -> None:
    room = GatedRoom()
    before = room.replica.encode()
    with pytest.raises(InvalidUpdate):
        room.take(update)
    assert not room.replica.spoiled
    assert room.replica.encode() == before


def value_under(room: GatedRoom, key: str) -> Item:
    """What stands under a key, the first of the document."""
    return next(item for item in UpdateReader(room.replica.encode(), is_ours=True).items() if item.key == key)


NAUGHT = count_content(DELETED, 1)


@pytest.mark.parametrize("key", ["source", "metadata", "outputs", "id", "text", "output_type", "cell_type", "epoch"])
@pytest.mark.parametrize("is_left", [True, False], ids=["behind it", "before it, which is deleted"])
def test_nothing_comes_in_the_place_of_what_a_cell_needs(key: str, is_left: bool) -> None:
    """What stands last under a key of a map is its value, also if it is something that is deleted already."""
    room = GatedRoom()
    before = room.replica.encode()
    value = value_under(room, key)
    unit = (value.client, value.clock)
    if is_left:
        update = update_of([Made(7, 0, *mixed(NAUGHT), left=unit)])
    else:
        content = any_content(["raw"])
        update = update_of([Made(7, 0, *mixed(content), right=unit)], [Deletion(*unit, 1)])
    with pytest.raises(InvalidUpdate):
        room.take(update)
    assert not room.replica.spoiled
    assert room.replica.encode() == before


def mixed(content: tuple[int, int, bytes]) -> tuple[int, int, bytes]:
    """In the order of :class:`Made`: length, kind, content."""
    kind, length, encoded = content
    return length, kind, encoded


def test_what_a_new_cell_needs_is_not_there_for_a_moment_only() -> None:
    room = GatedRoom()
    before = room.replica.encode()
    items, _ = made_of(room.joined().update(lambda eve: eve.bag.append(cell())))
    [source] = [item for item in items if item.key == "source"]
    end = items[-1].clock + items[-1].length
    items.append(Made(source.client, end, *mixed(NAUGHT), left=(source.client, source.clock)))
    with pytest.raises(InvalidUpdate, match="source"):
        room.take(update_of(items))
    assert room.replica.encode() == before


def retyped(kind: str) -> Change:
    """The second cell is made one of that type."""
    return lambda person: person.cell(1).__setitem__("cell_type", kind)


def test_a_type_that_is_set_twice_before_anybody_hears_of_it_is_taken() -> None:
    room = GatedRoom()
    eve = room.joined()
    updates = [eve.update(retyped("raw")), eve.update(retyped("code"))]
    assert room.take(merge_updates(*updates))
    assert room.cell("words")["cell_type"] == "code"
    eve.update(retyped("raw"))
    eve.update(retyped("markdown"))
    assert room.take(eve.doc.get_update())
    assert room.cell("words")["cell_type"] == "markdown"


def test_types_that_two_set_at_once_are_taken() -> None:
    for first, second in ((10, 11), (11, 10)):
        room = GatedRoom()
        ada, ben = room.joined("ada", client_id=first), room.joined("ben", client_id=second)
        for kind in ("code", "raw"):
            ben.update(retyped(kind))
        assert ada.send(retyped("code"))
        assert room.take(ben.doc.get_update(), "ben")
        assert room.cell("words")["cell_type"] == ("raw" if second > first else "code")


def test_who_ran_a_cell_is_not_taken_away_by_what_is_deleted_already() -> None:
    room = GatedRoom()
    room.replica.edit(lambda document: document.set_run_info("code", {"status": "ok"}), lambda size: None)
    value = value_under(room, "jupyter_collab")
    room.take(update_of([Made(7, 0, *mixed(NAUGHT), left=(value.client, value.clock))]))
    assert room.cell("code")["metadata"]["jupyter_collab"] == {"run": {"status": "ok"}}


@pytest.mark.parametrize("where", ["among the cells", "in what is no shared type"])
def test_the_rest_of_what_the_room_has_stands_where_that_does(where: str) -> None:
    room = GatedRoom()
    eve = room.joined(client_id=7)
    eve.send(lambda eve: eve.source().insert(0, "abc"))
    number = value_under(room, "execution_count")
    parent = "cells" if where == "among the cells" else (number.client, number.clock)
    rest = update_of([Made(7, 2, 5, DELETED, write_varuint(5), parent=parent)])
    with pytest.raises(InvalidUpdate, match=r"stands elsewhere|no shared type"):
        room.take(rest)
    assert not room.replica.spoiled
    assert room.take(update_of([Made(7, 2, 5, DELETED, write_varuint(5), left=(7, 1))]))


def joined_values(room: GatedRoom, key: str, values: list[str], last: str) -> tuple[list[Made], list[Deletion]]:
    """What Yjs sends of a key that was set again and again by who can undo that: all but the last are one item."""
    items = UpdateReader(room.replica.encode(), is_ours=True).items()
    found = [item for item in items if item.kind == ANY and item.key == key][-1]
    kind, length, content = any_content(values)
    made = [Made(7, 0, length, kind, content, left=(found.client, found.clock))]
    _, _, content = any_content([last])
    made.append(Made(7, length, 1, kind, content, left=(7, length - 1)))
    return made, [Deletion(found.client, found.clock, 1), Deletion(7, 0, length)]


@pytest.mark.parametrize("is_large", [False, True], ids=["small", "in parts"])
@pytest.mark.parametrize(
    ("key", "values"), [("cell_type", ["raw", "code", "raw", "raw"]), ("pos", ["a5", "b5", "c5", "d5"])]
)
def test_values_that_are_kept_for_an_undo_are_taken(key: str, values: list[str], is_large: bool) -> None:
    room = GatedRoom()
    made, deletions = joined_values(room, key, values[:-1], values[-1])
    if is_large:
        made.append(Made(7, 4, *mixed(text_content("x" * 2**18)), parent="text"))
    parts = cut(room.replica._gate, update_of(made, deletions)) if is_large else [update_of(made, deletions)]
    for part in parts[:1]:
        assert room.take(part)
    shown = room.look(lambda document: [cell[key] for cell in document.doc.get("cells", type=Array)])
    assert values[-1] in shown or key == "pos"  # the server gives cells a place that is none another one
    copy = RoomDocument(Doc())
    copy.doc.apply_update(room.replica.encode())
    assert copy.digest == room.replica.digest


@pytest.mark.parametrize("content", [any_content(["raw", "code"]), text_content("two")], ids=["values", "a text"])
@pytest.mark.parametrize("key", ["cell_type", "pos"])
def test_no_key_has_several_values(key: str, content: tuple[int, int, bytes]) -> None:
    room = GatedRoom()
    found = value_under(room, key)
    kind, length, data = content
    several = [Made(7, 0, length, kind, data, left=(found.client, found.clock))]
    with pytest.raises(InvalidUpdate, match=r"several values|away"):
        room.take(update_of(several, [Deletion(found.client, found.clock, 1), Deletion(7, 0, length - 1)]))


def test_nothing_is_put_before_a_value_of_a_key() -> None:
    """Between two values that came as one, it made yrs read memory that was free already."""
    room = GatedRoom()
    eve = room.joined(client_id=7)
    eve.send(lambda eve: eve.doc.get("x", type=Map).__setitem__("k", "one"))
    [own] = [item for item in UpdateReader(room.replica.encode(), is_ours=True).items() if item.client == 7]
    with pytest.raises(InvalidUpdate, match="before another"):
        room.take(update_of([Made(7, own.clock + 1, *mixed(any_content(["two"])), right=(7, own.clock))]))

"""An edit says between which two units it stands. If nobody can have seen these beside each other, it is refused."""

import random
from typing import Any

import pytest
from pycrdt import Array, Doc, Text, merge_updates

from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import InvalidUpdate
from jupyter_collab.protocol import write_varuint
from jupyter_collab.yjs import UpdateReader

from .differential import Disagreement, compare
from .rooms import GatedRoom

LOW, HIGH = 7, 2**32 - 1
"""Client ids of Eve's; of two who write at one place the lower one comes first."""

Unit = tuple[int, int]


def typing(unit: Unit, left: Unit | None, right: Unit | None, text: str) -> bytes:
    """An update that puts ``text`` between two units, as ``unit`` and those behind it."""
    info = 4 | (0x80 if left else 0) | (0x40 if right else 0)
    numbers = [number for beside in (left, right) if beside for number in beside]
    content = write_varuint(len(text)) + text.encode()
    own = b"".join(map(write_varuint, unit))
    return b"\x01\x01" + own + bytes((info,)) + b"".join(map(write_varuint, numbers)) + content + b"\x00"


class Words:
    """The cell ``words`` of a room, with its text of that name, and a copy that was there from the beginning."""

    def __init__(self) -> None:
        self.room = GatedRoom()
        items = UpdateReader(self.room.replica.encode(), is_ours=True).items()
        (item,) = [item for item in items if item.text == "words"]
        self.units: list[Unit] = [(item.client, item.clock + number) for number in range(5)]
        self._seen = self.room.joined("bob")

    def typed(self, unit: Unit, left: Unit | None, right: Unit | None, text: str = "x") -> None:
        """Eve sends this; raises ``InvalidUpdate``."""
        for change in self.room.take(typing(unit, left, right, text)):
            self._seen.doc.apply_update(change)
        self.units += [(unit[0], unit[1] + number) for number in range(len(text))]

    def sources(self) -> set[str]:
        """The text in the room, in the copy, and in that of somebody who joins now."""
        joined = RoomDocument(Doc())
        joined.doc.apply_update(self.room.replica.encode())
        return {str(document.cell("words")["source"]) for document in (self._seen.document, joined)} | {
            str(self.room.cell("words")["source"])
        }


@pytest.mark.parametrize("ends", [(0, 2), (0, 4), (None, 1), (None, 4), (3, 1), (4, 0), (2, 2)])
def test_nothing_is_put_between_two_that_nobody_has_seen_beside_each_other(ends: tuple[int | None, int]) -> None:
    words = Words()
    left, right = (None if end is None else words.units[end] for end in ends)
    for _ in range(2):  # the second time its author is known
        with pytest.raises(InvalidUpdate, match="beside each other"):
            words.typed((LOW, 0), left, right)
    words.typed((LOW, 0), words.units[0], words.units[1])
    with pytest.raises(InvalidUpdate, match="beside each other"):
        words.typed((LOW, 1), left, right)
    assert words.sources() == {"wxords"}


GONE = b"\x01\x01\x07\x00\x00\x01\x00"
"""An update that says that Eve once wrote something, in a type that is gone with all that was in it."""


@pytest.mark.parametrize("is_left", [True, False])
def test_nothing_is_put_beside_what_is_gone(is_left: bool) -> None:
    """Yjs would drop it, yrs would show it."""
    words = Words()
    words.room.take(GONE)
    there = words.units[1]
    left, right = ((LOW, 0), there) if is_left else (there, (LOW, 0))
    with pytest.raises(InvalidUpdate, match="beside each other"):
        words.typed((LOW, 1), left, right)
    assert words.sources() == {"words"}


@pytest.mark.parametrize("is_told", [True, False])
def test_what_was_typed_into_a_type_that_is_deleted_meanwhile_is_taken_in(is_told: bool) -> None:
    """``is_told`` says whether the server heard of the deletion before; else it is in the same update."""
    ann, bob = (Doc[Any](client_id=client) for client in (1, 2))
    texts = ann.get("texts", type=Array)
    texts.append(Array([Text("end")]))
    first, before = ann.get_update(), ann.get_state()
    texts[0][0].insert(0, "a")
    early, between = ann.get_update(before), ann.get_state()
    texts[0][0].insert(1, "b")
    late = ann.get_update(between)
    for update in (first, early):
        bob.apply_update(update)
    del bob.get("texts", type=Array)[0]
    gone = bob.get_update(before)
    history = [first, gone, late] if is_told else [first, merge_updates(gone, late)]
    assert compare(history) == {"taken": len(history)}


def test_who_made_a_text_that_can_be_deleted_may_say_anything_of_places_in_it() -> None:
    """So does Yjs where it undoes a deletion: here ``e`` stands between ``d`` and ``d``."""
    doc = Doc[Any](client_id=LOW)
    doc.get("texts", type=Array).append(Text("fd"))
    history = [doc.get_update(), typing((LOW, 3), (LOW, 2), (LOW, 2), "e"), typing((LOW, 4), (LOW, 3), (LOW, 1), "g")]
    assert compare(history) == {"taken": 3}
    with pytest.raises(Disagreement, match="the gate: refused"):
        compare([*history, typing((HIGH, 0), (LOW, 2), (LOW, 2), "x")])


def test_what_was_typed_before_others_typed_there_is_taken_in() -> None:
    words = Words()
    w, o = words.units[:2]
    words.typed((LOW, 0), w, o, "ab")
    words.typed((HIGH, 0), w, o, "cd")
    words.typed((LOW, 2), (LOW, 1), (HIGH, 0), "!")
    words.typed((HIGH, 2), (LOW, 1), o, "?")
    words.typed((HIGH, 3), None, w)
    words.typed((LOW, 3), (HIGH, 2), o)
    assert len(words.sources()) == 1


@pytest.mark.parametrize("seed", range(60))
def test_whoever_joins_has_the_text_of_those_who_were_there(seed: int) -> None:
    chance, words = random.Random(seed), Words()
    clocks = {LOW: 0, 2**31: 0, HIGH: 0}
    for _ in range(40):
        client = chance.choice(list(clocks))
        left, right = (chance.choice([None, *words.units]) for _ in range(2))
        text = chance.choice(["x", "yz"])
        if left is None and right is None:
            continue
        try:
            words.typed((client, clocks[client]), left, right, text)
        except InvalidUpdate:
            continue
        clocks[client] += len(text)
    assert len(words.sources()) == 1

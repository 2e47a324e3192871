"""Which updates say nothing that a document does not know already."""

from typing import Any

import pytest
from pycrdt import Doc, Text, merge_updates

from jupyter_collab.rooms.integrate import is_known


def edited(*deletions: slice) -> tuple[Doc[Any], list[bytes]]:
    """A document of the text ``abcdefghij`` from which ``deletions`` were made, and each of the edits as an update."""
    doc: Doc[Any] = Doc(client_id=7)
    updates: list[bytes] = []
    doc.observe(lambda event: updates.append(event.update))
    doc["text"] = text = Text("abcdefghij")
    for deletion in deletions:
        del text[deletion]
    return doc, updates


def test_all_that_a_document_was_made_of_is_known_to_it() -> None:
    doc, updates = edited(slice(2, 4), slice(0, 1), slice(3, 7))
    assert all(is_known(doc, update) for update in updates)
    assert is_known(doc, merge_updates(*updates))
    assert is_known(doc, doc.get_update())
    assert is_known(doc, b"\x00\x00")


@pytest.mark.parametrize("known", [0, 1, 2, 3])
def test_what_came_later_is_not_known(known: int) -> None:
    _, updates = edited(slice(2, 4), slice(0, 1), slice(3, 7))
    earlier: Doc[Any] = Doc()
    for update in updates[:known]:
        earlier.apply_update(update)
    assert [is_known(earlier, update) for update in updates] == [number < known for number in range(len(updates))]
    assert not is_known(earlier, merge_updates(*updates))


def test_a_deletion_is_known_if_several_that_touch_cover_it_and_not_if_they_leave_a_gap() -> None:
    _, (_, whole) = edited(slice(2, 8))
    touching, _ = edited(slice(2, 5), slice(2, 5))
    gaping, _ = edited(slice(2, 4), slice(3, 6))
    assert is_known(touching, whole)
    assert not is_known(gaping, whole)


@pytest.mark.parametrize("garbage", [b"", b"\x01", b"\xff" * 9, b"\x01\x01\x07\x00\x04"])
def test_what_is_no_update_is_not_known(garbage: bytes) -> None:
    doc, _ = edited()
    assert not is_known(doc, garbage)

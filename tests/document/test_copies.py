"""A copy of a room's document is made of its log, whatever that holds."""

from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, merge_updates

from jupyter_collab.document import RoomDocument


def edit(client_id: int, *changes: Callable[["Doc[Any]"], None]) -> list[bytes]:
    """What one client does, an update for each change."""
    doc: Doc[Any] = Doc(client_id=client_id)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for change in changes:
        change(doc)
    doc.unobserve(subscription)
    return updates


def says(words: str) -> Callable[["Doc[Any]"], None]:
    """A word in a list."""
    return lambda doc: doc.get("words", type=Array).append(words)


def test_an_update_that_cannot_be_applied_is_left_out_as_a_whole() -> None:
    [value] = edit(7, lambda doc: doc.get("state", type=Map).__setitem__("key", 1))
    _, builds_on_another = edit(
        7,
        lambda doc: doc.get("state", type=Map).__setitem__("key", Map({})),
        lambda doc: doc.get("state", type=Map)["key"].__setitem__("inner", "x"),
    )
    misfit = merge_updates(builds_on_another, *edit(9, says("nine")), *edit(3, says("three")))
    merged: Doc[Any] = Doc()
    merged.apply_update(value)
    with pytest.raises(RuntimeError):  # else this test says nothing
        merged.apply_update(misfit)

    document = RoomDocument.of([*edit(1, says("before")), value, misfit, *edit(2, says("after"))])
    assert sorted(document.doc.get("words", type=Array).to_py() or ()) == ["after", "before"]
    assert document.doc.get("state", type=Map).to_py() == {"key": 1}

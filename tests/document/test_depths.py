"""Shared types that lie very deep in each other are refused, however they are put there; others are not."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, merge_updates

from jupyter_collab.document import MAX_TYPES_DEEP, RoomDocument, TypeDepths
from jupyter_collab.errors import InvalidUpdate

from .strategies import NOTEBOOKS

Put = Callable[[Any, Any], Any]


def in_map(holder: Any, kind: Any) -> Any:
    holder["k"] = kind()
    return holder["k"]


def again_in_map(holder: Any, kind: Any) -> Any:
    holder["k"] = "something else"
    return in_map(holder, kind)


def in_array(holder: Any, kind: Any) -> Any:
    holder.append(kind())
    return holder[-1]


def beside_a_value(holder: Any, kind: Any) -> Any:
    holder.append(1)
    return in_array(holder, kind)


def chain(put: Put, kind: Any, levels: int, clients: int) -> list[bytes]:
    """Updates that put one type in another, each of the next client."""
    docs: list[Doc[Any]] = [Doc(client_id=1000 - number) for number in range(clients)]
    holders = [doc.get("cells", type=kind) for doc in docs]
    updates: list[bytes] = []
    for level in range(levels):
        doc = docs[level % clients]
        before = doc.get_state()
        put(holders[level % clients], kind)
        updates.append(doc.get_update(before))
        for other in docs:
            if other is not doc:
                other.apply_update(updates[-1])
        holders = [holder["k"] if kind is Map else holder[len(holder) - 1] for holder in holders]
    return updates


CHAINS = [(in_map, Map), (again_in_map, Map), (in_array, Array), (beside_a_value, Array)]


@pytest.mark.parametrize(("put", "kind"), CHAINS)
@pytest.mark.parametrize("clients", [1, 2])
def test_a_chain_of_types_is_refused_where_it_gets_too_deep(put: Put, kind: Any, clients: int) -> None:
    updates = chain(put, kind, MAX_TYPES_DEEP + 1, clients)
    for at_once in (False, True):
        depths = TypeDepths()
        *taken, last = [merge_updates(*updates)] if at_once else updates
        for update in taken:
            assert depths.check(update)
            depths.learn(update)
        with pytest.raises(InvalidUpdate, match="deep"):
            depths.check(last)
    depths.check(merge_updates(*updates[:-1]))


@given(NOTEBOOKS, st.data())
def test_notebooks_and_what_is_done_to_them_pass(notebook: dict[str, Any], data: st.DataObject) -> None:
    document = RoomDocument.create("epoch", notebook)
    updates: list[bytes] = []
    document.doc.observe(lambda event: updates.append(event.update))
    depths = TypeDepths()
    depths.check(document.doc.get_update())
    depths.learn(document.doc.get_update())
    document.set_notebook(data.draw(NOTEBOOKS))
    for update in updates:
        depths.check(update)
        depths.learn(update)
    depths.check(document.doc.get_update())
    assert max(depths._known.values(), default=0) <= 5


def test_deep_types_are_what_they_are_feared_for() -> None:
    """If this fails, yrs has become safe, and the check is no longer needed."""
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

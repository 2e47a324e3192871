"""Who ran a cell is the server's word; what people put into a cell themselves is marked as theirs."""

from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Array, Map, Text

from jupyter_collab.document import RoomDocument

from .rooms import NOTEBOOK, GatedRoom, Person, person

RUN = {"by": "Ada", "username": "ada", "at": "2026-01-31T12:00:00.000Z", "seconds": 1, "status": "ok", "hash": "1"}
FORGED = {**RUN, "by": "Ada Owner", "hash": "2"}


@pytest.fixture
def room() -> GatedRoom:
    """A room in which Ada has run the cell ``code``."""
    room = GatedRoom()
    room.replica.edit(lambda document: document.set_run_info("code", RUN), lambda size: None)
    return room


def own(room: GatedRoom, cell_id: str = "code") -> Any:
    """What the cell says of its runs."""
    cells = {cell["id"]: cell for cell in room.joined().bag}
    put = cells[cell_id].get("put")
    metadata = room.cell(cell_id)["metadata"].get("jupyter_collab")
    return metadata if put is None else {**(metadata or {}), "put": put}


def output() -> "Map[Any]":
    """An output as a kernel writes it."""
    return Map({"output_type": "stream", "name": "stdout", "text": Text("all tests passed")})


@pytest.mark.parametrize(
    "forge",
    [
        lambda eve: eve.cell()["metadata"].__setitem__("jupyter_collab", {"run": FORGED}),
        lambda eve: eve.cell()["metadata"].__setitem__("jupyter_collab", {}),
        lambda eve: eve.cell()["metadata"].__setitem__("jupyter_collab", "none"),
        lambda eve: eve.cell()["metadata"].__delitem__("jupyter_collab"),
        lambda eve: eve.cell().__setitem__("put", {"by": "Ada", "username": "ada"}),
        lambda eve: eve.cell().__setitem__("execution_count", None),
        lambda eve: eve.cell()["outputs"].clear(),
    ],
)
def test_nobody_changes_who_ran_a_cell(room: GatedRoom, forge: Callable[[Person], Any]) -> None:
    room.joined().send(forge)
    assert own(room) == {"run": RUN}


def test_other_things_that_are_kept_there_may_change(room: GatedRoom) -> None:
    room.joined().send(lambda eve: eve.cell()["metadata"].__setitem__("jupyter_collab", {"run": FORGED, "link": 1}))
    assert own(room) == {"run": RUN, "link": 1}


@pytest.mark.parametrize(
    "put",
    [
        lambda eve: eve.cell()["outputs"].append(output()),
        lambda eve: eve.cell()["outputs"][0]["text"].insert(0, "all tests passed, "),
        lambda eve: eve.cell()["outputs"][0].__setitem__("name", "stderr"),
        lambda eve: eve.cell().__setitem__("execution_count", 99),
        lambda eve: eve.cell().__setitem__("execution_count", b"99"),
    ],
)
def test_outputs_that_somebody_puts_there_are_marked_as_theirs(room: GatedRoom, put: Callable[[Person], Any]) -> None:
    room.joined().send(put)
    assert own(room) == {"put": {"by": "Eve", "username": "eve", "kind": "guest"}}
    room.joined("bob").send(lambda bob: bob.cell().__delitem__("put"))
    assert own(room) == {"put": {"by": "Eve", "username": "eve", "kind": "guest"}}
    room.replica.edit(lambda document: document.set_run_info("code", RUN), lambda size: None)
    assert own(room) == {"run": RUN}


@pytest.mark.parametrize(
    "cut",
    [
        lambda eve: eve.cell()["outputs"][0]["text"].__delitem__(slice(0, 1)),
        lambda eve: eve.cell()["outputs"][0].__delitem__("name"),
        lambda eve: eve.cell()["outputs"].__delitem__(0),
    ],
)
def test_outputs_of_which_somebody_took_a_part_away_are_marked_as_theirs(
    room: GatedRoom, cut: Callable[[Person], Any]
) -> None:
    error = {"output_type": "error", "ename": "AssertionError", "evalue": "", "traceback": []}
    more = Map({"output_type": "stream", "name": "stdout", "text": Text("3 passed")})
    room.replica.edit(lambda document: outputs_of(document).extend([error, more]), lambda size: None)
    room.joined().send(cut)
    assert own(room) == {"put": {"by": "Eve", "username": "eve", "kind": "guest"}}


def test_what_was_taken_away_before_is_nobodys_when_it_is_said_again(room: GatedRoom) -> None:
    room.replica.edit(lambda document: outputs_of(document).extend(["x", output()]), lambda size: None)
    room.replica.edit(lambda document: outputs_of(document).__delitem__(1), lambda size: None)
    eve = room.joined()
    eve.source().insert(0, "x")
    room.take(eve.doc.get_update())
    assert own(room) == {"run": RUN}


def outputs_of(document: RoomDocument) -> "Array[Any]":
    """Those of the first cell."""
    outputs: Array[Any] = document.doc.get("cells", type=Array)[0]["outputs"]
    return outputs


def test_a_cell_that_is_pasted_with_its_outputs_says_who_pasted_it(room: GatedRoom) -> None:
    fields = {"id": "copy", "pos": "b", "cell_type": "code", "source": Text("1"), "execution_count": 3}
    metadata = Map({"jupyter_collab": {"run": FORGED}})
    room.joined().send(lambda eve: eve.bag.append(Map({**fields, "metadata": metadata, "outputs": Array([output()])})))
    assert own(room, "copy") == {"put": {"by": "Eve", "username": "eve", "kind": "guest"}}
    assert room.cell("copy")["execution_count"] == 3


def test_a_cell_that_nobody_ran_cannot_say_that_somebody_did(room: GatedRoom) -> None:
    fields = {"id": "new", "pos": "b", "cell_type": "code", "source": Text("1")}
    metadata = Map({"jupyter_collab": {"run": FORGED}})
    room.joined().send(lambda eve: eve.bag.append(Map({**fields, "metadata": metadata, "outputs": Array()})))
    assert own(room, "new") is None


@pytest.mark.parametrize("cuts_the_other", [False, True])
def test_a_new_cell_that_claims_the_id_of_another_does_not_get_its_run(room: GatedRoom, cuts_the_other: bool) -> None:
    fields = {"id": "code", "pos": "b", "cell_type": "code", "source": Text("forged"), "metadata": Map({})}

    def claim(eve: Person) -> None:
        eve.bag.append(Map({**fields, "outputs": Array([output()])}))
        eve.cell(2)["outputs"].clear()
        if cuts_the_other:
            eve.cell()["outputs"].clear()

    room.joined().send(claim)
    metadata = [cell["metadata"].to_py() or {} for cell in room.joined().bag]
    assert [cell["jupyter_collab"] for cell in metadata if "jupyter_collab" in cell] == [{"run": RUN}]
    assert own(room) == {"run": RUN}


def test_a_cell_does_not_run_because_somebody_says_so(room: GatedRoom) -> None:
    room.joined().send(lambda eve: eve.cell().__setitem__("execution_state", "running"))
    assert room.joined().cell()["execution_state"] == "idle"


def test_an_imported_notebook_does_not_say_who_ran_it(room: GatedRoom) -> None:
    cells = [{**cell} for cell in NOTEBOOK["cells"]]  # type: ignore[attr-defined]
    cells[0].update(source="2 + 2", metadata={"jupyter_collab": {"run": FORGED}}, execution_count=9)
    cells[1].update(metadata={"jupyter_collab": {"run": FORGED}})
    eve = person("eve")
    room.replica.edit(lambda document: document.set_notebook({**NOTEBOOK, "cells": cells}), lambda size: None, eve)
    assert own(room) == {"put": {"by": "Eve", "username": "eve", "kind": "guest"}}
    assert own(room, "words") is None


def test_an_export_that_is_imported_again_changes_nothing(room: GatedRoom) -> None:
    export = room.look(lambda document: document.to_notebook())
    assert room.replica.edit(lambda document: document.set_notebook(export), lambda size: None, person("eve")) == []


def test_a_new_room_does_not_say_who_ran_its_cells() -> None:
    cells = [{**cell, "metadata": {"jupyter_collab": {"run": FORGED, "link": 1}}} for cell in NOTEBOOK["cells"]]  # type: ignore[attr-defined]
    document = RoomDocument.create("epoch", {**NOTEBOOK, "cells": cells})
    assert [cell["metadata"] for cell in document.cells] == [{"jupyter_collab": {"link": 1}}] * 2


def test_undo_of_a_clearing_marks_what_comes_back(room: GatedRoom) -> None:
    eve = room.joined()
    eve.send(lambda eve: eve.cell()["outputs"].clear())
    eve.send(lambda eve: eve.cell()["outputs"].append(output()))
    assert own(room) == {"put": {"by": "Eve", "username": "eve", "kind": "guest"}}

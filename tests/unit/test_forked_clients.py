"""Somebody writes two things under one Yjs client id at two servers: the room stays whole for everybody else."""

import asyncio
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text

from jupyter_collab.access import Role, UserKind
from jupyter_collab.rooms import RoomManager
from jupyter_collab.rooms.loading import Opened, load, opening

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, until
from .updates import text_update

NEVER_SECONDS = 3600.0

CLIENT_ID = 4_711

Edit = Callable[[Doc[Any]], object]


def says(text: str) -> Edit:
    """Put ``text`` at the beginning."""
    return lambda doc: doc.get("text", type=Text).insert(0, text)


def adds_a_map(doc: "Doc[Any]") -> None:
    """Put a map with a map in it into another one."""
    doc.get("values", type=Map)["inner"] = Map({"key": Map({"key": 1}), "text": Text("within")})


def adds_a_cell(doc: "Doc[Any]") -> None:
    """Put a cell at the end of the notebook."""
    cell = {"id": "of-eve", "cell_type": "markdown", "source": Text("words of eve"), "metadata": Map({})}
    doc.get("cells", type=Array).append(Map(cell))


def takes_away(doc: "Doc[Any]") -> None:
    """Delete the first letter."""
    del doc.get("text", type=Text)[0:1]


def written(known: bytes, edits: Sequence[Edit]) -> Iterator[bytes]:
    """Edits under one client id, each behind those before, by somebody who has the document ``known``."""
    doc: Doc[Any] = Doc(client_id=CLIENT_ID)
    doc.apply_update(known)
    for edit in edits:
        before = doc.get_state()
        edit(doc)
        yield doc.get_update(before)


FORKS: list[tuple[list[Edit], list[Edit]]] = [
    ([says("a")], [adds_a_map, says("more"), takes_away]),
    ([says("a")], [says("very much longer"), says("more"), takes_away]),
    ([adds_a_map], [says("a"), says("more"), adds_a_cell]),
    ([adds_a_cell], [adds_a_map, says("more"), takes_away]),
    ([says("a"), takes_away], [adds_a_cell, says("much more"), adds_a_map]),
    ([adds_a_cell, says("more")], [says("a"), adds_a_cell, says("more")]),
]
"""What is written at one server, and at the same moment at the other."""


def contents(document: Any) -> tuple[str, str]:
    """What somebody sees of a room."""
    cells: list[dict[str, Any]] = document.doc.get("cells", type=Array).to_py()
    return str(document.doc.get("text", type=Text)), json.dumps(cells, sort_keys=True)


async def until_same(managers: Sequence[RoomManager], *words: str) -> tuple[str, str]:
    """Wait until all servers have the same content, and all of ``words`` in it; returns it."""
    async with asyncio.timeout(10):
        while True:
            found = {contents(await manager.read("demo")) for manager in managers}
            text, cells = next(iter(found))
            if len(found) == 1 and all(word in text for word in words):
                return text, cells
            await asyncio.sleep(0.05)


def guest(name: str) -> ScriptedPeer:
    """Somebody who came by a link that lets them write."""
    return ScriptedPeer(name, Role.WRITER, kind=UserKind.GUEST)


async def fork(servers: Sequence[RoomManager], fork: tuple[list[Edit], list[Edit]]) -> None:
    """Somebody writes one thing at the one server, another one at the other, as fast as they can."""
    eves = [await guest("eve").join(server) for server in servers]
    sides = [list(written(eve.doc.get_update(), edits)) for eve, edits in zip(eves, fork, strict=True)]
    await asyncio.gather(*(send(eve, updates) for eve, updates in zip(eves, sides, strict=True)))
    await until(lambda: any(eve.acks for eve in eves))


async def send(eve: ScriptedPeer, updates: Sequence[bytes]) -> None:
    """Send edits that the own document does not have, one after the other."""
    for update in updates:
        await eve.send_edit(update)


async def write(server: RoomManager, name: str, words: str) -> None:
    """Let somebody write at the end until that is saved; whoever is closed begins anew with an empty document."""
    async with asyncio.timeout(10):
        while True:
            peer = await ScriptedPeer(name).join(server)
            peer.type(f"[{name} {words}]", len(peer.text))
            await until(lambda: peer.saved or peer.close_code or peer.rejections)  # noqa: B023
            if peer.saved:
                break
    if peer.close_code is None:
        peer.leave(server)


@pytest.mark.parametrize("forks", FORKS)
@pytest.mark.parametrize("poll_seconds", [0.05, NEVER_SECONDS])
@scenario
async def test_honest_people_go_on_at_both_servers(
    forks: tuple[list[Edit], list[Edit]], poll_seconds: float, tmp_path: Path
) -> None:
    stores: list[FaultyStore] = [faulty_store(tmp_path), faulty_store(tmp_path)]
    async with serving(stores[0]) as here, serving(stores[1], poll_seconds=poll_seconds) as there:
        for name, server in (("ada", here), ("ben", there)):
            await write(server, name, "before")
        await fork((here, there), forks)
        for name, server in (("cleo", here), ("ed", here), ("dan", there), ("flo", there)):
            await write(server, name, "after")
        seen = await until_same(
            (here, there), "[ada before]", "[ben before]", "[cleo after]", "[dan after]", "[ed after]", "[flo after]"
        )
    async with serving(faulty_store(tmp_path)) as again:
        assert contents(await again.read("demo")) == seen
        await write(again, "gus", "later")


@scenario
async def test_a_keyframe_that_builds_on_what_is_not_there_is_opened_without_that(tmp_path: Path) -> None:
    store = faulty_store(tmp_path)
    async with serving(store) as manager:
        await write(manager, "ada", "before")
        known = (await manager.read("demo")).doc.get_update()
        torn: Doc[Any] = Doc()
        for update in (known, *list(written(known, [says("lost"), says("more"), takes_away]))[1:]):
            torn.apply_update(update)
        log = await store.read_log("demo")
        await store.put_keyframe("demo", log.record.epoch, log.seq, torn.get_update(), log.record.kind)
        await manager.delete_room("demo")  # closes it
        await manager.restore_room("demo")
        await write(manager, "ben", "after")
        assert contents(await manager.read("demo"))[0] == "[ada before][ben after]"
        document = await manager.read("demo")
        state = document.doc.get_update()
        assert b"more" not in state


def test_what_is_left_out_of_a_log_takes_nothing_else_with_it() -> None:
    known = text_update(1, "first")
    left, right = list(written(known, [says("a")])), list(written(known, [says("bc"), says("on it"), takes_away]))
    other = text_update(2, "second")
    opened = run(opening(Doc, known, [*left, *right, other]))
    assert opened.entries == [*left, other]
    assert opened.misfits == set(right)
    whole: Doc[Any] = Doc()
    load(whole, [known, *left, other])
    assert opened.doc.get_update() == whole.get_update()


def run(work: Generator[None, None, Opened]) -> Opened:
    """Do all steps of ``work``."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            opened: Opened = stop.value
            return opened

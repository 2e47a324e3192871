"""A Yjs client id stays with the person who wrote first under it, whichever server asks, and after each restart."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map, Text

from jupyter_collab.access import Role, UserKind
from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import SyncStep2, Update, write_bytes, write_varuint
from jupyter_collab.rooms import RoomManager
from tests.postgresql import Databases

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, until

NEVER_SECONDS = 3600.0

MakeStore = Callable[[], FaultyStore]


@pytest.fixture(params=["sqlite", "postgresql"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    """What opens one database once more, as another process does."""
    if request.param == "sqlite":
        return lambda: faulty_store(tmp_path)
    databases: Databases = request.getfixturevalue("databases")
    return lambda: FaultyStore(databases.url_for(tmp_path))


def guest(name: str) -> ScriptedPeer:
    """Somebody who came by a link that lets them write."""
    return ScriptedPeer(name, Role.WRITER, kind=UserKind.GUEST)


def forged(victim: ScriptedPeer, known: bytes) -> bytes:
    """An edit under the client id of ``victim``, by somebody who has the document ``known``."""
    doc: Doc[Any] = Doc(client_id=victim.doc.client_id)
    doc.apply_update(known)
    before = doc.get_state()
    text: Text = doc.get("text", type=Text)
    text.insert(len(text), "FORGED")
    return doc.get_update(before)


async def attack(manager: RoomManager, victim: ScriptedPeer) -> ScriptedPeer:
    """Somebody else writes under the client id of ``victim``, behind what the room has of them; returns who."""
    eve = await guest("eve").join(manager)
    await eve.send_edit(forged(victim, eve.doc.get_update()))
    return eve


async def until_refused(eve: ScriptedPeer) -> None:
    """Wait until the edit is refused, because it is under the client id of somebody else."""
    await until(lambda: eve.rejections)
    assert "client id of somebody else" in eve.rejections[0].message


@scenario
async def test_after_a_restart_nobody_writes_under_the_id_of_somebody_who_is_offline(make_store: MakeStore) -> None:
    bob = guest("bob")
    async with serving(make_store()) as manager:
        await bob.join(manager)
        await bob.typed("online ")
        bob.leave(manager)
    bob.type("offline ", len(bob.text))
    async with serving(make_store()) as manager:
        await until_refused(await attack(manager, bob))
        await bob.join(manager)
        await bob.typed("back")
        watcher = await ScriptedPeer("watcher").join(manager)
        await watcher.until_text("online offline back")
        assert str(bob.text) == "online offline back"
        assert bob.rejections == []


@scenario
async def test_whose_an_id_is_outlives_the_log_of_the_room(make_store: MakeStore) -> None:
    bob = guest("bob")
    async with serving(make_store(), idle_seconds=0.01) as manager:
        await bob.join(manager)
        await bob.typed("kept ")
        assert bob.room is not None
        await bob.room.log.compact()
        bob.leave(manager)
        await until(lambda: manager.live("demo") is None)
        await until_refused(await attack(manager, bob))


@scenario
async def test_the_users_of_the_server_stay_one_writer_after_a_restart(make_store: MakeStore) -> None:
    ada = ScriptedPeer("ada")
    async with serving(make_store()) as manager:
        await ada.join(manager)
        await ada.typed("with a token ")
    ada.user = ScriptedPeer("anonymous").user
    async with serving(make_store()) as manager:
        await ada.join(manager)
        await ada.typed("goes on")
        assert ada.rejections == []
        await until_refused(await attack(manager, ada))


@scenario
async def test_nobody_writes_on_one_server_under_an_id_that_is_somebodys_on_another(make_store: MakeStore) -> None:
    async with serving(make_store()) as here, serving(make_store()) as there:
        watcher = await ScriptedPeer("watcher").join(there)
        bob = await guest("bob").join(here)
        await bob.typed("here ")
        await watcher.until_text("here ")
        await until_refused(await attack(there, bob))
        await bob.typed("and on")
        await watcher.until_text("here and on")


@scenario
async def test_a_server_that_reads_a_keyframe_instead_of_entries_learns_whose_ids_are(make_store: MakeStore) -> None:
    stores = make_store(), make_store()
    async with serving(stores[0]) as here, serving(stores[1], poll_seconds=NEVER_SECONDS) as there:
        watcher = await ScriptedPeer("watcher").join(there)
        bob = await guest("bob").join(here)
        await bob.typed("here ")
        assert bob.room is not None
        await bob.room.log.compact()
        await watcher.typed("own ")
        await until(lambda: "here" in str(watcher.text))
        await until_refused(await attack(there, bob))


@scenario
async def test_while_the_store_cannot_say_whose_an_id_is_nothing_under_it_is_taken_in(make_store: MakeStore) -> None:
    stores = make_store(), make_store()
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        watcher = await ScriptedPeer("watcher").join(there)
        bob = await guest("bob").join(here)
        stores[1].fails_to_tell_writers = True
        await bob.typed("here ")
        await until(lambda: stores[1].writers_asked)
        assert str(watcher.text) == ""
        stores[1].fails_to_tell_writers = False
        await watcher.until_text("here ")
        await until_refused(await attack(there, bob))


@scenario
async def test_a_user_of_the_server_who_writes_under_the_id_of_somebody_at_another_server_is_not_saved(
    make_store: MakeStore,
) -> None:
    async with serving(make_store()) as here, serving(make_store(), poll_seconds=NEVER_SECONDS) as there:
        bob, ben = await guest("bob").join(here), await ScriptedPeer("ben").join(there)
        unknowing = ben.doc.get_update()
        await bob.typed("first ")
        eve = await ScriptedPeer("eve").join(there)
        await eve.send_edit(forged(bob, unknowing))
        await until(lambda: eve.close_code)
        assert (eve.close_code, ben.close_code) == (CloseCode.TRY_AGAIN_LATER, CloseCode.TRY_AGAIN_LATER)
        assert eve.acks[-1].count < eve.edits_sent
        ben.room = None
        ben.type("of ben ")
        await ben.join(there)
        await until(lambda: sorted(str(ben.text).split()) == ["ben", "first", "of"])
        await bob.typed("and on")
        await until(lambda: "FORGED" not in str(bob.text) and len(bob.text) == len("first of ben and on"))


@pytest.mark.parametrize("message", [Update, SyncStep2])
@scenario
async def test_of_two_guests_who_write_under_one_id_on_two_servers_at_once_nobody_hears_of_the_second(
    message: type[Update | SyncStep2], make_store: MakeStore
) -> None:
    async with serving(make_store()) as here, serving(make_store(), poll_seconds=NEVER_SECONDS) as there:
        bob, ben = await guest("bob").join(here), await ScriptedPeer("ben").join(there)
        unknowing = ben.doc.get_update()
        await bob.typed("first ")
        eve = await guest("eve").join(there)
        await eve.send(message(forged(bob, unknowing)))
        await until(lambda: eve.close_code)
        assert eve.close_code == CloseCode.TRY_AGAIN_LATER
        await ben.typed("ben ")
        await until(lambda: "first" in str(ben.text))
        assert "FORGED" not in str(ben.text)
        assert ben.close_code is None


@scenario
async def test_one_guest_has_a_share_of_the_clients_of_a_room_however_they_send_them(make_store: MakeStore) -> None:
    async with serving(make_store()) as manager:
        eve = await guest("eve").join(manager)
        for start in (10_000, 20_000, 30_000):
            await eve.send(SyncStep2(by_clients(range(start, start + 1_500))))
        await until(lambda: eve.rejections)
        assert "more than 4000 Yjs clients" in eve.rejections[0].message


def by_clients(client_ids: Sequence[int]) -> bytes:
    """An edit under many client ids, each of which sets another key."""
    sections = [
        b"\x01" + write_varuint(client_id) + b"\x00\x28\x01\x01y" + write_bytes(b"%d" % client_id) + b"\x01\x7d\x01"
        for client_id in client_ids
    ]
    return write_varuint(len(sections)) + b"".join(sections) + b"\x00"


def written(doc_before: bytes, client_id: int, text: str) -> bytes:
    """An edit that puts ``text`` before all else, under ``client_id``."""
    doc: Doc[Any] = Doc(client_id=client_id)
    doc.apply_update(doc_before)
    before = doc.get_state()
    doc.get("text", type=Text).insert(0, text)
    return doc.get_update(before)


async def until_same(managers: Sequence[RoomManager], *words: str) -> None:
    """Wait until all servers have the same text, and all of ``words`` in it."""
    async with asyncio.timeout(10):
        while True:
            documents = [await manager.read("demo") for manager in managers]
            texts = {str(document.doc.get("text", type=Text)) for document in documents}
            if len(texts) == 1 and all(word in next(iter(texts)) for word in words):
                return
            await asyncio.sleep(0.01)


@scenario
async def test_who_writes_two_things_under_one_id_on_two_servers_makes_no_two_rooms_of_one(
    make_store: MakeStore,
) -> None:
    async with serving(make_store()) as here, serving(make_store(), poll_seconds=NEVER_SECONDS) as there:
        ada, ben = await ScriptedPeer("ada").join(here), await ScriptedPeer("ben").join(there)
        eve, also_eve = await guest("eve").join(here), await guest("eve").join(there)
        await eve.send_edit(written(eve.doc.get_update(), 4_711, "left"))
        await ada.until_text("left")
        await also_eve.send_edit(written(also_eve.doc.get_update(), 4_711, "RIGHT"))
        ada.type(" of ada", len("left"))
        await ada.until_saved()
        ben.type("ben ")
        await until(lambda: ben.saved)
        await until_same((here, there), "ada", "ben")
        for server in (here, there):
            back = await guest("eve").join(server)
            back.type("more")
            await until(lambda: back.rejections)  # noqa: B023
            assert "at two servers at once" in back.rejections[0].message
        late = await ScriptedPeer("late").join(there)
        seen = str(late.text)
    async with serving(make_store()) as again:
        assert str((await ScriptedPeer("later").join(again)).text) == seen


@scenario
async def test_a_room_of_which_one_id_says_two_things_at_two_servers_can_be_opened(make_store: MakeStore) -> None:
    async with serving(make_store()) as here, serving(make_store(), poll_seconds=NEVER_SECONDS) as there:
        ben = await ScriptedPeer("ben").join(there)
        eve, also_eve = await guest("eve").join(here), await guest("eve").join(there)
        await eve.send_edit(written(eve.doc.get_update(), 4_711, "a"))
        await eve.until_saved()
        await also_eve.send_edit(map_under(4_711))
        await also_eve.until_saved()
        await ben.typed("ben")
    async with serving(make_store()) as manager:
        late = await ScriptedPeer("late").join(manager)
        assert "ben" in str(late.text)
        await late.typed("late")
        await late.send_edit(map_under(4_712))
        await late.until_saved()
        assert late.rejections == []
        document = await manager.read("demo")
        assert "late" in str(document.doc.get("text", type=Text))


def map_under(client_id: int) -> bytes:
    """An edit that puts a map with a value into another one."""
    doc: Doc[Any] = Doc(client_id=client_id)
    values: Map[Any] = doc.get("values", type=Map)
    values["inner"] = Map({"key": Map({"key": 1})})
    return doc.get_update()

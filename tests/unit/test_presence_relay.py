"""Who is in a room is the same to see at all servers of a store, and nobody speaks for somebody at another one."""

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_collab.access import Role, UserKind
from jupyter_collab.backplane import MAX_MESSAGE_BYTES
from jupyter_collab.protocol import AwarenessEntry, AwarenessMessage, build_awareness
from jupyter_collab.rooms import RoomManager, presence_relay
from jupyter_collab.rooms.presence_messages import ALL, CHANGES, client_line, messages_of, read

from .backplanes import MemoryBackplane, Servers
from .doubles import ScriptedPeer, faulty_store, serving
from .scenarios import scenario, settle, until
from .stores import opened

ADA, BOB, EVE = 1001, 1002, 1003


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers look often."""
    monkeypatch.setattr(presence_relay, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(presence_relay, "CHANGES_SECONDS", 0.01)


@pytest.fixture
def servers(tmp_path: Path) -> Servers:
    return Servers(tmp_path)


async def say(peer: ScriptedPeer, client_id: int, clock: int, state: dict[str, Any] | None) -> None:
    """Send a presence state."""
    payload = build_awareness([AwarenessEntry(client_id, clock, json.dumps(state))])
    await peer.send(AwarenessMessage(payload))


def seen(peer: ScriptedPeer) -> dict[int, dict[str, Any]]:
    """Whom ``peer`` sees, and where."""
    states = {client_id: json.loads(entry.state) for client_id, entry in peer.presence.items()}
    return {client_id: state for client_id, state in states.items() if state is not None}


def cells(peer: ScriptedPeer) -> dict[int, str]:
    """The cell of everybody whom ``peer`` sees."""
    return {client_id: state["cell"] for client_id, state in seen(peer).items()}


@scenario
async def test_people_at_two_servers_see_each_other_move_and_leave(servers: Servers) -> None:
    async with servers.server("one") as one, servers.server("two") as two:
        ada = await ScriptedPeer("ada", Role.WRITER).join(one)
        await say(ada, ADA, 1, {"cell": "a"})
        bob = await ScriptedPeer("bob").join(two)
        await say(bob, BOB, 1, {"cell": "b"})
        await until(lambda: cells(ada).get(BOB) == "b" and cells(bob).get(ADA) == "a")
        assert seen(bob)[ADA]["user"] == ada.peer.info
        for clock in range(2, 6):
            await say(ada, ADA, clock, {"cell": f"a{clock}"})
            await until(lambda: cells(bob)[ADA] == f"a{clock}")  # noqa: B023
        people = [(person["username"], person["role"], person["visible"]) for person in two.people("demo")]
        assert people == [("ada", "writer", True), ("bob", "owner", True)]
        ada.leave(one)
        await until(lambda: ADA not in seen(bob))
        await until(lambda: [person["username"] for person in two.people("demo")] == ["bob"])


@scenario
async def test_who_joins_later_sees_those_at_the_other_server_at_once(servers: Servers) -> None:
    async with servers.server("one") as one, servers.server("two") as two:
        ada, bob = await ScriptedPeer("ada").join(one), await ScriptedPeer("bob").join(two)
        await say(ada, ADA, 1, {"cell": "a"})
        await until(lambda: ADA in seen(bob))
        late = ScriptedPeer("late")
        await late.connect(two)
        assert cells(late) == {ADA: "a"}


@scenario
async def test_nobody_can_speak_for_somebody_at_another_server(servers: Servers) -> None:
    async with servers.server("one") as one, servers.server("two") as two:
        ada, eve = await ScriptedPeer("ada").join(one), await ScriptedPeer("eve").join(two)
        watchers = [await ScriptedPeer("watcher").join(manager) for manager in (one, two)]
        await say(ada, ADA, 1, {"cell": "a"})
        await until(lambda: all(ADA in seen(watcher) for watcher in watchers))
        await say(eve, ADA, 50, {"cell": "forged"})
        await say(eve, ADA, 51, None)
        await say(eve, EVE, 1, {"cell": "e", "user": {"username": "ada"}})
        await until(lambda: all(EVE in seen(watcher) for watcher in watchers))
        for watcher in watchers:
            assert cells(watcher) == {ADA: "a", EVE: "e"}
            assert seen(watcher)[EVE]["user"]["username"] == "eve"


@scenario
async def test_who_claims_a_client_of_another_server_before_it_is_heard_of_takes_nothing_there(
    servers: Servers,
) -> None:
    async with servers.server("one") as one, servers.server("two") as two:
        ada, eve = await ScriptedPeer("ada").join(one), await ScriptedPeer("eve").join(two)
        watcher = await ScriptedPeer("watcher").join(one)
        with servers.hub.losing():
            await say(ada, ADA, 1, {"cell": "a"})
            await say(eve, ADA, 99, {"cell": "forged"})
            await settle(50)
        await say(eve, EVE, 1, {"cell": "e"})
        await say(eve, ADA, 100, {"cell": "forged"})
        await until(lambda: EVE in seen(watcher))
        assert cells(watcher) == {ADA: "a", EVE: "e"}


@scenario
async def test_of_a_server_that_dies_nobody_is_to_be_seen_after_a_while(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_relay, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(presence_relay, "SILENT_SECONDS", 0.3)
    async with servers.server("one") as one, servers.server("two") as two, servers.server("three") as three:
        ada, bob = await ScriptedPeer("ada").join(one), await ScriptedPeer("bob").join(two)
        cy = await ScriptedPeer("cy").join(three)
        await say(ada, ADA, 1, {"cell": "a"})
        await say(cy, EVE, 1, {"cell": "c"})
        await until(lambda: cells(bob) == {ADA: "a", EVE: "c"})
        servers.kill("one")
        await until(lambda: cells(bob) == {EVE: "c"})
        assert [person["username"] for person in two.people("demo")] == ["bob", "cy"]


def test_a_server_is_taken_for_dead_within_fifteen_seconds() -> None:
    assert presence_relay.SILENT_SECONDS + presence_relay.LOOK_SECONDS < 15
    assert 2 * presence_relay.BEAT_SECONDS < presence_relay.SILENT_SECONDS


@scenario
async def test_a_server_that_stops_takes_its_people_along_at_once(servers: Servers) -> None:
    async with servers.server("two") as two:
        bob = await ScriptedPeer("bob").join(two)
        async with servers.server("one") as one:
            ada = await ScriptedPeer("ada").join(one)
            await say(ada, ADA, 1, {"cell": "a"})
            await until(lambda: ADA in seen(bob))
        await until(lambda: ADA not in seen(bob))


@scenario
async def test_what_was_lost_is_made_good_by_the_next_beat(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_relay, "BEAT_SECONDS", 0.2)
    async with servers.server("one") as one, servers.server("two") as two:
        ada, bob = await ScriptedPeer("ada").join(one), await ScriptedPeer("bob").join(two)
        gone = await ScriptedPeer("gone").join(one)
        await say(ada, ADA, 1, {"cell": "a"})
        await say(gone, EVE, 1, {"cell": "g"})
        await until(lambda: cells(bob) == {ADA: "a", EVE: "g"})
        with servers.hub.losing():
            await say(ada, ADA, 2, {"cell": "moved"})
            gone.leave(one)
            await until(lambda: EVE not in seen(ada) and servers.hub.lost)
        await until(lambda: cells(bob) == {ADA: "moved"})


@scenario
async def test_servers_that_took_each_other_for_dead_find_each_other_again(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_relay, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(presence_relay, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(presence_relay, "ASK_SECONDS", 0.3)
    async with servers.server("one") as one, servers.server("two") as two:
        ada, bob = await ScriptedPeer("ada").join(one), await ScriptedPeer("bob").join(two)
        await say(ada, ADA, 1, {"cell": "a"})
        await until(lambda: ADA in seen(bob))
        with servers.hub.losing():
            await until(lambda: ADA not in seen(bob))
        await until(lambda: ADA in seen(bob))


@scenario
@pytest.mark.parametrize("is_missed", [False, True], ids=["has left", "is not missed yet"])
async def test_who_goes_to_the_other_server_and_back_is_seen_everywhere(servers: Servers, is_missed: bool) -> None:
    async with servers.server("one") as one, servers.server("two") as two:
        managers = (one, two)
        watchers = [await ScriptedPeer("watcher").join(manager) for manager in managers]
        before: tuple[ScriptedPeer, RoomManager] | None = None
        for step in range(6):
            manager = managers[step % 2]
            if before is not None and not is_missed:
                before[0].leave(before[1])
                await until(lambda: all(ADA not in seen(watcher) for watcher in watchers))
            ada = await ScriptedPeer("ada").join(manager)
            await say(ada, ADA, 2 * step, {"cell": str(step)})
            await until(lambda: all(cells(watcher) == {ADA: str(step)} for watcher in watchers))  # noqa: B023
            if before is not None and is_missed:
                before[0].leave(before[1])
                await say(ada, ADA, 2 * step + 1, {"cell": f"still {step}"})
                await until(lambda: all(cells(watcher) == {ADA: f"still {step}"} for watcher in watchers))  # noqa: B023
            before = ada, manager


@scenario
async def test_a_plain_client_that_says_again_what_it_hears_takes_nobodys_place(servers: Servers) -> None:
    async with servers.server("one") as one, servers.server("two") as two:
        ada, plain = await ScriptedPeer("ada").join(one), await ScriptedPeer("ada", speaks_v1=False).join(two)
        watcher = await ScriptedPeer("watcher").join(one)
        await say(plain, BOB, 1, {"cell": "p"})
        await say(ada, ADA, 1, {"cell": "a"})
        await until(lambda: ADA in seen(plain))
        await plain.send(AwarenessMessage(build_awareness(plain.presence[client] for client in (ADA,))))
        ada.leave(one)
        await until(lambda: cells(watcher) == {BOB: "p"} and ADA not in seen(plain))


@scenario
async def test_a_new_role_is_seen_at_the_other_server(servers: Servers) -> None:
    async with servers.server("one") as one, servers.server("two") as two:
        ada, bob = await ScriptedPeer("ada").join(one), await ScriptedPeer("bob").join(two)
        await say(ada, ADA, 1, {"cell": "a"})
        await until(lambda: ADA in seen(bob))
        assert ada.room is not None
        ada.room.set_role(ada.peer, Role.VIEWER)
        await until(lambda: seen(bob)[ADA]["user"]["role"] == "viewer")


@scenario
async def test_a_server_alone_says_nothing_but_its_question(tmp_path: Path) -> None:
    store = faulty_store(tmp_path)
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        bob = await ScriptedPeer("bob").join(manager)
        for clock in range(1, 20):
            await say(ada, ADA, clock, {"cell": str(clock)})
        await until(lambda: cells(bob).get(ADA) == "19")
    async with opened(store := faulty_store(tmp_path)):
        found, _ = await store.messages(["demo"], 0, reader="nobody")
        assert [read(message.data).asks for message in found] == [True]


@scenario
async def test_what_no_version_says_harms_nobody(servers: Servers, caplog: pytest.LogCaptureFixture) -> None:
    async with servers.server("one") as one, servers.server("two") as two:
        ada, bob = await ScriptedPeer("ada").join(one), await ScriptedPeer("bob").join(two)
        (backplane,) = (each for each in servers.hub.backplanes if each.server == "one")
        for data in (b"", b"\xff", b"{}", b"[]", b'["all",true,1,1]\n["peer",1]', b"[" * 50_000, b'["all",true,"x",1]'):
            backplane.publish("demo", presence_relay.TOPIC, data)
        backplane.publish("demo", "a topic of a later version", b"x")
        await say(ada, ADA, 1, {"cell": "a"})
        await until(lambda: ADA in seen(bob))
        assert "says something about presence" in caplog.text


@scenario
async def test_a_full_room_is_told_in_several_messages_and_is_complete(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_relay, "BEAT_SECONDS", 0.2)
    async with servers.server("one") as one, servers.server("two") as two:
        everybody = [await ScriptedPeer(f"p{number}").join(one) for number in range(40)]
        for number, peer in enumerate(everybody):
            await say(peer, number, 1, {"cell": "x" * 10_000})
        bob = await ScriptedPeer("bob").join(two)
        await until(lambda: set(seen(bob)) == set(range(40)))
        with servers.hub.losing():
            for peer in everybody[:20]:
                peer.leave(one)
        await until(lambda: set(seen(bob)) == set(range(20, 40)))


def test_no_message_is_larger_than_it_may_be_and_one_that_cannot_be_said_is_left_out() -> None:
    lines = [
        client_line("c", AwarenessEntry(number, 1, "x" * size)) for number, size in enumerate((30_000, 65_000, 40_000))
    ]
    messages = messages_of(ALL, lines, asks=True, beat=7)
    assert all(len(message) <= MAX_MESSAGE_BYTES for message in messages)
    said = [read(message) for message in messages]
    assert [(each.kind, each.asks, each.beat, each.parts) for each in said] == [("all", True, 7, 2)] * 2
    assert [entry.client_id for each in said for _, entry in each.clients] == [0, 2]


@scenario
async def test_large_states_of_one_guest_keep_no_caret_from_being_seen_and_are_said_little_by_little(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[float] = []
    publish = MemoryBackplane.publish

    def noting(backplane: MemoryBackplane, room_id: str, topic: str, data: bytes) -> None:
        if topic == presence_relay.TOPIC and backplane.server == "one" and read(data).kind == CHANGES:
            times.append(asyncio.get_running_loop().time())
        publish(backplane, room_id, topic, data)

    monkeypatch.setattr(MemoryBackplane, "publish", noting)
    async with servers.server("one") as one, servers.server("two") as two:
        ada, bob = await ScriptedPeer("ada").join(one), await ScriptedPeer("bob").join(two)
        eves = [await ScriptedPeer("eve", Role.VIEWER, kind=UserKind.GUEST).join(one) for _ in range(10)]
        await say(bob, BOB, 1, {"cell": "b"})
        await until(lambda: BOB in seen(ada))
        for clock in range(1, 6):
            for number, eve in enumerate(eves):
                for client_id in range(20_000 + 10 * number, 20_010 + 10 * number):
                    await say(eve, client_id, clock, {"padding": "x" * 15_000})
            await say(ada, ADA, clock, {"cell": f"a{clock}"})
            await until(lambda: seen(bob).get(ADA, {}).get("cell") == f"a{clock}")  # noqa: B023
        await until(lambda: seen(bob).keys() >= {ADA, *range(20_000, 20_100)})
        pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert min(pauses) > presence_relay.CHANGES_SECONDS / 2, "one message at a time, of a bounded size"

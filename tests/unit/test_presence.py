"""Presence is true: who is here is the server's word, and a peer can write only about itself."""

from pathlib import Path

import pytest

from jupyter_collab.access import Role, UserKind
from jupyter_collab.errors import MessageTooLarge, ProtocolError
from jupyter_collab.protocol import MAX_VARUINT
from jupyter_collab.rooms import Limits
from jupyter_collab.rooms.presence import CROWD, MAX_CLOCK, TICK_SECONDS

from .doubles import ScriptedPeer, faulty_store, serving
from .presences import Onlooker, Stage
from .scenarios import scenario, until

ADA, BOB = 1001, 1002


def test_a_state_is_stamped_with_the_servers_word_for_who_wrote_it() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada", role=Role.WRITER), stage.enter("bob")
    stage.say(ada, (ADA, 1, {"user": {"name": "Bob", "role": "owner", "admin": True}, "cursor": {"cell": "c1"}}))
    stage.tick()
    assert bob.sees[ADA]["user"] == ada.peer.user.info(Role.WRITER)
    assert bob.sees[ADA]["user"]["colorLight"]
    assert bob.sees[ADA]["cursor"] == {"cell": "c1"}


def test_nobody_can_write_the_state_of_another() -> None:
    stage = Stage()
    ada, bob, eve = stage.enter("ada"), stage.enter("bob"), stage.enter("eve")
    stage.say(ada, (ADA, 1, {"cell": "mine"}))
    stage.tick()
    stage.say(eve, (ADA, 99, {"cell": "forged"}))
    stage.say(eve, (ADA, 100, None))
    stage.tick()
    assert bob.sees[ADA]["cell"] == "mine"
    assert bob.sees[ADA]["user"]["username"] == "ada"


def test_what_is_said_of_others_in_the_same_message_does_not_hinder_the_own_state() -> None:
    stage = Stage()
    ada, bob, eve = stage.enter("ada"), stage.enter("bob"), stage.enter("eve")
    stage.say(ada, (ADA, 1, {"cell": "a"}))
    stage.say(eve, (ADA, 5, {"cell": "forged"}), (BOB, 1, {"cell": "e"}))
    stage.tick()
    assert {client: state["cell"] for client, state in bob.sees.items()} == {ADA: "a", BOB: "e"}


def test_who_joins_hears_of_all_the_others_at_once() -> None:
    stage = Stage()
    stage.say(stage.enter("ada"), (ADA, 1, {"cell": "a"}))
    stage.tick()
    bob = stage.enter("bob")
    assert [entry.client_id for entry in bob.heard[0]] == [ADA]


def test_all_who_speak_v1_are_sent_one_message_that_is_built_once() -> None:
    stage = Stage()
    everybody = [stage.enter(f"p{number}") for number in range(60)]
    for clock in (1, 2):
        for number, onlooker in enumerate(everybody):
            stage.say(onlooker, (number, clock, {"clock": clock}))
        stage.tick()
    assert len({id(onlooker.transport.sent[-1]) for onlooker in everybody}) == 1
    assert len(everybody[0].sees) == 60


def test_who_is_the_only_one_to_move_hears_nothing() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.say(ada, (ADA, 1, {}))
    stage.tick()
    assert (len(ada.heard), len(bob.heard)) == (0, 1)


def test_a_plain_client_hears_its_own_state_with_its_own_clock_or_it_would_hang_up() -> None:
    stage = Stage()
    ada, plain = stage.enter("ada"), stage.enter("plain", plain=True)
    for clock in (1, 2):
        stage.say(ada, (ADA, clock, {"cell": str(clock)}))
        stage.say(plain, (BOB, clock, {"cell": str(clock)}))
        stage.tick()
    assert [entry.clock for entries in plain.heard for entry in entries if entry.client_id == BOB] == [1, 2]


def test_where_many_are_each_is_told_less_often() -> None:
    stage = Stage()
    few = messages_in_a_second(stage, [stage.enter(f"p{number}") for number in range(3)])
    stage = Stage()
    many = messages_in_a_second(stage, [stage.enter(f"p{number}") for number in range(CROWD + 1)])
    assert few > 30
    assert many <= 11


def messages_in_a_second(stage: Stage, onlookers: list[Onlooker]) -> int:
    """How many messages the last one gets while the first one moves all the time."""
    *_, last = onlookers
    before = len(last.heard)
    for clock in range(1000):
        stage.say(onlookers[0], (ADA, clock, {"clock": clock}))
        stage.clock.turn(0.001)
    return len(last.heard) - before


def test_many_changes_within_a_tick_are_one_message() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.say(ada, (ADA, 1, {"n": 0}))
    stage.tick()
    before = len(bob.heard)
    for clock in range(2, 100):
        stage.say(ada, (ADA, clock, {"n": clock}))
        stage.clock.turn(TICK_SECONDS / 1000)
    stage.tick()
    assert len(bob.heard) - before <= 2
    assert bob.sees[ADA]["n"] == 99


def test_a_change_after_a_pause_goes_out_at_once() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.clock.turn(10)
    stage.say(ada, (ADA, 1, {"n": 1}))
    stage.clock.turn(0.001)
    assert bob.sees[ADA]["n"] == 1


def test_who_leaves_is_gone_from_everybodys_list() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.say(ada, (ADA, 1, {}), (ADA + 100, 1, {}))
    stage.tick()
    assert len(bob.sees) == 2
    stage.exit(ada)
    stage.tick()
    assert bob.sees == {}
    assert stage.enter("eve").heard == []


def test_who_says_that_they_are_gone_is_gone_and_may_come_back() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    for clock, state, seen in ((1, {}, True), (2, None, False), (3, {}, True), (4, "null", False)):
        stage.say(ada, (ADA, clock, state))
        stage.tick()
        assert (ADA in bob.sees) is seen


def test_who_says_that_they_are_gone_after_a_return_may_come_back_all_the_same() -> None:
    stage = Stage()
    bob = stage.enter("bob")
    for _ in range(3):
        ada = stage.enter("ada")
        stage.say(ada, (ADA, 5, {}))
        stage.exit(ada)
    ada = stage.enter("ada")
    for clock, state, seen in ((6, {}, True), (7, None, False), (8, {}, True), (9, {"n": 9}, True)):
        stage.say(ada, (ADA, clock, state))
        stage.tick()
        assert (ADA in bob.sees) is seen
    assert bob.sees[ADA]["n"] == 9


def test_who_comes_back_with_the_clock_it_had_is_seen_again() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.say(ada, (ADA, 7, {"cell": "before"}))
    stage.tick()
    for _ in range(3):
        stage.exit(ada)
        stage.tick()
        assert bob.sees == {}
        ada = stage.enter("ada")
        stage.say(ada, (ADA, 7, {"cell": "back"}))
        stage.tick()
        assert bob.sees[ADA]["cell"] == "back"
        stage.say(ada, (ADA, 8, {"cell": "moved"}))
        stage.tick()
        assert bob.sees[ADA]["cell"] == "moved"


@pytest.mark.parametrize("plain", [False, True])
def test_a_client_takes_its_place_back_from_its_connection_that_died_unnoticed(plain: bool) -> None:
    stage = Stage()
    half_dead, bob = stage.enter("ada", plain=plain), stage.enter("bob")
    stage.say(half_dead, (ADA, 7, {"cell": "before"}))
    stage.tick()
    ada = stage.enter("ada", plain=plain)
    stage.say(ada, (ADA, 7, {"cell": "back"}))
    stage.tick()
    assert bob.sees[ADA]["cell"] == "back"
    stage.exit(half_dead)
    stage.tick()
    assert bob.sees[ADA]["cell"] == "back"
    stage.say(half_dead, (ADA, 8, {"cell": "from the grave"}))
    stage.tick()
    assert bob.sees[ADA]["cell"] == "back"


def test_what_the_old_connection_still_says_does_not_take_the_place_back() -> None:
    stage = Stage()
    old, bob = stage.enter("ada"), stage.enter("bob")
    stage.say(old, (ADA, 1, {"cell": "old"}))
    new = stage.enter("ada")
    stage.say(new, (ADA, 2, {"cell": "new"}))
    stage.say(old, (ADA, 3, {"cell": "old"}))
    stage.tick()
    assert bob.sees[ADA]["cell"] == "new"


def test_another_person_cannot_take_a_place_over() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.say(ada, (ADA, 1, {"cell": "mine"}))
    eve = stage.enter("eve")
    stage.say(eve, (ADA, 50, {"cell": "forged"}))
    stage.tick()
    assert bob.sees[ADA]["cell"] == "mine"


@scenario
async def test_another_person_cannot_take_the_place_of_somebody_who_has_written(tmp_path: Path) -> None:
    async with serving(faulty_store(tmp_path)) as manager:
        bob = await ScriptedPeer("bob").join(manager)
        ada, eve = [ScriptedPeer(name, Role.EDITOR, kind=UserKind.GUEST) for name in ("ada", "eve")]
        await ada.join(manager)
        await ada.typed("x")
        ada.leave(manager)
        await eve.join(manager)
        await eve.say(ada.doc.client_id, 50, '{"cell": "forged"}')
        await ada.join(manager)
        await ada.say(ada.doc.client_id, 1, '{"cell": "mine"}')
        await until(lambda: ada.doc.client_id in bob.presence)
        assert '"mine"' in bob.presence[ada.doc.client_id].state


def test_an_echo_takes_nothing_over_not_even_from_another_window_of_the_same_person() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    stage.say(ada, (ADA, 5, {"cell": "before"}))
    stage.exit(ada)
    ada = stage.enter("ada")
    stage.say(ada, (ADA, 1, {"cell": "back"}))  # others hear a later clock now than the client's own
    stage.tick()
    window, bob = stage.enter("ada", plain=True), stage.enter("bob")
    stage.say(window, (BOB, 1, {"cell": "window"}))
    stage.echo(window)
    stage.tick()
    stage.exit(window)
    stage.tick()
    assert {client: state["cell"] for client, state in bob.sees.items()} == {ADA: "back"}


def test_an_echo_does_not_bring_back_who_has_left() -> None:
    stage = Stage()
    ada, plain, bob = stage.enter("ada"), stage.enter("plain", plain=True), stage.enter("bob")
    stage.say(plain, (BOB, 1, {}))
    stage.say(ada, (ADA, 1, {}))
    stage.tick()
    heard = [entry for entries in plain.heard for entry in entries if entry.client_id == ADA]
    stage.exit(ada)
    stage.say(plain, *((entry.client_id, entry.clock, entry.state) for entry in heard))
    stage.tick()
    assert list(bob.sees) == [BOB]


def test_a_state_as_large_as_allowed_does_not_harm_plain_clients_who_echo_it() -> None:
    stage = Stage(Limits(awareness_bytes=200))
    ada, plain = stage.enter("ada"), stage.enter("plain", plain=True)
    stage.say(ada, (ADA, 1, {"x": "y" * 180}))
    stage.tick()
    assert len(plain.heard[-1][0].state) > 200
    stage.echo(plain)
    assert stage.overflows == []


@pytest.mark.parametrize("text", ["[]", "1", '"x"', "{", '{"x": NaN}', '{"x": 1e999}', "[" * 5_000, '{"x":' * 2_500])
def test_a_state_that_others_could_not_read_is_refused_and_nothing_of_its_message_is_kept(text: str) -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    with pytest.raises(ProtocolError):
        stage.say(ada, (ADA, 1, {"fine": True}), (ADA + 1, 1, text))
    stage.tick()
    assert bob.sees == {}


def test_a_deep_state_is_passed_on_or_refused_but_breaks_nothing() -> None:
    stage = Stage()
    ada = stage.enter("ada")
    refused = 0
    for depth in range(50, 1_500):
        try:
            stage.say(ada, (ADA, depth, '{"x":' + "[" * depth + "]" * depth + "}"))
        except ProtocolError:
            refused += 1
    assert 0 < refused < 1_450


def test_half_a_character_is_passed_on_as_something_that_others_can_read() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.say(ada, (ADA, 1, '{"status": "\\ud83d"}'))
    stage.tick()
    assert bob.sees[ADA]["status"] == "?"
    assert stage.enter("eve").sees[ADA]["status"] == "?"


@pytest.mark.parametrize("clock", [MAX_CLOCK + 1, MAX_VARUINT])
def test_a_clock_that_others_could_soon_not_read_is_refused(clock: int) -> None:
    stage = Stage()
    ada = stage.enter("ada")
    with pytest.raises(ProtocolError):
        stage.say(ada, (ADA, clock, {}))


def test_jumping_clocks_and_returns_stay_readable() -> None:
    stage = Stage()
    bob = stage.enter("bob")
    for _ in range(50):
        ada = stage.enter("ada")
        stage.say(ada, (ADA, 0, {}))
        stage.say(ada, (ADA, MAX_CLOCK, {}))
        stage.exit(ada)
        stage.tick()
    assert bob.clocks[ADA] < MAX_VARUINT // 1000


def test_a_state_that_is_too_large_is_refused() -> None:
    stage = Stage(Limits(awareness_bytes=100))
    ada, bob = stage.enter("ada"), stage.enter("bob")
    with pytest.raises(MessageTooLarge):
        stage.say(ada, (ADA, 1, {"x": "é" * 60}))
    stage.tick()
    assert bob.sees == {}


def test_one_connection_speaks_for_no_more_clients_than_it_may() -> None:
    stage = Stage(Limits(awareness_clients_per_peer=3))
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.say(ada, *((client, 1, {}) for client in range(3)))
    with pytest.raises(MessageTooLarge):
        stage.say(ada, (7, 1, {}))
    stage.say(ada, (0, 2, None))
    stage.say(ada, (7, 1, {}))
    stage.tick()
    assert sorted(bob.sees) == [1, 2, 7]


def test_who_did_not_read_for_a_while_hears_who_came_and_who_left_meanwhile() -> None:
    stage = Stage()
    ada, slow = stage.enter("ada"), stage.enter("slow")
    stage.say(ada, (ADA, 1, {}))
    stage.tick()
    assert list(slow.sees) == [ADA]
    slow.transport.stalled = True
    stage.say(ada, (ADA, 2, {"n": 2}))
    stage.tick()
    assert slow.peer.outbox.busy
    bob = stage.enter("bob")
    for clock in range(1, 50):
        stage.say(bob, (BOB, clock, {"n": clock}))
        stage.tick()
    stage.exit(ada)
    stage.tick()
    before = len(slow.heard)
    slow.transport.resume()
    assert {client: state["n"] for client, state in slow.sees.items()} == {BOB: 49}
    assert len(slow.heard) == before + 1


def test_a_flood_of_presence_costs_the_others_one_message_a_tick() -> None:
    stage = Stage()
    flooder, bob = stage.enter("flooder"), stage.enter("bob")
    for clock in range(1, 20_001):
        stage.say(flooder, (ADA, clock, {"n": clock}))
        if clock % 2_000 == 0:
            stage.clock.turn(TICK_SECONDS)
    stage.tick()
    assert len(bob.heard) <= 12
    assert bob.sees[ADA]["n"] == 20_000


def test_a_new_role_is_seen_by_all_and_later_changes_as_well() -> None:
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    stage.say(ada, (ADA, 1, {"cell": "a"}))
    stage.tick()
    ada.peer.role = Role.VIEWER
    stage.presence.restamp(ada.peer)
    stage.tick()
    assert bob.sees[ADA]["user"]["role"] == "viewer"
    assert bob.sees[ADA]["cell"] == "a"
    stage.say(ada, (ADA, 2, {"cell": "b"}))
    stage.tick()
    assert bob.sees[ADA]["cell"] == "b"


def test_departures_are_remembered_within_bounds() -> None:
    stage = Stage()
    for client_id in range(3_000):
        visitor = stage.enter("visitor")
        stage.say(visitor, (client_id, 1, {}))
        stage.exit(visitor)
    assert len(stage.presence._departed) <= 1_000


def test_a_state_that_is_much_longer_once_it_is_written_out_is_refused() -> None:
    """JSON says in four characters what takes eighteen when it is written again."""
    stage = Stage()
    ada, bob = stage.enter("ada"), stage.enter("bob")
    with pytest.raises(MessageTooLarge):
        stage.say(ada, (ADA, 1, '{"x":[' + ",".join(["1e15"] * 3_000) + "]}"))
    stage.tick()
    assert bob.sees == {}

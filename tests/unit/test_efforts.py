"""Who has the server, and everybody who opens the room, compare very much is not listened to for a while."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Text

from jupyter_collab.access import UserKind
from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import InvalidUpdate
from jupyter_collab.gate import Author
from jupyter_collab.rooms import efforts, replica
from jupyter_collab.rooms.efforts import (
    DEAR_SECONDS,
    FORGOTTEN_SECONDS_PER_SECOND,
    MAX_PEOPLE,
    MAX_SECONDS,
    MAX_SECONDS_AFTER_MANY,
    MAX_SECONDS_IN_DEAR_ROOM,
    Efforts,
)
from jupyter_collab.rooms.integrate import integrate
from jupyter_collab.rooms.replica import Replica
from jupyter_collab.store import LogSlice, RoomRecord

from .dear_rooms import letter, letters_that_are_dear_later, removal
from .doubles import ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, until
from .test_budget import Clock
from .updates import author, recorded_updates

EVE, ADA = author("guest:eve"), author("guest:ada")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def is_refused(efforts: Efforts, name: str) -> bool:
    """Whether no more edits of somebody are taken in."""
    try:
        efforts.require_little(name)
    except InvalidUpdate:
        return True
    return False


def test_too_much_of_one_person_is_refused_and_forgotten_in_time(clock: Clock) -> None:
    efforts = Efforts(clock)
    for _ in range(3):
        efforts.note("eve", 0.5)
    with pytest.raises(InvalidUpdate, match="another place"):
        efforts.require_little("eve")
    assert not is_refused(efforts, "ada")
    clock.now += 1.0 / FORGOTTEN_SECONDS_PER_SECOND
    assert not is_refused(efforts, "eve")
    efforts.note("eve", 0.6)
    assert is_refused(efforts, "eve")


def test_much_that_is_little_at_a_time_adds_up(clock: Clock) -> None:
    efforts = Efforts(clock)
    for _ in range(1_100):
        efforts.note("eve", 0.001)
    assert is_refused(efforts, "eve")


def test_users_of_the_server_can_end_it_anyway_so_they_are_not_watched(clock: Clock) -> None:
    efforts = Efforts(clock)
    efforts.note(user("olga").writer, MAX_SECONDS + 1)
    assert not is_refused(efforts, user("olga").writer)
    assert not efforts.is_dear


def test_only_so_many_are_remembered(clock: Clock) -> None:
    efforts = Efforts(clock)
    for number in range(MAX_PEOPLE + 1):
        efforts.note(str(number), MAX_SECONDS + 1)
    assert [is_refused(efforts, name) for name in ("0", "1")] == [False, True]


def test_what_others_did_refuses_nobody_who_does_nothing_of_the_kind(clock: Clock) -> None:
    efforts = Efforts(clock)
    efforts.note("ada", 0.9 * MAX_SECONDS)
    for number in range(100):
        efforts.note(f"eve {number}", MAX_SECONDS)
    for _ in range(1_000):
        efforts.note("ada", -0.001)
        assert not is_refused(efforts, "ada")


def test_a_guest_who_comes_as_another_has_less_and_less(clock: Clock) -> None:
    efforts = Efforts(clock)
    had = []
    for number in range(60):
        name = f"guest:{number}"
        seconds = 0.0
        while not is_refused(efforts, name):
            efforts.note(name, 0.005)
            seconds += 0.005
        had.append(seconds)
    assert had[0] == pytest.approx(MAX_SECONDS, abs=0.02)
    assert had[1] == pytest.approx(MAX_SECONDS_IN_DEAR_ROOM, abs=0.02)
    assert had[-1] == pytest.approx(MAX_SECONDS_AFTER_MANY, abs=0.02)
    assert sum(had) < 5.0


def test_a_room_that_was_dear_to_open_stays_so_after_a_restart(clock: Clock) -> None:
    efforts = Efforts(clock)
    efforts.opened(DEAR_SECONDS + 2.0)
    clock.now += 10.0 / FORGOTTEN_SECONDS_PER_SECOND
    efforts.note("eve", MAX_SECONDS_IN_DEAR_ROOM + 0.01)
    assert [is_refused(efforts, name) for name in ("eve", "ada")] == [True, False]
    efforts.opened(0.0)  # made anew, without what was refused
    assert not is_refused(efforts, "eve")


def opened(state: bytes) -> Replica:
    """A room that is opened with this keyframe."""
    now = datetime.now(UTC)
    record = RoomRecord("room", "Room", "epoch", "notebook", 1, now, now, None)
    room = Replica(50 * 2**20)
    for work in (room.loading(LogSlice(record, state, (), 1, len(state)), ()), room.understand()):
        for _ in work:
            pass
    return room


def new_room() -> Replica:
    """A room with an empty note."""
    return opened(RoomDocument.create("epoch").doc.get_update())


def sent(room: Replica, updates: Iterator[bytes], who: Author) -> int:
    """How many edits of somebody are taken in before one is refused."""
    for count, update in enumerate(updates):
        try:
            if room.apply_text(update, who) is None:
                room.apply(update, who)
        except InvalidUpdate:
            return count
    return count + 1


def chain(length: int) -> Iterator[bytes]:
    """A text of single letters, of which every other one is deleted."""
    for clock in range(0, length, 500):
        yield letter((10, clock), (10, clock - 1) if clock else None, None, "x" * 500)
    for clock in range(0, length, 2):
        yield removal((10, clock))


def letters_that_are_dear_now(clients: range, count: int) -> Iterator[bytes]:
    """Letters that are each compared with all of :func:`chain`."""
    for client in clients:
        for clock in range(count):
            yield letter((client, clock), None, None)


def test_edits_that_are_each_not_very_dear_end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efforts, "MAX_SECONDS", 0.1)
    room = new_room()
    assert sent(room, chain(8_000), EVE) == 4_016
    assert sent(room, letters_that_are_dear_now(range(1001, 1011), 90), EVE) < 900
    assert sent(room, letters_that_are_dear_now(range(2001, 2002), 1), EVE) == 0
    assert sent(room, letters_that_are_dear_now(range(3001, 3002), 1), ADA) == 1


def test_a_room_that_is_dear_to_open_is_known_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efforts, "DEAR_SECONDS", 0.05)
    monkeypatch.setattr(efforts, "MAX_SECONDS_IN_DEAR_ROOM", 0.02)
    doc: Doc[Any] = Doc()
    for update in (new_room().encode(), *letters_that_are_dear_later(400, 6_000)):
        doc.apply_update(update)
    room = opened(doc.get_update())
    assert sent(room, letters_that_are_dear_now(range(2001, 2011), 90), EVE) < 900
    assert sent(room, typed_offline(room, "guest", 1, range(1, 200)), ADA) == 199


def typed_offline(room: Replica, words: str, client: int, places: range) -> Iterator[bytes]:
    """Somebody types on in the text ``dear``, letter by letter, from what ``room`` has now."""
    doc: Doc[Any] = Doc(client_id=client)
    doc.apply_update(room.encode())
    updates = recorded_updates(doc)
    text = doc.get("dear", type=Text)
    for number in places:
        text.insert(len(text), words[number % len(words)])
    return iter(updates)


@pytest.mark.parametrize("client", [5, 2**31])
@pytest.mark.parametrize("is_dear", [False, True])
def test_what_was_typed_offline_where_others_typed_much_is_taken_in(
    client: int, is_dear: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = new_room()
    sent(room, iter([letter((1, 0), None, None, "begin")]), ADA)
    offline = typed_offline(room, "offline", client, range(1_000))
    others = (letter((100 + person, clock), (1, 4), None) for person in range(10) for clock in range(150))
    assert sent(room, others, EVE) == 1_500
    pieces: Doc[Any] = Doc(client_id=2**20)
    pieces.apply_update(room.encode())
    updates = recorded_updates(pieces)
    for number in range(1_000):
        pieces.get("dear", type=Text).insert(3 * number % 500, "x")
    assert sent(room, iter(updates), EVE) == 1_000
    if is_dear:
        monkeypatch.setattr(efforts, "DEAR_SECONDS", -1.0)
    assert sent(room, offline, ADA) == 1_000


@scenario
async def test_edits_that_took_much_too_long_are_the_last_of_their_author(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def integrate_slowly(doc: "Doc[Any]", update: bytes, *, is_simple: bool = False) -> float:
        return integrate(doc, update, is_simple=is_simple) + MAX_SECONDS + 1

    async with serving(faulty_store(tmp_path)) as manager:
        ada = await ScriptedPeer("ada", kind=UserKind.GUEST).join(manager)
        eve = await ScriptedPeer("eve", kind=UserKind.GUEST).join(manager)
        with monkeypatch.context() as slowly:
            slowly.setattr(replica, "integrate", integrate_slowly)
            await eve.typed("first")
        eve.type("more", 0)
        await until(lambda: eve.rejections)
        assert [(told.reason, "another place" in told.message) for told in eve.rejections] == [("invalid_update", True)]
        await ada.typed("still here")
        assert ada.rejections == []
        assert "more" not in str(ada.text)

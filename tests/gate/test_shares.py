"""Nobody alone takes what a room has for all, and some of it is kept for users of the server."""

import pytest

from jupyter_collab.access import UserKind
from jupyter_collab.errors import InvalidUpdate
from jupyter_collab.gate import Author, gate, shared_types, shares
from jupyter_collab.gate.shares import MAX_CLIENTS_OF_ONE, SHARE_OF_OTHERS
from jupyter_collab.yjs import Deletion

from ..fuzz.writer import Made, any_content, text_content, update_of
from .rooms import GatedRoom
from .test_hostile_edits import mixed

ADA = 40_000
"""The client id under which a long text was pasted."""

MAX_PIECES = 1_500
MAX_PIECES_OF_ONE = 300
"""Smaller than in a room, as pieces take long to make."""


@pytest.fixture
def small_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let less be too much."""
    monkeypatch.setattr(shares, "MAX_PIECES", MAX_PIECES)
    monkeypatch.setattr(shares, "MAX_PIECES_OF_ONE", MAX_PIECES_OF_ONE)
    monkeypatch.setattr(gate, "MAX_PIECES_OF_ONE", MAX_PIECES_OF_ONE)
    monkeypatch.setattr(shared_types, "FEW_INSERTIONS", 10)


def room_with_text(characters: int) -> GatedRoom:
    """A room, in the second cell of which there is a long text by Ada."""
    room = GatedRoom()
    room.joined("ada", client_id=ADA).send(lambda ada: ada.source(1).insert(0, "y" * characters))
    return room


def scattered(client: int, first: int, count: int) -> bytes:
    """An edit that puts a letter behind each of so many letters of Ada's, as pieces from ``first`` on of ``client``."""
    places = range(first, first + count)
    return update_of(Made(client, at, *mixed(text_content("x")), left=(ADA, at)) for at in places)


def holes(first: int, count: int) -> bytes:
    """An edit that deletes so many of Ada's letters, none beside another one."""
    return update_of((), (Deletion(ADA, 2 * at, 1) for at in range(first, first + count)))


def fill(room: GatedRoom, name: str, client: int) -> None:
    """Somebody puts as many pieces into Ada's text as they can."""
    assert room.take(scattered(client, 0, MAX_PIECES_OF_ONE), name)
    with pytest.raises(InvalidUpdate, match="You would have put more"):
        room.take(scattered(client, MAX_PIECES_OF_ONE, 1), name)


@pytest.mark.usefixtures("small_shares")
def test_no_guest_keeps_others_from_typing_in_a_cell() -> None:
    room = room_with_text(MAX_PIECES_OF_ONE + 10)
    fill(room, "eve", 50_000)
    assert room.joined("gus").send(lambda gus: gus.source(1).insert(5, "gus"))
    room.understand()
    with pytest.raises(InvalidUpdate, match="You would have put more"):
        room.take(scattered(50_000, MAX_PIECES_OF_ONE, 1), "eve")
    assert room.joined("gus").send(lambda gus: gus.source(1).insert(5, "gus"))
    assert room.joined("eve").send(lambda eve: eve.source(0).insert(0, "elsewhere"))


@pytest.mark.usefixtures("small_shares")
def test_no_guests_keep_users_of_the_server_from_typing_in_a_cell() -> None:
    room = room_with_text(MAX_PIECES_OF_ONE + 10)
    crowd = range(int(SHARE_OF_OTHERS * MAX_PIECES) // MAX_PIECES_OF_ONE)
    for number in crowd:
        fill(room, f"eve {number}", 50_000 + number)
    with pytest.raises(InvalidUpdate, match="One text or list would have more"):
        room.take(scattered(60_000, 0, MAX_PIECES_OF_ONE), "one more")
    typing = room.joined("bea").update(lambda bea: bea.source(1).insert(5, "bea"))
    assert room.replica.apply(typing, Author(UserKind.SERVER, room.presence.get))


@pytest.mark.usefixtures("small_shares")
def test_nobody_keeps_others_from_typing_by_deleting() -> None:
    room = room_with_text(2 * MAX_PIECES)
    assert room.take(holes(0, MAX_PIECES))
    assert room.joined("gus").send(lambda gus: gus.source(1).insert(5, "gus"))


def test_saying_again_what_is_deleted_makes_no_edit_heavy() -> None:
    room = room_with_text(10_000)
    room.take(holes(0, 1_000))
    two_items = scattered(50_000, 3_000, 2)
    assert room.replica.is_light(two_items)
    for _ in range(100):
        room.take(holes(0, 1_000))
    assert room.replica.is_light(two_items)


def test_no_guest_uses_up_the_root_types() -> None:
    room = GatedRoom()
    roots = [Made(50_000 + number, 0, *mixed(any_content([1])), parent=f"r{number}") for number in range(25)]
    with pytest.raises(InvalidUpdate, match="root types"):
        room.take(update_of(roots))


def test_no_guest_keeps_others_from_coming_by_making_up_clients() -> None:
    room = GatedRoom()
    room.joined("ada", client_id=40_000).send(lambda ada: ada.source(1).insert(0, "y" * 20_000))

    def made_up(number: int) -> bytes:
        """An edit by a thousand clients, each behind another letter."""
        behind = range(1_000 * number, 1_000 * (number + 1))
        return update_of(Made(60_000 + at, 0, *mixed(text_content("x")), left=(40_000, at)) for at in behind)

    most = MAX_CLIENTS_OF_ONE // 1_000
    for number in range(most):
        assert room.take(made_up(number))
    with pytest.raises(InvalidUpdate, match="You would have more"):
        room.take(made_up(most))
    assert room.joined("gus", client_id=90_000).send(lambda gus: gus.source().insert(0, "gus"))

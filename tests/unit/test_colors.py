"""Colours: people who are in a room together can be told apart, and names in white on them can be read."""

from itertools import combinations
from pathlib import Path

import pytest

from jupyter_collab.access import PALETTE, Role, User
from jupyter_collab.rooms import Peer
from jupyter_collab.rooms.colors import choose_color

from .doubles import MemoryTransport, ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario


def luminance(color: str) -> float:
    """The relative luminance of ``#rrggbb``, as WCAG 2 defines it."""
    shares = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def enter(present: list[Peer], person: User) -> str:
    """``person`` joins those who are present; their colour."""
    peer = Peer(person, Role.WRITER, MemoryTransport())
    peer.color = choose_color(person, present)
    present.append(peer)
    return peer.color


@pytest.mark.parametrize("color", PALETTE)
def test_a_name_in_white_on_a_colour_can_be_read(color: str) -> None:
    assert 1.05 / (luminance(color) + 0.05) >= 4.5


def test_as_many_people_as_there_are_colours_have_different_ones() -> None:
    present: list[Peer] = []
    colors = [enter(present, user(f"person{number}")) for number in range(len(PALETTE))]
    assert len(set(colors)) == len(PALETTE)


def test_beyond_that_no_colour_is_had_by_many() -> None:
    present: list[Peer] = []
    colors = [enter(present, user(f"person{number}")) for number in range(2 * len(PALETTE))]
    assert max(colors.count(color) for color in colors) == 2


def test_somebody_alone_has_their_own_colour_and_the_same_over_all_connections() -> None:
    present: list[Peer] = []
    first, other, again = (enter(present, user(name)) for name in ("ada", "ben", "ada"))
    assert first == user("ada").own_color
    assert (again, other != first) == (first, True)


def test_a_colour_of_ones_own_is_kept_unless_somebody_there_has_it() -> None:
    present: list[Peer] = []
    pink = [User(name, name, name, name[0], color="#ff69b4") for name in ("ada", "ben")]
    first, second = (enter(present, person) for person in pink)
    assert first == "#ff69b4"
    assert second in PALETTE


@scenario
async def test_a_room_says_who_has_which_colour(tmp_path: Path) -> None:
    async with serving(faulty_store(tmp_path)) as manager:
        names = ["ada", "ben", "cleo", "dan", "eve", "ada"]
        peers = [await ScriptedPeer(name).join(manager) for name in names]
        colors = [peer.hello.info["user"]["color"] for peer in peers if peer.hello is not None]
        assert colors[0] == colors[5]
        assert all(one != other for one, other in combinations(colors[:5], 2))
        peers[4].leave(manager)
        frank = await ScriptedPeer("frank").join(manager)
        assert frank.hello is not None
        assert frank.hello.info["user"]["color"] not in colors[:4]

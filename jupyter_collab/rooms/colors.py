"""Which colour each person in a room has, so that those who are there together can be told apart."""

from collections import Counter
from collections.abc import Iterable

from ..access import PALETTE, User
from .presence import Owner

__all__ = ["choose_color"]

STEP = 7
"""How far apart in the palette the colours are that are tried one after the other: neighbours look alike."""


def choose_color(user: User, present: Iterable[Owner]) -> str:
    """A CSS colour for ``user``, who joins those who are ``present`` and keep theirs.

    It is the one that the user has in this room already, over another connection; else their own; else one of the
    palette that nobody has; else one that few have.
    """
    colors = {peer.user.principal: peer.color for peer in present}
    if user.principal in colors:
        return colors[user.principal]
    taken = Counter(colors.values())
    start = PALETTE.index(user.own_color) if user.own_color in PALETTE else 0
    others = [PALETTE[(start + STEP * step) % len(PALETTE)] for step in range(len(PALETTE))]
    return min([user.own_color, *others], key=lambda color: taken[color])

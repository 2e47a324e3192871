"""Space that a room keeps free for pieces: for as long as they come, and not for a peer that only says so."""

import pytest

from jupyter_collab.access import Role
from jupyter_collab.errors import ProtocolError, RoomTooLarge
from jupyter_collab.protocol import Pieces
from jupyter_collab.rooms import Limits, Peer
from jupyter_collab.rooms.reservations import Reservations

from .doubles import MemoryTransport, user

LIMITS = Limits(
    message_bytes=10_000,
    room_bytes=100_000,
    reservation_seconds=10.0,
    min_piece_bytes_per_second_per_peer=1_000,
)
PATIENCE_SECONDS = 10.0 + 10_000 / 1_000
"""How long space is kept free for a piece that does not come."""


class Space:
    """A room's space and a clock, with peers that send pieces."""

    def __init__(self) -> None:
        self.now = 0.0
        self.used_bytes = 0
        self.reservations = Reservations(self._check_size, LIMITS, lambda: self.now)

    def _check_size(self, grows_bytes: int) -> None:
        if self.used_bytes + grows_bytes > LIMITS.room_bytes:
            raise RoomTooLarge("The room would be too large.")

    def send(self, peer: Peer, size_bytes: int, *, adds: bool = True) -> None:
        self.reservations.admit(size_bytes, peer, adds=adds)
        self.used_bytes += size_bytes if adds else 0

    def has_place(self, peer: Peer, size_bytes: int) -> bool:
        try:
            self.reservations.admit(size_bytes, peer)
        except RoomTooLarge:
            return False
        return True


def writer(name: str) -> Peer:
    return Peer(user(name), Role.WRITER, MemoryTransport(), speaks_v1=True, epoch=None)


@pytest.fixture
def space() -> Space:
    return Space()


@pytest.fixture
def ada() -> Peer:
    return writer("ada")


@pytest.fixture
def mallory() -> Peer:
    return writer("mallory")


def test_a_peer_that_sends_nothing_blocks_the_room_for_a_moment_only(space: Space, ada: Peer, mallory: Peer) -> None:
    space.reservations.announce(mallory, Pieces(10, 99_000))
    assert not space.has_place(ada, 5_000)
    space.now += PATIENCE_SECONDS
    assert space.has_place(ada, 5_000)


def test_a_peer_that_sends_next_to_nothing_does_not_block_it_for_longer(space: Space, ada: Peer, mallory: Peer) -> None:
    space.reservations.announce(mallory, Pieces(90_000, 99_000))
    for _ in range(int(PATIENCE_SECONDS) + 1):
        space.now += 1.0
        space.send(mallory, 10)
    assert space.has_place(ada, 5_000)


def test_a_peer_that_announces_again_and_again_does_not_block_it_for_longer(
    space: Space, ada: Peer, mallory: Peer
) -> None:
    for _ in range(int(PATIENCE_SECONDS) + 1):
        space.reservations.announce(mallory, Pieces(2, 99_000))
        space.send(mallory, 10)
        space.send(mallory, 10)
        space.now += 1.0
    assert space.has_place(ada, 5_000)
    space.reservations.announce(mallory, Pieces(2, 99_000))
    assert space.has_place(ada, 5_000)


def test_a_slow_and_honest_peer_has_its_place_until_the_last_piece(space: Space, ada: Peer, mallory: Peer) -> None:
    space.reservations.announce(ada, Pieces(9, 90_000))
    for _ in range(9):
        space.now += PATIENCE_SECONDS / 2
        assert not space.has_place(mallory, 11_000)
        space.send(ada, 10_000)
    assert space.used_bytes == 90_000


def test_a_peer_slower_than_that_is_refused_only_if_there_is_no_space(space: Space, ada: Peer, mallory: Peer) -> None:
    space.reservations.announce(ada, Pieces(9, 90_000))
    for _ in range(8):
        space.now += PATIENCE_SECONDS * 2
        space.send(ada, 10_000)
    space.send(mallory, 15_000)
    with pytest.raises(RoomTooLarge):
        space.send(ada, 10_000)


def test_a_peer_that_sent_what_it_announced_may_announce_more(space: Space, ada: Peer, mallory: Peer) -> None:
    for _ in range(2):
        space.reservations.announce(ada, Pieces(4, 40_000))
        space.now += PATIENCE_SECONDS - 1
        for _ in range(3):
            space.send(ada, 10_000)
        assert not space.has_place(mallory, 99_000 - space.used_bytes)
        space.send(ada, 10_000, adds=False)
        space.now += PATIENCE_SECONDS
    assert space.has_place(mallory, 40_000)


def test_no_more_pieces_can_be_announced_than_bytes(space: Space, mallory: Peer) -> None:
    with pytest.raises(ProtocolError, match="1073741824 pieces of 9 bytes together"):
        space.reservations.announce(mallory, Pieces(2**30, 9))

"""Space for edits that come in pieces: the room takes all pieces of one, or none."""

from collections.abc import Callable
from dataclasses import dataclass

from ..access import Capability
from ..errors import RoomTooLarge
from ..protocol import Pieces
from .peer import Peer

__all__ = ["Reservations"]


@dataclass(slots=True)
class _Reservation:
    """How many pieces are still to come, and the bytes that are kept free for them; why not, if they have no place."""

    count: int
    size_bytes: int
    refusal: RoomTooLarge | None = None


class Reservations:
    """The space of one room that is kept free; ``check_size(grows_bytes)`` raises ``RoomTooLarge`` if that is too much.

    A reservation ends with the last piece, with the connection, and when its peer may not edit any more.
    """

    def __init__(self, check_size: Callable[[int], None]) -> None:
        self._check_size = check_size
        self._reservations: dict[Peer, _Reservation] = {}

    def announce(self, peer: Peer, pieces: Pieces) -> None:
        """The next edits of ``peer`` are pieces of one: keep space free for them, if there is enough."""
        if not peer.role.may(Capability.EDIT):
            return  # each of them will be refused
        reservation = _Reservation(pieces.count, pieces.size_bytes)
        try:
            self._check_size(pieces.size_bytes + self._kept_free(peer))
        except RoomTooLarge as error:
            reservation = _Reservation(pieces.count, 0, error)
        self._reservations[peer] = reservation

    def admit(self, size_bytes: int, peer: Peer | None = None) -> None:
        """Make sure that an edit has its place, by ``peer`` or else by the server; one that adds nothing always has.

        Raises
        ------
        RoomTooLarge
            The room has no space for the edit, or for that of which it is a piece.
        """
        if not self._reservations:  # as nearly always
            if size_bytes > 0:
                self._check_size(size_bytes)
            return
        reservation = None if peer is None else self._reservations.get(peer)
        if reservation is None or reservation.count == 0:
            self._require(size_bytes, peer)
            return
        reservation.count -= 1
        if reservation.refusal is not None:
            raise reservation.refusal.with_traceback(None)  # it is raised again and again
        if size_bytes > reservation.size_bytes:
            self._require(size_bytes, peer)
        reservation.size_bytes = max(0, reservation.size_bytes - size_bytes) if reservation.count > 0 else 0

    def leave(self, peer: Peer) -> None:
        """The connection of ``peer`` has ended."""
        self._reservations.pop(peer, None)

    def _require(self, size_bytes: int, peer: Peer | None) -> None:
        if size_bytes > 0:
            self._check_size(size_bytes + self._kept_free(peer))

    def _kept_free(self, peer: Peer | None) -> int:
        """The bytes that are kept free for others than ``peer``."""
        return sum(
            reservation.size_bytes
            for other, reservation in self._reservations.items()
            if other is not peer and other.role.may(Capability.EDIT)
        )

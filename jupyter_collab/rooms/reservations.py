"""Space for edits that come in pieces: the room takes all pieces of one, or none."""

from collections.abc import Callable
from dataclasses import dataclass

from ..access import Capability
from ..errors import ProtocolError, RoomTooLarge
from ..protocol import Pieces
from .limits import Limits
from .peer import Peer

__all__ = ["Reservations"]


@dataclass(slots=True)
class _Reservation:
    """How many pieces are still to come, and how many bytes; until when these are kept free; why not, if they are not.

    ``ends_at`` is the time by the clock of :class:`Reservations`.
    """

    count: int
    size_bytes: int
    ends_at: float
    refusal: RoomTooLarge | None = None

    def kept_bytes(self, now: float) -> int:
        """The bytes that are kept free for it."""
        return self.size_bytes if self.count > 0 and self.refusal is None and now < self.ends_at else 0


class Reservations:
    """The space of one room that is kept free; ``check_size(grows_bytes)`` raises ``RoomTooLarge`` if that is too much.

    A reservation ends with the last piece, with the connection, when its peer may not edit any more, and when the
    pieces come too slowly: then those to come are edits like any others. ``clock`` returns seconds.
    """

    def __init__(self, check_size: Callable[[int], None], limits: Limits, clock: Callable[[], float]) -> None:
        self._check_size = check_size
        self._limits = limits
        self._clock = clock
        self._reservations: dict[Peer, _Reservation] = {}

    def announce(self, peer: Peer, pieces: Pieces) -> None:
        """The next edits of ``peer`` are pieces of one: keep space free for them, if there is enough.

        Raises
        ------
        ProtocolError
            There cannot be so many pieces.
        """
        if not peer.role.may(Capability.EDIT):
            return  # each of them will be refused
        if pieces.count > pieces.size_bytes:
            raise ProtocolError(f"{pieces.count} pieces of {pieces.size_bytes} bytes together: each must have some.")
        reservation = _Reservation(pieces.count, pieces.size_bytes, self._last_moment(pieces.size_bytes))
        former = self._reservations.get(peer)
        if former is not None:  # it has not sent what it announced, and gets no more time by announcing more
            reservation.ends_at = min(former.ends_at, reservation.ends_at)
        try:
            self._check_size(pieces.size_bytes + self._kept_free(peer))
        except RoomTooLarge as error:
            reservation.refusal = error
        self._reservations[peer] = reservation

    def admit(self, size_bytes: int, peer: Peer | None = None, *, adds: bool = True) -> None:
        """Make sure that an edit, by ``peer`` or else by the server, has its place; one that adds nothing always has.

        Raises
        ------
        RoomTooLarge
            The room has no space for the edit, or for that of which it is a piece.
        """
        grows_bytes = size_bytes if adds else 0
        if not self._reservations:  # as nearly always
            if grows_bytes > 0:
                self._check_size(grows_bytes)
            return
        reservation = None if peer is None else self._reservations.get(peer)
        if reservation is None or reservation.count == 0:
            self._require(grows_bytes, peer)
            return
        kept_bytes = reservation.kept_bytes(self._clock())
        self._count(reservation, size_bytes)
        if reservation.refusal is not None:
            raise reservation.refusal.with_traceback(None)  # it is raised again and again
        if grows_bytes > kept_bytes:
            self._require(grows_bytes, peer)
        if reservation.count == reservation.size_bytes == 0 and peer is not None:
            self.leave(peer)

    def leave(self, peer: Peer) -> None:
        """The connection of ``peer`` has ended, or all its pieces have come."""
        self._reservations.pop(peer, None)

    def _count(self, reservation: _Reservation, size_bytes: int) -> None:
        """A piece has come."""
        reservation.count -= 1
        reservation.size_bytes = max(0, reservation.size_bytes - size_bytes)
        if self._clock() < reservation.ends_at:
            earned = size_bytes / self._limits.min_piece_bytes_per_second_per_peer
            reservation.ends_at = min(reservation.ends_at + earned, self._last_moment(reservation.size_bytes))

    def _last_moment(self, size_bytes: int) -> float:
        """Until when a piece of what has ``size_bytes`` may come, if the one before came just now."""
        limits = self._limits
        next_bytes = min(size_bytes, limits.message_bytes)
        patience_seconds = limits.reservation_seconds + next_bytes / limits.min_piece_bytes_per_second_per_peer
        return self._clock() + patience_seconds

    def _require(self, grows_bytes: int, peer: Peer | None) -> None:
        if grows_bytes > 0:
            self._check_size(grows_bytes + self._kept_free(peer))

    def _kept_free(self, peer: Peer | None) -> int:
        """The bytes that are kept free for others than ``peer``."""
        now = self._clock()
        return sum(
            reservation.kept_bytes(now)
            for other, reservation in self._reservations.items()
            if other is not peer and other.role.may(Capability.EDIT)
        )

"""The bounds that keep one peer's trouble its own; every name carries its unit."""

from dataclasses import dataclass

from ..errors import TooManyUpdates

__all__ = ["Limits", "Pace"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one peer, one room and one server."""

    message_bytes: int = 10 * 2**20
    room_bytes: int = 50 * 2**20
    outbox_bytes: int = 16 * 2**20
    unsaved_bytes: int = 16 * 2**20
    awareness_bytes: int = 16 * 2**10
    awareness_clients_per_peer: int = 16
    updates_per_second_per_peer: int = 20_000
    flood_seconds: float = 30.0
    reservation_seconds: float = 30.0
    min_piece_bytes_per_second_per_peer: int = 64 * 2**10
    peers_per_room: int = 500
    room_connections_per_person: int = 20
    connections_per_person: int = 100
    loop_seconds_per_minute_per_person: float = 12.0
    rooms_per_server: int = 1_000


class Pace:
    """Slows a peer that sends too fast by not reading from it, and gives up on one that never slows down.

    A token bucket: up to one second's worth of messages at once, then ``per_second`` of them a second.
    """

    FAIR_SHARE = 32
    """How many messages one peer may have handled before the others get their turn of the event loop."""

    def __init__(self, per_second: int, flood_seconds: float, now: float) -> None:
        self._per_second = per_second
        self._flood_seconds = flood_seconds
        self._tokens = float(per_second)
        """How many messages may come at once; below 0 while the peer is over its rate."""
        self._refilled_at = now
        self._calm_at = now
        """When the peer was last well below its rate."""
        self._handled = 0
        """How many messages have come."""

    def take(self, now: float) -> float | None:
        """Account for one message; returns how many seconds to wait before the next is read, if any.

        Raises
        ------
        TooManyUpdates
            When the peer has been over its rate for ``flood_seconds`` without a pause.
        """
        self._tokens = min(self._per_second, self._tokens + (now - self._refilled_at) * self._per_second)
        self._refilled_at = now
        self._tokens -= 1
        self._handled += 1
        if self._tokens >= 0:
            if self._tokens > self._per_second / 2:
                self._calm_at = now
            return 0.0 if self._handled % self.FAIR_SHARE == 0 else None
        if now - self._calm_at > self._flood_seconds:
            raise TooManyUpdates(
                f"More than {self._per_second} messages a second for {self._flood_seconds:g} s; slow down."
            )
        return -self._tokens / self._per_second

"""How fast the peers of one room may send."""

from collections.abc import Callable
from dataclasses import dataclass

from .budget import Budget
from .limits import Limits, Pace
from .peer import Peer

__all__ = ["Rates", "Traffic"]


@dataclass(slots=True)
class Rates:
    """The ``pace`` of a connection; and what its person may use of the server's time, ``None`` for no bound."""

    pace: Pace
    budget: Budget | None


class Traffic:
    """The rates of one room's peers; ``clock`` returns seconds.

    ``of`` has them by peer, for as long as the peer is in the room.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.of: dict[Peer, Rates] = {}
        self._limits = limits
        self._clock = clock

    def join(self, peer: Peer, budget: Budget | None) -> None:
        """Let ``peer`` send, whose person has this ``budget``."""
        limits = self._limits
        pace = Pace(limits.updates_per_second_per_peer, limits.flood_seconds, self._clock())
        self.of[peer] = Rates(pace, budget)

    def leave(self, peer: Peer) -> None:
        """The connection of ``peer`` has ended."""
        del self.of[peer]

    def pay(self, peer: Peer, seconds: float) -> None:
        """The person makes the server busy for so long, beside the time that handling their message takes."""
        rates = self.of.get(peer)
        if rates is not None and rates.budget is not None:
            rates.budget.spend(seconds)

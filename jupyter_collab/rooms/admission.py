"""Places in a room: who gets one, and who gives theirs up when all are taken."""

from ..access import Capability
from ..errors import RoomFull, TooManyConnections
from .audience import Audience
from .limits import Limits
from .peer import Peer

__all__ = ["check_share", "who_gives_way"]


def check_share(peer: Peer, connections: int, most: int, where: str) -> None:
    """Raise :class:`TooManyConnections` if a person with so many ``connections`` may have no more of them.

    Users of the server are not counted. They could end it, so a bound would guard nothing; and with a token only,
    they have another name at each connection.
    """
    if connections >= most and not peer.user.is_server_user:
        noun = "connection" if connections == 1 else "connections"
        raise TooManyConnections(f"You have {connections} {noun} to {where}, as many as one may; close a page.")


def who_gives_way(audience: Audience, peer: Peer, limits: Limits) -> Peer | None:
    """Who must leave so that ``peer`` can come in; ``None`` while there is space.

    The person with the most connections loses the newest, to somebody who would still have fewer then, and to whom
    the room belongs: nobody closes it to others by filling it.

    Raises
    ------
    RoomFull
        All places are taken by people who have as much right to them.
    """
    present = len(audience.peers)
    if present < limits.peers_per_room:
        return None
    others = [other for other in audience.peers if _yields(audience, other, peer)]
    if not others:
        raise RoomFull(f"The room has {present} peers, as many as it may; try again later.")
    return max(reversed(others), key=lambda other: audience.connections[other.user.principal])


def _yields(audience: Audience, other: Peer, peer: Peer) -> bool:
    own = audience.connections[peer.user.principal]
    is_busier = audience.connections[other.user.principal] > own + 1
    return is_busier or (peer.role.may(Capability.MANAGE) and not other.role.may(Capability.MANAGE))

"""One connection to a room at another server."""

from dataclasses import dataclass

from ..access import Role, User
from ..protocol import UserInfo

__all__ = ["RemoteOwner"]


@dataclass(eq=False, slots=True)
class RemoteOwner:
    """Who is connected to the room at the server with the id ``server``, in which role and colour.

    ``connection`` names the connection there; ``joined_at`` is when this server heard of it, by the event loop's clock.
    """

    server: str
    connection: str
    user: User
    role: Role
    color: str
    joined_at: float

    @property
    def name(self) -> str:
        """Names the connection among all that this server knows."""
        return f"{self.user.username}@{self.server}/{self.connection}"

    @property
    def info(self) -> UserInfo:
        """What others may see of the user."""
        return self.user.info(self.role, self.color)

"""What the handlers work with, and the two places where each of them is mounted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado.web import RequestHandler

from ..access import Role, User, UserKind
from ..kernels.room_kernels import RoomKernels
from ..people import Accounts, Invitations, Members, Sessions
from ..rooms import RoomManager
from ..workers import Workers
from .cookies import CookieRules
from .open_sockets import OpenSockets
from .rechecks import Rechecks
from .session_cookies import SessionCookies

if TYPE_CHECKING:
    from .sign_in import Provider

__all__ = ["AccessRules", "Services", "mounted"]

Route = tuple[str, type[RequestHandler], dict[str, Any]]

MOUNTS = (("/api/collab", False), ("/collab/api", True))
"""Below ``/collab/`` the same API is for those as well whose cookie reaches no farther than that."""


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The deployer's words.

    ``new_room_role`` is what every user of the server is in a new room, if anything; ``public_url`` is the server's
    address as browsers know it, without ``base_url``, or empty to take it from their requests.
    """

    new_room_role: Role | None
    accounts_may_create_rooms: bool
    public_url: str

    def may_create(self, user: User) -> bool:
        """Whether a person may create rooms. The owner of a room can run code in it."""
        return user.is_server_user or (user.kind is UserKind.ACCOUNT and self.accounts_may_create_rooms)


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one server process; ``providers``, by their ids, vouch for people."""

    manager: RoomManager
    members: Members
    invitations: Invitations
    sessions: Sessions
    session_cookies: SessionCookies
    accounts: Accounts
    providers: Mapping[str, "Provider"]
    rechecks: Rechecks
    open_sockets: OpenSockets
    kernels: RoomKernels
    workers: Workers
    access: AccessRules
    cookies: CookieRules


def mounted(services: Services, routes: Iterable[tuple[str, type[RequestHandler]]]) -> list[Route]:
    """The ``routes``, whose patterns begin behind the API's own path, at all their places."""
    return [
        (prefix + pattern, handler, {"services": services, "public": public})
        for prefix, public in MOUNTS
        for pattern, handler in routes
    ]

"""Who asks: the server's own user, or somebody with a session of ours, in our words."""

from dataclasses import dataclass, replace

from jupyter_server.auth.identity import User as JupyterUser
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError

from ..access import Role, Session, User, UserKind, person
from ..names import MAX_SHOWN_CHARACTERS, clean_name
from .session_cookies import SessionCookies

__all__ = ["AUTH_RESOURCE", "AccountUser", "Principal", "find_principal", "principal_of"]

AUTH_RESOURCE = "collab"
"""What deployers name in their authorizer's rules."""


class AccountUser(JupyterUser):
    """Somebody with an account, as a user of the Jupyter server itself; ``username`` is the account's id.

    ``session`` is the one by which they came. It is no field: jupyter_server tells browsers all fields.
    """

    def __init__(self, user: User, session: Session) -> None:
        super().__init__(user.username, user.name, user.display_name, user.initials)
        self.session = session


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was authenticated, and the most that they may be in any room.

    ``session`` is the one of ours by which they came, if it is one; that of an account may open the server itself.
    """

    user: User
    most: Role
    session: Session | None = None


async def principal_of(handler: JupyterHandler, cookies: SessionCookies | None) -> Principal:
    """Who makes this request; a 403 if it is nobody whom we know. See :func:`find_principal`."""
    principal = await find_principal(handler, cookies)
    if principal is None:
        raise HTTPError(403, "You may not do that. Sign in first, or send the server's token.")
    return principal


async def find_principal(handler: JupyterHandler, cookies: SessionCookies | None) -> Principal | None:
    """Who makes this request. Below ``/collab/``, where ``cookies`` count, that need not be a user of the server.

    Raises
    ------
    HTTPError
        403, for somebody whom the server's authorizer keeps out.
    """
    if handler.current_user is not None:
        session = handler.current_user.session if isinstance(handler.current_user, AccountUser) else None
        return Principal(_server_user(handler), await _granted_role(handler), session)
    found = None if cookies is None else await cookies.find(handler)
    return None if found is None else Principal(found.user, Role.OWNER, found)


async def _granted_role(handler: JupyterHandler) -> Role:
    """The most that the server's authorizer allows its user: ``write`` makes an owner, ``read`` a viewer."""
    for action, role in (("write", Role.OWNER), ("read", Role.VIEWER)):
        allowed = handler.authorizer.is_authorized(handler, handler.current_user, action, AUTH_RESOURCE)
        if await ensure_async(allowed):
            return role
    raise HTTPError(403, "You may not use the rooms of this server; ask its owner.")


def _server_user(handler: JupyterHandler) -> User:
    user = handler.current_user
    if isinstance(user, AccountUser):
        return replace(person(UserKind.ACCOUNT, user.username, user.display_name), uses_server=True)
    name = _shown(user.name) or user.username
    display_name = _shown(user.display_name) or name
    return User(
        username=user.username,
        name=name,
        display_name=display_name,
        initials=_shown(user.initials) or display_name[:2].upper(),
        avatar_url=user.avatar_url,
        color=None,
    )


def _shown(name: str | None) -> str | None:
    """What the server calls its user, who may have chosen that, as a name; ``None`` if it is none."""
    return clean_name(name or "", MAX_SHOWN_CHARACTERS)

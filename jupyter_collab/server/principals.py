"""Who asks: the server's own user, in our words."""

from dataclasses import dataclass

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError

from ..access import Role, User

__all__ = ["AUTH_RESOURCE", "Principal", "principal_of"]

AUTH_RESOURCE = "collab"
"""What deployers name in their authorizer's rules."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was authenticated, and the most that they may be in any room."""

    user: User
    most: Role


async def principal_of(handler: JupyterHandler) -> Principal:
    """Who makes this request.

    Raises
    ------
    HTTPError
        403, if nobody whom we know does, or somebody whom the server's authorizer keeps out.
    """
    if handler.current_user is None:
        raise HTTPError(403, "You may not do that. Sign in first, or send the server's token.")
    return Principal(_server_user(handler), await _granted_role(handler))


async def _granted_role(handler: JupyterHandler) -> Role:
    """The most that the server's authorizer allows its user: ``write`` makes an owner, ``read`` a viewer."""
    for action, role in (("write", Role.OWNER), ("read", Role.VIEWER)):
        allowed = handler.authorizer.is_authorized(handler, handler.current_user, action, AUTH_RESOURCE)
        if await ensure_async(allowed):
            return role
    raise HTTPError(403, "You may not use the rooms of this server; ask its owner.")


def _server_user(handler: JupyterHandler) -> User:
    user = handler.current_user
    return User(
        username=user.username,
        name=user.name or user.username,
        display_name=user.display_name or user.name or user.username,
        initials=user.initials or (user.display_name or user.username)[:2].upper(),
        avatar_url=user.avatar_url,
        color=None,
    )

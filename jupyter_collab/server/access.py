"""What the Jupyter server's own identity and authorizer mean in our words."""

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError

from ..access import Role, User

__all__ = ["AUTH_RESOURCE", "granted_role", "user_of"]

AUTH_RESOURCE = "collab"
"""What deployers name in their authorizer's rules."""


async def granted_role(handler: JupyterHandler) -> Role:
    """The most that the server's authorizer allows the present user: ``write`` makes an owner, ``read`` a viewer.

    Raises
    ------
    HTTPError
        403, if it allows neither.
    """
    for action, role in (("write", Role.OWNER), ("read", Role.VIEWER)):
        allowed = handler.authorizer.is_authorized(handler, handler.current_user, action, AUTH_RESOURCE)
        if await ensure_async(allowed):
            return role
    raise HTTPError(403, "You may not use the rooms of this server; ask its owner.")


def user_of(handler: JupyterHandler) -> User:
    """The authenticated user of a request."""
    user = handler.current_user
    return User(
        username=user.username,
        name=user.name or user.username,
        display_name=user.display_name or user.name or user.username,
        initials=user.initials or (user.display_name or user.username)[:2].upper(),
        avatar_url=user.avatar_url,
        color=None,
    )

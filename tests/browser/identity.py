"""People with names, for a test server: whoever has the token is who their cookie says."""

from pathlib import Path

from jupyter_server.auth import AllowAllAuthorizer
from jupyter_server.auth.identity import PasswordIdentityProvider, User
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import ensure_async
from tornado.web import RequestHandler

COOKIE = "person"

READER = "Rita"
"""Who may only look into rooms."""


class NamedIdentityProvider(PasswordIdentityProvider):
    """Token login as usual; the name comes from the cookie ``person``."""

    async def get_user(self, handler: RequestHandler) -> User | None:
        """The authenticated user under the name in the cookie, if there is one."""
        user: User | None = await ensure_async(super().get_user(handler))
        name = handler.get_cookie(COOKIE)
        if user is None or not name:
            return user
        return User(username=name.lower(), name=name, display_name=name, initials=name[:1])


class ReaderAuthorizer(AllowAllAuthorizer):
    """Everybody may do everything, but the reader, and whoever is named in the file ``../readers``, write in rooms."""

    def is_authorized(self, handler: JupyterHandler, user: User, action: str, resource: str) -> bool:
        """Whether a user may do something."""
        named = Path("../readers")  # the server runs in its root
        readers = {READER, *(named.read_text().split() if named.exists() else ())}
        return not (user.name in readers and (action, resource) == ("write", "collab"))

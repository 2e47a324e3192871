"""Who asks, as the Jupyter server says it, in names that others can read."""

from types import SimpleNamespace
from typing import Any

from jupyter_server.auth.identity import User as JupyterUser

from jupyter_collab.server.principals import find_principal


class Everything:
    """An authorizer that lets everybody do everything."""

    def is_authorized(self, *_: object) -> bool:
        return True


async def names(user: JupyterUser) -> tuple[str, str, str]:
    handler: Any = SimpleNamespace(current_user=user, authorizer=Everything())
    principal = await find_principal(handler, None)
    assert principal is not None
    return principal.user.name, principal.user.display_name, principal.user.initials


async def test_a_user_of_the_server_is_called_what_the_server_says() -> None:
    assert await names(JupyterUser("u1", "Ada L.", "Ada", "AL")) == ("Ada L.", "Ada", "AL")
    assert await names(JupyterUser("u1", "Ada L.")) == ("Ada L.", "Ada L.", "AD")
    assert await names(JupyterUser("u1")) == ("u1", "u1", "U1")


async def test_a_name_that_hides_what_it_says_is_not_shown() -> None:
    hidden = JupyterUser("u1", "\u3164", "Ada\u202eadE", "\u2800")
    assert await names(hidden) == ("u1", "u1", "U1")
    assert await names(JupyterUser("u1", "Ada\u3164", "A\u200dda")) == ("Ada", "Ada", "AD")

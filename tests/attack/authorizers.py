"""Authorizers as a deployer would write them; servers load them by their names."""

from typing import Any

from jupyter_server.auth import Authorizer

__all__ = ["NoCollab", "ReadOnly"]


class ReadOnly(Authorizer):
    """Everybody may read, nobody may write."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return action == "read"


class NoCollab(Authorizer):
    """Everything but rooms."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource != "collab"

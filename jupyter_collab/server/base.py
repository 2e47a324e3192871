"""What all REST handlers share: who asks, what they may do, and errors as JSON."""

import json
from collections.abc import Iterator
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, RequestHandler

from ..access import Capability, Role, User
from ..errors import CollabError, PermissionDenied
from ..rooms import RoomManager
from .access import granted_role, user_of

__all__ = ["CollabAPIHandler"]


class CollabAPIHandler(APIHandler):
    """Base of our REST handlers; every method of a subclass is decorated with ``@web.authenticated``.

    Errors are ``{"message", "reason"}`` with the status of the :class:`~jupyter_collab.errors.CollabError`.
    """

    manager: RoomManager

    def initialize(self, manager: RoomManager) -> None:
        """Set by the route."""
        self.manager = manager

    async def require(self, capability: Capability) -> Role:
        """The user's role, if it includes ``capability``; the store is open then.

        Raises
        ------
        HTTPError, PermissionDenied
            Both are a 403.
        """
        role = await granted_role(self)
        if not role.may(capability):
            raise PermissionDenied(f"You may only look at the rooms of this server, not {capability.value} them.")
        await self.manager.start()
        return role

    @property
    def user(self) -> User:
        """Who asks."""
        return user_of(self)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what went wrong and what to do, in JSON; what we did not foresee goes to the log only."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, CollabError):
            status_code, reason, message = error.status, error.reason, str(error)
        elif isinstance(error, HTTPError):
            reason = error.reason or _reason(status_code)
            message = error.log_message or _MESSAGES.get(status_code, self._reason)
        else:
            reason, message = "internal_error", "The server failed; its log says why."
        self.set_status(status_code)
        if status_code == 405:
            self.set_header("Allow", ", ".join(sorted(self._methods())))
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"message": message, "reason": reason}))

    def _methods(self) -> Iterator[str]:
        """The HTTP methods that this handler has."""
        for method in self.SUPPORTED_METHODS:
            if getattr(type(self), method.lower()) is not getattr(RequestHandler, method.lower()):
                yield method

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A refusal is not a failure: one line, without a traceback."""
        if isinstance(value, CollabError):
            who = getattr(self.current_user, "username", "nobody")
            self.log.warning("%s %s by %s: %s", self.request.method, self.request.path, who, value.reason)
        else:
            super().log_exception(typ, value, tb)


_MESSAGES = {
    403: "You may not do that. Sign in first, or send the server's token.",
    405: "There is no such method here; docs/rest.md names those that there are.",
}


def _reason(status_code: int) -> str:
    return {400: "bad_request", 403: "permission_denied", 404: "not_found", 405: "method_not_allowed"}.get(
        status_code, "error"
    )

"""The base of all REST handlers: the user, their rights, and errors as JSON."""

import json
from collections.abc import Iterator
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, RequestHandler

from ..access import Capability, Role, User
from ..errors import CollabError, ContentError, PermissionDenied
from ..rooms import check_room_id
from .principals import Principal, principal_of
from .services import Services
from .session_cookies import SessionCookies

__all__ = ["SAFE_METHODS", "CollabAPIHandler"]

OWN_PAGE_HEADER = "X-Jupyter-Collab"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class CollabAPIHandler(APIHandler):
    """Base of our REST handlers, which ask themselves who asks: :meth:`prepare` does, before anything else is done.

    So every method of a subclass is decorated with ``@allow_unauthenticated``, which only keeps jupyter_server from
    asking as well. Errors are ``{"message", "reason"}`` with the status of the
    :class:`~jupyter_collab.errors.CollabError`.
    """

    principal: Principal
    role: Role
    """What who asks is in the room that they ask about; set for methods that declare what they need."""

    def initialize(self, services: Services, public: bool) -> None:
        """Set by the route; see :func:`~jupyter_collab.server.services.mounted`."""
        self.services = services
        self.manager = services.manager
        self._public = public

    async def prepare(self) -> None:  # type: ignore[override]  # as jupyter_server's own API handlers do
        """Refuse whoever may not ask anything here, when the headers are there and before the body is read."""
        await super().prepare()
        if self._public and self.request.method not in SAFE_METHODS:
            self._check_own_page()
        if self.request.method != "OPTIONS":
            await self.identify()
        if (principal := self.someone) is not None:
            await self.manager.budgets.request(principal.user)

    async def identify(self) -> None:
        """Find out who asks, or refuse them."""
        self.principal = await principal_of(self, self.session_cookies)

    @property
    def someone(self) -> Principal | None:
        """The person who asks, if known."""
        return getattr(self, "principal", None)

    @property
    def session_cookies(self) -> SessionCookies | None:
        """The cookies that count at this place."""
        return self.services.session_cookies if self._public else None

    def check_xsrf_cookie(self) -> None:
        """Leave it to :meth:`_check_own_page` where guests may ask.

        jupyter_server's own cookie for this does not live long enough for them: on a JupyterHub it is bound to an
        address and ends after an hour.
        """
        if not self._public:
            super().check_xsrf_cookie()

    def _check_own_page(self) -> None:
        """Refuse what another site's page may have sent in its visitor's name: it cannot set a header of ours.

        Unlike jupyter_server's check nobody can turn this one off: who knows only cookies needs it.
        """
        headers = self.request.headers
        if OWN_PAGE_HEADER not in headers or headers.get("Sec-Fetch-Site") == "cross-site":
            raise HTTPError(403, f"Send the header {OWN_PAGE_HEADER}: 1, from a page of this server.")

    async def require(self, capability: Capability, room_id: str) -> Role:
        """What the user is in a room, if that includes ``capability``; the store is open then.

        Raises
        ------
        InvalidRoomId, RoomNotFound, PermissionDenied
        """
        check_room_id(room_id)
        await self.manager.start()
        role = await self.services.members.role(room_id, self.user, self.principal.most)
        role = role.lowered_to(self._wished_role(role))
        _require(capability, role)
        return role

    def require_role(self, capability: Capability) -> None:
        """Raise ``PermissionDenied`` if ``self.role`` does not include ``capability``."""
        _require(capability, self.role)

    def _wished_role(self, role: Role) -> Role:
        """A query may ask for a lower role: look, don't touch."""
        wish = self.get_query_argument("role", role.value)
        try:
            return Role(wish)
        except ValueError as error:
            raise ContentError(f"There is no such role; use one of {', '.join(Role)}.") from error

    @allow_unauthenticated
    def options(self, *args: str, **kwargs: str) -> None:
        """Answered as jupyter_server does for all its API."""
        super().options(*args, **kwargs)

    @property
    def user(self) -> User:
        """The person who asks."""
        return self.principal.user

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what went wrong and what to do, in JSON; what we did not foresee goes to the log only."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, CollabError):
            status_code, reason = error.status, error.reason
            message = str(error) if self._is_server_user else error.public
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

    @property
    def _is_server_user(self) -> bool:
        return hasattr(self, "principal") and self.user.is_server_user

    def _methods(self) -> Iterator[str]:
        """The HTTP methods that this handler has."""
        for method in self.SUPPORTED_METHODS:
            if getattr(type(self), method.lower()) is not getattr(RequestHandler, method.lower()):
                yield method

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """A refusal is not a failure: one line, without a traceback."""
        if isinstance(value, CollabError):
            who = self.user.username if hasattr(self, "principal") else "nobody"
            self.log.warning("%s %s by %s: %s", self.request.method, self.request.path, who, value.reason)
        else:
            super().log_exception(typ, value, tb)


def _require(capability: Capability, role: Role) -> None:
    if not role.may(capability):
        raise PermissionDenied(
            f"Your role here is {role.value}, which may not {capability.value}; ask an owner for another role."
        )


_MESSAGES = {
    403: "You may not do that. Sign in first, or send the server's token.",
    405: "There is no such method here; docs/rest.md names those that there are.",
}


def _reason(status_code: int) -> str:
    return {400: "bad_request", 403: "permission_denied", 404: "not_found", 405: "method_not_allowed"}.get(
        status_code, "error"
    )

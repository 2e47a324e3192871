"""What somebody must be allowed to in a room for a method of a handler, declared where the method begins."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Protocol, TypeVar

from jupyter_server.auth.decorator import allow_unauthenticated

from ..access import Capability, Role

__all__ = ["needed_for", "needs"]


class Asked(Protocol):
    """What a method that declares its need belongs to."""

    role: Role

    async def require(self, capability: Capability, room_id: str) -> Role:
        """The user's role in a room, if it includes ``capability``."""
        ...


Handler = TypeVar("Handler", bound=Asked)

Method = Callable[..., Awaitable[None]]


def needs(capability: Capability) -> Callable[[Method], Method]:
    """Let a method, whose first argument is a room's id, be called for those only who may ``capability`` there.

    The role in which they ask is ``self.role`` then. Handlers that take large bodies ask :func:`needed_for` as well,
    before a body is read; what somebody may is looked up again when it is there, for that may take long.
    """

    def declared(method: Method) -> Method:
        @allow_unauthenticated
        @wraps(method)
        async def checked(self: Handler, room_id: str, *others: str) -> None:
            self.role = await self.require(capability, room_id)
            await method(self, room_id, *others)

        checked.needs = capability  # type: ignore[attr-defined]  # as jupyter_server's own decorators mark methods
        return checked

    return declared


def needed_for(handler: object, http_method: str | None) -> Capability | None:
    """The capability that a handler declares for an HTTP method, if that is one in a room."""
    method: Any = getattr(handler, (http_method or "").lower(), None)
    needed: Capability | None = getattr(method, "needs", None)
    return needed

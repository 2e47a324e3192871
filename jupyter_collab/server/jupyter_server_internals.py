"""All that uses parts of jupyter_server that it does not promise. ``test_library_internals.py`` names them.

Beside these, some of our classes replace methods of its classes that have no public name. That test names them, too.
"""

from datetime import datetime
from typing import Any

from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.services.kernels.kernelmanager import MappingKernelManager

__all__ = [
    "WRITTEN_FOR",
    "count_as_pong",
    "last_pong",
    "leave_unread",
    "note_activity",
    "redirect_safely",
    "stop_pings",
]

WRITTEN_FOR = "2.21"
"""The versions in which what follows is known."""


def leave_unread(kernels: MappingKernelManager, kernel_id: str) -> None:
    """Let the server itself read no message of a kernel: it would read every one, at four times our price."""
    kernels.stop_watching_activity(kernel_id)  # type: ignore[no-untyped-call]  # it has no types


def note_activity(kernels: MappingKernelManager, kernel_id: str, now: datetime, status: str | None) -> None:
    """Tell the server what it does not read: that a kernel said something, and its new ``status`` if it has one.

    The list of kernels says so, and the culler asks for it.
    """
    kernel: Any = kernels.get_kernel(kernel_id)
    kernels.last_kernel_activity = kernel.last_activity = now
    kernel.execution_state = status or kernel.execution_state


def last_pong(handler: WebSocketMixin) -> float:
    """When the client of a websocket answered a ping last, by the event loop's clock."""
    return handler.last_pong


def count_as_pong(handler: WebSocketMixin, now: float) -> None:
    """Take it that the client of a websocket has answered at ``now``."""
    handler.last_pong = now


def stop_pings(handler: WebSocketMixin) -> None:
    """Ask the client of a websocket that has ended nothing any more."""
    pings: Any = handler.ping_callback  # it declares no type of it
    if pings is not None:
        pings.stop()


def redirect_safely(handler: LoginFormHandler, url: str) -> None:
    """Lead the browser to a page of this server, or to its first one if ``url`` is none."""
    handler._redirect_safe(url)  # type: ignore[no-untyped-call]  # it has no types

"""The page without JupyterLab around it: its server, and what people do there."""

from pathlib import Path
from typing import Any

from tests.servers import REPOSITORY, RunningServer, start_server

from .people import Person

__all__ = ["PHONE", "invite", "join", "start_page_server", "width_of"]

PHONE = {"width": 390, "height": 800, "is_mobile": True}


def start_page_server(folder: Path, **settings: Any) -> RunningServer:
    """A Jupyter server in which people have the names that they came with; without JupyterLab."""
    identity = {"identity_provider_class": "tests.browser.identity.NamedIdentityProvider"}
    return start_server(folder, env={"PYTHONPATH": str(REPOSITORY)}, ServerApp=identity, CollabExtension=settings)


def width_of(person: Person) -> int:
    """How wide the content of the page is, in pixels."""
    width: int = person.page.evaluate("document.documentElement.scrollWidth")
    return width


def invite(server: RunningServer, room: str, **wish: Any) -> dict[str, Any]:
    """An invitation, as the server describes it: with its token and its code."""
    invitation: dict[str, Any] = server.request("POST", f"rooms/{room}/invitations", json=wish).json()
    return invitation


def join(person: Person, invitation: dict[str, Any], button: str = "Join") -> None:
    """Follow an invitation as somebody whom the server does not know, and give one's name."""
    person.open_as_stranger(f"join#{invitation['token']}")
    person.page.get_by_label("Your name").fill(person.name)
    person.page.get_by_role("button", name=button, exact=True).click()

"""Guests of a real server: their browsers, and all that the API has."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

import jupyter_collab

from ..servers import PLAIN, RunningServer

__all__ = ["API", "OWN_PAGE", "WRITING", "browser", "cookie_of", "guest", "invited", "session_of"]

OWN_PAGE = {"X-Jupyter-Collab": "1"}
FILLED = {"{principal}": "server:ada", "{invitation}": "0" * 16, "{run}": "1", "{digest}": "0" * 64}


def _api() -> list[tuple[str, str]]:
    specification = yaml.safe_load((Path(jupyter_collab.__file__).parent / "server" / "openapi.yaml").read_text())
    found = []
    for path, operations in specification["paths"].items():
        for part, filled in FILLED.items():
            path = path.replace(part, filled)
        found += [(method.upper(), path.lstrip("/")) for method in operations if method != "parameters"]
    return found


API = _api()
"""Method and path of all that there is; ``{room_id}`` stands for a room's id."""

WRITING = [(method, path) for method, path in API if method != "GET"]


def invited(server: RunningServer, room: str, **wish: object) -> dict[str, Any]:
    """A new invitation to ``room``."""
    made: dict[str, Any] = server.request("POST", f"rooms/{room}/invitations", json=wish).json()
    return made


@contextmanager
def browser(server: RunningServer) -> Iterator[httpx.Client]:
    """The browser of somebody whom nobody knows."""
    with httpx.Client(base_url=f"{server.url}collab/api/", headers=OWN_PAGE, timeout=60, verify=PLAIN) as client:
        yield client


@contextmanager
def guest(server: RunningServer, room: str, name: str = "Eve", **wish: object) -> Iterator[httpx.Client]:
    """The browser of a guest of ``room``."""
    invite = invited(server, room, **wish)
    with browser(server) as client:
        client.post("join", json={"token": invite["token"], "name": name}).raise_for_status()
        yield client


def cookie_of(client: httpx.Client) -> str:
    """What the browser would send, wherever it is sent."""
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def session_of(client: httpx.Client) -> str:
    """The value of the browser's one cookie."""
    (value,) = client.cookies.values()
    return value

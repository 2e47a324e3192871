"""A Jupyter server, and how to talk to it without telling its token to anybody else."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import httpx

from ...addresses import is_loopback

__all__ = ["SESSION_COOKIE", "Secret", "Server"]

SESSION_COOKIE = "jupyter-collab-session"
"""What the name of a guest's cookie begins with; the rest is the server's port, if its address has one."""


class Secret:
    """A text that shows itself only when asked to: not in ``repr``, logs or tracebacks."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('…')"


@dataclass(frozen=True)
class Server:
    """A Jupyter server.

    Attributes
    ----------
    url
        Its base URL, with a slash at the end and no token in it.
    token
        What it knows us by, if anything.
    tls
        How to check an ``https`` server's certificate; ``None`` is the system's way.
    session
        The cookie that it knows a guest by, who has no login: its name, ``=`` and its value.
    """

    url: str
    token: Secret | None = None
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    session: Secret | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The request headers that authenticate us."""
        if self.session is not None:
            return {"Cookie": self.session.reveal(), "X-Jupyter-Collab": "1"}
        return {"Authorization": f"token {self.token.reveal()}"} if self.token else {}

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine, so that no proxy must be asked."""
        return is_loopback(urlsplit(self.url).hostname or "")

    def api_url(self, path: str) -> str:
        """The address of a path of the API, where a guest's session counts if there is one."""
        return f"{self.url}{'api/collab' if self.session is None else 'collab/api'}/{path}"

    def room_url(self, room_id: str, query: Mapping[str, str]) -> str:
        """The websocket address of a room."""
        address = "ws" + self.api_url(f"room/{quote(room_id, safe='')}").removeprefix("http")
        return address + ("?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items() if value))

    def room_address(self, room_id: str) -> str:
        """The address of the page that opens a room; it holds no secret."""
        return f"{self.url}{'lab' if self.session is None else 'collab/'}?room={quote(room_id, safe='')}"

    def http(self, timeout_seconds: float) -> httpx.AsyncClient:
        """A client for HTTP requests to this server; redirects (to a login page) are not followed."""
        return httpx.AsyncClient(
            headers=self.headers,
            timeout=timeout_seconds,
            # Reading the system's certificates takes 0.1 s; a plain http server shows none.
            verify=self.tls if self.tls is not None else self.url.startswith("https:"),
            trust_env=not self.is_local,
        )

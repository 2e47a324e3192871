"""The names of our cookies, and whether browsers may send them without TLS.

Browsers keep one cookie of a name for all ports of a host, and send it to each of them. So the name has the port: what
one server gave is neither replaced by another one of that host, nor read there.
"""

from urllib.parse import urlsplit

from jupyter_server.base.handlers import JupyterHandler

__all__ = ["CookieRules"]


class CookieRules:
    """``public_url`` is the server's address as browsers know it, or empty to take it from their requests."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    def name(self, handler: JupyterHandler, beginning: str) -> str:
        """The name of the cookie whose name begins so, for the browser that sent the request."""
        address = self._public_url or f"//{handler.request.host}"
        try:
            port = urlsplit(address).port
        except ValueError:  # browsers send no such host
            port = None
        return beginning if port is None else f"{beginning}-{port}"

    def are_secure(self, handler: JupyterHandler) -> bool:
        """Whether browsers may send them over TLS only. A proxy may have ended that without a word."""
        return handler.request.protocol == "https" or self._public_url.startswith("https:")

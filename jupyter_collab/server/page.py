"""The page without JupyterLab: ``{base_url}collab/``, for guests and phones. It holds no secret and is public."""

import json
import re
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, RequestHandler, StaticFileHandler

__all__ = ["PageView", "page_routes"]

BUNDLE = Path(__file__).parent.parent / "page_static"
"""What ``npm run build:page`` makes."""

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".woff": "font/woff",
}

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # editors and formulas make styles of their own
        "connect-src 'self'",
        "img-src 'self' data:",  # outputs have their images with them
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
"""What the page may load and run: its own bundle, and nothing that stands in an output."""


class PageView(JupyterHandler):
    """Base of handlers that return the page."""

    @property
    def content_security_policy(self) -> str:
        """Always our own: nothing less strict will do for outputs of strangers."""
        return CONTENT_SECURITY_POLICY

    def show_page(self, **news: object) -> None:
        """Answer with the HTML, which is the same for everybody but for ``news``: what the page is to say at once."""
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        config = {"base_url": self.base_url, "api_url": url_path_join(self.base_url, "collab/api/"), **news}
        written = json.dumps(config).replace("<", "\\u003c")
        self.finish(_template().substitute(links=self._links(), config=written))

    def _links(self) -> str:
        names = _manifest()
        lines = [_link(self._static(name), name) for name in names["page"]]
        if self.get_query_argument("room", None) is not None:
            lines += [f'<link rel="preload" as="script" href="{self._static(name)}">' for name in names["room"]]
        return "\n".join(lines)

    def _static(self, name: str) -> str:
        return escape(url_path_join(self.base_url, "collab/static", name))


class PageHandler(PageView):
    """``{base_url}collab/`` and ``{base_url}collab/join``."""

    @allow_unauthenticated
    def get(self) -> None:
        """The page."""
        self.show_page()

    @allow_unauthenticated
    def head(self) -> None:
        """The page's headers."""
        self.show_page()


def _link(address: str, name: str) -> str:
    if name.endswith(".css"):
        return f'<link rel="stylesheet" href="{address}">'
    return f'<script defer src="{address}"></script>'


@cache
def _template() -> Template:
    return Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))


def _manifest() -> dict[str, list[str]]:
    """The files that the HTML names: ``page`` for every page, ``room`` for one that shows a room.

    Raises
    ------
    HTTPError
        503, if this is a source tree in which the bundle was not built.
    """
    try:
        manifest: dict[str, list[str]] = json.loads((BUNDLE / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise HTTPError(503, "The page was not built: run `npm run build` in labextension.") from error
    return manifest


class BundleHandler(StaticFileHandler):
    """``{base_url}collab/static/``: the bundle, compressed where the browser takes it.

    Its names change with its content, so that browsers keep it for good.
    """

    _asked = ""
    _is_gzipped = False

    @allow_unauthenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        """One file."""
        await super().get(self._choose(path), include_body)

    @allow_unauthenticated
    async def head(self, path: str) -> None:
        """The headers of one file."""
        await self.get(path, include_body=False)

    def _choose(self, path: str) -> str:
        if not re.fullmatch(r"[\w.-]+", path, re.ASCII):
            raise HTTPError(404)  # all files are in one folder
        self._asked = path
        accepted = self.request.headers.get("Accept-Encoding", "")
        self._is_gzipped = "gzip" in accepted and (BUNDLE / f"{path}.gz").is_file()
        return f"{path}.gz" if self._is_gzipped else path

    def get_content_type(self) -> str:
        """That of the file itself, compressed or not; not the system's, which may be wrong."""
        return CONTENT_TYPES.get(Path(self._asked).suffix, "application/octet-stream")

    def set_extra_headers(self, path: str) -> None:
        """How it is encoded, and for how long it may be kept."""
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Vary", "Accept-Encoding")
        if self._is_gzipped:
            self.set_header("Content-Encoding", "gzip")


def page_routes() -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """The routes of the page and its bundle."""
    return [
        (r"/collab/?", PageHandler, {}),
        (r"/collab/join", PageHandler, {}),
        (r"/collab/static/(.*)", BundleHandler, {"path": str(BUNDLE)}),
    ]

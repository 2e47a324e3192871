"""The page of its own and its bundle: public, strict about what may run, and the same for everybody."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

import jupyter_collab
from jupyter_collab.server.page import BUNDLE, CONTENT_SECURITY_POLICY

from .conftest import Answer

FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture
def get(http_server_client: Any, jp_base_url: str) -> Any:
    """Ask as a stranger; ``path`` is sent as it is."""

    async def ask(path: str, method: str = "GET", **headers: str) -> Answer:
        response = await http_server_client.fetch(
            jp_base_url + path,
            method=method,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            raise_error=False,
            follow_redirects=False,
            decompress_response=False,
        )
        return Answer(response.code, response.body, response.headers)

    return ask


def manifest() -> dict[str, list[str]]:
    names: dict[str, list[str]] = json.loads((BUNDLE / "manifest.json").read_text())
    return names


@pytest.mark.parametrize("path", ["collab", "collab/", "collab/join", "collab/?room=demo"])
async def test_strangers_get_the_page_and_nothing_is_kept_or_told(get: Any, path: str) -> None:
    page = await get(path)
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in page.headers
    assert b'lang="en"' in page.body


async def test_the_page_says_what_may_run(get: Any) -> None:
    policy = (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
        "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'"
    )
    assert policy == CONTENT_SECURITY_POLICY
    for path in ("collab/", "collab/join"):
        assert (await get(path)).headers["Content-Security-Policy"] == policy


async def test_the_page_names_its_bundle_and_its_server(get: Any, jp_base_url: str) -> None:
    home, room = [(await get(path)).body.decode() for path in ("collab/", "collab/?room=demo")]
    for name in manifest()["page"]:
        assert f"{jp_base_url}collab/static/{name}" in home
    for name in manifest()["room"]:
        assert name not in home
        assert f'rel="preload" as="script" href="{jp_base_url}collab/static/{name}"' in room
    config = home.partition('id="collab-config">')[2].partition("</script>")[0]
    assert json.loads(config) == {"base_url": jp_base_url, "api_url": f"{jp_base_url}collab/api/"}
    assert "<" not in config


async def test_what_somebody_writes_into_the_address_is_not_in_the_page(get: Any) -> None:
    page = await get("collab/?room=%3Cscript%3E1&x=%22%3E%3Cimg")
    assert page.status == 200
    assert b"<script>1" not in page.body
    assert b"<img" not in page.body


async def test_a_head_says_what_a_get_says(get: Any) -> None:
    script = next(name for name in manifest()["page"] if name.endswith(".js"))
    for path in ("collab/", f"collab/static/{script}"):
        whole, head = await get(path), await get(path, "HEAD")
        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Length"] == whole.headers["Content-Length"] == str(len(whole.body))


@pytest.mark.parametrize("kind", ["js", "css"])
async def test_the_bundle_is_compressed_for_those_who_can_read_it(get: Any, kind: str) -> None:
    name = next(name for name in manifest()["page"] if name.endswith(kind))
    plain = await get(f"collab/static/{name}", Accept_Encoding="identity")
    packed = await get(f"collab/static/{name}", Accept_Encoding="gzip, deflate, br")
    content_type = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}[kind]
    for answer in (plain, packed):
        assert answer.status == 200
        assert answer.headers["Content-Type"] == content_type
        assert answer.headers["Content-Length"] == str(len(answer.body))
        assert answer.headers["Cache-Control"] == FOREVER
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert plain.body == (BUNDLE / name).read_bytes()
    assert gzip.decompress(packed.body) == plain.body


async def test_what_a_browser_has_is_not_sent_again(get: Any) -> None:
    path = f"collab/static/{manifest()['page'][0]}"
    tag = (await get(path, Accept_Encoding="gzip")).headers["Etag"]
    again = await get(path, Accept_Encoding="gzip", If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "../page.py",
        "../../pyproject.toml",
        "%2e%2e/server/page.py",
        "..%2fserver%2fpage.py",
        "..%5cserver%5cpage.py",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "....//server/page.py",
        "manifest.json%00.js",
        "nothing.js",
        "",
    ],
)
async def test_nothing_else_is_served(get: Any, path: str) -> None:
    for encoding in ("identity", "gzip"):
        answer = await get(f"collab/static/{path}", Accept_Encoding=encoding)
        assert answer.status in (403, 404), answer.body[:80]


def test_the_wheel_has_the_bundle() -> None:
    assert Path(jupyter_collab.__file__).parent / "page_static" == BUNDLE
    for name in [*manifest()["page"], *manifest()["room"]]:
        assert (BUNDLE / name).is_file()
        assert (BUNDLE / f"{name}.gz").is_file()

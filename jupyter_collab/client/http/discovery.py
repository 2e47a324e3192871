"""Find the Jupyter server to talk to, as Jupyter's own tools do.

In this order: an address that was given; the environment (``JUPYTER_COLLAB_URL``, ``JUPYTER_COLLAB_TOKEN``); the
server that started this kernel; the JupyterHub or Binder server around this process; the running server that
started last. Each is asked whether it has jupyter_collab before it is taken.
"""

import json
import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit, urlunsplit

import httpx
from jupyter_core.paths import jupyter_runtime_dir

from ...addresses import is_loopback
from ...errors import CollabError, NotSignedIn, ServerNotFound, ServerUnreachable
from .server_access import Secret, Server

__all__ = ["base_urls", "find_server"]

URL_VARIABLE = "JUPYTER_COLLAB_URL"
TOKEN_VARIABLE = "JUPYTER_COLLAB_TOKEN"  # noqa: S105  # the variable's name, not a token

PROBE_SECONDS = 5.0

# The first words of the pages that Jupyter shows: what people paste is often the address of one of them.
_PAGES = frozenset({"lab", "tree", "notebooks", "edit", "doc", "consoles", "terminals", "collab", "login", "api"})


@dataclass(frozen=True)
class Candidate:
    """A server that may be the one, and why we think so."""

    server: Server
    why: str


async def find_server(
    url: str | None = None,
    token: str | None = None,
    tls: ssl.SSLContext | None = None,
    environment: Mapping[str, str] | None = None,
) -> Server:
    """The server to talk to.

    Parameters
    ----------
    url
        Its address; the address of one of its pages, with or without ``?token=``, will do.
    token
        Its token; by default the one in ``url``, or the one that the running server left for its user.
    tls
        How to check its certificate.
    environment
        Where to look for variables; by default the process's own.

    Raises
    ------
    NotSignedIn
        When no server that there is accepts the token.
    ServerUnreachable
        When no server that there is answers, or has jupyter_collab.
    ServerNotFound
        When there is none, or several with different troubles.

    The message lists what was tried.
    """
    environment = os.environ if environment is None else environment
    failures: list[tuple[Candidate, CollabError]] = []
    for candidate in _candidates(url, token, tls, environment):
        error = await _probe(candidate.server)
        if error is None:
            return candidate.server
        failures.append((candidate, error))
    raise _not_found(failures)


def _not_found(failures: list[tuple[Candidate, CollabError]]) -> CollabError:
    advice = (
        "Start one with `jupyter collab` or `jupyter lab`, or give its address: "
        f'connect(room, url="http://localhost:8888/", token="…"), or {URL_VARIABLE} and {TOKEN_VARIABLE}.'
    )
    if not failures:
        runtime = jupyter_runtime_dir()
        return ServerNotFound(
            f"Found no running Jupyter server: no address was given, {URL_VARIABLE} is not set, this is no kernel of "
            f"a Jupyter server or JupyterHub, and no server has left its file in {runtime}. {advice}"
        )
    tried = "\n".join(f"  - {candidate.server.url} ({candidate.why}): {error}" for candidate, error in failures)
    kinds = {type(error) for _, error in failures}
    kind = kinds.pop() if len(kinds) == 1 else ServerNotFound
    return kind(f"Found no Jupyter server with jupyter_collab. Tried:\n{tried}\n{advice}")


async def _probe(server: Server) -> CollabError | None:
    """What keeps us from using ``server``; nothing if we can."""
    try:
        async with server.http(PROBE_SECONDS) as http:
            response = await http.get(server.api_url("rooms"), params={"limit": 1})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return ServerUnreachable(f"does not respond ({str(error) or type(error).__name__})")
    status = response.status_code
    if status == httpx.codes.OK and _is_room_list(response):
        return None
    if status in (401, 403) or response.is_redirect:
        return NotSignedIn("does not accept the token" if server.token else "wants a token")
    if status in (httpx.codes.OK, httpx.codes.NOT_FOUND):
        return ServerUnreachable("runs without the jupyter_collab extension (see `jupyter server extension list`)")
    return ServerUnreachable(f"responds with status {status}")


def _is_room_list(response: httpx.Response) -> bool:
    """Whether this is our API's answer: Jupyter's pages answer for any address below their own."""
    try:
        body = response.json()
    except ValueError:
        return False
    return isinstance(body, dict) and "rooms" in body


def _candidates(
    url: str | None, token: str | None, tls: ssl.SSLContext | None, environment: Mapping[str, str]
) -> Iterator[Candidate]:
    given = _given(url, token, environment)
    if given is not None:
        address, secret, why = given
        for base in base_urls(address):
            yield Candidate(Server(base, _secret(secret or _token_left_for(base)), tls), why)
        return
    running = [_with_hub_token(info, environment) for info in _running_servers()]
    parent = environment.get("JPY_PARENT_PID", "")
    mine = [info for info in running if str(info["pid"]) == parent]
    others = [info for info in running if str(info["pid"]) != parent]
    yield from (_of_info(info, token, tls, "started this kernel") for info in mine)
    yield from _of_hub(token, tls, environment)
    yield from (_of_info(info, token, tls, "is running") for info in others)


def _given(url: str | None, token: str | None, environment: Mapping[str, str]) -> tuple[str, str | None, str] | None:
    """The address that somebody chose, its token if we were told one, and who chose it."""
    from_environment = environment.get(URL_VARIABLE)
    # A token in the environment belongs to the address in the environment, and must not go to another server.
    known = environment.get(TOKEN_VARIABLE) if from_environment else None
    if url is not None:
        return url, token or _token_in(url) or (known if url == from_environment else None), "the address given"
    if from_environment:
        return from_environment, token or _token_in(from_environment) or known, f"from {URL_VARIABLE}"
    return None


def _token_in(url: str) -> str | None:
    values = parse_qs(_parse(url).query).get("token", [])
    return values[0] if values else None


def _parse(url: str) -> SplitResult:
    """An address that the caller gave."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        is_valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, half an IPv6 address
        is_valid = False
    if not is_valid:
        raise ServerUnreachable(f"{url.partition('?')[0]!r} is no http or https address of a server.")
    return parts


def _secret(token: str | None) -> Secret | None:
    return Secret(token) if token else None


def base_urls(url: str) -> Iterator[str]:
    """What ``url`` may mean: itself, or, if it is the address of a page, the server that shows the page."""
    parts = _parse(url)
    segments = [segment for segment in parts.path.split("/") if segment]
    pages = [index for index, segment in enumerate(segments) if segment in _PAGES]
    for length in [len(segments), *reversed(pages)]:
        yield _address(parts, parts.hostname or "", "/" + "".join(f"{segment}/" for segment in segments[:length]))


def _running_servers() -> list[dict[str, Any]]:
    """The files that running servers leave for their user, the last started first."""
    found: list[tuple[float, dict[str, Any]]] = []
    for path in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        try:
            info = json.loads(path.read_text(encoding="utf-8"))
            started = path.stat().st_mtime
        except (OSError, ValueError):
            continue  # being written or removed at this moment: no running server of ours
        if _is_usable(info) and _is_alive(info["pid"]):
            found.append((started, info))
    return [info for _, info in sorted(found, key=lambda entry: entry[0], reverse=True)]


def _is_usable(info: object) -> bool:
    match info:
        case {"url": str(url), "pid": int()}:
            return url.startswith(("http://", "https://"))  # not a Unix socket's
        case _:
            return False


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # os.kill would end the process there; the probe tells
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _with_hub_token(info: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """JupyterHub's servers leave no token of their own: the hub's token opens them."""
    if not info.get("token") and info.get("base_url") == environment.get("JUPYTERHUB_SERVICE_PREFIX"):
        return {**info, "token": environment.get("JUPYTERHUB_API_TOKEN")}
    return info


def _of_info(info: Mapping[str, Any], token: str | None, tls: ssl.SSLContext | None, why: str) -> Candidate:
    return Candidate(Server(_reachable(info["url"]), _secret(token or info.get("token")), tls), why)


def _of_hub(token: str | None, tls: ssl.SSLContext | None, environment: Mapping[str, str]) -> Iterator[Candidate]:
    address = environment.get("JUPYTERHUB_SERVICE_URL")
    secret = token or environment.get("JUPYTERHUB_API_TOKEN")
    if address and secret:
        yield Candidate(Server(_reachable(address), _secret(secret), tls), "this JupyterHub server")


def _token_left_for(base_url: str) -> str | None:
    for info in _running_servers():
        if _place(info["url"]) == _place(base_url):
            token: str | None = info.get("token")
            return token
    return None


def _reachable(url: str) -> str:
    """``url`` with an address of this machine where the server's file names "any address"."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in ("", "::", "0.0.0.0"):  # noqa: S104  # compared, not bound
        host = "127.0.0.1"
    return _address(parts, host)


def _place(url: str) -> str:
    """What is equal for two addresses of one server of this machine."""
    parts = urlsplit(_reachable(url))
    host = parts.hostname or ""
    return _address(parts, "127.0.0.1" if is_loopback(host) else host)


def _address(parts: SplitResult, host: str, path: str | None = None) -> str:
    """A base URL; names and passwords, query and fragment are left out."""
    name = f"[{host}]" if ":" in host else host
    whole = parts.path if path is None else path
    return urlunsplit(
        (
            parts.scheme,
            f"{name}:{parts.port}" if parts.port else name,
            whole if whole.endswith("/") else whole + "/",
            "",
            "",
        )
    )

"""What somebody may ask of the REST API: by its specification, against it, and with odd values in every place."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import schemathesis
import yaml
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core import NotSet

import jupyter_collab
from jupyter_collab.access import Role

from ..peers import RawClient
from .odd import JSON_TEXTS, ODD_TEXTS, ODD_VALUES, json_text
from .requests import encoded, send
from .running import FuzzedServer, Plan

__all__ = ["PLANS", "play"]

SPECIFICATION = yaml.safe_load((Path(jupyter_collab.__file__).parent / "server" / "openapi.yaml").read_bytes())

ROOM = "ROOM"
"""Stands for the plan's own room."""

WHO = ["owner", "viewer", "runner", "writer", "editor", "stranger", "nobody's token"]

LEAVING = {"deleteRoom", "leaveServer"}

Request = dict[str, Any]


def _operations() -> list[Any]:
    schema = schemathesis.openapi.from_dict(SPECIFICATION)
    return [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]  # the file is valid


def _specified(operation: Any, mode: GenerationMode) -> st.SearchStrategy[Request]:
    """Requests as schemathesis makes them, right and wrong ones."""
    return st.tuples(operation.as_strategy(generation_mode=mode), st.integers(0, 4)).map(
        lambda found: _request(found[0], is_own=found[1] > 0)
    )


def _request(case: Any, *, is_own: bool) -> Request:
    parts = {name: str(value) for name, value in (case.path_parameters or {}).items()}
    if is_own and "room_id" in parts:
        parts["room_id"] = ROOM
    path = case.operation.path
    for name, value in parts.items():
        path = path.replace(f"{{{name}}}", value if "%" in value else quote(value, safe=""))
    body = case.body
    if isinstance(body, NotSet):
        data = b""
    elif isinstance(body, bytes):
        data = body
    elif isinstance(body, str) and case.media_type is not None and not case.media_type.endswith("json"):
        data = encoded(body, "utf-8")
    else:
        data = json.dumps(body, default=str).encode()
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in (case.query or {}).items())
    return {
        "method": case.operation.method.upper(),
        "path": path,
        "query": query,
        "type": case.media_type or "",
        "body": base64.b64encode(data).decode(),
    }


def _quoted(value: Any) -> str:
    return quote(str(value), safe="", errors="surrogatepass")


def _names(schema: Any) -> list[str]:
    """All names of fields that a schema has anywhere in it."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _names(SPECIFICATION["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        own = [*schema.get("properties", {})]
        return own + [name for value in schema.values() for name in _names(value)]
    return [name for value in schema for name in _names(value)] if isinstance(schema, list) else []


PATH_VALUES = {
    "room_id": st.one_of(st.just(ROOM), st.just(ROOM), st.just(ROOM), ODD_TEXTS),
    "principal": st.one_of(st.sampled_from(["server:ada", "guest:x", "account:1", ":", "server:"]), ODD_TEXTS),
    "invitation": st.one_of(st.just("0" * 16), ODD_TEXTS),
    "run": st.one_of(st.sampled_from(["1", "0", "-1", "9" * 30, "1e3", "٣", "0x1"]), ODD_TEXTS),
    "digest": st.one_of(st.just("0" * 64), st.just("f" * 32), ODD_TEXTS),
}
TYPES = [
    "application/json",
    "application/json",
    "text/plain",
    "application/json; charset=utf-16",
    "multipart/form-data",
    "x",
    "é",
]


def _odd(operation: Any) -> st.SearchStrategy[Request]:
    """Requests with odd values under the names that the operation knows, and others."""
    raw = SPECIFICATION["paths"][operation.path]
    method = operation.method.lower()
    shared = raw.get("parameters", [])
    said = [
        SPECIFICATION["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
        if "$ref" in parameter
        else parameter
        for parameter in [*shared, *raw[method].get("parameters", [])]
    ]
    queries = [parameter["name"] for parameter in said if parameter["in"] == "query"] or ["x"]
    names = sorted(set(_names(raw[method].get("requestBody", {})))) or ["x"]
    parts = [part for part in operation.path.split("/") if part]
    path = st.tuples(
        *(PATH_VALUES[part[1:-1]].map(_part) if part.startswith("{") else st.just(part) for part in parts)
    ).map(lambda found: "/" + "/".join(found))
    query = st.lists(st.tuples(st.one_of(st.sampled_from(queries), ODD_TEXTS), ODD_TEXTS), max_size=3).map(
        lambda pairs: "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
    )
    bodies = st.one_of(
        st.dictionaries(
            st.one_of(st.sampled_from(names), st.sampled_from(names), ODD_TEXTS), ODD_VALUES, max_size=5
        ).map(json_text),
        JSON_TEXTS,
        st.just(""),
    )
    data = st.tuples(
        bodies, st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig", "latin-1"])
    ).map(lambda found: base64.b64encode(encoded(*found)).decode())
    return st.fixed_dictionaries(
        {
            "method": st.sampled_from([method.upper()] * 5 + ["PATCH", "OPTIONS", "PUT", "DELETE", "HEAD"]),
            "path": path,
            "query": st.one_of(
                st.just(""), query, query, st.sampled_from(["%", "%ff", "&&==", "a" * 5_000, "limit=1&limit=2"])
            ),
            "type": st.sampled_from(TYPES),
            "body": data,
        }
    )


def _part(value: str) -> str:
    return value if value == ROOM else _quoted(value)


REQUESTS = st.one_of(
    [
        made
        for operation in _operations()
        for made in (
            _specified(operation, GenerationMode.POSITIVE),
            _specified(operation, GenerationMode.NEGATIVE),
            _odd(operation),
        )
    ]
)

PLANS: st.SearchStrategy[Plan] = st.fixed_dictionaries(
    {
        "kind": st.just("rest"),
        "requests": st.lists(st.tuples(st.sampled_from(WHO), REQUESTS).map(list), min_size=1, max_size=12),
    }
)


def play(fuzzed: FuzzedServer, plan: Plan) -> None:
    """Ask all of it about a new room, in which Ada is; then the room is as every replica has it."""
    fuzzed.run(_play(fuzzed, plan))


async def _play(fuzzed: FuzzedServer, plan: Plan) -> None:
    room = fuzzed.room()
    people: dict[str, tuple[str, dict[str, str]]] = {
        "owner": ("/api/collab", fuzzed.server.headers),
        "stranger": ("/collab/api", {"X-Jupyter-Collab": "1"}),
        "nobody's token": ("/api/collab", {"Authorization": "token x"}),
    }
    for who in {who for who, _ in plan["requests"]} - people.keys():
        people[who] = ("/collab/api", fuzzed.guest(room, Role(who)))
    async with RawClient(fuzzed.server, room, "ada") as ada:
        await ada.joined()
        for who, request in plan["requests"]:
            api, headers = people[who]
            await asyncio.to_thread(_ask, fuzzed, room, api, headers, request)
        answer = await asyncio.to_thread(fuzzed.owner.get, f"rooms/{room}")
        if answer.status_code == 200 and not ada.ends:
            await fuzzed.require_equal(room, ada)
    fuzzed.owner.delete(f"rooms/{room}/kernel")


def _ask(fuzzed: FuzzedServer, room: str, api: str, headers: dict[str, str], request: Request) -> None:
    if "" in request["path"].split("/")[1:]:
        return  # no route of ours has an empty part: jupyter_server answers
    query = f"?{request['query']}" if request["query"] else ""
    body = base64.b64decode(request["body"])
    typed = {"Content-Type": request["type"]} if request["type"] else {}
    path = f"{api}{request['path'].replace(ROOM, room)}{query}"
    send(fuzzed.server, request["method"], path, {**headers, **typed}, body)

"""The REST API of rooms, over HTTP."""

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import ServerApp
from tornado.web import RequestHandler

from jupyter_collab.rooms import RoomManager
from jupyter_collab.server.base import CollabAPIHandler
from jupyter_collab.server.page import BundleHandler, PageHandler
from jupyter_collab.server.signing_in import CallbackHandler, LoginHandler
from jupyter_collab.server.websocket import RoomWebSocketHandler

from .conftest import Rest

NOTEBOOK: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    "cells": [
        {"id": "intro", "cell_type": "markdown", "source": "# Größe 😀", "metadata": {}},
        {
            "id": "sum",
            "cell_type": "code",
            "source": "1 + 1",
            "metadata": {"tags": ["a"]},
            "outputs": [
                {"output_type": "execute_result", "data": {"text/plain": "2"}, "metadata": {}, "execution_count": 1}
            ],
            "execution_count": 1,
        },
    ],
}


async def test_a_room_from_birth_to_the_bin_and_back(rest: Rest) -> None:
    created = await rest("POST", "rooms", json={"id": "demo", "title": "The demo"})
    assert created.status == 201
    assert created.headers["Location"].endswith("/api/collab/rooms/demo")
    room = created.body
    assert {**room, "epoch": "", "created_at": "", "changed_at": ""} == {
        "id": "demo", "title": "The demo", "kind": "notebook", "epoch": "", "created_at": "", "changed_at": "",
        "deleted_at": None, "role": "owner", "server_role": "owner", "people": [], "divergences": 0, "changed": [],
    }  # fmt: skip
    assert room.pop("changed") == []
    assert (await rest("GET", "rooms/demo")).body == room

    renamed = await rest("PATCH", "rooms/demo", json={"title": "Another  title "})
    assert (renamed.status, renamed.body["title"]) == (200, "Another title")

    assert (await rest("DELETE", "rooms/demo")).status == 204
    assert (await rest("GET", "rooms/demo")).problem == (404, "room_not_found")
    assert (await rest("POST", "rooms", json={"id": "demo"})).problem == (409, "room_exists")
    assert (await rest("GET", "rooms")).body == {"rooms": [], "total": 0}
    bin_ = (await rest("GET", "rooms", params={"deleted": "true"})).body
    assert [(room["id"], room["deleted_at"] is None) for room in bin_["rooms"]] == [("demo", False)]

    restored = await rest("POST", "rooms/demo/restore")
    assert (restored.status, restored.body["deleted_at"]) == (200, None)
    assert restored.body["epoch"] == room["epoch"]

    purge = {"params": {"permanent": "true"}}
    assert (await rest("DELETE", "rooms/demo", **purge)).problem == (409, "room_not_in_bin")
    assert (await rest("DELETE", "rooms/demo")).status == 204
    assert (await rest("DELETE", "rooms/demo", **purge)).status == 204
    assert (await rest("POST", "rooms/demo/restore")).problem == (404, "room_not_found")
    assert (await rest("POST", "rooms", json={"id": "demo"})).body["epoch"] != room["epoch"]


async def test_a_room_without_id_or_title_gets_them(rest: Rest) -> None:
    plain, titled = await rest("POST", "rooms"), await rest("POST", "rooms", json={"title": "My Room: 1"})
    assert plain.status == titled.status == 201
    assert plain.body["title"] == plain.body["id"]
    assert titled.body["id"].startswith("my-room-1-")
    [cell] = (await rest("GET", f"rooms/{plain.body['id']}/content")).body["cells"]
    assert (cell["cell_type"], cell["source"]) == ("code", [])


async def test_the_list_is_searched_sorted_and_paged(rest: Rest) -> None:
    for number, title in enumerate(["Alpha", "Beta 100%", "Gamma_"]):
        await rest("POST", "rooms", json={"id": f"r{number}", "title": title})
        await asyncio.sleep(0.002)  # changed_at counts milliseconds
    await rest("PUT", "rooms/r0/content", params={"format": "md"}, text="changed last")

    async def ids(**params: str) -> tuple[list[str], int]:
        answer = await rest("GET", "rooms", params=params)
        return [room["id"] for room in answer.body["rooms"]], answer.body["total"]

    assert await ids() == (["r0", "r2", "r1"], 3)
    assert await ids(limit="1", offset="1") == (["r2"], 3)
    assert await ids(search="BETA") == (["r1"], 1)
    assert await ids(search="%") == (["r1"], 1)
    assert await ids(search="_") == (["r2"], 1)
    assert await ids(search="r2") == (["r2"], 1)
    assert await ids(search="nothing") == ([], 0)


def as_written(notebook: dict[str, Any]) -> Any:
    """A notebook as it is in a file: texts are lists of lines."""
    return json.loads(nbformat.writes(nbformat.from_dict(notebook)))


ODD = {**NOTEBOOK, "cells": [{**NOTEBOOK["cells"][1], "outputs": [{"output_type": "noise"}], "metadata": {"x": 0.5}}]}


@pytest.mark.parametrize("number", ["0.5", "NaN", "-Infinity"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
async def test_what_is_odd_in_a_notebook_is_mended_and_said(rest: Rest, number: str, mark: str) -> None:
    text = mark + json.dumps(ODD).replace("0.5", number)
    made = await rest("POST", "rooms", text=f'{mark}{{"id": "odd", "content": {text.removeprefix(mark)}}}')
    put = await rest("PUT", "rooms/odd/content", text=text)
    assert (made.status, put.status) == (201, 200)
    assert made.body["changed"] == put.body["changed"]
    assert made.body["changed"][-1].startswith("Cell 1, output 1: ")
    assert len(made.body["changed"]) == (1 if number == "0.5" else 2)
    assert (await rest("GET", "rooms/odd/content")).body["cells"][0]["source"] == ["1 + 1"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
async def test_a_file_in_utf_16_is_refused_with_what_to_do(rest: Rest, encoding: str) -> None:
    await rest("POST", "rooms", json={"id": "nb"})
    for name in ("ipynb", "md", "py"):
        refused = await rest("PUT", "rooms/nb/content", params={"format": name}, text="# Text".encode(encoding))
        assert refused.status == 400
        assert "UTF-8" in refused.body["message"]


async def test_a_notebook_goes_in_and_comes_out(rest: Rest) -> None:
    created = await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    assert created.body["kind"] == "notebook"
    exported = await rest("GET", "rooms/nb/content")
    assert exported.status == 200
    assert exported.headers["Content-Type"] == "application/x-ipynb+json"
    assert exported.headers["Content-Disposition"] == 'attachment; filename="nb.ipynb"'
    assert exported.headers["X-Content-Type-Options"] == "nosniff"
    nbformat.validate(exported.body)
    assert exported.body == as_written(NOTEBOOK)


async def test_the_same_notebook_twice_gives_one_copy_and_no_edit(rest: Rest, manager: RoomManager) -> None:
    await rest("POST", "rooms", json={"id": "nb"})
    first = await rest("PUT", "rooms/nb/content", json=NOTEBOOK)
    state = (await manager.read("nb")).doc.get_state()
    second = await rest("PUT", "rooms/nb/content", json=NOTEBOOK)
    assert (first.status, second.status) == (200, 200)
    assert (await rest("GET", "rooms/nb/content")).body == as_written(NOTEBOOK)
    assert (await manager.read("nb")).doc.get_state() == state
    assert first.body["changed_at"] == second.body["changed_at"]


async def written(rest: Rest) -> list[str]:
    """The texts of the cells of the room ``nb``."""
    return ["".join(cell["source"]) for cell in (await rest("GET", "rooms/nb/content")).body["cells"]]


def with_source(index: int, source: str) -> dict[str, Any]:
    """The notebook after somebody changed one cell."""
    cells = list(NOTEBOOK["cells"])
    cells[index] = {**cells[index], "source": source}
    return {**NOTEBOOK, "cells": cells}


async def test_put_replaces_what_others_wrote_unless_it_says_what_it_read(rest: Rest) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    await rest("PUT", "rooms/nb/content", json=with_source(0, "# theirs"))
    await rest("PUT", "rooms/nb/content", json=with_source(1, "mine"))
    assert await written(rest) == ["# Größe 😀", "mine"]


async def test_put_with_a_stale_if_match_changes_nothing(rest: Rest) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    tag = (await rest("GET", "rooms/nb/content")).headers["ETag"]
    assert (await rest("GET", "rooms/nb/content", params={"format": "md"})).headers["ETag"] == tag
    await rest("PUT", "rooms/nb/content", json=with_source(0, "# theirs"))
    stale = await rest("PUT", "rooms/nb/content", json=with_source(1, "mine"), headers={"If-Match": tag})
    assert stale.problem == (412, "content_changed")
    assert "read it again" in stale.body["message"]
    assert await written(rest) == ["# theirs", "1 + 1"]


@pytest.mark.parametrize("wanted", ["{}", "W/{}", '"other", {}', "*"])
async def test_put_with_the_present_if_match_is_made_and_tells_the_next(rest: Rest, wanted: str) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    tag = (await rest("GET", "rooms/nb/content")).headers["ETag"]
    made = await rest("PUT", "rooms/nb/content", json=with_source(1, "mine"), headers={"If-Match": wanted.format(tag)})
    assert made.status == 200
    now = (await rest("GET", "rooms/nb/content")).headers["ETag"]
    assert now != tag
    assert made.headers.get("ETag") == (None if wanted == "*" else now)


async def test_post_merges_what_was_done_to_the_base(rest: Rest) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    theirs = with_source(0, "# theirs")
    theirs["cells"].append({"id": "t", "cell_type": "markdown", "source": "added by others", "metadata": {}})
    await rest("PUT", "rooms/nb/content", json=theirs)
    body = {"base": json.dumps(NOTEBOOK), "content": json.dumps(with_source(1, "1 + 2"))}
    for _ in range(2):
        assert (await rest("POST", "rooms/nb/content", json=body)).status == 200
        assert await written(rest) == ["# theirs", "1 + 2", "added by others"]


@pytest.mark.parametrize("name", ["md", "py"])
async def test_post_merges_text_formats_too(rest: Rest, name: str) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    base = (await rest("GET", "rooms/nb/content", params={"format": name})).body.decode()
    theirs = with_source(0, "# theirs")
    theirs["cells"].append({"id": "t", "cell_type": "markdown", "source": "added by others", "metadata": {}})
    await rest("PUT", "rooms/nb/content", json=theirs)
    body = {"base": base, "content": base.replace("1 + 1", "1 + 2")}
    for _ in range(2):
        assert (await rest("POST", "rooms/nb/content", params={"format": name}, json=body)).status == 200
        assert await written(rest) == ["# theirs", "1 + 2", "added by others"]


async def test_of_several_who_build_on_one_version_at_once_one_is_made(rest: Rest) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    tag = (await rest("GET", "rooms/nb/content")).headers["ETag"]
    answers = await asyncio.gather(*[
        rest("PUT", "rooms/nb/content", json=with_source(1, f"by {number}"), headers={"If-Match": tag})
        for number in range(8)
    ])  # fmt: skip
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7
    [made] = [number for number, answer in enumerate(answers) if answer.status == 200]
    assert await written(rest) == ["# Größe 😀", f"by {made}"]


async def test_what_several_merge_at_once_is_all_there(rest: Rest) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    base = json.dumps(NOTEBOOK)
    answers = await asyncio.gather(*[
        rest("POST", "rooms/nb/content", json={"base": base, "content": json.dumps(with_source(1, f"1 + 1\nby {n}"))})
        for n in range(8)
    ])  # fmt: skip
    assert [answer.status for answer in answers] == [200] * 8
    heading, text = await written(rest)
    assert heading == "# Größe 😀"
    assert sorted(text.split("\n")) == ["1 + 1", *(f"by {number}" for number in range(8))]


async def test_a_merge_may_say_too_what_it_read(rest: Rest) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    tag = (await rest("GET", "rooms/nb/content")).headers["ETag"]
    body = {"base": json.dumps(NOTEBOOK), "content": json.dumps(with_source(1, "mine"))}
    made = await rest("POST", "rooms/nb/content", json=body, headers={"If-Match": tag})
    assert (made.status, made.headers["ETag"]) == (200, (await rest("GET", "rooms/nb/content")).headers["ETag"])
    assert (await rest("POST", "rooms/nb/content", json=body, headers={"If-Match": tag})).problem[0] == 412


@pytest.mark.parametrize(
    ("name", "media_type", "expected"),
    [
        ("md", "text/markdown; charset=utf-8", "# Größe 😀"),
        ("py", "text/x-python; charset=utf-8", "# # Größe 😀"),
    ],
)
async def test_content_as_text(rest: Rest, name: str, media_type: str, expected: str) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    exported = await rest("GET", "rooms/nb/content", params={"format": name})
    assert exported.headers["Content-Type"] == media_type
    assert exported.headers["Content-Disposition"] == f'attachment; filename="nb.{name}"'
    text = exported.body.decode()
    assert expected in text
    edited = text.replace("1 + 1", "1 + 2")
    imported = await rest(
        "PUT", "rooms/nb/content", params={"format": name}, text=edited, headers={"Content-Type": media_type}
    )
    assert imported.status == 200
    content = (await rest("GET", "rooms/nb/content")).body
    assert [cell["source"] for cell in content["cells"]] == [["# Größe 😀"], ["1 + 2"]]
    assert content["cells"][1]["outputs"] == as_written(NOTEBOOK)["cells"][1]["outputs"]


async def test_a_note_is_its_markdown(rest: Rest) -> None:
    await rest("POST", "rooms", json={"id": "note"})
    answer = await rest("PUT", "rooms/note/content", params={"format": "md"}, text="# Title\r\n\r\n* 😀\n\n")
    assert answer.body["kind"] == "note"
    exported = await rest("GET", "rooms/note/content", params={"format": "md"})
    assert exported.body == "# Title\n\n* 😀\n\n".encode()


BAD_REQUESTS: dict[str, tuple[str, str, dict[str, Any], tuple[int, str]]] = {
    "an id with a slash": ("POST", "rooms", {"json": {"id": "a/b"}}, (400, "invalid_room_id")),
    "an id that begins with a dot": ("POST", "rooms", {"json": {"id": ".x"}}, (400, "invalid_room_id")),
    "an id that is too long": ("POST", "rooms", {"json": {"id": "x" * 129}}, (400, "invalid_room_id")),
    "an empty id": ("POST", "rooms", {"json": {"id": ""}}, (400, "invalid_room_id")),
    "an id that is a number": ("POST", "rooms", {"json": {"id": 5}}, (400, "invalid_content")),
    "an id in a path": ("GET", "rooms/a%2Fb", {}, (400, "invalid_room_id")),
    "an id that climbs": ("GET", "rooms/..%2F..%2Fetc", {}, (400, "invalid_room_id")),
    "bytes that are no text in a path": ("GET", "rooms/%ff", {}, (400, "bad_request")),
    "a title of blanks": ("POST", "rooms", {"json": {"title": " \n"}}, (400, "room_error")),
    "a title that is too long": ("POST", "rooms", {"json": {"title": "x" * 201}}, (400, "room_error")),
    "an unknown key": ("POST", "rooms", {"json": {"name": "x"}}, (400, "invalid_content")),
    "a list": ("POST", "rooms", {"json": ["x"]}, (400, "invalid_content")),
    "no JSON": ("POST", "rooms", {"text": "{"}, (400, "invalid_content")),
    "no text": ("POST", "rooms", {"text": b"\xff\xfe"}, (400, "invalid_content")),
    "a form": (
        "POST", "rooms", {"text": "id=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        (415, "unsupported_content_type"),
    ),
    "content that is text": ("POST", "rooms", {"json": {"content": "x"}}, (400, "invalid_content")),
    "content that is no notebook": ("POST", "rooms", {"json": {"content": {"a": 1}}}, (400, "invalid_content")),
    "a notebook with a cell that is none": (
        "POST", "rooms", {"json": {"content": {**NOTEBOOK, "cells": ["x"]}}}, (400, "invalid_content"),
    ),
    "a limit that is no number": ("GET", "rooms", {"params": {"limit": "x"}}, (400, "invalid_content")),
    "a large limit behind zeros": ("GET", "rooms", {"params": {"limit": f"{1:012}999999"}}, (400, "invalid_content")),
    "a limit of many digits": ("GET", "rooms", {"params": {"limit": f"{1:012}{0:05000}"}}, (400, "invalid_content")),
    "a negative offset": ("GET", "rooms", {"params": {"offset": "-1"}}, (400, "invalid_content")),
    "deleted that is neither": ("GET", "rooms", {"params": {"deleted": "yes"}}, (400, "invalid_content")),
    "an unknown method": ("DELETE", "rooms", {}, (405, "method_not_allowed")),
    "no new title": ("PATCH", "rooms/nb", {"json": {}}, (400, "invalid_content")),
    "an unknown format": ("GET", "rooms/nb/content", {"params": {"format": "docx"}}, (400, "invalid_content")),
    "an import of an unknown format": (
        "PUT", "rooms/nb/content", {"params": {"format": "docx"}, "text": "x"}, (400, "invalid_content"),
    ),
    "an import that is no notebook": ("PUT", "rooms/nb/content", {"text": "# markdown"}, (400, "invalid_content")),
    "an import of another type": (
        "PUT", "rooms/nb/content", {"text": "x", "headers": {"Content-Type": "image/png"}},
        (415, "unsupported_content_type"),
    ),
    "an import of markdown as Python": (
        "PUT", "rooms/nb/content",
        {"params": {"format": "py"}, "text": "x", "headers": {"Content-Type": "text/markdown"}},
        (415, "unsupported_content_type"),
    ),
    "an unknown room": ("GET", "rooms/nobody", {}, (404, "room_not_found")),
    "an unknown room to rename": ("PATCH", "rooms/nobody", {"json": {"title": "x"}}, (404, "room_not_found")),
    "an unknown room to delete": ("DELETE", "rooms/nobody", {}, (404, "room_not_found")),
    "an unknown room to restore": ("POST", "rooms/nobody/restore", {}, (404, "room_not_found")),
    "an unknown room to export": ("GET", "rooms/nobody/content", {}, (404, "room_not_found")),
    "a merge without a base": ("POST", "rooms/nb/content", {"json": {"content": "{}"}}, (400, "invalid_content")),
    "an If-Match that is no tag": (
        "PUT", "rooms/nb/content", {"json": NOTEBOOK, "headers": {"If-Match": "x"}}, (400, "invalid_content"),
    ),
    "an unknown room to import": ("PUT", "rooms/nobody/content", {"json": NOTEBOOK}, (404, "room_not_found")),
    "an id that is taken": ("POST", "rooms", {"json": {"id": "nb"}}, (409, "room_exists")),
}  # fmt: skip


async def snapshot(rest: Rest, manager: RoomManager) -> tuple[Any, ...]:
    """All that a refused request must leave as it is."""
    listed = [(await rest("GET", "rooms", params={"deleted": flag})).body for flag in ("false", "true")]
    document = await manager.read("nb")
    return listed, document.to_notebook(), document.doc.get_state()


@pytest.mark.parametrize("case", BAD_REQUESTS)
async def test_bad_input_is_refused_with_what_to_do_and_changes_nothing(
    rest: Rest, manager: RoomManager, case: str
) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    before = await snapshot(rest, manager)
    method, path, options, problem = BAD_REQUESTS[case]
    assert (await rest(method, path, **options)).problem == problem
    assert await snapshot(rest, manager) == before


class TestLimits:
    @pytest.fixture
    def limits(self) -> dict[str, Any]:
        return {"max_room_bytes": 20_000}

    async def test_too_much_is_refused_and_changes_nothing(self, rest: Rest, manager: RoomManager) -> None:
        await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
        before = await snapshot(rest, manager)
        long = {**NOTEBOOK, "cells": [{**NOTEBOOK["cells"][0], "source": "x" * 20_001}]}
        assert (await rest("POST", "rooms", json={"id": "big", "content": long})).problem == (413, "message_too_large")
        assert (await rest("PUT", "rooms/nb/content", json=long)).problem == (413, "message_too_large")
        assert (await rest("PATCH", "rooms/nb", json={"title": "x" * 70_000})).problem == (413, "message_too_large")
        # Text becomes larger when it becomes a document.
        dense = "# %%\n" * 2_000
        answer = await rest("PUT", "rooms/nb/content", params={"format": "py"}, text=dense)
        assert answer.problem == (413, "room_too_large")
        assert await snapshot(rest, manager) == before

    async def test_a_body_whose_length_is_not_announced_is_not_kept_either(self, rest: Rest) -> None:
        await rest("POST", "rooms", json={"id": "nb"})

        async def send(write: Any) -> None:
            for _ in range(10):
                await write(b"x" * 5_000)

        answer = await rest(
            "PUT",
            "rooms/nb/content",
            params={"format": "md"},
            body_producer=send,
            headers={"Content-Type": "text/markdown"},
        )
        assert answer.problem == (413, "message_too_large")


async def answer_to_headers(port: int, base_url: str, length_bytes: int, token: str) -> bytes:
    """The status line that answers a request whose body never comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"PUT {base_url}api/collab/rooms/nb/content HTTP/1.1\r\nHost: localhost\r\nAuthorization: token {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length_bytes}\r\n\r\n".encode()
    )
    try:
        return await asyncio.wait_for(reader.readline(), 20)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("who", ["stranger", "one who may nothing", "one who sends too much"])
@pytest.mark.usefixtures("http_server")
async def test_a_refusal_comes_before_the_body(
    jp_serverapp: ServerApp, http_server_port: tuple[object, int], jp_base_url: str, who: str
) -> None:
    token = "wrong" if who == "stranger" else jp_serverapp.identity_provider.token
    if who == "one who may nothing":
        jp_serverapp.web_app.settings["authorizer"] = DenyAll(parent=jp_serverapp)
    length_bytes = 60_000_000 if who == "one who sends too much" else 1_000_000
    status = await answer_to_headers(http_server_port[1], jp_base_url, length_bytes, token)
    assert status.split()[1] == (b"413" if who == "one who sends too much" else b"403")


class DenyAll(Authorizer):
    """Nobody may do anything."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return False


class ReadOnly(Authorizer):
    """Everybody may look."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return action == "read"


REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", "rooms", {}),
    ("POST", "rooms", {"json": {"id": "made"}}),
    ("GET", "rooms/nb", {}),
    ("PATCH", "rooms/nb", {"json": {"title": "x"}}),
    ("DELETE", "rooms/nb", {}),
    ("POST", "rooms/nb/restore", {}),
    ("GET", "rooms/nb/content", {}),
    ("PUT", "rooms/nb/content", {"params": {"format": "md"}, "text": "x"}),
]


@pytest.mark.parametrize(("method", "path", "options"), REQUESTS)
@pytest.mark.parametrize("who", ["a stranger", "one who may nothing", "one who may look"])
async def test_only_those_who_may(
    rest: Rest, manager: RoomManager, jp_serverapp: ServerApp, method: str, path: str, options: dict[str, Any], who: str
) -> None:
    await rest("POST", "rooms", json={"id": "nb", "content": NOTEBOOK})
    before = await snapshot(rest, manager)
    usual = jp_serverapp.web_app.settings["authorizer"]
    authorizers = {"one who may nothing": DenyAll, "one who may look": ReadOnly}
    if who in authorizers:
        jp_serverapp.web_app.settings["authorizer"] = authorizers[who](parent=jp_serverapp)
    else:
        options = {**options, "headers": {"Authorization": "token wrong"}}
    answer = await rest(method, path, **options)
    jp_serverapp.web_app.settings["authorizer"] = usual
    if who == "one who may look" and method == "GET":
        assert answer.status == 200
        assert answer.body.get("role", "viewer") == "viewer"
    else:
        assert answer.problem == (403, "permission_denied")
    assert await snapshot(rest, manager) == before


async def test_a_page_of_another_site_cannot_write_with_the_cookie(rest: Rest) -> None:
    answer = await rest(
        "POST", "rooms", json={"id": "x"}, headers={"Authorization": "", "Origin": "http://evil.example"}
    )
    assert answer.status in (403, 404)
    assert (await rest("GET", "rooms")).body["total"] == 0


def handlers_of(router: Any) -> Iterator[tuple[str, type]]:
    """All routes of a Tornado application: pattern and handler."""
    for rule in router.rules:
        if isinstance(rule.target, type):
            yield rule.matcher.regex.pattern, rule.target
        elif hasattr(rule.target, "rules"):
            yield from handlers_of(rule.target)


ASK_THEMSELVES = (CollabAPIHandler, RoomWebSocketHandler)
FOR_EVERYBODY = (LoginHandler, CallbackHandler, PageHandler, BundleHandler)
"""The page and its bundle hold no secret, and who signs in is nobody yet."""


def test_every_method_of_every_route_is_guarded(jp_serverapp: ServerApp) -> None:
    web_app = jp_serverapp.web_app
    ours = {(p, h) for p, h in handlers_of(web_app.default_router) if "/api/collab/" in p or "/collab" in p}
    methods = [
        (handler, name)
        for _, handler in ours
        for name in ("get", "head", "post", "put", "patch", "delete")
        if getattr(handler, name) is not getattr(RequestHandler, name)
    ]
    assert len(ours) >= 5
    assert len(methods) >= 9
    for handler, name in methods:
        method = getattr(handler, name)
        assert method.__module__ == handler.__module__, f"{handler.__name__}.{name} is somebody else's"
        is_open = issubclass(handler, ASK_THEMSELVES + FOR_EVERYBODY)
        assert getattr(method, "__allow_unauthenticated", False) is is_open, f"{handler.__name__}.{name}"
        if not is_open:
            assert method.__wrapped__ is not None, f"{handler.__name__}.{name} is not decorated"


FOR_STRANGERS = {"me": 401, "join": 400, "join/preview": 400, "leave": 204, "sign-in": 400, "password": 400}
"""What strangers may ask below ``/collab/api/``, and what they are told."""


async def test_nobody_gets_in_without_being_known(jp_serverapp: ServerApp, http_server_client: Any) -> None:
    """Every route with every method, by somebody who sends nothing that says who they are."""
    asked = 0
    for pattern, handler in handlers_of(jp_serverapp.web_app.default_router):
        if not issubclass(handler, CollabAPIHandler):
            continue
        path = re.sub(r"\([^)]*\)", lambda group: group[0][1:-1].split("|")[0].replace("[^/]+", "x"), pattern)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if getattr(handler, method.lower()) is getattr(RequestHandler, method.lower()):
                continue
            answer = await http_server_client.fetch(
                path.rstrip("$"),
                method=method,
                headers={"X-Jupyter-Collab": "1"},
                allow_nonstandard_methods=True,
                raise_error=False,
            )
            expected = FOR_STRANGERS.get(path.rstrip("$").rsplit("/collab/api/")[-1], 403)
            assert answer.code == expected, f"{method} {path}: {answer.code}"
            asked += 1
    assert asked > 30


async def test_what_methods_there_are_is_said(rest: Rest) -> None:
    for path, methods in (("rooms", "GET, OPTIONS, POST"), ("rooms/x", "DELETE, GET, OPTIONS, PATCH")):
        answer = await rest("PUT", path, text="x")
        assert (answer.problem, answer.headers["Allow"]) == ((405, "method_not_allowed"), methods)


async def test_a_strangers_image_of_the_api_is_the_same_for_all_rooms(rest: Rest) -> None:
    """Whether a room exists cannot be told from a refusal."""
    await rest("POST", "rooms", json={"id": "nb"})
    wrong = {"Authorization": "token " + base64.b64encode(b"guess").decode()}
    answers = [await rest("GET", f"rooms/{room}", headers=wrong) for room in ("nb", "nobody", "..%2Fx")]
    assert answers[0].problem == answers[1].problem == answers[2].problem == (403, "permission_denied")
    assert answers[0].body == answers[1].body == answers[2].body

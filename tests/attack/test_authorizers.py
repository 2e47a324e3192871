"""jupyter_server's authorizer has the word: who may only read cannot write, whatever they ask for."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import Hello, Rejection, SyncStep2, Update

from ..peers import RawClient, Wire
from ..servers import RunningServer, start_server
from ..unit.scenarios import scenario
from .handshake import handshake


@pytest.fixture(scope="module")
def writable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose users may do everything."""
    folder = tmp_path_factory.mktemp("writable")
    with start_server(folder, CollabExtension=_store(folder.parent)) as running:
        yield running


@pytest.fixture(scope="module")
def readable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of the same rooms whose users may only read."""
    yield from _guarded(tmp_path_factory.mktemp("readable"), "ReadOnly")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of the same rooms whose users may not use rooms."""
    yield from _guarded(tmp_path_factory.mktemp("closed"), "NoCollab")


def _guarded(folder: Path, name: str) -> Iterator[RunningServer]:
    settings = {"authorizer_class": f"tests.attack.authorizers.{name}"}
    with start_server(folder, ServerApp=settings, CollabExtension=_store(folder.parent)) as running:
        yield running


def _store(folder: Path) -> dict[str, str]:
    return {"store_url": f"sqlite:///{folder / 'authorizers.sqlite'}"}


@pytest.mark.parametrize("wish", [None, "owner", "editor", "viewer"])
@scenario
async def test_who_may_only_read_is_a_viewer_whatever_they_wish(
    writable: RunningServer, readable: RunningServer, wish: str | None
) -> None:
    room = writable.create_room()["id"]
    async with RawClient(writable, room, "writer") as writer, Wire.open(readable, room, role=wish) as reader:
        await writer.joined()
        hello = (await reader.receive(Hello)).info
        assert (hello["role"], hello["capabilities"]) == ("viewer", ["read"])
        writer.write("read me")
        await reader.receive(Update)
        edit = _edit(writer)
        for message in (Update(edit), SyncStep2(edit)):
            await reader.send(message)
            rejection = await reader.receive(Rejection)
            assert rejection.reason == "permission_denied"
        async with Wire.open(readable, room, v1=False, role=wish) as plain:
            await plain.send(Update(edit))
            end = await plain.end()
            assert end.code == CloseCode.FORBIDDEN
            assert end.reason.startswith("permission_denied: ")
        assert reader.closed is None
        writer.write(".")
        await writer.saved()
        assert writer.text == "read me."


def _edit(of: RawClient) -> bytes:
    """An edit of the same document by somebody else."""
    from pycrdt import Array, Doc

    doc: Doc[Array[object]] = Doc()
    doc.apply_update(of.doc.get_update())
    before = doc.get_state()
    doc.get("cells", type=Array)[0]["source"].insert(0, "NO ")  # type: ignore[index]
    return doc.get_update(before)


def test_who_may_only_read_can_change_nothing_over_http(writable: RunningServer, readable: RunningServer) -> None:
    room = writable.create_room(title="Before")["id"]
    rooms = f"{readable.url}api/collab/rooms"
    with httpx.Client(headers=readable.headers) as client:
        assert client.get(f"{rooms}/{room}").json()["role"] == "viewer"
        answers = [
            client.post(rooms, json={"id": "sneaked-in"}),
            client.patch(f"{rooms}/{room}", json={"title": "After"}),
            client.delete(f"{rooms}/{room}"),
            client.put(f"{rooms}/{room}/content?format=md", content="# After"),
            client.post(f"{rooms}/{room}/restore"),
        ]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert writable.request("GET", f"rooms/{room}").json()["title"] == "Before"
    assert writable.request("GET", "rooms", params={"search": "sneaked-in"}).json()["total"] == 0


def test_who_may_not_use_rooms_gets_neither_in_nor_told_what_there_is(
    writable: RunningServer, closed: RunningServer
) -> None:
    room = writable.create_room()["id"]
    for name in (room, "no-such-room", "..%2f"):
        assert asyncio.run(handshake(closed, f"api/collab/room/{name}")) == (403, None)
        assert httpx.get(f"{closed.url}api/collab/rooms/{name}", headers=closed.headers).status_code == 403
    assert httpx.get(f"{closed.url}api/collab/rooms", headers=closed.headers).status_code == 403

"""A room is named by its id, or by any address that opens it; every way in takes both."""

import pytest

from jupyter_collab import SharedEditor, connect
from jupyter_collab.client.http.room_address import RoomAddress
from tests.servers import RunningServer


@pytest.mark.parametrize(
    ("text", "room", "server"),
    [
        ("demo", "demo", None),
        ("https://hub.org/user/ada/lab?room=demo", "demo", "https://hub.org/user/ada/lab"),
        ("http://localhost:8888/lab/tree/a.ipynb?room=demo&role=viewer", "demo", "http://localhost:8888/lab/tree/a.ipynb"),
        ("http://localhost:8888/lab?token=abc&room=demo", "demo", "http://localhost:8888/lab?token=abc"),
        ("http://localhost:8888/collab/?room=demo", "demo", "http://localhost:8888/collab/"),
        ("http://localhost:8888/base/collab/room/demo?token=abc", "demo", "http://localhost:8888/base/?token=abc"),
        ("http://localhost:8888/api/collab/rooms/de.mo/content", "de.mo", "http://localhost:8888/"),
    ],
)  # fmt: skip
def test_what_an_address_names(text: str, room: str, server: str | None) -> None:
    assert RoomAddress.parse(text) == RoomAddress(room, server)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("http://localhost:8888/lab?token=secret", "'http://localhost:8888/lab' leads to no room"),
        ("http://localhost:8888/collab/room/", "leads to no room"),
        ("https://example.org/collab/join#token", r"join\(link, name\)"),
    ],
)
def test_what_names_no_room_is_refused_and_tells_no_token(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        connect(text)
    assert "secret" not in str(refused.value)
    with pytest.raises(ValueError, match=complaint):
        SharedEditor(text)


@pytest.mark.parametrize("path", ["lab?room={}&", "collab/?room={}&", "collab/room/{}?"])
def test_an_address_is_all_that_is_needed(server: RunningServer, path: str) -> None:
    address = f"{server.url}{path.format('by-address')}token={server.token}"
    with connect(address, create=True) as room:
        assert (room.id, room.role) == ("by-address", "owner")
        assert room.address == f"{server.url}lab?room=by-address"
        assert RoomAddress.parse(address).means(room.address)
        assert RoomAddress.parse("by-address").means(room.address)
        for other in ("http://127.0.0.1:9/lab?room=by-address", f"{server.url}lab?room=other", "other"):
            assert not RoomAddress.parse(other).means(room.address)
    editor = SharedEditor(address)
    try:
        assert (editor.room_id, editor.room.id) == ("by-address", "by-address")
        assert server.token not in repr(editor)
        assert server.token not in str(editor.get_state())
    finally:
        editor.close()

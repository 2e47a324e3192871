"""The client and the server of this package, as people run them."""

import json
import threading

import pytest

from jupyter_collab import connect
from jupyter_collab.client import RestClient, find_server
from jupyter_collab.client.blocking.loop import background_loop
from jupyter_collab.client.replica.backoff import Backoff
from jupyter_collab.client.widget.shared_editor import SharedEditor
from jupyter_collab.errors import (
    ContentError,
    EditsNotSaved,
    InvalidRoomId,
    NotSignedIn,
    PermissionDenied,
    RoomExists,
    RoomNotFound,
)
from tests.peers.cells import sources
from tests.servers import RunningServer

from .doubles import notebook
from .relay import Relay

QUICK = Backoff(first_seconds=0.05, longest_seconds=0.5)


@pytest.fixture(autouse=True)
def _found(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process finds the server, and no other, as a script of its user does."""
    for name in ("JPY_PARENT_PID", "JUPYTER_COLLAB_URL", "JUPYTERHUB_SERVICE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", server.environment["JUPYTER_RUNTIME_DIR"])


def test_a_script_finds_the_server_and_makes_a_room() -> None:
    with connect("made-by-a-script", create=True) as room:
        room.text = "print('hello')"
    with connect("made-by-a-script", create=True) as again:
        assert again.text == "print('hello')"
        assert again.role == "owner"


def test_a_room_that_is_not_there_is_not_made() -> None:
    with pytest.raises(RoomNotFound):
        connect("nobody-made-this")
    with pytest.raises(InvalidRoomId):
        connect("no/room id")


def test_a_wrong_token_is_refused(server: RunningServer) -> None:
    with pytest.raises(NotSignedIn, match="does not accept the token"):
        connect("demo", server.url, "wrong")


def test_two_clients_type_at_once_and_converge() -> None:
    with connect("both", create=True) as ada, connect("both") as ben:
        ben.wait_for(lambda: len(ben.people) == 2, 10)
        texts = {ada: "a", ben: "ß😀"}

        def type_in(room: object) -> None:
            for _ in range(100):
                room.cells[0].append(texts[room])  # type: ignore[attr-defined, index]  # a room

        threads = [threading.Thread(target=type_in, args=(room,)) for room in (ada, ben)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        for room in (ada, ben):
            room.wait_saved(10)
            room.wait_for(lambda room=room: len(room.text) == 300, 10)  # type: ignore[misc]  # mypy cannot infer it
        assert ada.text == ben.text
        assert (ada.text.count("a"), ada.text.count("ß😀")) == (100, 100)


def test_people_come_and_go() -> None:
    with connect("people", create=True) as ada:
        with connect("people") as ben:
            ben.set_cursor(0, 0)
            cell = ben.cells[0].id
            ada.wait_for(lambda: [person.cell for person in ada.people if not person.is_me] == [cell], 10)
            assert ada.people[0].role == "owner"
        ada.wait_for(lambda: len(ada.people) == 1, 10)


def test_a_program_that_is_not_visible_is_listed_by_the_server_as_such() -> None:
    async def listed() -> list[bool]:
        async with RestClient(await find_server()) as rest:
            return sorted(person["visible"] for person in (await rest.get_room("unseen"))["people"])

    with connect("unseen", create=True) as ada, connect("unseen", visible=False) as program:
        program.wait_for(lambda: len(program.people) == 1, 10)
        program.text = "from a program"
        ada.wait_for(lambda: ada.text == "from a program", 10)
        assert [person.is_me for person in ada.people] == [True]
        assert background_loop().wait(listed) == [False, True]


def test_a_viewer_reads_what_others_write() -> None:
    with connect("looking", create=True) as ada, connect("looking", role="viewer") as ben:
        assert ben.read_only
        with pytest.raises(PermissionDenied):
            ben.text = "x"
        ada.text = "shown"
        ben.wait_for(lambda: ben.text == "shown", 10)


def test_content_goes_in_and_out() -> None:
    with connect("content", create=True) as room:
        whole = notebook("a = 1", "b = 2")
        room.import_content(json.dumps(whole))
        assert sources(room) == ["a = 1", "b = 2"]
        room.import_content(json.dumps(whole))
        assert len(room.cells) == 2
        room.cell(0).append("0")
        assert json.loads(room.export())["cells"][0]["source"] in ("a = 10", ["a = 10"])
        assert "b = 2" in room.export("py")
        with pytest.raises(ContentError):
            room.import_content("this is no notebook")
        assert room.cell(0).source == "a = 10"


def test_a_renamed_room_shows_its_title_everywhere() -> None:
    with connect("named", create=True) as ada, connect("named") as ben:
        ada.rename("A better name")
        ben.wait_for(lambda: ben.title == "A better name", 10)
        assert ada.title == "A better name"


def test_rooms_are_listed_deleted_and_restored() -> None:
    async def run() -> None:
        async with RestClient(await find_server()) as rest:
            made = await rest.create_room("listed", title="Findable", content=notebook("x"))
            assert made["kind"] == "notebook"
            with pytest.raises(RoomExists):
                await rest.create_room("listed")
            assert [room["id"] for room in (await rest.list_rooms(search="findable"))["rooms"]] == ["listed"]
            assert (await rest.rename_room("listed", "Still"))["title"] == "Still"
            await rest.delete_room("listed")
            with pytest.raises(RoomNotFound):
                await rest.get_room("listed")
            assert "listed" in [room["id"] for room in (await rest.list_rooms(deleted=True))["rooms"]]
            assert (await rest.restore_room("listed"))["deleted_at"] is None
            await rest.delete_room("listed")
            await rest.delete_room("listed", permanent=True)
            with pytest.raises(RoomNotFound):
                await rest.restore_room("listed")

    background_loop().wait(run)


def test_who_is_in_a_room_that_is_deleted_is_told(server: RunningServer) -> None:
    with connect("doomed", create=True) as room:
        server.request("DELETE", "rooms/doomed")
        room.wait_for(lambda: room.status == "refused", 10)
        assert room.problem


def test_a_history_that_began_anew_is_not_merged(server: RunningServer) -> None:
    with Relay(server.port) as network:
        server.create_room("anew", content=notebook("the first history"))
        with connect("anew", network.url, server.token, backoff=QUICK) as room:
            first = room.epoch
            network.cut()
            room.wait_for(lambda: room.status == "offline", 10)
            room.cell(0).append(", unsent")
            server.request("DELETE", "rooms/anew")
            server.request("DELETE", "rooms/anew?permanent=true")
            server.create_room("anew", content=notebook("the second history"))
            network.join()
            room.wait_for(lambda: room.text == "the second history", 10)
            assert room.epoch != first
            with pytest.raises(EditsNotSaved):
                room.wait_saved(5)
            [restored] = room.restore_unsent()
            assert restored.source == "the first history, unsent"


def test_a_network_that_fails_again_and_again_loses_and_doubles_nothing(server: RunningServer) -> None:
    with Relay(server.port) as network:
        server.create_room("cut", content=notebook(""))
        with (
            connect("cut", network.url, server.token, backoff=QUICK) as ada,
            connect("cut", server.url, server.token) as ben,
        ):
            for number in range(200):
                ada.cell(0).append(f"<a{number}>")
                ben.cell(0).append(f"<b{number}>")
                if number % 20 == 10:
                    network.cut()
                if number % 20 == 15:
                    network.join()
            for room in (ada, ben):
                room.wait_saved(20)
                room.wait_for(lambda room=room: room.text.count("<") == 400, 20)  # type: ignore[misc]  # as above
            assert ada.text == ben.text
            tokens = ada.text[1:-1].split("><")
            for who in "ab":
                assert [token for token in tokens if token[0] == who] == [f"{who}{number}" for number in range(200)]


def test_the_widget_follows_the_room() -> None:
    editor = SharedEditor("widget")
    try:
        with connect("widget") as room:
            room.text = "from elsewhere"
            room.wait_saved(10)
            editor.room.wait_for(lambda: editor.room.text == "from elsewhere", 10)
            editor.value = "from the widget"
            room.wait_for(lambda: room.text == "from the widget", 10)
    finally:
        editor.close()


def test_the_token_stays_out_of_the_servers_log(server: RunningServer) -> None:
    assert server.token not in server.log

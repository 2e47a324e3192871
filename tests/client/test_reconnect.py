"""The server goes and comes back: no edit is lost, none is doubled, and the status never lies."""

import http
import random
import time
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from jupyter_collab.client.replica.backoff import Backoff
from jupyter_collab.client.replica.changes import UnsentCell, UnsentText
from jupyter_collab.errors import CollabError, EditsNotSaved, PermissionDenied, RoomDeleted, RoomTooLarge

from .doubles import notebook, scripted_server, until
from .rooms import joined

pytestmark = pytest.mark.anyio


async def test_edits_made_without_a_server_arrive_when_it_is_back() -> None:
    async with scripted_server("a") as server, joined(server) as room:
        await server.stop()
        await room.wait_for(lambda: room.status == "offline", 5)
        for letter in "bcd":
            room.cell(0).append(letter)
        assert room.pending == 3
        assert room.text == "abcd"
        with pytest.raises(TimeoutError, match="3 edits of room 'demo' are not saved"):
            await room.wait_saved(0.05)
        await server.start()
        await room.wait_saved(10)
        assert server.texts == ["abcd"]
        assert room.status == "synced"


async def test_what_others_did_meanwhile_is_merged() -> None:
    async with scripted_server("middle") as server, joined(server) as room:
        await server.stop()
        await room.wait_for(lambda: room.status == "offline", 5)
        room.cell(0).insert(0, "mine ")
        server.document.append_text("c0", " theirs")
        await server.start()
        await room.wait_for(lambda: room.text == "mine middle theirs", 10)
        await room.wait_saved(5)
        assert server.texts == ["mine middle theirs"]


async def test_an_ack_that_was_lost_doubles_nothing() -> None:
    async with scripted_server("") as server, joined(server) as room:
        await room.wait_saved(5)
        server.acks = False
        room.text = "once"
        await until(lambda: server.texts == ["once"])
        server.drop()
        server.acks = True
        await until(lambda: room.status == "offline")
        assert room.pending == 1
        await room.wait_saved(10)
        assert server.texts == ["once"]
        assert room.text == "once"


async def test_many_cuts_at_any_moment_lose_and_double_nothing() -> None:
    dice = random.Random(20)
    async with scripted_server("") as server, joined(server) as room:
        tokens = [f"<{number}>" for number in range(150)]
        for token in tokens:
            room.cell(0).append(token)
            if dice.random() < 0.1:
                server.acks = not server.acks
            if dice.random() < 0.1:
                server.drop()
            if dice.random() < 0.5:
                await anyio.sleep(dice.random() * 0.01)  # at any moment: nothing depends on how long it is
        assert len(server.queries) > 5
        server.acks = True
        server.drop()
        await room.wait_for(lambda: room.pending == 0 and room.status == "synced", 10)
        assert server.texts == ["".join(tokens)]


async def test_the_server_says_that_it_stops() -> None:
    async with scripted_server("a") as server, joined(server) as room:
        await server.close(1001, "server is stopping")
        await until(lambda: len(server.queries) == 2)
        await room.wait_for(lambda: room.status == "synced", 5)


@pytest.mark.parametrize("code", [1011, 1012, 1013, 4507, 4508, 4529, 4599, 4999])
async def test_what_passes_is_tried_again(code: int) -> None:
    async with scripted_server("a") as server, joined(server) as room:
        await server.close(code, "later: wait a little")
        await until(lambda: len(server.queries) == 2)
        room.text = "after"
        await room.wait_saved(5)
        assert server.texts == ["after"]


async def test_who_is_told_that_it_is_too_much_comes_back_later() -> None:
    patient = Backoff(first_seconds=0.01, longest_seconds=0.05, slow_down_seconds=0.5)
    async with scripted_server("a") as server, joined(server, backoff=patient) as room:
        await server.close(4529, "too_many_connections: close a page")
        await room.wait_for(lambda: room.status == "offline", 5)
        began = time.monotonic()
        await until(lambda: len(server.queries) == 2)
        assert time.monotonic() - began > 0.4


@pytest.mark.parametrize("code", [4404, 4410, 1003, 4400, 4499])
async def test_what_does_not_pass_is_not_tried_again(code: int) -> None:
    async with scripted_server("a") as server, joined(server) as room:
        await server.close(code, "room_not_found: create it")
        await room.wait_for(lambda: room.status == "refused", 5)
        assert room.problem == "create it"
        assert room.read_only
        with pytest.raises(CollabError, match="create it"):
            room.text = "x"
        assert len(server.queries) == 1


@pytest.mark.parametrize("status", [302, 404, 424, 502, 503])
async def test_a_proxy_that_answers_for_a_server_that_is_away_is_asked_again(status: int) -> None:
    async with scripted_server("a") as server, joined(server) as room:
        server.answer = http.HTTPStatus(status)
        server.drop()
        room.cell(0).append("b")
        await until(lambda: server.refused >= 2)
        await room.wait_for(lambda: room.status == "offline", 5)
        server.answer = None
        await room.wait_saved(10)
        assert server.texts == ["ab"]


async def test_a_token_that_is_no_longer_good_is_told() -> None:
    async with scripted_server("a") as server, joined(server) as room:
        server.answer = http.HTTPStatus.FORBIDDEN
        server.drop()
        await room.wait_for(lambda: room.status == "refused", 5)
        assert "does not let you into room 'demo'" in room.problem
        assert room.text == "a"


async def test_edits_left_when_the_room_is_deleted_are_reported() -> None:
    async with scripted_server("a", acks=False) as server, joined(server) as room:
        room.text = "ab"
        await until(lambda: server.texts == ["ab"])
        await server.close(4410, "room_deleted: an owner can restore it")
        with pytest.raises(RoomDeleted, match="an owner can restore it"):
            await room.wait_saved(5)
        assert room.pending == 1


async def test_people_are_unknown_while_there_is_no_server() -> None:
    async with scripted_server("a") as server, joined(server) as room:
        await server.stop()
        await room.wait_for(lambda: room.status == "offline", 5)
        assert [person.is_me for person in room.people] == [True]


async def test_the_server_cannot_store_for_a_while() -> None:
    async with scripted_server("", acks=False) as server, joined(server) as room:
        await server.say(type="not_saved", message="The disk is full.")
        await room.wait_for(lambda: room.status == "not-saved", 5)
        assert room.problem == "The disk is full."
        room.text = "kept"
        assert room.status == "not-saved"
        await server.say(type="saved")
        await room.wait_for(lambda: room.status == "saving", 5)
        await until(lambda: server.texts == ["kept"])
        await server.acknowledge()
        await room.wait_saved(5)
        assert room.problem == ""


async def test_a_new_history_is_not_merged_and_the_unsent_text_is_offered() -> None:
    async with scripted_server("old") as server, joined(server) as room:
        await server.stop()
        await room.wait_for(lambda: room.status == "offline", 5)
        room.cell(0).append(" unsent")
        await server.replace_history("epoch-2", "new")
        await server.start()
        await room.wait_for(lambda: room.text == "new", 10)
        assert room.epoch == "epoch-2"
        assert server.texts == ["new"]
        with pytest.raises(EditsNotSaved, match="new history"):
            await room.wait_saved(5)
        assert room.unsent is not None
        assert [cell.source for cell in room.unsent.cells] == ["old unsent"]
        [restored] = room.restore_unsent()
        assert restored.source == "old unsent"
        await room.wait_saved(5)
        assert server.texts == ["new", "old unsent"]
        assert room.unsent is None


async def test_a_new_history_while_connected_is_taken_over() -> None:
    async with scripted_server("old") as server, joined(server) as room:
        await room.wait_saved(5)
        await server.replace_history("epoch-2", "new")
        await room.wait_for(lambda: room.text == "new", 10)
        assert room.unsent is None
        assert server.queries[1:] == [""]  # it asks for no epoch any more


async def test_the_epoch_is_named_when_it_comes_back() -> None:
    async with scripted_server("a") as server, joined(server) as room:
        server.drop()
        await until(lambda: len(server.queries) == 2)
        assert server.queries == ["", "epoch=epoch-1"]
        await room.wait_for(lambda: room.status == "synced", 5)


async def test_nothing_can_be_typed_into_what_was_put_aside() -> None:
    async with scripted_server("a", reject="permission_denied") as server, joined(server) as room:
        room.text = "refused"
        await room.wait_for(lambda: room.unsent is not None, 5)
        shown = (room.text, room.status, room.read_only)
        assert shown == ("refused", "connecting", True)
        with pytest.raises(EditsNotSaved, match=r"is being fetched again: wait, then edit again\. No, because\."):
            room.text = "more"
        await room.wait_for(lambda: not room.read_only, 5)
        assert (room.text, room.status) == ("a", "synced")


async def test_unsent_text_can_be_thrown_away() -> None:
    async with scripted_server("a", reject="permission_denied") as server, joined(server) as room:
        room.text = "refused"
        await room.wait_for(lambda: room.unsent is not None, 5)
        await room.wait_for(lambda: room.text == "a", 5)
        room.discard_unsent()
        assert room.unsent is None
        await room.wait_saved(5)


async def test_text_that_is_refused_while_other_text_is_restored_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted_server("a") as server, joined(server) as room:
        refused, later = (
            UnsentText("epoch-1", (UnsentCell(text, "code", text),), RoomTooLarge("No."))
            for text in ("refused", "later")
        )
        replica, run = room._core.replica, room._run
        turns: list[object] = []
        replica.unsent = refused

        def run_and_then_be_refused(function: Callable[[], Any]) -> Any:
            result = run(function)
            if not turns:
                replica.unsent = later.joined_with(replica.unsent)
            turns.append(function)
            return result

        monkeypatch.setattr(room, "_run", run_and_then_be_refused)
        room.restore_unsent()
        assert [cell.source for cell in room.cells] == ["a", "refused"]
        assert room.unsent == later


@pytest.mark.parametrize("code", [4403, 4413, 1009, 1007])
async def test_an_edit_for_which_the_server_hangs_up_is_not_sent_again(code: int) -> None:
    async with scripted_server("a", acks=False) as server, joined(server) as room:
        await server.acknowledge()
        await room.wait_saved(5)
        before = server.document.doc.get_update()
        room.text = "too much"
        await until(lambda: room.pending == 1 and len(server.edits) == 2)
        server.document = type(server.document)()  # as if it had never been taken in
        server.document.doc.apply_update(before)
        await server.close(code, "room_too_large: make the room smaller")
        await room.wait_for(lambda: room.text == "a", 10)
        assert room.unsent is not None
        assert [cell.source for cell in room.unsent.cells] == ["too much"]
        await until(lambda: len(server.edits) == 3)
        assert server.texts == ["a"]


async def test_a_role_that_may_only_read() -> None:
    async with scripted_server("a", role="viewer") as server, joined(server, role="viewer") as room:
        assert room.read_only
        with pytest.raises(PermissionDenied, match="You are 'viewer' in room 'demo' and may not edit it"):
            room.text = "x"
        assert room.text == "a"
        await server.edit(lambda document: document.append_text("c0", "b"))
        await room.wait_for(lambda: room.text == "ab", 5)
        assert server.edits == []
        assert server.queries == ["role=viewer"]


async def test_a_role_that_is_taken_away_and_given_back() -> None:
    async with scripted_server("a") as server, joined(server) as room:
        await server.say(type="role", role="viewer", capabilities=["read"])
        await room.wait_for(lambda: room.read_only, 5)
        await server.say(type="role", role="writer", capabilities=["read", "edit"])
        await room.wait_for(lambda: not room.read_only, 5)
        room.text = "b"
        await room.wait_saved(5)
        assert server.texts == ["b"]


async def test_garbage_from_the_server_ends_it_with_a_reason() -> None:
    async with scripted_server("a") as server, joined(server) as room:
        for connection in server.connections:
            await connection.send(b"\x00\x02\x05\xff\xff\xff\xff\xff")
        await room.wait_for(lambda: room.status == "refused", 5)
        assert "cannot be applied" in room.problem


def test_waiting_grows_and_is_bounded() -> None:
    backoff = Backoff(first_seconds=0.1, longest_seconds=5)
    waits = [backoff.seconds(failures) for failures in (1, 2, 3, 10, 10_000)]
    assert 0.05 <= waits[0] <= 0.1
    assert 0.1 <= waits[1] <= 0.2
    assert all(2.5 <= wait <= 5 for wait in waits[3:])


async def test_edits_before_a_cut_join_are_for_the_room_that_was_joined() -> None:
    """The room's content is replaced on the server by an import while the client is away: both edits are kept."""
    async with scripted_server("a", "b") as server, joined(server) as room:
        await server.stop()
        await room.wait_for(lambda: room.status == "offline", 5)
        room.cell("c1").append("!")
        server.document.set_notebook(notebook("changed", "b"))
        await server.start()
        await room.wait_saved(10)
        assert server.texts == ["changed", "b!"]

"""An edit that is too large for one message comes in pieces: a room takes all of them, or none."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Text

from jupyter_collab.access import Role
from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import RoomTooLarge
from jupyter_collab.protocol import Pieces
from jupyter_collab.rooms import Limits
from jupyter_collab.store import BY_SERVER

from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario
from .updates import client_document, recorded_updates, text_update

LIMITS = Limits(room_bytes=20_000)
PIECE = "x" * 4_000


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def pieces_of(count: int, client_id: int = 7) -> list[bytes]:
    """The pieces of a text that are put in one behind the other."""
    doc = client_document(client_id)
    updates = recorded_updates(doc)
    text = doc.get("text", type=Text)
    for _ in range(count):
        text.insert(len(text), PIECE)
    return updates


async def announce(peer: ScriptedPeer, pieces: list[bytes]) -> None:
    """Say that these come."""
    await peer.send(Pieces(len(pieces), sum(map(len, pieces))))


async def send(peer: ScriptedPeer, pieces: list[bytes]) -> None:
    """Send them."""
    for piece in pieces:
        await peer.send_edit(piece)


async def text_of(peer: ScriptedPeer) -> str:
    """What the room has, durable or not."""
    assert peer.room is not None
    return await peer.room.look_into(lambda document: str(document.doc.get("text", type=Text)))


@scenario
async def test_pieces_that_have_their_place_are_taken(store: FaultyStore) -> None:
    async with serving(store, LIMITS) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        pieces = pieces_of(4)
        await announce(ada, pieces)
        await send(ada, pieces)
        await ada.until_saved()
        assert await text_of(ada) == PIECE * 4
        assert ada.rejections == []


@scenario
async def test_none_of_the_pieces_is_taken_for_which_there_is_no_space(store: FaultyStore) -> None:
    async with serving(store, LIMITS) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.typed("y" * 10_000)
        pieces = pieces_of(4)
        await announce(ada, pieces)
        await send(ada, pieces)
        assert [rejection.reason for rejection in ada.rejections] == ["room_too_large"] * 4
        assert await text_of(ada) == "y" * 10_000
        await ada.typed("z")  # what comes behind them is another edit
        assert len(ada.rejections) == 4


@scenario
async def test_what_the_pieces_delete_stays_if_they_are_refused(store: FaultyStore) -> None:
    async with serving(store, LIMITS) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        await ada.typed("y" * 10_000)
        doc: Doc[Any] = Doc()
        doc.apply_update(ada.doc.get_update())
        updates = recorded_updates(doc)
        text: Text = doc.get("text", type=Text)
        del text[0:10_000]
        pieces = [*pieces_of(4), *updates]
        await announce(ada, pieces)
        await send(ada, pieces)
        assert len(ada.rejections) == 5
        assert await text_of(ada) == "y" * 10_000


@pytest.mark.parametrize("by", ["another page", "the server"])
@scenario
async def test_the_space_for_the_pieces_is_given_to_nobody_else(store: FaultyStore, by: str) -> None:
    async with serving(store, LIMITS) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        assert ada.room is not None
        pieces = pieces_of(4)
        await announce(ada, pieces)
        await send(ada, pieces[:1])
        if by == "another page":
            await bob.send_edit(text_update(8, PIECE))
            assert bob.rejections[-1].reason == "room_too_large"
        else:
            with pytest.raises(RoomTooLarge):
                await ada.room.edits.change(lambda document: add_text(document, PIECE), BY_SERVER)
        await send(ada, pieces[1:])
        await ada.until_saved()
        assert ada.rejections == []
        assert await text_of(ada) == PIECE * 4


def add_text(document: RoomDocument, text: str) -> None:
    """Write into the root text."""
    document.doc.get("text", type=Text).insert(0, text)


@scenario
async def test_space_is_free_again_when_it_is_not_needed_any_more(store: FaultyStore) -> None:
    async with serving(store, LIMITS) as manager:
        ada, bob, cleo = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob", "cleo")]
        assert ada.room is not None
        for peer in (ada, bob):
            await peer.send(Pieces(2, 9_000))
        assert bob.room is not None
        await cleo.send_edit(text_update(8, PIECE))
        assert cleo.rejections[-1].reason == "room_too_large"
        ada.leave(manager)
        bob.room.set_role(bob.peer, Role.VIEWER)
        await cleo.send_edit(text_update(8, PIECE))
        assert len(cleo.rejections) == 1


@scenario
async def test_space_for_pieces_that_do_not_come_is_free_again(store: FaultyStore) -> None:
    limits = Limits(room_bytes=20_000, reservation_seconds=0.1, min_piece_bytes_per_second_per_peer=1_000_000)
    async with serving(store, limits) as manager:
        ada, bob = [await ScriptedPeer(name).join(manager) for name in ("ada", "bob")]
        await ada.send(Pieces(2, 18_000))
        await bob.send_edit(text_update(8, PIECE))
        assert bob.rejections[-1].reason == "room_too_large"
        await asyncio.sleep(limits.reservation_seconds + 18_000 / limits.min_piece_bytes_per_second_per_peer)
        await bob.send_edit(text_update(8, PIECE))
        assert len(bob.rejections) == 1


@scenario
async def test_who_may_not_edit_keeps_no_space(store: FaultyStore) -> None:
    async with serving(store, LIMITS) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        viewer = await ScriptedPeer("viewer", Role.VIEWER).join(manager)
        await viewer.send(Pieces(2, 18_000))
        await viewer.send_edit(text_update(7, PIECE))
        assert viewer.rejections[-1].reason == "permission_denied"
        await ada.typed(PIECE)
        assert ada.rejections == []


@scenario
async def test_pieces_larger_than_was_said_take_no_space_from_others(store: FaultyStore) -> None:
    async with serving(store, LIMITS) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        pieces = pieces_of(6)
        await ada.send(Pieces(6, 10))
        await send(ada, pieces)
        assert ada.rejections[0].reason == "room_too_large"
        assert len(await text_of(ada)) == 4 * len(PIECE)


@scenario
async def test_a_room_says_that_it_wants_to_know_of_pieces(store: FaultyStore) -> None:
    async with serving(store) as manager:
        ada = await ScriptedPeer("ada").join(manager)
        assert ada.hello is not None
        assert ada.hello.info["pieces"] is True

"""What every store promises of messages between servers: one order, nothing from oneself, and they do not pile up."""

import asyncio
from pathlib import Path

import pytest

from jupyter_collab.store import ServerMessage
from jupyter_collab.store.messages import sql
from tests.simulation import disk

from .scenarios import scenario
from .stores import StoreMaker, opened


def message(data: bytes, room_id: str = "demo", server: str = "one") -> ServerMessage:
    return ServerMessage(room_id, "topic", server, data)


@scenario
async def test_messages_are_read_in_their_order_from_a_position_on(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    sent = [message(b"1"), message(b"2"), message(b"\0" * 60_000)]
    async with opened(store):
        start = await store.last_message()
        assert start == 0
        assert await store.messages(["demo"], start, reader="two") == ((), start)
        first = await store.add_messages(sent[:2])
        assert await store.messages(["demo"], start, reader="two") == (tuple(sent[:2]), first)
        last = await store.add_messages(sent[2:])
        assert last == await store.last_message() > first
        assert await store.messages(["demo"], first, reader="two") == ((sent[2],), last)
        assert await store.messages(["demo"], last, reader="two") == ((), last)


@scenario
async def test_each_server_reads_what_others_say_of_the_rooms_that_it_asks_for(
    make_store: StoreMaker, tmp_path: Path
) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        sent = [message(b"1"), message(b"2", "other"), message(b"3", server="two"), message(b"4", "")]
        last = await store.add_messages(sent)
        assert await store.messages(["demo"], 0, reader="two") == ((sent[0],), last)
        assert await store.messages(["demo", ""], 0, reader="one") == ((sent[2],), last)
        assert await store.messages(["other", ""], 0, reader="two") == ((sent[1], sent[3]), last)
        assert await store.messages([], 0, reader="two") == ((), last)


@scenario
async def test_who_reads_while_others_write_misses_nothing(make_store: StoreMaker, tmp_path: Path) -> None:
    writers = [make_store(tmp_path) for _ in range(2)]
    reader = make_store(tmp_path)
    wanted = 2 * 40
    read: list[ServerMessage] = []

    async def write(number: int) -> None:
        for count in range(wanted // 2):
            await writers[number].add_messages([message(b"%d" % count, server=f"writer {number}")])

    async def read_all() -> None:
        position = 0
        while len(read) < wanted:
            found, position = await reader.messages(["demo"], position, reader="reader")
            read.extend(found)

    async with opened(*writers, reader):
        await asyncio.gather(write(0), write(1), read_all())
    for number in range(2):
        own = [int(found.data) for found in read if found.server == f"writer {number}"]
        assert own == list(range(wanted // 2))


@scenario
async def test_old_messages_are_dropped_and_their_positions_are_not_used_again(
    make_store: StoreMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sql, disk):
        monkeypatch.setattr(module, "MAX_MESSAGES", 3)
    store = make_store(tmp_path)
    async with opened(store):
        last = await store.add_messages([message(b"%d" % number) for number in range(5)])
        found, _ = await store.messages(["demo"], 0, reader="two")
        assert [each.data for each in found] == [b"2", b"3", b"4"]
        await store.add_messages([], last)
        assert await store.messages(["demo"], 0, reader="two") == ((), 0)
        assert await store.add_messages([message(b"5")]) == last + 1
        assert await store.messages(["demo"], last, reader="two") == ((message(b"5"),), last + 1)

"""What every store promises (``store/rooms/contract.py``) of logs, keyframes and heads."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jupyter_collab.errors import ClientIdTaken, EpochMismatch, LogCutShort, NotSaved, RoomError, StoreUnavailable
from jupyter_collab.store import BY_SERVER, Head, LogEntry, Origin, OriginKind, Store

from .scenarios import scenario
from .stores import ADA, EPOCH, OTHER_EPOCH, StoreMaker, entries, opened

BEN = Origin(OriginKind.KERNEL, "guest:ben", "Ben 😀", run=7)
AGENT = Origin(OriginKind.PEER, "server:agent", "An agent", connection="c2", operator="server:ada")
ADA_AGAIN = Origin(OriginKind.PEER, "server:ada", "Ada", connection="c3")
RESTORED = Origin(OriginKind.RESTORE, "account:5", "Eve")
EVENING = datetime(2026, 11, 30, 23, 59, 59, 123456, tzinfo=UTC)

# -- the log -------------------------------------------------------------------------------------------------------


@scenario
async def test_the_log_keeps_what_was_appended_in_order_with_origin_life_and_time(
    make_store: StoreMaker, tmp_path: Path
) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        made = await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        assert await store.append("demo", EPOCH, entries(b"1", b"2")) == 2
        assert await store.append("demo", EPOCH, [LogEntry(b"3\x00\xff", BEN, "l2", EVENING)]) == 3
        log = await store.read_log("demo")
        assert log.entries == (*entries(b"1", b"2"), LogEntry(b"3\x00\xff", BEN, "l2", EVENING))
        assert (log.state, log.seq, log.record.head_seq) == (b"state", 3, 3)
        assert log.record.changed_at >= made.changed_at


@scenario
async def test_the_log_can_be_read_on_from_any_position(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"1", b"2", b"3"))
        for after_seq, expected in ((0, [b"1", b"2", b"3"]), (2, [b"3"]), (3, [])):
            log = await store.read_log("demo", after_seq)
            assert ([entry.update for entry in log.entries], log.state, log.seq) == (expected, None, 3)


@scenario
async def test_all_of_which_a_room_is_made_can_be_read_at_once(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        assert await store.read_updates("demo", EPOCH) == (0, [b"state"])
        await store.append("demo", EPOCH, entries(b"1", b"2", b"3"))
        assert await store.read_updates("demo", EPOCH) == (3, [b"state", b"1", b"2", b"3"])
        await store.put_keyframe("demo", EPOCH, 2, b"more", "note")
        assert await store.read_updates("demo", EPOCH) == (3, [b"more", b"3"])
        await store.drop_entries("demo", EPOCH, 2)
        assert await store.read_updates("demo", EPOCH) == (3, [b"more", b"3"])
        with pytest.raises(EpochMismatch):
            await store.read_updates("demo", OTHER_EPOCH)


@scenario
async def test_an_append_for_another_epoch_writes_nothing(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        with pytest.raises(EpochMismatch):
            await store.append("demo", OTHER_EPOCH, entries(b"x"))
        assert (await store.read_log("demo")).seq == 0


@scenario
async def test_an_append_behind_what_the_store_has_lost_writes_nothing(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        assert await store.append("demo", EPOCH, entries(b"1", b"2")) == 2
        with pytest.raises(LogCutShort, match="ends"):
            await store.append("demo", EPOCH, entries(b"x"), after_seq=3)
        assert await store.append("demo", EPOCH, entries(b"3"), after_seq=1) == 3, "others may write as well"
        assert await store.append("demo", EPOCH, entries(b"4"), after_seq=3) == 4


@scenario
async def test_what_was_appended_is_there_after_a_restart(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"1"))
    restarted = make_store(tmp_path)
    async with opened(restarted):
        assert (await restarted.read_log("demo")).entries == tuple(entries(b"1"))


@scenario
async def test_servers_that_append_at_once_share_one_unbroken_log(make_store: StoreMaker, tmp_path: Path) -> None:
    stores = [make_store(tmp_path) for _ in range(3)]
    batches, batch_size = 30, 3
    answered: dict[int, LogEntry] = {}

    async def write(number: int, room_id: str) -> None:
        life = f"l{number}"
        for batch in range(batches):
            batch_entries = entries(*(b"%d/%d" % (batch, index) for index in range(batch_size)), life=life)
            last = await stores[number].append(room_id, EPOCH, batch_entries)
            for seq, entry in zip(range(last - batch_size + 1, last + 1), batch_entries, strict=True):
                if room_id == "demo":
                    assert seq not in answered
                    answered[seq] = entry

    async with opened(*stores):
        for room_id in ("demo", "other"):
            await stores[0].create_room(room_id, room_id, EPOCH, "note", b"state")
        await asyncio.gather(*(write(number, room_id) for number in range(3) for room_id in ("demo", "other")))
        logs = [await store.read_log("demo") for store in stores]
    total = 3 * batches * batch_size
    assert list(logs[0].entries) == [answered[seq] for seq in range(1, total + 1)]
    assert logs[0] == logs[1] == logs[2]
    for number in range(3):
        of_life = [entry.update for entry in logs[0].entries if entry.life == f"l{number}"]
        assert of_life == [b"%d/%d" % (batch, index) for batch in range(batches) for index in range(batch_size)]


# -- where edits come from -----------------------------------------------------------------------------------------


@scenario
async def test_entries_of_any_origin_can_be_told_apart(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    origins = [ADA, BEN, AGENT, RESTORED, BY_SERVER, ADA, Origin(OriginKind.FILE), Origin(OriginKind.IMPORT, "guest:b")]
    async with opened(store):
        for room_id in ("demo", "other"):
            await store.create_room(room_id, room_id, EPOCH, "note", b"state")
            await store.append(room_id, EPOCH, [entry for origin in origins for entry in entries(b"x", origin=origin)])
        await store.append("demo", EPOCH, entries(b"y", origin=ADA))
        for room_id, more in (("demo", [ADA]), ("other", [])):
            log = await store.read_log(room_id)
            assert [entry.origin for entry in log.entries] == [*origins, *more]


@scenario
async def test_whose_a_client_id_is_outlives_the_log(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    largest = 2**53 - 1
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"1"), clients={1: ADA, largest: BEN})
        await store.append("demo", EPOCH, entries(b"2", origin=AGENT), 1, {2: AGENT, 1: ADA_AGAIN})
        await store.put_keyframe("demo", EPOCH, 2, b"state of 2", "note")
        await store.drop_entries("demo", EPOCH, 2)
        assert await store.clients("demo") == {1: ADA, 2: AGENT, largest: BEN}
        await store.append("demo", EPOCH, entries(b"3", origin=BEN))
        assert [entry.origin for entry in (await store.read_log("demo")).entries] == [BEN]
        assert await store.clients("none") == {}
        assert await store.writers("demo") == {1: "server", 2: "server", largest: "guest:ben"}
        assert await store.writers("demo", {2, largest, 3}) == {2: "server", largest: "guest:ben"}
        assert await store.writers("demo", set()) == await store.writers("none") == {}
        await store.delete_room("demo")
        await store.purge_room("demo")
        assert await store.clients("demo") == {}


@scenario
async def test_clients_of_an_append_that_is_refused_are_not_noted(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        with pytest.raises(EpochMismatch):
            await store.append("demo", OTHER_EPOCH, entries(b"1"), clients={1: ADA})
        assert await store.clients("demo") == {}


@scenario
async def test_nobody_appends_under_a_client_id_of_somebody_else(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        for room_id in ("demo", "other"):
            await store.create_room(room_id, room_id, EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"1"), clients={1: ADA, 3: BY_SERVER})
        for clients in ({1: BEN}, {3: BEN}, {2: BEN, 1: BEN}, {2: BEN, 1: BY_SERVER}):
            with pytest.raises(ClientIdTaken, match="somebody else"):
                await store.append("demo", EPOCH, entries(b"2"), 1, clients)
        assert len((await store.read_log("demo", 0)).entries) == 1
        assert await store.clients("demo") == {1: ADA, 3: BY_SERVER}
        await store.append("other", EPOCH, entries(b"1"), clients={1: BEN})
        await store.append("demo", EPOCH, entries(b"2"), 1, {2: BEN, 3: BY_SERVER})
        assert await store.writers("demo") == {1: "server", 2: "guest:ben", 3: ""}


@scenario
async def test_all_are_told_to_whoever_asks_for_very_many_writers(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"1"), clients=dict.fromkeys(range(1, 40_001), BEN))
        found = await store.writers("demo", set(range(1, 40_001)))
        assert (len(found), set(found.values())) == (40_000, {"guest:ben"})


# -- keyframes -----------------------------------------------------------------------------------------------------


@scenario
async def test_a_keyframe_stands_for_the_log_up_to_its_position_and_no_further(
    make_store: StoreMaker, tmp_path: Path
) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"1", b"2", b"3"))
        await store.put_keyframe("demo", EPOCH, 2, b"state of 2", "notebook")
        assert [entry.update for entry in (await store.read_log("demo", 0)).entries] == [b"1", b"2", b"3"]
        log = await store.read_log("demo")
        assert (log.state, log.entries, log.seq) == (b"state of 2", tuple(entries(b"3")), 3)
        assert (log.record.kind, log.keyframe_bytes) == ("notebook", 10)
        assert await store.append("demo", EPOCH, entries(b"4")) == 4


@scenario
async def test_who_asks_for_dropped_entries_gets_the_keyframe_instead(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"1", b"2", b"3"))
        await store.put_keyframe("demo", EPOCH, 2, b"state of 2", "note")
        await store.drop_entries("demo", EPOCH, 2)
        for after_seq, state in ((0, b"state of 2"), (1, b"state of 2"), (2, None)):
            log = await store.read_log("demo", after_seq)
            assert (log.state, [entry.update for entry in log.entries]) == (state, [b"3"])
        assert (await store.read_log("demo", 3)).entries == ()


async def past(store: Store, last: int) -> list[tuple[bytes | None, list[bytes]] | None]:
    """What can be read of the room at each position: a state and updates, or nothing."""
    found: list[tuple[bytes | None, list[bytes]] | None] = []
    for seq in range(last + 1):
        try:
            log = await store.read_past("demo", seq)
        except RoomError:
            found.append(None)
        else:
            assert log.seq == seq
            found.append((log.state, [entry.update for entry in log.entries]))
    return found


@scenario
async def test_what_a_room_was_can_be_read_until_it_is_dropped(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"s0")
        await store.append("demo", EPOCH, entries(b"1", b"2", b"3", b"4"))
        for seq in (2, 3):
            await store.put_keyframe("demo", EPOCH, seq, b"s%d" % seq, "note")
        everything = [(b"s0", []), (b"s0", [b"1"]), (b"s2", []), (b"s3", []), (b"s3", [b"4"])]
        assert await past(store, 5) == [*everything, None]
        for up_to_seq, gone in ((0, 0), (1, 0), (2, 2), (3, 3), (4, 3), (9, 3)):
            await store.drop_entries("demo", EPOCH, up_to_seq)
            assert await past(store, 5) == [*[None] * gone, *everything[gone:], None]
            assert (await store.read_log("demo")).entries == tuple(entries(b"4"))


@scenario
async def test_nothing_of_another_history_or_room_is_dropped(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        for room_id in ("demo", "other"):
            await store.create_room(room_id, room_id, EPOCH, "note", b"s0")
            await store.append(room_id, EPOCH, entries(b"1"))
            await store.put_keyframe(room_id, EPOCH, 1, b"s1", "note")
        await store.drop_entries("demo", OTHER_EPOCH, 1)
        await store.drop_entries("none", EPOCH, 1)
        await store.drop_entries("other", EPOCH, 1)
        assert await past(store, 1) == [(b"s0", []), (b"s1", [])]


@scenario
async def test_a_keyframe_takes_the_place_of_one_at_the_same_position(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"s0")
        await store.put_keyframe("demo", EPOCH, 0, b"smaller", "notebook")
        log = await store.read_log("demo")
        assert (log.state, log.keyframe_bytes, log.record.kind) == (b"smaller", 7, "notebook")


@pytest.mark.parametrize(
    ("epoch", "seq"),
    [
        pytest.param(OTHER_EPOCH, 3, id="of another history"),
        pytest.param(EPOCH, 1, id="older than the newest"),
        pytest.param(EPOCH, 4, id="beyond the log's end"),
    ],
)
@scenario
async def test_a_keyframe_that_would_lose_something_is_ignored(
    make_store: StoreMaker, tmp_path: Path, epoch: str, seq: int
) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"state")
        await store.append("demo", EPOCH, entries(b"1", b"2", b"3"))
        await store.put_keyframe("demo", EPOCH, 2, b"state of 2", "note")
        await store.put_keyframe("demo", epoch, seq, b"wrong", "notebook")
        log = await store.read_log("demo")
        assert (log.state, log.entries, log.record.kind) == (b"state of 2", tuple(entries(b"3")), "note")


@scenario
async def test_a_keyframe_of_one_room_leaves_the_others_alone(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        for room_id in ("demo", "other"):
            await store.create_room(room_id, room_id, EPOCH, "note", b"state")
            await store.append(room_id, EPOCH, entries(b"1"))
        await store.put_keyframe("demo", EPOCH, 1, b"state of 1", "note")
        await store.delete_room("demo")
        await store.purge_room("demo")
        log = await store.read_log("other")
        assert (log.state, log.entries) == (b"state", tuple(entries(b"1")))


@scenario
async def test_a_reader_beside_keyframes_and_appends_never_misses_an_entry(
    make_store: StoreMaker, tmp_path: Path
) -> None:
    """A slice is one moment: whatever it lacks of the log, its state stands for."""
    writer, reader = make_store(tmp_path), make_store(tmp_path)
    last = 60

    async def write() -> None:
        for seq in range(1, last + 1):
            await writer.append("demo", EPOCH, entries(b"%d" % seq))
            if seq % 7 == 0:
                await writer.put_keyframe("demo", EPOCH, seq, b"%d" % seq, "note")
                await writer.drop_entries("demo", EPOCH, seq)

    async def read() -> None:
        seen = 0
        while seen < last:
            log = await reader.read_log("demo")
            start = int(log.state or b"0")
            assert [int(entry.update) for entry in log.entries] == list(range(start + 1, log.seq + 1))
            assert log.seq >= seen
            seen = log.seq

    async with opened(writer, reader):
        await writer.create_room("demo", "Demo", EPOCH, "note", b"0")
        await asyncio.gather(write(), read())


# -- heads ---------------------------------------------------------------------------------------------------------


@scenario
async def test_heads_say_where_the_logs_end_and_leave_out_what_is_gone(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        for room_id in ("demo", "thrown", "purged", "unasked"):
            await store.create_room(room_id, room_id.title(), EPOCH, "note", b"")
        await store.append("demo", EPOCH, entries(b"1", b"2"))
        for room_id in ("thrown", "purged"):
            await store.delete_room(room_id)
        await store.purge_room("purged")
        assert await store.heads(["demo", "thrown", "purged", "none"]) == {
            "demo": Head(EPOCH, 2, "Demo", False),
            "thrown": Head(EPOCH, 0, "Thrown", True),
        }
        assert await store.heads([]) == {}


# -- open and closed -----------------------------------------------------------------------------------------------


@scenario
async def test_servers_that_open_a_new_store_at_once_all_succeed(make_store: StoreMaker, tmp_path: Path) -> None:
    stores = [make_store(tmp_path) for _ in range(4)]
    try:
        await asyncio.gather(*(store.open() for store in stores))
        await stores[0].create_room("demo", "Demo", EPOCH, "note", b"")
        assert [(await store.get_room("demo")).id for store in stores] == ["demo"] * 4
    finally:
        await asyncio.gather(*(store.close() for store in stores))


@scenario
async def test_closing_finishes_what_was_begun_and_takes_nothing_new(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    async with opened(store):
        await store.create_room("demo", "Demo", EPOCH, "note", b"")
        begun = [asyncio.ensure_future(store.append("demo", EPOCH, entries(b"%d" % n))) for n in range(50)]
        await asyncio.sleep(0)
        await store.close()
        assert sorted(await asyncio.gather(*begun)) == list(range(1, 51))
        with pytest.raises(NotSaved):
            await store.append("demo", EPOCH, entries(b"late"))


@scenario
async def test_a_store_that_was_not_opened_says_so(make_store: StoreMaker, tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.get_room("demo")
    with pytest.raises(StoreUnavailable, match="not open"):
        await store.append("demo", EPOCH, entries(b"x"))

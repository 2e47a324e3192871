"""The pace of a peer: bursts are fine, floods are slowed down by not reading on, and endless ones end."""

import asyncio
from dataclasses import fields
from pathlib import Path

import pytest

from jupyter_collab.errors import CloseCode, TooManyUpdates
from jupyter_collab.protocol import QueryAwareness
from jupyter_collab.rooms import Limits
from jupyter_collab.rooms.limits import Pace

from .doubles import ScriptedPeer, faulty_store, serving
from .scenarios import scenario
from .updates import HUGE_CLAIM

START = 1000.0


def flood(pace: Pace, seconds: float, per_second: int, start: float = START) -> float:
    """Take messages at that rate; answers the sum of the waits that were asked for, in seconds."""
    return sum(pace.take(start + number / per_second) or 0.0 for number in range(int(seconds * per_second)))


def test_every_bound_says_its_unit_in_its_name() -> None:
    units = ("bytes", "seconds", "per_second_per_peer", "per_peer", "per_person", "per_room", "per_server")
    assert [field.name for field in fields(Limits) if not field.name.endswith(units)] == []


def test_a_burst_of_a_seconds_worth_is_not_slowed_down() -> None:
    pace = Pace(100, 30.0, START)
    assert [pace.take(START) or 0.0 for _ in range(100)] == [0.0] * 100


def test_others_get_their_turn_during_a_burst() -> None:
    pace = Pace(1000, 30.0, START)
    turns = [number for number in range(100) if pace.take(START) is not None]
    assert len(turns) == 100 // Pace.FAIR_SHARE


def test_who_sends_too_fast_is_held_back_to_the_rate() -> None:
    pace = Pace(100, 30.0, START)
    now = START
    for _ in range(1_000):
        now += pace.take(now) or 0.0
    assert 8.9 < now - START < 9.1  # a second's worth was free


def test_a_long_rest_earns_no_more_than_a_seconds_worth() -> None:
    pace = Pace(100, 30.0, START)
    waits = [pace.take(START + 3_600) for _ in range(150)]
    assert sum(bool(wait) for wait in waits) == 50


def test_who_keeps_to_the_rate_is_never_held_back_nor_ended() -> None:
    pace = Pace(100, 5.0, START)
    assert flood(pace, 60, 99) == 0.0


def test_who_floods_without_a_pause_is_ended() -> None:
    pace = Pace(100, 5.0, START)
    with pytest.raises(TooManyUpdates) as ended:
        flood(pace, 20, 1_000)
    assert ended.value.code == CloseCode.TOO_MANY_UPDATES


def test_a_pause_makes_a_flood_forgotten() -> None:
    pace = Pace(100, 5.0, START)
    flood(pace, 4, 200)
    flood(pace, 4, 200, start=START + 60)
    flood(pace, 4, 200, start=START + 120)


@scenario
async def test_messages_that_are_refused_count_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(faulty_store(tmp_path), Limits(updates_per_second_per_peer=50)) as manager:
        odd = await ScriptedPeer("odd").join(manager)
        assert odd.room is not None
        loop = asyncio.get_running_loop()
        joined_at = loop.time()
        with monkeypatch.context() as at_one_moment:
            at_one_moment.setattr(loop, "time", lambda: joined_at)
            waits = [odd.room.receive(odd.peer, b"\x00\x02\x07" + HUGE_CLAIM) for _ in range(60)]
        held_back = [wait for wait in waits if wait is not None]
        await asyncio.gather(*held_back)
        assert len(held_back) >= 10
        assert len(odd.rejections) == 60


@scenario
async def test_one_peers_flood_ends_only_that_peer(tmp_path: Path) -> None:
    limits = Limits(updates_per_second_per_peer=100, flood_seconds=0.0)
    async with serving(faulty_store(tmp_path), limits) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        assert odd.room is not None
        while odd.close_code is None:
            wait = odd.room.receive(odd.peer, b"\x03")
            if wait is not None:
                await wait
        assert odd.close_code == CloseCode.TOO_MANY_UPDATES
        await ada.send(QueryAwareness())
        await ada.typed("x")

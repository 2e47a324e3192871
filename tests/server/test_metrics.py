"""What a server tells Prometheus."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from jupyter_collab.kernels.room_kernels import RoomKernels
from jupyter_collab.protocol import Update, build
from jupyter_collab.rooms import RoomManager
from jupyter_collab.server.metrics import BEAT_SECONDS, Metrics
from jupyter_collab.workers import Workers, WorkLimits

from ..peers import eventually
from ..servers import start_server
from ..unit.doubles import serving, user
from ..unit.kernels import ScriptedHost
from ..unit.scenarios import scenario
from ..unit.stores import sqlite_store
from .sockets import Connect

NAMES = {
    "edits_taken_total",
    "edits_refused_total",
    "divergences_total",
    "healings_total",
    "event_loop_paused_seconds_total",
    "event_loop_lateness_seconds_bucket",
    "event_loop_lateness_seconds_count",
    "event_loop_lateness_seconds_sum",
    "event_loop_longest_pause_seconds",
    "open_rooms",
    "connections",
    "unsaved_bytes",
    "conversions_running",
    "conversions_waiting",
    "runs_waiting",
    "limit_used_ratio",
}


def read(text: str) -> dict[str, dict[str, float]]:
    """The values of our metrics by name, and by their one label, which is empty if they have none."""
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("jupyter_collab_"):
                [label] = [*sample.labels.values()] or [""]
                found.setdefault(sample.name.removeprefix("jupyter_collab_"), {})[label] = sample.value
    return found


@pytest.fixture
def scrape(http_server_client: Any, jp_base_url: str, jp_auth_header: dict[str, str]) -> Any:
    async def get() -> dict[str, dict[str, float]]:
        answer = await http_server_client.fetch(f"{jp_base_url}metrics", headers=jp_auth_header)
        return read(answer.body.decode())

    return get


async def test_a_server_tells_what_happens_in_its_rooms(
    scrape: Any, connect: Connect, manager: RoomManager, jp_auth_header: dict[str, str]
) -> None:
    before = await scrape()
    assert before.keys() == NAMES
    assert (before["open_rooms"], before["connections"]) == ({"": 0}, {"": 0})
    async with connect(jp_auth_header, "api/collab") as socket:
        await manager.edit("demo", lambda document: document.append_text(document.cells[0]["id"], "x"), user("ada"))
        await socket.connection.write_message(build(Update(b"nonsense")), binary=True)
        await eventually(lambda: manager.counts.edits_refused == 1, "the edit is refused")
        meanwhile = await scrape()
        assert (meanwhile["open_rooms"], meanwhile["connections"]) == ({"": 1}, {"": 1})
        assert meanwhile["edits_taken_total"] == {"": 1}
        assert meanwhile["edits_refused_total"] == {"": 1}
        assert meanwhile["limit_used_ratio"]["rooms_per_server"] == 1 / manager.limits.rooms_per_server
        assert 0 < meanwhile["limit_used_ratio"]["room_bytes"] < 0.01
    assert set(meanwhile["event_loop_lateness_seconds_bucket"]) > {"0.02", "+Inf"}


def test_a_running_server_says_nothing_of_whose_anything_is(tmp_path: Path) -> None:
    with start_server(tmp_path) as server:
        room = server.create_room("a-private-name")["id"]
        server.notebook(room)
        told = httpx.get(f"{server.url}metrics", headers=server.headers).raise_for_status().text
    assert read(told).keys() == NAMES
    assert read(told)["open_rooms"] == {"": 1}
    assert room not in told


@asynccontextmanager
async def published(folder: Path) -> AsyncIterator[Metrics]:
    """A server's rooms without the server. Rooms are closed when nobody is in them."""
    workers = Workers(WorkLimits())
    async with serving(sqlite_store(folder), idle_seconds=0.3) as manager:
        metrics = Metrics(manager, RoomKernels(manager, ScriptedHost(), workers), workers)
        manager.watchers.append(metrics)
        metrics.publish()
        try:
            yield metrics
        finally:
            await metrics.close()
            await workers.close()


def told() -> dict[str, dict[str, float]]:
    return read(generate_latest(REGISTRY).decode())


@scenario
async def test_two_servers_in_one_process_are_told_together_and_each_goes_alone(tmp_path: Path) -> None:
    async with published(tmp_path) as one:
        async with published(tmp_path) as two, one.rooms.using("demo"), two.rooms.using("demo"):
            assert told()["open_rooms"] == {"": 2}
        assert told().keys() == NAMES
    assert told() == {}


async def edit(metrics: Metrics) -> None:
    await metrics.rooms.edit("demo", lambda document: document.append_text(document.cells[0]["id"], "x"), user("ada"))


@scenario
async def test_a_pause_of_the_event_loop_is_told(tmp_path: Path) -> None:
    async with published(tmp_path) as metrics:
        await edit(metrics)
        await asyncio.sleep(2 * BEAT_SECONDS)
        time.sleep(0.3)  # noqa: ASYNC251  # this is what is to be found
        await asyncio.sleep(2 * BEAT_SECONDS)
        found = told()
    pause = 0.3 - BEAT_SECONDS
    assert found["event_loop_longest_pause_seconds"][""] >= pause
    assert found["event_loop_paused_seconds_total"][""] >= pause
    buckets = found["event_loop_lateness_seconds_bucket"]
    assert buckets["+Inf"] == found["event_loop_lateness_seconds_count"][""] > buckets["0.25"]


@scenario
async def test_a_server_on_which_nobody_works_is_not_woken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_collab.server.metrics.REST_SECONDS", 0.1)
    async with published(tmp_path) as metrics, metrics.rooms.using("demo"):
        await edit(metrics)
        await asyncio.sleep(1.0)
        before = sum(metrics.heart.counts)
        await asyncio.sleep(10 * BEAT_SECONDS)
        assert sum(metrics.heart.counts) == before > 0
        await edit(metrics)
        await eventually(lambda: sum(metrics.heart.counts) > before, "it looks at the clock again")

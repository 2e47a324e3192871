"""Small runs of every measure on our own server: the harness works, and what it would report as a failure is none."""

from pathlib import Path

import pytest

from . import fanout, floods, guests, ingest, joins, outputs
from .content import synthetic_trace
from .fanout import FanoutPlan
from .floods import FloodPlan
from .products import JupyterCollab


@pytest.fixture
def product(tmp_path: Path) -> JupyterCollab:
    return JupyterCollab(tmp_path)


def test_every_edit_reaches_every_reader_and_is_acknowledged(product: JupyterCollab) -> None:
    result = fanout.measure(product, FanoutPlan(people=4, edits_per_second=100, seconds=1, acks=True))
    assert (result.edits, result.deliveries, result.undelivered) == (100, 300, 0)
    assert result.missing_in_document == 0
    assert result.ack_p99_ms is not None
    assert 0 < result.edit_p50_ms <= result.edit_p99_ms
    assert result.cpu_seconds > 0


def test_plain_clients_get_no_acks(product: JupyterCollab) -> None:
    result = fanout.measure(product, FanoutPlan(people=2, edits_per_second=50, seconds=0.5))
    assert (result.deliveries, result.undelivered, result.ack_p50_ms) == (25, 0, None)


def test_a_trace_is_taken_in_whole(product: JupyterCollab) -> None:
    result = ingest.measure(product, synthetic_trace(2_000), acks=True, joins=2, timeout=60)
    assert (result.complete, result.failure, result.edits) == (True, "", 2_000)
    assert result.joins is not None


def test_a_trace_that_takes_too_long_says_how_far_it_came(product: JupyterCollab) -> None:
    result = ingest.measure(product, synthetic_trace(20_000), acks=True, joins=2, timeout=0.3)
    assert not result.complete
    assert "TimeoutError" in result.failure
    assert result.updates_per_second < 20_000 / 0.3


def test_a_join_gets_the_whole_of_a_large_room(product: JupyterCollab) -> None:
    result = joins.measure(product, 3)
    assert 2**20 <= result.first_sync_bytes < 1.1 * 2**20
    assert 0 < result.median_ms <= result.slowest_ms


def test_replaced_outputs_are_freed(product: JupyterCollab) -> None:
    result = outputs.measure(product, 4)
    assert result.right
    assert 1_000_000 <= result.first_sync_bytes <= 1_200_000


def test_a_flood_reaches_everybody_and_leaves_little(product: JupyterCollab) -> None:
    plan = FloodPlan(people=3, lines=8_000, floods=2, quiet_seconds=0.5, reruns=3)
    result = floods.measure(product, plan)
    for flood in (result.printed, result.flushed):
        assert flood.undelivered == 0
        assert flood.keystrokes > 0
        assert 0 < flood.tail_bytes < flood.first_sync_bytes < flood.tail_bytes + 200_000
        assert 0 < flood.seconds <= flood.slowest_seconds
        assert flood.cpu_seconds > 0
    assert result.reruns.right
    assert 1_000_000 <= result.reruns.first_sync_bytes <= 1_200_000
    assert result.reruns.store_bytes_after_third > 1_000_000


def test_a_class_comes_by_one_link(product: JupyterCollab) -> None:
    result = guests.measure(product, 5, 0.2)
    assert (result.guests, result.came) == (5, 5)
    assert 0 < result.first_text_p50_ms <= result.first_text_p99_ms
    assert result.cpu_seconds > 0

"""The table: what each product took, and how many times better ours is."""

from dataclasses import dataclass
from math import isnan
from statistics import median
from typing import Any

from .campaign import Run

__all__ = ["OTHER", "OURS", "OURS_ACKS", "Row", "complaints", "rounds", "rows", "table", "targets", "values"]

OURS, OURS_ACKS, OTHER = "jupyter_collab", "jupyter_collab, acks", "jupyter-collaboration"


@dataclass(frozen=True)
class Row:
    """One line of the table. ``better`` is how many times better ours is: more than 1 is in our favour."""

    what: str
    unit: str
    other: float | None
    ours: float | None
    ours_acks: float | None
    higher_is_better: bool = False

    @property
    def better(self) -> float | None:
        if not self.ours or not self.other:
            return None
        return self.ours / self.other if self.higher_is_better else self.other / self.ours


_FANOUT = (
    ("edit to reader, p50", "ms", "edit_p50_ms"),
    ("edit to reader, p99", "ms", "edit_p99_ms"),
    ("edit to the last reader, p50", "ms", "last_reader_p50_ms"),
    ("edit to the last reader, p99", "ms", "last_reader_p99_ms"),
    ("cursor to reader, p50", "ms", "presence_p50_ms"),
    ("edit to durable ack, p50", "ms", "ack_p50_ms"),
    ("edit to durable ack, p99", "ms", "ack_p99_ms"),
    ("server CPU per 1,000 deliveries", "s", "cpu_seconds_per_1000_deliveries"),
)
_WAYS = (("printed", "lines printed"), ("flushed", "lines flushed"))
_FLOOD = (
    ("until everybody has the end", "s", "seconds"),
    ("server CPU", "s", "cpu_seconds"),
    ("server memory, peak", "MB", "peak_memory_bytes"),
    ("the document", "MB", "first_sync_bytes"),
    ("of that, what is seen of the lines", "MB", "tail_bytes"),
    ("keystroke to reader, p50", "ms", "typed_p50_ms"),
    ("keystroke to reader, p99", "ms", "typed_p99_ms"),
    ("in quiet, keystroke to reader, p50", "ms", "quiet_p50_ms"),
    ("in quiet, keystroke to reader, p99", "ms", "quiet_p99_ms"),
)
_THIRD = "store after a third of the runs"
_SINGLE = (
    ("ingest", "trace taken in", "updates/s", "updates_per_second", True),
    ("ingest", "trace: server CPU per update", "ms", "cpu_ms_per_update", False),
    ("ingest", "trace's room: join, median", "ms", "joins.median_ms", False),
    ("ingest", "trace's room: server memory", "MB", "memory_bytes_after", False),
    ("ingest", "trace's room: store on disk", "MB", "store_bytes", False),
    ("joins", "1 MB room: first join", "ms", "first_ms", False),
    ("joins", "1 MB room: join, median", "ms", "median_ms", False),
    ("joins", "1 MB room: server CPU per join", "ms", "cpu_ms_per_join", False),
    ("joins", "1 MB room: server memory", "MB", "memory_bytes_after", False),
    ("outputs", "output replaced: first sync of a new client", "MB", "first_sync_bytes", False),
    ("outputs", "output replaced: store on disk", "MB", "store_bytes", False),
    ("outputs", "output replaced: server memory", "MB", "memory_bytes", False),
    *(
        ("floods", f"{name}: {what}", unit, f"{part}.{key}", False)
        for part, name in _WAYS
        for what, unit, key in _FLOOD
    ),
    ("floods", "1 MB output re-run: first sync of a new client", "MB", "reruns.first_sync_bytes", False),
    ("floods", "1 MB output re-run: store after the first run", "MB", "reruns.store_bytes_after_first", False),
    ("floods", f"1 MB output re-run: {_THIRD}", "MB", "reruns.store_bytes_after_third", False),
    ("floods", "1 MB output re-run: store after all runs", "MB", "reruns.store_bytes", False),
    ("guests", "guests by one link: from opening it to the text, p50", "ms", "first_text_p50_ms", False),
    ("guests", "guests by one link: from opening it to the text, p99", "ms", "first_text_p99_ms", False),
    ("guests", "guests by one link: all in after", "s", "all_in_seconds", False),
    ("guests", "guests by one link: server CPU", "s", "cpu_seconds", False),
)


def values(runs: list[Run], measure: str, entrant: str, key: str, people: int | None = None) -> float | None:
    """The median over the rounds of one number; ``None`` where there is none."""
    found = [
        _get(run.result, key)
        for run in runs
        if run.measure == measure and run.entrant == entrant and (people is None or run.result["people"] == people)
    ]
    numbers = [value for value in found if value is not None and not isnan(value)]
    return median(numbers) if numbers else None


def _get(result: dict[str, Any], key: str) -> float | None:
    value: Any = result
    for part in key.split("."):
        value = value[part] if value is not None else None
    return None if value is None else float(value)


def rows(runs: list[Run]) -> list[Row]:
    """All lines for which there is at least one number."""
    found = []
    for people in sorted({run.result["people"] for run in runs if run.measure == "fanout"}):
        for what, unit, key in _FANOUT:
            other, ours, acks = (values(runs, "fanout", entrant, key, people) for entrant in (OTHER, OURS, OURS_ACKS))
            found.append(Row(f"{people} people: {what}", unit, other, ours, acks))
    for measure, what, unit, key, higher in _SINGLE:
        scale = 1e-6 if unit == "MB" else 1.0
        other, ours = (_scaled(values(runs, measure, entrant, key), scale) for entrant in (OTHER, OURS))
        found.append(Row(what, unit, other, ours, None, higher))
    return [row for row in found if any(value is not None for value in (row.other, row.ours, row.ours_acks))]


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale


def table(runs: list[Run]) -> str:
    """The table in Markdown."""
    head = ["", "unit", OTHER, OURS, "… with acks", "times better"]
    body = [
        [row.what, row.unit, *(_number(value) for value in (row.other, row.ours, row.ours_acks)), _number(row.better)]
        for row in rows(runs)
    ]
    widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
    lines = [
        head,
        ["-" * width if column < 2 else "-" * (width - 1) + ":" for column, width in enumerate(widths)],
        *body,
    ]
    return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells: list[str], widths: list[int]) -> str:
    padded = [
        cell.ljust(width) if column < 2 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def rounds(runs: list[Run]) -> str:
    """How many rounds of each measure there are; those that were kept may be of a campaign with more or fewer."""
    counts: dict[str, int] = {}
    for run in runs:
        counts[run.measure] = max(counts.get(run.measure, 0), run.round + 1)
    return ", ".join(f"{measure} {count}" for measure, count in sorted(counts.items()))


def targets(runs: list[Run]) -> list[tuple[str, bool]]:
    """What the project set itself, and whether these runs reach it. Targets without numbers are left out."""
    found: list[tuple[str, bool]] = []
    by_name = {row.what: row for row in rows(runs)}
    cost = by_name.get("50 people: server CPU per 1,000 deliveries")
    if cost is not None and cost.better is not None:
        found.append((f"CPU per delivered edit at 50 people at most a third: {1 / cost.better:.2f}", cost.better >= 3))
    ingest = by_name.get("trace taken in")
    if ingest is not None and ingest.better is not None:
        found.append((f"trace taken in at least 30 times as fast: {ingest.better:.1f}", ingest.better >= 30))
    for name, row in by_name.items():
        if ": edit to " in name and row.better is not None:
            found.append((f"{name} not behind: {row.better:.2f} times better", row.better >= 1))
    sync = by_name.get("output replaced: first sync of a new client")
    if sync is not None and sync.ours is not None:
        found.append((f"first sync after the replacements at most 1.2 MB: {sync.ours:.2f}", sync.ours <= 1.2))
    return found + _flood_targets({name: row.ours for name, row in by_name.items() if row.ours is not None})


def _flood_targets(ours: dict[str, float]) -> list[tuple[str, bool]]:
    found = []
    for _, name in _WAYS:
        if f"{name}: server CPU" not in ours:
            continue
        rest = ours[f"{name}: the document"] - ours[f"{name}: of that, what is seen of the lines"]
        slower = ours[f"{name}: keystroke to reader, p99"] / ours[f"{name}: in quiet, keystroke to reader, p99"]
        found.append((f"{name}: besides what is seen of them at most 0.2 MB: {rest:.3f}", rest <= 0.2))
        found.append((f"{name}: a keystroke's p99 at most twice that in quiet: {slower:.2f}", slower <= 2))
    sync = ours.get("1 MB output re-run: first sync of a new client")
    if sync is not None:
        grown = ours["1 MB output re-run: store after all runs"] / ours[f"1 MB output re-run: {_THIRD}"]
        found.append((f"first sync after the re-runs at most 1.2 MB: {sync:.2f}", sync <= 1.2))
        found.append((f"the store does not grow with the re-runs: {grown:.2f} times a third of them", grown <= 1.1))
    return found


def complaints(runs: list[Run]) -> list[str]:
    """What makes a run worth less than it seems, or is a failure of the product."""
    found = []
    for run in runs:
        name = f"{run.measure}, round {run.round + 1}, {run.entrant}"
        result = run.result
        if run.measure == "fanout":
            name += f", {result['people']} people"
            if result["undelivered"] or result["missing_in_document"]:
                lost, gone = result["undelivered"], result["missing_in_document"]
                found.append(f"{name}: {lost} deliveries never came, {gone} edits are missing for a new client")
            if result["generator_cpu_share"] > 0.8:
                found.append(f"{name}: the load generator was busy {result['generator_cpu_share']:.0%} of the time")
        elif run.measure == "ingest" and not result["complete"]:
            found.append(f"{name}: not finished ({result['failure']})")
        elif run.measure == "outputs" and not result["right"]:
            found.append(f"{name}: a new client does not get the last output")
        elif run.measure == "guests" and result["came"] < result["guests"]:
            found.append(f"{name}: {result['guests'] - result['came']} guests did not get the text")
        elif run.measure == "floods":
            found += [f"{name}: {complaint}" for complaint in _flood_complaints(result)]
    return found


def _flood_complaints(result: dict[str, Any]) -> list[str]:
    found = [
        f"{name}: {result[way]['undelivered']} deliveries never came"
        for way, name in _WAYS
        if result[way]["undelivered"]
    ]
    if not result["reruns"]["right"]:
        found.append("a new client does not get the last output")
    return found

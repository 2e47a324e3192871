"""The same in pictures."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from .campaign import Run
from .report import OTHER, OURS, OURS_ACKS, values

__all__ = ["draw"]

_COLOURS = {OTHER: "#8a8f98", OURS: "#0b6e4f", OURS_ACKS: "#5fb49c"}
_LABELS = {OTHER: OTHER, OURS: OURS, OURS_ACKS: f"{OURS}, clients ask for acks"}


def draw(runs: list[Run], directory: Path) -> list[Path]:
    """Write ``benchmarks.png`` and ``benchmarks.svg``."""
    mpl.rcParams["svg.hashsalt"] = "benchmarks"
    figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
    _latency(axes[0, 0], runs)
    _cpu(axes[0, 1], runs)
    _bars(axes[1, 0], runs, "ingest", "updates_per_second", 1, "Trace taken in, updates a second")
    _bars(axes[1, 1], runs, "outputs", "first_sync_bytes", 1e-6, "First sync after replacing a 1 MB output, MB")
    handles, labels = axes[0, 1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    files = [directory / "benchmarks.png", directory / "benchmarks.svg"]
    figure.savefig(files[0], dpi=110)
    figure.savefig(files[1], metadata={"Date": None})
    plt.close(figure)
    return files


def _people(runs: list[Run]) -> list[int]:
    return sorted({run.result["people"] for run in runs if run.measure == "fanout"})


def _series(runs: list[Run], entrant: str, key: str) -> tuple[list[int], list[float]]:
    pairs = [(people, values(runs, "fanout", entrant, key, people)) for people in _people(runs)]
    kept = [(people, value) for people, value in pairs if value is not None]
    return [people for people, _ in kept], [value for _, value in kept]


def _latency(axes: Axes, runs: list[Run]) -> None:
    axes.set_title("Time from an edit to a reader, ms (log): p50 solid, p99 dashed")
    for entrant, colour in _COLOURS.items():
        for key, style in (("edit_p50_ms", "-"), ("edit_p99_ms", "--")):
            axes.plot(*_series(runs, entrant, key), style, color=colour, marker="o")
    _log_axis(axes)
    _people_axis(axes, _people(runs))


def _cpu(axes: Axes, runs: list[Run]) -> None:
    axes.set_title("Server CPU seconds per 1,000 deliveries (log)")
    for entrant, colour in _COLOURS.items():
        series = _series(runs, entrant, "cpu_seconds_per_1000_deliveries")
        axes.plot(*series, color=colour, marker="o", label=_LABELS[entrant])
    _log_axis(axes)
    _people_axis(axes, _people(runs))


def _log_axis(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(_plain))
    axes.yaxis.set_minor_formatter(FuncFormatter(_plain))


def _plain(value: float, _position: int) -> str:
    return f"{value:g}"


def _people_axis(axes: Axes, people: Sequence[int]) -> None:
    axes.set_xscale("log")
    axes.set_xticks(people, [str(count) for count in people])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("people in the room")
    axes.grid(alpha=0.3)


def _bars(axes: Axes, runs: list[Run], measure: str, key: str, scale: float, title: str) -> None:
    axes.set_title(title)
    found = [(entrant, values(runs, measure, entrant, key)) for entrant in (OTHER, OURS)]
    for entrant, value in found:
        if value is not None:
            bar = axes.bar(entrant, value * scale, color=_COLOURS[entrant], width=0.5)
            axes.bar_label(bar, fmt=lambda number: f"{number:,.3g}" if number < 100 else f"{number:,.0f}")
    axes.margins(x=0.3, y=0.15)

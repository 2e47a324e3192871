"""``python -m tests.benchmarks.most``: the most edits a second that a server carries, ours beside Hocuspocus.

The rate is raised, on a fresh server each time, until the slowest hundredth of the deliveries takes longer than a tenth
of a second, something does not arrive, or the load generator is late itself, which is said then, each twice in a row.
Nobody shows a cursor.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .fanout import FanoutPlan, FanoutResult, measure
from .hocuspocus import Hocuspocus, install
from .products import JupyterCollab, Product

__all__ = ["Most", "ramp"]

SHAPES = ((1, 50), (50, 2))
"""Rooms, and people in each."""

FIRST_RATE = 250.0
MAX_RATE = 64_000.0
STEP = 2**0.5
MAX_P99_MS = 100.0
MAX_LATE_MS = 20.0
QUIET_RATE = 50.0


@dataclass(frozen=True)
class Most:
    """The last rate that was carried, in edits a second, what it cost, and what ended the ramp."""

    rate: float
    cpu_seconds_per_1000_deliveries: float
    ended_by: str


def ramp(product: Product, rooms: int, people: int, seconds: float, *, most: float = MAX_RATE) -> Most:
    """Raise the rate until it is too high."""
    best = Most(0.0, 0.0, "")
    rate = FIRST_RATE
    while rate <= most:
        plan = FanoutPlan(people, rate, seconds, rooms=rooms, presence=False)
        result = measure(product, plan)
        if _trouble(result):  # the machine may have had something else to do
            result = measure(product, plan)
        trouble = _trouble(result)
        print(
            f"  {product.name}, {rooms} x {people}, {rate:,.0f}/s: p99 {result.edit_p99_ms:.1f} ms, "
            f"{result.cpu_seconds_per_1000_deliveries:.4f} s per 1,000 deliveries"
            + (f"; {trouble}" if trouble else ""),
            flush=True,
        )
        if trouble:
            return Most(best.rate, best.cpu_seconds_per_1000_deliveries, trouble)
        best = Most(rate, result.cpu_seconds_per_1000_deliveries, "")
        rate *= STEP
    return Most(best.rate, best.cpu_seconds_per_1000_deliveries, "no higher rate was tried")


def _trouble(result: FanoutResult) -> str:
    if result.undelivered or result.missing_in_document:
        return f"{result.undelivered} not delivered, {result.missing_in_document} not in the document"
    if result.generator_late_p99_ms > MAX_LATE_MS:
        return f"the load generator is late by {result.generator_late_p99_ms:.0f} ms"
    if result.edit_p99_ms > MAX_P99_MS:
        return f"p99 is {result.edit_p99_ms:.0f} ms"
    return ""


def _lines(products: Sequence[Product], rounds: int, seconds: float, most: float) -> Iterator[str]:
    yield "| rooms x people | " + " | ".join(product.name for product in products) + " | ratio |"
    yield "| --- | " + " | ".join("--:" for _ in products) + " | --: |"
    for rooms, people in SHAPES:
        found: dict[str, list[Most]] = {product.name: [] for product in products}
        for number in range(rounds):
            for product in products if number % 2 == 0 else products[::-1]:
                found[product.name].append(ramp(product, rooms, people, seconds, most=most))
        rates = [median(one.rate for one in found[product.name]) for product in products]
        costs = [median(one.cpu_seconds_per_1000_deliveries for one in found[product.name]) for product in products]
        yield _line(f"{rooms} x {people}: most edits/s", rates, ",.0f")
        yield _line(f"{rooms} x {people}: CPU s per 1,000 deliveries at that", costs, ".4f")
        for product in products:
            print(
                f"{product.name}, {rooms} x {people}, ended by:", "; ".join(one.ended_by for one in found[product.name])
            )
    for presence in (False, True):
        plan = FanoutPlan(50, QUIET_RATE, 3 * seconds, presence=presence)
        quiet = _costs(products, plan, rounds)
        what = f"1 x 50, {QUIET_RATE:g} edits/s{' and as many cursors' if presence else ''}"
        yield _line(f"{what}: CPU s per 1,000 deliveries", quiet, ".4f")


def _costs(products: Sequence[Product], plan: FanoutPlan, rounds: int) -> list[float]:
    """What a delivery costs each of the products, which take turns."""
    costs: dict[str, list[float]] = {product.name: [] for product in products}
    for number in range(rounds):
        for product in products if number % 2 == 0 else products[::-1]:
            costs[product.name].append(measure(product, plan).cpu_seconds_per_1000_deliveries)
    return [median(costs[product.name]) for product in products]


def _line(what: str, values: Sequence[float], form: str) -> str:
    ratio = values[0] / values[1] if len(values) > 1 and values[1] else float("nan")
    return f"| {what} | " + " | ".join(format(value, form) for value in values) + f" | {ratio:.2f} |"


def main() -> int:
    """Run it; prints a table in Markdown, with the ratio of ours to the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.most", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks-out"), help="where Node is installed")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4.0, help="of typing at each rate")
    parser.add_argument("--most", type=float, default=MAX_RATE, help="the highest rate to try")
    arguments = parser.parse_args()
    out: Path = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    node = install(out / "node")
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        products = [JupyterCollab(Path(scratch)), Hocuspocus(node, Path(scratch))]
        print(" and ".join(f"{product.name} {product.version()}" for product in products))
        lines = list(_lines(products, arguments.rounds, arguments.seconds, arguments.most))
    print("\n" + "\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())

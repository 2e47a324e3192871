"""What is run, in which order, and what is kept of it.

Every measure runs on the products in turn, and in the opposite order in the next round, so that whatever else the
machine does falls on both.
"""

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

from . import fanout, floods, guests, ingest, joins, outputs
from .content import Trace
from .fanout import FanoutPlan
from .floods import FloodPlan
from .products import JupyterCollab, Product

__all__ = ["MEASURES", "Campaign", "Entrant", "Options", "Run"]

MEASURES = ("fanout", "ingest", "joins", "outputs", "floods", "guests")


@dataclass(frozen=True)
class Options:
    """How much of everything. The defaults are the full measurement; ``quick`` is for trying the harness out."""

    people: tuple[int, ...] = (2, 10, 50, 100)
    edits_per_second: float = 50.0
    fanout_seconds: float = 12.0
    rounds: int = 3
    ingest_edits: int | None = None
    ingest_rounds: int = 1
    ingest_timeout_seconds: float = 3600.0
    joins: int = 30
    replacements: int = 30
    flood: FloodPlan = field(default_factory=FloodPlan)
    guests: int = 40
    guests_spread_seconds: float = 3.0

    @classmethod
    def quick(cls) -> "Options":
        flood = FloodPlan(people=3, lines=5_000, floods=2, quiet_seconds=2.0, reruns=3)
        return cls((2, 10), fanout_seconds=3.0, rounds=1, ingest_edits=5_000, joins=5, replacements=5, flood=flood)


@dataclass(frozen=True)
class Entrant:
    """A product, and whether its clients ask for acks."""

    product: Product
    acks: bool = False

    @property
    def label(self) -> str:
        return f"{self.product.name}, acks" if self.acks else self.product.name


@dataclass(frozen=True)
class Run:
    """One result of one measure."""

    measure: str
    entrant: str
    round: int
    result: dict[str, Any]


class _Result(Protocol):
    def as_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class _Step:
    """One run that is still to be made."""

    measure: str
    entrant: Entrant
    round: int
    call: Callable[[], _Result]


@dataclass
class Campaign:
    """Runs the measures and writes every result down as soon as it is there."""

    options: Options
    products: list[Product]
    trace: Trace
    file: Path
    say: Callable[[str], None] = print
    runs: list[Run] = field(default_factory=list)

    def keep(self, measures: tuple[str, ...]) -> None:
        """Take over the runs of other measures than these from an earlier campaign's file, if there is one."""
        if self.file.exists():
            earlier = [Run(**run) for run in json.loads(self.file.read_text())["runs"]]
            self.runs += [run for run in earlier if run.measure not in measures]

    def run(self, measures: tuple[str, ...]) -> None:
        """Run the measures, one server at a time."""
        for step in self._plan(measures):
            start = time.monotonic()
            result = step.call().as_json()
            self.runs.append(Run(step.measure, step.entrant.label, step.round, result))
            self.say(f"{step.measure}, round {step.round + 1}, {step.entrant.label}: {time.monotonic() - start:.0f} s")
            self.write()

    def about(self) -> str:
        """For people: what ran where."""
        versions = " and ".join(f"{name} {version}" for name, version in self._versions.items())
        options = self.options
        return (
            f"{versions}, Python {platform.python_version()}, {os.cpu_count()} cores ({_cpu_model()}); "
            f"{self.trace.name}; in each round {options.fanout_seconds:g} s of typing. "
            f"*Times better* above 1 is in favour of {JupyterCollab.name}."
        )

    def write(self) -> None:
        """The JSON file: the machine, the versions, the options and every run."""
        facts = {
            "machine": {
                "cpu": _cpu_model(),
                "cores": os.cpu_count(),
                "system": platform.system(),
                "python": platform.python_version(),
            },
            "versions": self._versions,
            "trace": self.trace.name,
            "options": asdict(self.options),
            "runs": [asdict(run) for run in self.runs],
        }
        self.file.write_text(json.dumps(facts, indent=1))

    @cached_property
    def _versions(self) -> dict[str, str]:
        return {product.name: product.version() for product in self.products}

    def _plan(self, measures: tuple[str, ...]) -> Iterator[_Step]:
        plans = {
            "fanout": self._fanout,
            "joins": self._joins,
            "outputs": self._outputs,
            "floods": self._floods,
            "guests": self._guests,
        }
        for number in range(self.options.rounds):
            for measure, plan in plans.items():
                if measure in measures:
                    yield from plan(number)
        for number in range(self.options.ingest_rounds if "ingest" in measures else 0):
            for entrant in self._entrants(number):
                yield _Step("ingest", entrant, number, partial(self._ingest, entrant.product))

    def _fanout(self, number: int) -> Iterator[_Step]:
        options = self.options
        for people in options.people:
            for entrant in self._entrants(number, both=True):
                plan = FanoutPlan(people, options.edits_per_second, options.fanout_seconds, entrant.acks)
                yield _Step("fanout", entrant, number, partial(fanout.measure, entrant.product, plan))

    def _joins(self, number: int) -> Iterator[_Step]:
        for entrant in self._entrants(number):
            yield _Step("joins", entrant, number, partial(joins.measure, entrant.product, self.options.joins))

    def _outputs(self, number: int) -> Iterator[_Step]:
        for entrant in self._entrants(number):
            call = partial(outputs.measure, entrant.product, self.options.replacements)
            yield _Step("outputs", entrant, number, call)

    def _floods(self, number: int) -> Iterator[_Step]:
        for entrant in self._entrants(number):
            if isinstance(entrant.product, JupyterCollab):  # the other one's outputs are written by a browser
                yield _Step("floods", entrant, number, partial(floods.measure, entrant.product, self.options.flood))

    def _guests(self, number: int) -> Iterator[_Step]:
        options = self.options
        for entrant in self._entrants(number):
            if isinstance(entrant.product, JupyterCollab):  # the other one lets in who has the server's token
                call = partial(guests.measure, entrant.product, options.guests, options.guests_spread_seconds)
                yield _Step("guests", entrant, number, call)

    def _ingest(self, product: Product) -> ingest.IngestResult:
        return ingest.measure(
            product,
            self.trace,
            acks=isinstance(product, JupyterCollab),
            joins=self.options.joins,
            timeout=self.options.ingest_timeout_seconds,
        )

    def _entrants(self, number: int, *, both: bool = False) -> list[Entrant]:
        """The entrants of a round; ``both``: our server also with clients that ask for acks."""
        entrants = [Entrant(product) for product in self.products]
        if both:
            entrants += [Entrant(product, acks=True) for product in self.products if isinstance(product, JupyterCollab)]
        return entrants if number % 2 == 0 else entrants[::-1]


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()

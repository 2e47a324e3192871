"""What happens, decided beforehand: a seed makes a plan, and a plan is plain data that can be saved and replayed."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["COPIES", "SHORT_STEPS", "ClientPlan", "Plan", "Step", "make_plan"]

SHORT_STEPS = 60

COPIES = ("python", "plain", "notebook", "notebook", "client")

EDIT_WEIGHTS = {
    "write": 16,
    "go_on": 16,
    "wipe": 3,
    "new_cell": 4,
    "move": 6,
    "retype": 4,
    "drop_cell": 2,
    "merge": 3,
    "split": 4,
    "reformat": 2,
    "undo": 4,
    "redo": 1,
    "undo_text": 2,
    "bring_back": 2,
    "dismiss": 1,
    "scratch": 10,
    "metadata": 2,
    "output": 3,
    "trust": 2,
}
TROUBLE_WEIGHTS = {
    "cut": 6,
    "offline": 4,
    "online": 6,
    "reload": 3,
    "forget": 2,
    "stall": 2,
    "resume": 4,
    "role": 3,
    "mischief": 3,
    "kill": 3,
    "stop": 1,
    "start": 6,
    "disk_full": 2,
    "disk_gone": 1,
    "disk_works": 5,
    "import": 3,
    "run": 3,
    "compact": 2,
    "pause": 4,
}


@dataclass(frozen=True)
class ClientPlan:
    """A client: a plain one or one that speaks v1, and its role. ``is_stubborn``: it edits though it may not.

    ``copy`` is what its document is: see :func:`~.copies.new_copy`; ``client`` is our Python client as a whole.
    """

    name: str
    is_plain: bool
    role: str
    keeps_role: bool
    is_stubborn: bool
    copy: str = "python"


@dataclass(frozen=True)
class Step:
    """``after`` so many seconds, ``who`` (a client's or server's number) does something, ``where`` (0 to 1 each)."""

    after: float
    do: str
    who: int
    where: tuple[float, float]


@dataclass(frozen=True)
class Plan:
    """All of a simulation but the code that it tests."""

    seed: int
    store: str
    servers: int
    clients: list[ClientPlan]
    steps: list[Step] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write it, to be replayed."""
        path.write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def load(cls, path: Path) -> "Plan":
        """Read what :meth:`save` wrote."""
        data = json.loads(path.read_text())
        data["clients"] = [ClientPlan(**client) for client in data["clients"]]
        data["steps"] = [Step(**{**step, "where": tuple(step["where"])}) for step in data["steps"]]
        return cls(**data)


def make_plan(seed: int, *, store: str = "memory", steps: int = 250, copies: Sequence[str] = COPIES) -> Plan:
    """The plan of a seed; another ``store``, number of ``steps`` or choice of ``copies`` makes another plan."""
    rng = random.Random(f"{seed} {store} {steps} {copies}")
    clients = [_client(number, rng, rng.choice(copies)) for number in range(rng.randint(3, 6))]
    servers = rng.choice([1, 2, 2])
    kinds = [*EDIT_WEIGHTS, *TROUBLE_WEIGHTS]
    weights = [*EDIT_WEIGHTS.values(), *(weight * rng.choice([0, 1, 1, 2]) / 3 for weight in TROUBLE_WEIGHTS.values())]
    chosen = rng.choices(kinds, weights, k=steps)
    return Plan(seed, store, servers, clients, [_step(do, rng) for do in chosen])


def _client(number: int, rng: random.Random, copy: str) -> ClientPlan:
    is_viewer = number > 1 and rng.random() < 0.25
    is_program = copy in ("python", "plain")
    is_plain = rng.random() < 0.3 and is_program
    return ClientPlan(
        name="abcdef"[number],
        is_plain=is_plain,
        role="viewer" if is_viewer else "writer",
        keeps_role=number == 0 or is_viewer or is_plain,  # a plain client cannot be told of another role
        is_stubborn=is_viewer and rng.random() < 0.7 and is_program,
        copy=copy,
    )


def _step(do: str, rng: random.Random) -> Step:
    after = rng.choice([0.0, 0.0, 0.001, 0.01, 0.05, 0.2]) * rng.random()
    return Step(round(after, 6), do, rng.randrange(60), (round(rng.random(), 6), round(rng.random(), 6)))

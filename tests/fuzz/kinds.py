"""What is made up for running servers: by its name, the plans and who plays them."""

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

from . import imports, rest, wire
from .running import FuzzedServer, Plan
from .watch import Pause

__all__ = ["KINDS", "Kind", "replay"]


class Kind(NamedTuple):
    """Plans, and what plays one: it raises if anything is not as it should be."""

    plans: st.SearchStrategy[Plan]
    play: Callable[[FuzzedServer, Plan], None]


KINDS = {
    "wire": Kind(wire.PLANS, wire.play),
    "imports": Kind(imports.PLANS, imports.play),
    "rest": Kind(rest.PLANS, rest.play),
}


def replay(fuzzed: FuzzedServer, plan: Plan) -> list[Pause]:
    """Play a plan and see that the server is well; returns the pauses that it had."""
    KINDS[plan["kind"]].play(fuzzed, plan)
    return fuzzed.look()

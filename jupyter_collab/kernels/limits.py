"""The bounds of what runs in a room; every name carries its unit."""

from dataclasses import dataclass, field

from .outputs import OutputLimits

__all__ = ["KernelLimits"]


@dataclass(frozen=True, slots=True)
class KernelLimits:
    """What one room's kernel may use.

    A kernel is ended once nobody was in its room, and nothing ran, for ``idle_seconds``; never for 0.
    """

    outputs: OutputLimits = field(default_factory=OutputLimits)
    idle_seconds: float = 3_600.0
    queued_runs: int = 1_000
    write_seconds: float = 0.1

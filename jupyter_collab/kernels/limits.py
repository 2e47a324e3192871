"""The bounds of what runs in a room; every name carries its unit."""

from dataclasses import dataclass, field

from .outputs import OutputLimits

__all__ = ["KernelLimits"]


@dataclass(frozen=True, slots=True)
class KernelLimits:
    """What one room's kernel may use.

    The sources of runs that wait have at most ``queued_source_characters`` together.
    A kernel is ended once nobody was in its room, and nothing ran, for ``idle_seconds``; never for 0.
    """

    outputs: OutputLimits = field(default_factory=OutputLimits)
    idle_seconds: float = 3_600.0
    queued_runs: int = 1_000
    queued_source_characters: int = 16 * 2**20
    write_seconds: float = 0.1

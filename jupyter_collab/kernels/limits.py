"""The bounds of what runs in a room; every name carries its unit."""

from dataclasses import dataclass, field

__all__ = ["KernelLimits", "OutputLimits"]


@dataclass(frozen=True, slots=True)
class OutputLimits:
    """How much of a cell's outputs the document holds, and how much of the rest is kept in blobs.

    A stream shows at most its last ``stream_bytes``. A value of a MIME bundle that is larger than ``bundle_bytes``
    becomes a blob. Beyond ``cell_bytes`` and ``outputs`` outputs less is shown, and at last nothing more. A blob has
    at most ``blob_bytes``.
    """

    stream_bytes: int = 64 * 2**10
    bundle_bytes: int = 1 * 2**20
    cell_bytes: int = 8 * 2**20
    blob_bytes: int = 64 * 2**20
    outputs: int = 500


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

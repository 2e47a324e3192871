"""What people are told about a room's kernel, as JSON: the event ``kernel`` of ``docs/wire.md``."""

from typing import Literal, TypedDict

__all__ = ["InKernel", "InputWanted", "KernelInfo", "KernelState", "QueuedRun", "RunInfo", "Runner"]


InKernel = Literal["nothing", "ran", "running"]
"""What a kernel has of a person, as far as this server process has seen."""


class KernelInfo(TypedDict):
    """The room's kernel; ``id`` is empty until it runs."""

    id: str
    name: str
    display_name: str
    language: str
    status: str


class Runner(TypedDict):
    """Who runs a cell; ``kind`` says who vouches for them, a word of :class:`~..access.UserKind`."""

    username: str
    display_name: str
    kind: str


class QueuedRun(TypedDict):
    """A run that has not ended."""

    run: int
    cell: str
    by: Runner
    state: Literal["running", "queued"]


class InputWanted(TypedDict):
    """What a run asks for."""

    run: int
    cell: str
    prompt: str
    password: bool


class KernelState(TypedDict):
    """All of it; ``message`` says for people what went wrong last, and what to do."""

    kernel: KernelInfo | None
    message: str | None
    queue: list[QueuedRun]
    input: InputWanted | None


class RunInfo(TypedDict, total=False):
    """A cell's newest run, as it is written into the cell's metadata.

    ``at`` is an ISO time in UTC, ``seconds`` is missing while it runs, ``hash`` is that of the source that was run,
    see :func:`~..document.source_hash`.
    """

    by: str
    username: str
    kind: str
    at: str
    seconds: float
    status: str
    hash: str

"""A room's kernel over REST: it runs cells on the server, for everybody in the room to see."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from .rest_client import RestClient

__all__ = ["CellRun", "KernelClient", "KernelSpec", "Question"]

MAX_RUNS = 1_000
"""How many runs the server tells at once, and keeps."""


@dataclass(frozen=True)
class CellRun:
    """A cell that was run on the room's kernel.

    Attributes
    ----------
    number
        Names the run within its room.
    cell
        The id of the cell.
    status
        ``ok``, ``error``, or ``aborted`` if it did not run to its end.
    outputs
        What the cell showed then, as nbformat 4 has it; nothing if it is not in the room any more.
    """

    number: int
    cell: str
    status: str
    outputs: list[dict[str, Any]]


@dataclass(frozen=True)
class Question:
    """What a cell that runs asks for with ``input()`` or, if ``is_password``, with ``getpass()``."""

    run: int
    cell: str
    prompt: str
    is_password: bool


@dataclass(frozen=True)
class KernelSpec:
    """A kernel that the server can start."""

    name: str
    display_name: str
    language: str


class KernelClient:
    """The REST API of one room's kernel. Every method raises what those of :class:`~.rest.RestClient` do."""

    def __init__(self, rest: RestClient, room_id: str, role: str | None) -> None:
        self._rest = rest
        self._path = f"rooms/{quote(room_id, safe='')}"
        self._role = {} if role is None else {"role": role}

    async def run(self, cells: Sequence[str] | Literal["all"]) -> dict[int, str]:
        """Put cells into the queue, by their ids; the number of each run and its cell. Only code is run."""
        answer = await self._ask("POST", "runs", json={"cells": cells})
        return {run["run"]: run["cell"] for run in answer["runs"]}

    async def ended(self, runs: Collection[int]) -> dict[int, str]:
        """How those of the ``runs`` ended that have."""
        query = {"before": max(runs) + 1, "limit": min(max(runs) + 1 - min(runs), MAX_RUNS)}
        answer = await self._ask("GET", "runs", params=query)
        return {run["run"]: run["status"] for run in answer["runs"] if run["run"] in runs and run["ended_at"]}

    async def specs(self) -> list[KernelSpec]:
        """The kernels that the server can start."""
        answer = await self._ask("GET", "kernel")
        return [KernelSpec(spec["name"], spec["display_name"], spec["language"]) for spec in answer["specs"]]

    async def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Ask for something whose response holds nothing of use."""
        await self._rest.request(method, f"{self._path}/{path}", params=self._role, json=body)

    async def _ask(self, method: str, path: str, *, params: dict[str, Any] | None = None, **arguments: Any) -> Any:
        query = {**self._role, **(params or {})}
        return (await self._rest.request(method, f"{self._path}/{path}", params=query, **arguments)).json()

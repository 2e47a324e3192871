"""A room's kernel, from Python: it runs cells on the server, for everybody in the room to see."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from .background import BackgroundLoop
from .replica import Replica
from .rest import RestClient

__all__ = ["AsyncKernel", "CellRun", "Kernel", "KernelClient", "KernelSpec", "KernelView", "Question"]

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
        """Ask for something that answers nothing of use."""
        await self._rest.request(method, f"{self._path}/{path}", params=self._role, json=body)

    async def _ask(self, method: str, path: str, *, params: dict[str, Any] | None = None, **arguments: Any) -> Any:
        query = {**self._role, **(params or {})}
        return (await self._rest.request(method, f"{self._path}/{path}", params=query, **arguments)).json()


class KernelView:
    """What a room's kernel does, as the server said last. Nothing here waits for the network."""

    _replica: Replica

    @property
    def status(self) -> str:
        """``none`` while there is no kernel, else ``starting``, ``idle``, ``busy``, ``restarting`` or ``dead``."""
        return str(self._kernel.get("status", "none"))

    @property
    def name(self) -> str:
        """The name of its kernelspec; empty while there is no kernel."""
        return str(self._kernel.get("name", ""))

    @property
    def waiting(self) -> list[str]:
        """The ids of the cells that run (the first) or wait, once for each run."""
        return [run["cell"] for run in self._state.get("queue", [])]

    @property
    def question(self) -> Question | None:
        """What the cell that runs asks for; :meth:`answer` answers it."""
        wanted = self._state.get("input")
        if wanted is None:
            return None
        return Question(wanted["run"], wanted["cell"], wanted["prompt"], wanted["password"])

    @property
    def problem(self) -> str:
        """What went wrong last, for people; empty if nothing did since."""
        return str(self._state.get("message") or "")

    @property
    def _state(self) -> Mapping[str, Any]:
        return self._replica.kernel

    @property
    def _kernel(self) -> Mapping[str, Any]:
        return self._state.get("kernel") or {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name or 'none'}: {self.status}, {len(self.waiting)} to run>"


class AsyncKernel(KernelView):
    """A room's kernel, for use with ``async``: :attr:`~.room.AsyncRoom.kernel`. Who may not run is refused."""

    def __init__(self, client: KernelClient, replica: Replica) -> None:
        self._client = client
        self._replica = replica

    async def interrupt(self) -> None:
        """Interrupt what runs; ``NoKernel`` if there is none."""
        await self._client.send("POST", "kernel/interrupt")

    async def restart(self) -> None:
        """Restart it, for everybody: all variables are lost, and what waits is not run; ``NoKernel``."""
        await self._client.send("POST", "kernel/restart")

    async def stop(self) -> None:
        """End it, for everybody, with all that runs or waits; the next run starts another one."""
        await self._client.send("DELETE", "kernel")

    async def choose(self, name: str) -> None:
        """Let the room have the kernel of this name from the next run on; one of another name is ended.

        Raises
        ------
        KernelNotFound
            When the server has none of that name; :meth:`specs` lists those that it has.
        """
        await self._client.send("PUT", "kernel", {"name": name})

    async def specs(self) -> list[KernelSpec]:
        """The kernels that the server can start."""
        return await self._client.specs()

    async def cancel(self) -> None:
        """Take back all that waits, also what others asked for; what runs goes on."""
        await self._client.send("DELETE", "runs")

    async def answer(self, question: Question, value: str) -> None:
        """Give the cell that runs the line that it asks for; ``InputNotWanted`` if somebody was faster."""
        await self._client.send("POST", "input", {"run": question.run, "value": value})


class Kernel(KernelView):
    """A room's kernel, for use without ``async``: :attr:`~.sync.Room.kernel`. Who may not run is refused."""

    def __init__(self, loop: BackgroundLoop, kernel: AsyncKernel) -> None:
        self._loop = loop
        self._twin = kernel
        self._replica = kernel._replica

    def interrupt(self) -> None:
        """Interrupt what runs; ``NoKernel`` if there is none."""
        self._loop.wait(self._twin.interrupt)

    def restart(self) -> None:
        """Restart it, for everybody: all variables are lost, and what waits is not run; ``NoKernel``."""
        self._loop.wait(self._twin.restart)

    def stop(self) -> None:
        """End it, for everybody, with all that runs or waits; the next run starts another one."""
        self._loop.wait(self._twin.stop)

    def choose(self, name: str) -> None:
        """Let the room have the kernel of this name from the next run on; one of another name is ended.

        Raises
        ------
        KernelNotFound
            When the server has none of that name; :meth:`specs` lists those that it has.
        """
        self._loop.wait(lambda: self._twin.choose(name))

    def specs(self) -> list[KernelSpec]:
        """The kernels that the server can start."""
        return self._loop.wait(self._twin.specs)

    def cancel(self) -> None:
        """Take back all that waits, also what others asked for; what runs goes on."""
        self._loop.wait(self._twin.cancel)

    def answer(self, question: Question, value: str) -> None:
        """Give the cell that runs the line that it asks for; ``InputNotWanted`` if somebody was faster."""
        self._loop.wait(lambda: self._twin.answer(question, value))

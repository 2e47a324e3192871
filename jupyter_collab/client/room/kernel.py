"""A room's kernel, from Python: its state and its methods."""

from collections.abc import Mapping
from typing import Any

from ..http.kernel_client import KernelClient, KernelSpec, Question
from ..replica.local_replica import LocalReplica

__all__ = ["AsyncKernel", "KernelView"]


class KernelView:
    """What a room's kernel does, as the server said last. Nothing here waits for the network."""

    _replica: LocalReplica

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
        """The input request of the running cell; :meth:`answer` replies to it."""
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

    def __init__(self, client: KernelClient, replica: LocalReplica) -> None:
        self._client = client
        self._replica = replica

    async def interrupt(self) -> None:
        """Interrupt the running cell; ``NoKernel`` if there is none."""
        await self._client.send("POST", "kernel/interrupt")

    async def restart(self) -> None:
        """Restart it, for everybody: all variables are lost, and queued cells are not run; ``NoKernel``."""
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
        """Cancel all queued cells, also those of others; the running cell goes on."""
        await self._client.send("DELETE", "runs")

    async def answer(self, question: Question, value: str) -> None:
        """Give the cell that runs the line that it asks for; ``InputNotWanted`` if somebody was faster."""
        await self._client.send("POST", "input", {"run": question.run, "value": value})

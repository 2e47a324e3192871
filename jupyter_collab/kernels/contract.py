"""What a kernel and whoever starts kernels promise to those who run cells.

The contents of messages are those of the Jupyter messaging protocol
(https://jupyter-client.readthedocs.io/en/stable/messaging.html).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Kernel", "KernelHost", "KernelSpec", "KernelSpecs", "OnMessage"]

OnMessage = Callable[[str, Mapping[str, Any]], None]
"""Called with a message's type and content."""


@dataclass(frozen=True, slots=True)
class KernelSpec:
    """A kernel that can be started; ``is_apart`` if it runs as another user than the server, or in a container."""

    name: str
    display_name: str
    language: str
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class KernelSpecs:
    """The kernels that can be started in rooms, by name, and which of them is the default one.

    ``kept_out`` names those that are installed, too, but that the deployer keeps out of rooms.
    """

    default: str
    by_name: Mapping[str, KernelSpec]
    kept_out: frozenset[str] = frozenset()

    @property
    def are_apart(self) -> bool:
        """Whether no room can have a kernel with the rights of the server's own user."""
        return bool(self.by_name) and all(spec.is_apart for spec in self.by_name.values())


class Kernel(Protocol):
    """One running kernel.

    ``on_status`` is called with ``starting``, ``idle``, ``busy``, ``restarting`` or ``dead`` when that changes; after
    ``dead`` nothing comes any more. Whatever waits for an answer when the kernel ends, or is restarted by anybody,
    raises :class:`~jupyter_collab.errors.KernelDied`.
    """

    id: str
    name: str
    on_status: Callable[[str], None]

    @property
    def status(self) -> str:
        """The newest status."""

    async def execute(self, source: str, on_message: OnMessage, *, allow_stdin: bool) -> dict[str, Any]:
        """Run ``source``; answers the reply's content once all that it caused was given to ``on_message``.

        These are the messages of the channels iopub and stdin, in the order in which they come. What threads of the
        kernel print later is given to ``on_message``, too, until much else was run.
        """

    def answer_input(self, value: str) -> None:
        """Answer an ``input_request``."""

    async def interrupt(self) -> None:
        """Interrupt what runs."""

    async def restart(self) -> None:
        """Start anew, with nothing in memory; raises ``KernelFailed`` if that does not work."""

    async def shutdown(self) -> None:
        """End it; raises nothing if it has ended already."""

    async def complete(self, code: str, cursor_pos: int) -> dict[str, Any]:
        """The content of a complete reply; ``KernelBusy`` if it does not come in time."""

    async def inspect(self, code: str, cursor_pos: int, detail_level: int) -> dict[str, Any]:
        """The content of an inspect reply; ``KernelBusy`` if it does not come in time."""

    async def close(self) -> None:
        """Let go of the kernel, which runs on."""


class KernelHost(Protocol):
    """Where kernels are started, and found again."""

    @property
    def server(self) -> str:
        """This server's id, the same after it was started again."""

    async def specs(self) -> KernelSpecs:
        """What can be started here."""

    async def find(self, room_id: str) -> Kernel | None:
        """The running kernel of a room, if there is one."""

    async def start(self, room_id: str, title: str, name: str) -> Kernel:
        """Start a room's kernel and wait until it answers.

        Raises
        ------
        KernelNotFound, KernelFailed
            Their messages say what to do.
        """

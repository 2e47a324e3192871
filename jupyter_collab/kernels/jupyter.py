"""A kernel that speaks the Jupyter messaging protocol, and whatever may happen to it meanwhile."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, Protocol, TypeVar

from jupyter_client.asynchronous.client import AsyncKernelClient

from ..background import Background
from ..errors import KernelBusy, KernelDied, KernelFailed
from .channels import Channels, Message
from .contract import OnMessage

__all__ = ["JupyterKernel", "KernelControl"]

log = logging.getLogger(__name__)

T = TypeVar("T")

WATCH_SECONDS = 0.5
"""How often it is looked whether the kernel's process is still the same."""

READY_SECONDS = 60.0
ASK_AGAIN_SECONDS = 1.0
STDIN_SECONDS = 2.0
ANSWER_SECONDS = 10.0
MAX_LATE_EXECUTIONS = 20
"""What threads and tasks print later is heard for so many executions, the newest."""

IDLE_SECONDS = 4.0
"""After a reply, silence on iopub for so long says that what should have come was lost."""

STARTED_AGAIN = "The kernel ended while it ran this. It is being started again."


class KernelControl(Protocol):
    """The kernel's process, and who keeps it."""

    def connect(self) -> AsyncKernelClient:
        """A new client, not connected yet."""

    def heard(self, status: str | None = None) -> None:
        """The kernel said something, or is ``busy`` or ``idle`` from now on."""

    @property
    def is_kept(self) -> bool:
        """Whether the kernel is still one of those that run, or are started anew."""

    @property
    def restarts_itself(self) -> bool:
        """Whether a kernel that dies is started anew."""

    async def process(self) -> object:
        """What tells the kernel's process from one before and after it; ``None`` while there is none."""

    async def interrupt(self) -> None:
        """Interrupt it."""

    async def restart(self) -> None:
        """End it and start it anew."""

    async def shutdown(self) -> None:
        """End it for good; nothing if it has ended."""


class _Request:
    """Something that was asked; ``reply`` and ``idle`` come in any order."""

    def __init__(self, on_message: OnMessage) -> None:
        loop = asyncio.get_running_loop()
        self.on_message = on_message
        self.reply: asyncio.Future[dict[str, Any]] = loop.create_future()
        self.idle: asyncio.Future[None] = loop.create_future()
        self.messages = 0

    def fail(self, error: Exception) -> None:
        for future in (self.reply, self.idle):
            if not future.done():
                future.set_exception(error)
                future.exception()  # nobody may wait for this one of the two

    def settle(self) -> None:
        if not self.idle.done():
            self.idle.set_result(None)


class JupyterKernel:
    """The kernel ``kernel_id`` of the kernelspec ``name``; see :class:`~jupyter_collab.kernels.contract.Kernel`."""

    def __init__(self, kernel_id: str, name: str, control: KernelControl) -> None:
        self.id = kernel_id
        self.name = name
        self.on_status: Callable[[str], None] = lambda status: None
        self._control = control
        self._status = "starting"
        self._channels: Channels | None = None
        self._process: object = None
        self._requests: dict[str, _Request] = {}
        self._late: OrderedDict[str, OnMessage] = OrderedDict()
        self._background = Background(f"kernel {kernel_id}")

    @property
    def status(self) -> str:
        """The newest status."""
        return self._status

    async def open(self) -> None:
        """Connect, and wait until the kernel answers; raises ``KernelFailed``."""
        await self._connect()
        self._set_status("idle")
        self._background.run_once("watching", self._watch)

    async def close(self) -> None:
        """Let go of the kernel, which runs on."""
        self._fail_requests(KernelDied("The server let go of the kernel."))
        await self._background.close()
        await self._disconnect()

    # -- what it is asked --------------------------------------------------------------------------------------------

    async def execute(self, source: str, on_message: OnMessage, *, allow_stdin: bool) -> dict[str, Any]:
        """Run ``source``; see :class:`~jupyter_collab.kernels.contract.Kernel`."""
        msg_id = self._send(lambda client: client.execute(source, allow_stdin=allow_stdin, stop_on_error=False))
        request = self._requests[msg_id] = _Request(on_message)
        try:
            reply = await request.reply
            await self._until_idle(request)
        finally:
            del self._requests[msg_id]
        self._late[msg_id] = on_message
        if len(self._late) > MAX_LATE_EXECUTIONS:
            self._late.popitem(last=False)
        return reply

    async def _until_idle(self, request: _Request) -> None:
        while not request.idle.done():
            messages = request.messages
            await asyncio.wait([request.idle], timeout=IDLE_SECONDS)
            if request.messages == messages and not request.idle.done():
                log.warning("Kernel %s has ended a run without saying so; outputs may be lost.", self.id)
                return
        await request.idle

    def answer_input(self, value: str) -> None:
        """Answer an ``input_request``."""
        self._send(lambda client: client.input(value))

    async def complete(self, code: str, cursor_pos: int) -> dict[str, Any]:
        """The content of a complete reply."""
        return await self._ask(self._send(lambda client: client.complete(code, cursor_pos)), ANSWER_SECONDS)

    async def inspect(self, code: str, cursor_pos: int, detail_level: int) -> dict[str, Any]:
        """The content of an inspect reply."""
        msg_id = self._send(lambda client: client.inspect(code, cursor_pos, detail_level))
        return await self._ask(msg_id, ANSWER_SECONDS)

    async def _ask(self, msg_id: str, seconds: float) -> dict[str, Any]:
        request = self._requests[msg_id] = _Request(lambda msg_type, content: None)
        try:
            async with asyncio.timeout(seconds):
                return await request.reply
        except TimeoutError as error:
            raise KernelBusy("The kernel does not reply in time; it may be busy. Try again.") from error
        finally:
            del self._requests[msg_id]

    def _send(self, ask: Callable[[AsyncKernelClient], T]) -> T:
        if self._channels is None:
            raise KernelDied("The kernel is being started again; try once more in a moment.")
        return self._channels.send(ask)

    async def interrupt(self) -> None:
        """Interrupt what runs."""
        await self._control.interrupt()

    async def restart(self) -> None:
        """Start anew; raises ``KernelFailed``."""
        await self._background.close()
        self._set_status("restarting")
        self._fail_requests(KernelDied("The kernel was restarted."))
        await self._disconnect()
        try:
            await self._control.restart()
        except Exception as error:  # whatever a kernelspec's command, or a provisioner, may raise
            log.exception("Kernel %s did not restart.", self.id)
            raise KernelFailed(f"The kernel did not restart: {error}. Run a cell to start a new one.") from error
        await self.open()

    async def shutdown(self) -> None:
        """End it."""
        await self.close()
        await self._control.shutdown()

    # -- what happens to it ------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        """Open the channels and wait until both a reply and iopub's messages come."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READY_SECONDS
        self._process = await self._control.process()
        channels = Channels(self._control.connect(), self._take)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(channels.close)
            channels.open()
            while not await self._answers(channels):
                if not self._control.is_kept or await self._control.process() is None:
                    raise KernelFailed("The kernel ended before it was ready; the server's log says why.")
                if loop.time() > deadline:
                    raise KernelFailed(f"The kernel did not reply within {READY_SECONDS:g} s; choose another one.")
            if not await channels.may_ask_for_input(STDIN_SECONDS):
                log.info("Kernel %s has no stdin yet: its first question may be lost.", self.id)
            undo.pop_all()
        self._channels = channels

    async def _answers(self, channels: Channels) -> bool:
        msg_id = channels.send(lambda client: client.kernel_info())
        request = self._requests[msg_id] = _Request(lambda msg_type, content: None)
        try:
            async with asyncio.timeout(ASK_AGAIN_SECONDS):
                await request.reply
                await request.idle
        except TimeoutError:
            return False
        finally:
            del self._requests[msg_id]
        return True

    async def _disconnect(self) -> None:
        self._late.clear()
        channels, self._channels = self._channels, None
        if channels is not None:
            await channels.close()

    async def _watch(self) -> None:
        """Wait for the kernel's end. If that fails, the kernel cannot be used any more either."""
        with self._background.boundary("following its process"):
            await self._follow_process()
        self._fail_requests(KernelDied("The kernel ended while it ran this."))
        with self._background.boundary("disconnecting"):
            await self._disconnect()
        self._set_status("dead")

    async def _follow_process(self) -> None:
        """Notice when the kernel's process ends, or is another one, whoever caused that."""
        while self._control.is_kept:
            await asyncio.sleep(WATCH_SECONDS)
            process = await self._control.process()
            if process == self._process:
                continue
            self._process = None
            self._fail_requests(KernelDied(STARTED_AGAIN))
            if process is None and not self._control.restarts_itself:
                return
            self._set_status("restarting")
            await self._disconnect()
            if process is not None:
                await self._connect()
                self._set_status("idle")

    def _fail_requests(self, error: Exception) -> None:
        for request in list(self._requests.values()):
            request.fail(error)

    def _set_status(self, status: str) -> None:
        if status != self._status:
            self._status = status
            if status in ("busy", "idle"):
                self._control.heard(status)
            self.on_status(status)

    # -- what it says ------------------------------------------------------------------------------------------------

    def _take(self, channel: str, message: Message) -> None:
        self._control.heard()
        parent = message["parent_header"].get("msg_id", "")
        request = self._requests.get(parent)
        msg_type, content = message["header"]["msg_type"], message["content"]
        if msg_type == "status":
            self._take_status(message, content["execution_state"], request)
        elif request is None:
            if channel == "iopub" and parent in self._late:
                self._late[parent](msg_type, content)
        elif channel == "shell":
            if not request.reply.done():
                request.reply.set_result(content)
        else:
            request.messages += 1
            request.on_message(msg_type, content)

    def _take_status(self, message: Message, state: str, request: _Request | None) -> None:
        if request is not None and state == "idle":
            request.settle()
        if message["parent_header"].get("msg_type") == "execute_request" and state in ("idle", "busy"):
            self._set_status(state)

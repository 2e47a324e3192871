"""What a kernel says at the very moment at which it is asked something else."""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.session import Session

from jupyter_collab.kernels.channels import Channels, Message

from .scenarios import scenario, until

SOCKETS = {"shell": zmq.ROUTER, "stdin": zmq.ROUTER, "iopub": zmq.PUB, "control": zmq.ROUTER}
WAIT_SECONDS = 10


class PlayedKernel:
    """The sockets of a kernel; the test reads from them and sends over them."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._sockets = {name: context.socket(kind) for name, kind in SOCKETS.items()}
        self._session = Session(key=b"a key")
        self.client = AsyncKernelClient(session=Session(key=b"a key"))
        for name, socket in self._sockets.items():
            if socket.type == zmq.ROUTER:
                socket.router_handover = 1  # a client that connects again is let in, as kernels do
            setattr(self.client, f"{name}_port", socket.bind_to_random_port("tcp://127.0.0.1"))

    def is_asked(self, channel: str) -> bool:
        """Whether a request has come."""
        return bool(self._sockets[channel].poll(0))

    def say(self, channel: str, msg_type: str) -> None:
        """Send the client a message, and wait, while the client does nothing, until it has come there."""
        assert not self.wakes(channel, 0)
        self._session.send(self._sockets[channel], msg_type, {}, ident=self.client.session.bsession)
        assert self.wakes(channel, WAIT_SECONDS), "the message did not come"

    def wakes(self, channel: str, seconds: float) -> bool:
        """Whether the client's socket has, within so long, something that it has not looked at."""
        return bool(select.select([getattr(self.client, f"{channel}_channel").socket.fd], [], [], seconds)[0])


@contextmanager
def played_kernel() -> Iterator[PlayedKernel]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        yield PlayedKernel(context)
    finally:
        context.destroy(linger=0)


def ask(client: AsyncKernelClient) -> str:
    return str(client.kernel_info())


def tell(client: AsyncKernelClient) -> None:
    client.input("Ada")


@pytest.mark.parametrize(("channel", "send"), [("shell", ask), ("stdin", tell)])
@scenario
async def test_it_is_read(channel: str, send: Callable[[AsyncKernelClient], Any]) -> None:
    """The socket's one wake-up for what came must not be used up by what is sent."""
    heard: list[tuple[str, str]] = []

    def take(name: str, message: Message) -> None:
        heard.append((name, message["msg_type"]))

    with played_kernel() as kernel:
        channels = Channels(kernel.client, take)
        channels.open()
        try:
            assert await channels.may_ask_for_input(WAIT_SECONDS)
            channels.send(send)
            await until(lambda: kernel.is_asked(channel) and not kernel.wakes(channel, 0))
            kernel.say(channel, "a_message")
            channels.send(send)
            await until(lambda: heard == [(channel, "a_message")])
        finally:
            await channels.close()


class FailingSocket:
    """Fails once when it is read."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self.has_failed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    async def recv_multipart(self) -> Any:
        if not self.has_failed:
            self.has_failed = True
            raise zmq.ZMQError(zmq.ENOTSOCK)
        return await self._socket.recv_multipart()


@scenario
async def test_a_channel_on_which_reading_failed_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_collab.kernels.channels.READ_AGAIN_SECONDS", 0.01)
    heard: list[str] = []
    with played_kernel() as kernel:
        channels = Channels(kernel.client, lambda name, message: heard.append(message["msg_type"]))
        shell = kernel.client.shell_channel
        socket = FailingSocket(shell.socket)
        monkeypatch.setattr(shell, "socket", socket)
        channels.open()
        try:
            assert await channels.may_ask_for_input(WAIT_SECONDS)
            channels.send(ask)
            await until(lambda: socket.has_failed)
            await until(lambda: kernel.is_asked("shell") and not kernel.wakes("shell", 0))
            kernel.say("shell", "a_message")
            await until(lambda: heard == ["a_message"])
        finally:
            await channels.close()

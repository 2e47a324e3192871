"""The sockets of a real kernel, of which one is connected late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.session import Session

from jupyter_collab.kernels.channels import MAX_PART_CHARACTERS, read_message
from jupyter_collab.kernels.jupyter import JupyterKernel
from tests.servers import find_port

from .scenarios import held_threads, scenario

LATE_SECONDS = 1.0


class LateControl:
    """A kernel's process, of which stdin is reached through ``stdin_port``."""

    is_kept = True
    restarts_itself = False

    def __init__(self, manager: AsyncKernelManager, stdin_port: int) -> None:
        self._manager = manager
        self._stdin_port = stdin_port

    def connect(self) -> AsyncKernelClient:
        client = self._manager.client()
        client.stdin_port = self._stdin_port
        return client

    def heard(self, status: str | None = None) -> None:
        """Nobody wants to know."""

    async def process(self) -> object:
        return "the same"

    async def interrupt(self) -> None:
        await self._manager.interrupt_kernel()

    async def restart(self) -> None:
        raise NotImplementedError

    async def shutdown(self) -> None:
        await self._manager.shutdown_kernel(now=True)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def late_door(port: int, to_port: int, seconds: float) -> AsyncIterator[None]:
    """Listens at ``port`` from in ``seconds`` seconds on, for ``to_port``."""

    async def serve() -> None:
        await asyncio.sleep(seconds)
        server = await asyncio.start_server(connect, "127.0.0.1", port)
        async with server:
            await server.serve_forever()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", to_port)
        except ConnectionRefusedError:  # the kernel has not come so far
            writer.close()
            return
        await asyncio.gather(pump(reader, to_writer), pump(to_reader, writer))

    serving = asyncio.create_task(serve())
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.wait([serving])


async def started(folder: Path) -> AsyncKernelManager:
    manager = AsyncKernelManager(connection_file=str(folder / "kernel.json"))
    await manager.start_kernel()
    return manager


@scenario
async def test_a_question_in_the_first_cell_is_heard(tmp_path: Path) -> None:
    manager = await started(tmp_path)
    port = find_port()
    kernel = JupyterKernel("late", "python3", LateControl(manager, port))
    heard: list[tuple[str, Any]] = []

    def take(msg_type: str, content: Any) -> None:
        heard.append((msg_type, content.get("prompt", content.get("text"))))
        if msg_type == "input_request":
            kernel.answer_input("Ada")

    try:
        async with late_door(port, manager.stdin_port, LATE_SECONDS):
            await kernel.open()
            async with asyncio.timeout(10):
                reply = await kernel.execute("print(input('Who?'))", take, allow_stdin=True)
        assert reply["status"] == "ok"
        assert ("input_request", "Who?") in heard
        assert ("stream", "Ada\n") in heard
    finally:
        await kernel.shutdown()


@scenario
async def test_a_kernel_without_stdin_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("jupyter_collab.kernels.jupyter.STDIN_SECONDS", 0.2)
    manager = await started(tmp_path)
    kernel = JupyterKernel("mute", "python3", LateControl(manager, find_port()))
    try:
        with caplog.at_level("INFO"):
            await kernel.open()
        assert "no stdin yet" in caplog.text
        reply = await kernel.execute("1 + 1", lambda msg_type, content: None, allow_stdin=True)
        assert reply["status"] == "ok"
    finally:
        await kernel.shutdown()


@scenario
async def test_a_large_output_waits_for_no_work_of_others(tmp_path: Path) -> None:
    manager = await started(tmp_path)
    kernel = JupyterKernel("large", "python3", LateControl(manager, manager.stdin_port))
    printed: list[int] = []
    try:
        await kernel.open()
        with held_threads():
            async with asyncio.timeout(20):
                await kernel.execute(
                    "print('x' * 3_000_000)",
                    lambda msg_type, content: printed.append(len(content.get("text", ""))),
                    allow_stdin=False,
                )
        assert sum(printed) == 3_000_001
    finally:
        await kernel.shutdown()


@scenario
async def test_others_have_their_turns_while_much_is_printed_at_once(tmp_path: Path) -> None:
    manager = await started(tmp_path)
    kernel = JupyterKernel("large", "python3", LateControl(manager, manager.stdin_port))
    turns = 0
    printed: list[tuple[int, str]] = []

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def take(msg_type: str, content: Any) -> None:
        if msg_type == "stream":
            printed.append((turns, content["text"]))

    others = asyncio.create_task(take_turns())
    try:
        await kernel.open()
        await kernel.execute(
            "print(''.join(f'{n:07d}' for n in range(1_000_000)))",
            take,
            allow_stdin=False,
        )
        assert "".join(text for _, text in printed) == "".join(f"{n:07d}" for n in range(1_000_000)) + "\n"
        assert len({turn for turn, _ in printed}) == len(printed)
        assert max(len(text) for _, text in printed) <= MAX_PART_CHARACTERS
    finally:
        others.cancel()
        await kernel.shutdown()


def sent(sender: Session, msg_type: str = "stream", **header: Any) -> list[bytes]:
    message = sender.msg(msg_type, {"text": "Grüße"}, parent=sender.msg("execute_request"), metadata={"a": 1})
    message["header"].update(header)
    return [*sender.serialize(message, ident=b"stream.stdout"), b"one", b"two"]


@pytest.mark.parametrize("key", [b"a key", b""])
def test_a_message_is_read_as_jupyter_client_reads_it(key: bytes) -> None:
    frames = sent(Session(key=key))
    wanted = Session(key=key).deserialize(Session(key=key).feed_identities(frames)[1])
    message = read_message(Session(key=key), frames)
    for header in (wanted["header"], wanted["parent_header"]):
        header["date"] = header["date"].isoformat().replace("+00:00", "Z")
    assert message == wanted


@pytest.mark.parametrize("frame", range(2, 7))
def test_a_message_that_was_forged_is_not_read(frame: int) -> None:
    frames = sent(Session(key=b"a key"))
    frames[frame] += b" "
    with pytest.raises(ValueError, match="signature"):
        read_message(Session(key=b"a key"), frames)


def test_a_kernel_of_the_former_protocol_is_understood() -> None:
    message = read_message(Session(key=b"a key"), sent(Session(key=b"a key"), "pyout", version="4.1"))
    assert message["msg_type"] == message["header"]["msg_type"] == "execute_result"

"""Whatever fails beside what people ask of a room's kernel is said, and the rest goes on."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_collab.errors import CollabError, KernelDied
from jupyter_collab.kernels import jupyter, room_kernels, run_log
from jupyter_collab.kernels.cell_outputs import CellOutputs
from jupyter_collab.kernels.jupyter import JupyterKernel
from jupyter_collab.kernels.limits import OutputLimits
from jupyter_collab.kernels.output_writer import OutputWriter
from jupyter_collab.kernels.room_kernel import RoomKernel
from jupyter_collab.kernels.state import RunInfo
from jupyter_collab.store import Origin, OriginKind

from .doubles import FaultyStore, faulty_store, user
from .kernels import Cells, ScriptedHost, ScriptedKernel, eventually, running
from .scenarios import scenario, until


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


# -- a kernel that is watched ------------------------------------------------------------------------------------------


class Control:
    """The process of a kernel, which is asked for until that fails."""

    is_kept = True
    restarts_itself = True

    def __init__(self) -> None:
        self.fails = False

    def connect(self) -> Any:
        return None

    def heard(self, status: str | None = None) -> None:
        """Nobody wants to know."""

    async def process(self) -> object:
        if self.fails:
            raise ValueError("A bug.")
        return "the same"

    async def interrupt(self) -> None:
        """Nothing runs."""

    restart = shutdown = interrupt


class PlayedChannels:
    """The channels of a kernel that says at once that it is there, and never that a cell has ended."""

    def __init__(self, client: object, on_message: Any) -> None:
        self._on_message = on_message
        self._requests = 0
        self.fails_to_close = False

    def open(self) -> None:
        """There is nothing to open."""

    def send(self, ask: object) -> str:
        self._requests += 1
        number = str(self._requests)
        if self._requests == 1:
            asyncio.get_running_loop().call_soon(self._say, number, "shell", "kernel_info_reply", {})
            asyncio.get_running_loop().call_soon(self._say, number, "iopub", "status", {"execution_state": "idle"})
        return number

    def _say(self, number: str, channel: str, msg_type: str, content: Mapping[str, Any]) -> None:
        header, parent = {"msg_type": msg_type}, {"msg_id": number}
        self._on_message(channel, {"header": header, "parent_header": parent, "content": content})

    async def may_ask_for_input(self, seconds: float) -> bool:
        return True

    async def close(self) -> None:
        if self.fails_to_close:
            raise OSError("A socket is gone.")


@scenario
@pytest.mark.parametrize("fails_to_close", [False, True])
async def test_a_kernel_that_cannot_be_watched_any_more_is_dead_and_said_so(
    fails_to_close: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jupyter, "Channels", PlayedChannels)
    monkeypatch.setattr(jupyter, "WATCH_SECONDS", 0.01)
    control = Control()
    kernel = JupyterKernel("k1", "python3", control)
    statuses: list[str] = []
    kernel.on_status = statuses.append
    await kernel.open()
    kernel._channels.fails_to_close = fails_to_close  # type: ignore[union-attr]  # it is a played one
    running = asyncio.create_task(kernel.execute("1 + 1", lambda msg_type, content: None, allow_stdin=False))
    await asyncio.sleep(0)
    control.fails = True
    with pytest.raises(KernelDied):
        await running
    await until(lambda: kernel.status == "dead")
    assert statuses == ["idle", "dead"]
    assert "A bug." in caplog.text
    with pytest.raises(KernelDied):
        await kernel.execute("1 + 1", lambda msg_type, content: None, allow_stdin=False)
    await kernel.close()


# -- outputs and notes -------------------------------------------------------------------------------------------------


def fresh(cell_id: str, text: str) -> CellOutputs:
    """Outputs of a cell that printed ``text``."""
    info: RunInfo = {
        "by": "Ada", "username": "ada", "kind": "server", "at": "", "status": "running", "hash": "",
    }  # fmt: skip
    cell = CellOutputs(cell_id, Origin.by(user("ada"), OriginKind.KERNEL, run=1), OutputLimits(), info)
    cell.reducer.take("stream", {"name": "stdout", "text": text})
    return cell


@scenario
async def test_outputs_that_cannot_be_written_keep_back_neither_what_came_meanwhile_nor_what_comes_next(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(store) as cells:
        await cells.put("", "", "")
        said: list[CollabError | None] = []
        writer = OutputWriter("demo", cells.manager, 0.0, said.append)
        bad = fresh("c0", "bad")
        write = CellOutputs.write

        def fail_on_the_bad_one(self: CellOutputs, document: Any) -> None:
            if self is bad:
                writer.touch(fresh("c1", "meanwhile"))
                raise ValueError("A bug.")
            write(self, document)

        monkeypatch.setattr(CellOutputs, "write", fail_on_the_bad_one)
        writer.touch(bad)
        await eventually(lambda: cells.text("c1"), lambda text: text == "meanwhile")
        assert "server failed to write" in str(said[0])
        writer.touch(fresh("c2", "next"))
        await eventually(lambda: cells.text("c2"), lambda text: text == "next")
        monkeypatch.undo()
        bad.reducer.take("stream", {"name": "stdout", "text": ", then mended"})
        writer.touch(bad)
        await eventually(lambda: cells.text("c0"), lambda text: text == "bad, then mended")
        await writer.close()


@scenario
async def test_a_run_that_cannot_be_noted_keeps_back_no_other(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "RETRY_SECONDS", 0.01)
    start_run = store.start_run

    async def fail_on_the_bad_one(room_id: str, run_id: int, *, kernel_name: str) -> None:
        if run_id == 1:
            raise ValueError("A bug.")
        await start_run(room_id, run_id, kernel_name=kernel_name)

    monkeypatch.setattr(store, "start_run", fail_on_the_bad_one)
    async with running(store) as cells:
        await cells.put("print bad", "print good")
        await cells.run()
        assert await cells.history() == [("c0", "ok"), ("c1", "ok")]
        newest, oldest = await store.list_runs("demo", 2)
        assert (newest.kernel_name, oldest.kernel_name) == ("python3", "")


# -- what runs ---------------------------------------------------------------------------------------------------------


@scenario
async def test_what_fails_while_cells_run_is_said_and_the_next_cells_run(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(store) as cells:
        await cells.put("print a", "print b")

        async def fail(self: ScriptedKernel, *_: Any, **__: Any) -> Any:
            raise ValueError("A bug.")

        with monkeypatch.context() as patch:
            patch.setattr(ScriptedKernel, "execute", fail)
            await cells.run()
            state = await cells.until_done()
        assert "The server failed to run the cells: A bug." in state["message"]
        assert await cells.history() == [("c0", "aborted"), ("c1", "aborted")]
        await cells.run("c1")
        await cells.until_done()
        assert await cells.text("c1") == "b\n"


@scenario
async def test_a_room_that_cannot_be_tidied_keeps_back_no_other(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_kernels, "MAX_PAUSE_SECONDS", 0.01)
    tidied: list[str] = []

    async def tidy(self: RoomKernel) -> None:
        tidied.append(self.room_id)
        if self.room_id == "demo":
            raise ValueError("A bug.")

    monkeypatch.setattr(RoomKernel, "tidy", tidy)
    async with running(store) as cells:
        await cells.manager.create_room(room_id="other", title="Other")
        for room_id in ("demo", "other"):
            async with cells.kernels.of(room_id):
                pass
        await until(lambda: tidied.count("other") > 1)
        assert tidied.count("demo") > 1


# -- closing -----------------------------------------------------------------------------------------------------------


@scenario
async def test_the_kernels_of_other_rooms_are_let_go_though_that_of_one_cannot_be(store: FaultyStore) -> None:
    hosts = ScriptedHost()
    async with running(store, hosts) as cells:
        for room_id in ("one", "two", "three"):
            await cells.manager.create_room(room_id=room_id, title=room_id)
            await run_in(cells, room_id)
        kernels = hosts.started

        async def fail() -> None:
            raise ValueError("A bug.")

        kernels[0].close = fail  # type: ignore[method-assign]  # a kernel that fails
    assert [kernel.is_closed for kernel in kernels[1:]] == [True, True]


@scenario
async def test_a_kernel_is_let_go_though_the_outputs_cannot_be_written(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(self: Any) -> None:
        raise ValueError("A bug.")

    async with running(store) as cells:
        await run_in(cells, "demo")
        monkeypatch.setattr(OutputWriter, "close", fail)
    assert cells.host.kernel.is_closed


async def run_in(cells: Cells, room_id: str) -> None:
    """Run something in a room, until its kernel is there and nothing runs."""

    async def may(capability: object) -> bool:
        return True

    cell = {"id": "c0", "cell_type": "code", "source": "print a", "metadata": {}, "outputs": []}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    await cells.manager.edit(room_id, lambda document: document.set_notebook(notebook), user("ada"))
    async with cells.kernels.of(room_id) as kernel:
        await kernel.runs.add("all", user("ada"), may)
        await until(lambda: kernel.state["kernel"] and not kernel.state["queue"])

"""What a kernel asks of the notebook when a cell has run is done in a room, and destroys nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_collab.access import Capability
from jupyter_collab.kernels.next_input import MAX_INPUT_BYTES
from jupyter_collab.kernels.payload import Payload, read_payload

from .doubles import FaultyStore, ScriptedPeer, faulty_store, user
from .kernels import Cells, eventually, running
from .scenarios import scenario, until


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def reply(source: str, **fields: Any) -> str:
    """A command of the scripted kernel: an entry of the payload."""
    return "reply " + json.dumps({"source": source, **fields})


def next_input(text: str, *, replace: bool = False) -> str:
    return reply("set_next_input", text=text, replace=replace)


def page(text: str) -> str:
    return reply("page", data={"text/plain": text}, start=0)


async def shown(cells: Cells, cell_id: str) -> list[Any]:
    """The outputs of a cell."""
    outputs: list[Any] = (await cells.manager.read("demo")).cell(cell_id)["outputs"]
    return outputs


@scenario
async def test_a_page_is_an_output_of_the_cell(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("print a\n" + page("Signature: len(obj)"))
        await cells.run()
        await cells.until_done()
        printed, paged = await shown(cells, "c0")
        assert printed["text"] == "a\n"
        assert paged == {"output_type": "display_data", "data": {"text/plain": "Signature: len(obj)"}, "metadata": {}}


@scenario
async def test_a_long_page_is_bounded_as_any_output(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("placeholder")
        await cells.manager.edit("demo", lambda document: document.set_source("c0", page("x" * 2**21)), user("ada"))
        await cells.run()
        await cells.until_done()
        (output,) = await shown(cells, "c0")
        assert len(json.dumps(output)) < 2000


@scenario
async def test_next_input_is_a_new_cell_below(store: FaultyStore) -> None:
    async with running(store) as cells:
        command = next_input("z = 26")
        await cells.put(command, "print b")
        await cells.run()
        await cells.until_done()
        assert await cells.sources() == [command, "z = 26", "print b"]
        assert cells.host.kernel.sources == [command, "print b"]


@scenario
async def test_next_input_may_replace_the_cell_that_was_run(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put(next_input("z = 26", replace=True), "print b")
        await cells.run("c0")
        await cells.until_done()
        assert await cells.sources() == ["z = 26", "print b"]
        assert (await cells.info("c0"))["status"] == "ok"


@scenario
async def test_what_others_typed_meanwhile_is_not_replaced(store: FaultyStore) -> None:
    async with running(store) as cells:
        command = "wait\n" + next_input("z = 26", replace=True)
        await cells.put(command)
        await cells.run()
        kernel = await cells.until_waits()
        await cells.manager.edit("demo", lambda document: document.append_text("c0", " # why?"), user("bob"))
        kernel.go_on()
        await cells.until_done()
        assert await cells.sources() == [command + " # why?", "z = 26"]


@scenario
async def test_next_input_of_a_cell_that_is_gone_is_the_last_cell(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait\n" + next_input("z = 26", replace=True), "print b")
        await cells.run("c0")
        kernel = await cells.until_waits()
        await cells.manager.edit("demo", lambda document: document.delete_cell("c0"), user("bob"))
        kernel.go_on()
        await cells.until_done()
        assert await cells.sources() == ["print b", "z = 26"]


@scenario
@pytest.mark.parametrize("replace", [False, True])
async def test_a_person_who_may_not_edit_sees_the_text_as_an_output(store: FaultyStore, replace: bool) -> None:
    async with running(store) as cells:
        cells.may["ada"].discard(Capability.EDIT)
        command = next_input("z = 26", replace=replace)
        await cells.put(command)
        await cells.run()
        await cells.until_done()
        assert await cells.sources() == [command]
        why, text = await shown(cells, "c0")
        assert "may not edit" in why["data"]["text/plain"]
        assert text["data"] == {"text/plain": "z = 26"}


@scenario
async def test_a_text_that_is_too_long_for_a_cell_is_said(store: FaultyStore) -> None:
    async with running(store) as cells:
        command = next_input("ä" * (MAX_INPUT_BYTES // 2 + 1), replace=True)
        await cells.put("placeholder")
        await cells.manager.edit("demo", lambda document: document.set_source("c0", command), user("ada"))
        await cells.run()
        await cells.until_done()
        assert await cells.sources() == [command]
        assert "longer than 1 MiB" in await cells.text("c0")


@scenario
async def test_a_text_that_cannot_be_saved_is_shown_once_the_store_is_back(store: FaultyStore) -> None:
    async with running(store) as cells:
        command = "wait\n" + next_input("z = 26")
        await cells.put(command)
        await cells.run()
        kernel = await cells.until_waits()
        store.fails_to_write = True
        ada = await ScriptedPeer("ada").join(cells.manager)
        ada.type("# ")
        await until(lambda: "not_saved" in ada.event_types())
        kernel.go_on()
        await cells.until_done()
        store.fails_to_write = False
        await until(lambda: "saved" in ada.event_types())
        await eventually(lambda: shown(cells, "c0"), lambda outputs: len(outputs) == 2)
        assert (await shown(cells, "c0"))[1]["data"] == {"text/plain": "z = 26"}
        assert await cells.sources() == [command]


@scenario
async def test_a_file_to_edit_is_named(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put(reply("edit_magic", filename="/tmp/a.py", line_number=1))
        await cells.run()
        await cells.until_done()
        assert "/tmp/a.py" in await cells.text("c0")


@scenario
async def test_exit_ends_the_kernel_says_who_did_it_and_nothing_else_runs_on_a_new_one(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put("wait\n" + reply("ask_exit", keepkernel=False), "print b")
        await cells.run("c0")
        kernel = await cells.until_waits()
        await cells.run("c1", by="bob")
        kernel.go_on()
        state = await cells.until_done()
        assert (state["kernel"], kernel.is_shut_down) == (None, True)
        assert "Ada ended the kernel" in state["message"]
        assert await cells.history() == [("c0", "ok"), ("c1", "aborted")]
        await cells.run("c1")
        assert (await cells.until_done())["message"] is None
        assert (await cells.text("c1"), len(cells.host.started)) == ("b\n", 2)


@scenario
async def test_exit_may_keep_the_kernel(store: FaultyStore) -> None:
    async with running(store) as cells:
        await cells.put(reply("ask_exit", keepkernel=True))
        await cells.run()
        assert (await cells.until_done())["kernel"] is not None


@scenario
async def test_a_cell_that_fails_asks_for_nothing(store: FaultyStore) -> None:
    async with running(store) as cells:
        command = f"{next_input('z = 26')}\n{page('help')}\n{reply('ask_exit')}\nfail"
        await cells.put(command)
        await cells.run()
        assert (await cells.until_done())["kernel"] is not None
        assert (await cells.sources(), await cells.text("c0")) == ([command], "ValueError\n")


@pytest.mark.parametrize(
    "content",
    [
        {"status": "ok"},
        {"status": "ok", "payload": None},
        {"status": "ok", "payload": {"source": "page"}},
        {"status": "ok", "payload": [None, 1, "page", {}, {"source": ["page"]}, {"source": "unknown", "data": {}}]},
        {"status": "ok", "payload": [{"source": "page", "data": "text"}, {"source": "page"}]},
        {"status": "ok", "payload": [{"source": "set_next_input", "text": 1}, {"source": "edit_magic"}]},
        {"status": "aborted", "payload": [{"source": "page", "data": {"text/plain": "x"}}]},
    ],
)
def test_junk_asks_for_nothing(content: Mapping[str, Any]) -> None:
    assert read_payload(content) in (Payload(), Payload([]))

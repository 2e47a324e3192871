"""Cells run on a real kernel of the server, for everybody in the room."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from pycrdt import Map

from jupyter_collab.document import source_hash
from jupyter_collab.rooms import RoomManager

from .browsers import Browser
from .conftest import Answer, Rest

WAIT_SECONDS = 60.0


def notebook(*sources: str) -> dict[str, Any]:
    """A notebook with code cells whose ids are c0, c1 and so on."""
    cells = [
        {"id": f"c{number}", "cell_type": "code", "source": source, "metadata": {}, "outputs": []}
        for number, source in enumerate(sources)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


class Demo:
    """The room ``demo`` on the server."""

    def __init__(self, rest: Rest, manager: RoomManager) -> None:
        self._rest = rest
        self._manager = manager

    async def create(self, *sources: str, metadata: dict[str, Any] | None = None) -> "Demo":
        content = {**notebook(*sources), "metadata": metadata or {}}
        assert (await self.ask("POST", "", json={"id": "demo", "content": content})).status == 201
        return self

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        return await self._rest(method, f"rooms/demo/{path}" if path else "rooms", **options)

    async def asked(self, what: str, question: dict[str, Any], **options: Any) -> Answer:
        """The kernel's answer, once it has time for it: the first completion makes it read much."""
        while (answer := await self.ask("POST", what, json=question, **options)).status == 409:
            pass  # the server has waited for it
        return answer

    async def state(self) -> dict[str, Any]:
        answer = await self.ask("GET", "kernel")
        assert answer.status == 200, answer.body
        body: dict[str, Any] = answer.body
        return body

    async def run(self, *cells: str) -> list[int]:
        answer = await self.ask("POST", "runs", json={"cells": list(cells) or "all"})
        assert answer.status == 202, answer.body
        return [run["run"] for run in answer.body["runs"]]

    async def until(self, condition: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Wait until the state of the kernel is as wanted, and answer it."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT_SECONDS
        while not condition(state := await self.state()):
            assert loop.time() < deadline, state
            await asyncio.sleep(0.02)
        return state

    async def until_done(self) -> dict[str, Any]:
        return await self.until(lambda state: not state["queue"])

    async def history(self) -> list[dict[str, Any]]:
        """Who ran what, newest first, as soon as all of it has ended."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT_SECONDS
        runs: list[dict[str, Any]] = [{"ended_at": None}]
        while not all(run["ended_at"] for run in runs):
            assert loop.time() < deadline, runs
            await asyncio.sleep(0.02)
            runs = (await self.ask("GET", "runs")).body["runs"]
        return runs

    async def cell(self, cell_id: str) -> dict[str, Any]:
        return (await self._manager.read("demo")).cell(cell_id)

    async def sources(self) -> list[str]:
        """The text of each cell, in order."""
        return [cell["source"] for cell in (await self._manager.read("demo")).cells]

    async def info(self, cell_id: str) -> Any:
        cell = await self.cell(cell_id)
        return cell["metadata"].get("jupyter_collab", {}).get("run")

    async def until_aborted(self, cell_id: str) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT_SECONDS
        while (info := await self.info(cell_id))["status"] != "aborted":
            assert loop.time() < deadline, info
            await asyncio.sleep(0.02)

    async def text(self, cell_id: str) -> str:
        """What the cell printed."""
        return "".join(output.get("text", "") for output in (await self.cell(cell_id))["outputs"])

    async def until_text(self, cell_id: str, text: str) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT_SECONDS
        while text not in (seen := await self.text(cell_id)):
            assert loop.time() < deadline, seen
            await asyncio.sleep(0.02)


@pytest.fixture
def demo(rest: Rest, manager: RoomManager) -> Demo:
    return Demo(rest, manager)


async def test_a_cell_runs_and_says_who_ran_it(demo: Demo, jp_serverapp: ServerApp) -> None:
    await demo.create("print('hello'); 1 + 1")
    assert (await demo.state())["kernel"] is None
    runs = await demo.run()
    await demo.until_done()
    cell = await demo.cell("c0")
    assert cell["execution_count"] == 1
    assert [output["output_type"] for output in cell["outputs"]] == ["stream", "execute_result"]
    info = await demo.info("c0")
    assert info["status"] == "ok"
    assert info["seconds"] >= 0
    state = await demo.until(lambda state: state["kernel"]["status"] == "idle")
    assert state["kernel"]["name"] == "python3"
    sessions = await jp_serverapp.session_manager.list_sessions()
    assert [(session["path"], session["name"], session["kernel"]["id"]) for session in sessions] == [
        ("collab:demo", "demo", state["kernel"]["id"])
    ]
    history = await demo.history()
    assert [(run["run"], run["cell"], run["status"], run["kernel_name"]) for run in history] == [
        (runs[0], "c0", "ok", "python3")
    ]
    assert history[0]["source"] == "print('hello'); 1 + 1"


async def test_what_is_printed_is_there_while_the_cell_runs_and_an_interrupt_ends_it(demo: Demo) -> None:
    await demo.create("import time\nprint('begun', flush=True)\ntime.sleep(1000)", "2")
    first, second = await demo.run()
    await demo.until_text("c0", "begun")
    state = await demo.until(lambda state: state["kernel"]["status"] == "busy")
    assert [(run["run"], run["cell"], run["state"]) for run in state["queue"]] == [
        (first, "c0", "running"),
        (second, "c1", "queued"),
    ]
    assert (await demo.info("c0"))["status"] == "running"
    assert (await demo.ask("POST", "complete", json={"code": "ti", "cursor_pos": 2})).problem == (409, "kernel_busy")
    assert (await demo.ask("POST", "kernel/interrupt")).status == 200
    state = await demo.until_done()
    assert (await demo.info("c0"))["status"] == "error"
    assert (await demo.cell("c0"))["outputs"][-1]["ename"] == "KeyboardInterrupt"
    assert "not run" in state["message"]
    assert await demo.info("c1") is None


async def test_the_list_of_kernels_and_the_culler_hear_what_the_kernel_does(
    demo: Demo, jp_serverapp: ServerApp, jp_root_dir: Path
) -> None:
    wait = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.02)"
    await demo.create("1", f"print('begun', flush=True)\n{wait}")
    await demo.run("c0")
    kernel_id = (await demo.until_done())["kernel"]["id"]
    kernels: Any = jp_serverapp.kernel_manager
    assert kernels.kernel_model(kernel_id)["execution_state"] == "idle"
    before = kernels.get_kernel(kernel_id).last_activity
    await demo.run("c1")
    await demo.until_text("c1", "begun")
    assert kernels.kernel_model(kernel_id)["execution_state"] == "busy"
    assert kernels.get_kernel(kernel_id).last_activity > before
    (jp_root_dir / "go").touch()
    await demo.until_done()
    await demo.until(lambda state: state["kernel"]["status"] == "idle")
    assert kernels.kernel_model(kernel_id)["execution_state"] == "idle"
    assert kernels.last_kernel_activity == kernels.get_kernel(kernel_id).last_activity


async def test_input_is_answered_once_by_whoever_is_first(demo: Demo) -> None:
    await demo.create("name = input('Name? ')\nprint('Hello', name)")
    (run,) = await demo.run("c0")
    state = await demo.until(lambda state: state["input"])
    assert state["input"] == {"run": run, "cell": "c0", "prompt": "Name? ", "password": False}
    assert (await demo.ask("POST", "input", json={"run": run + 1, "value": ""})).problem == (409, "input_not_wanted")
    assert (await demo.ask("POST", "input", json={"run": run, "value": "Ada"})).status == 204
    assert (await demo.ask("POST", "input", json={"run": run, "value": "Bob"})).problem == (409, "input_not_wanted")
    await demo.until_done()
    assert "Hello Ada" in await demo.text("c0")


LATE = """import threading, time
from pathlib import Path
def print_late():
    while not Path("go").exists():
        time.sleep(0.01)
    print("late", flush=True)
threading.Thread(target=print_late, daemon=True).start()"""


async def test_what_a_thread_prints_when_its_cell_has_ended_is_shown(demo: Demo, jp_root_dir: Path) -> None:
    await demo.create(LATE)
    await demo.run()
    await demo.until_done()
    assert (await demo.text("c0"), (await demo.info("c0"))["status"]) == ("", "ok")
    (jp_root_dir / "go").touch()
    await demo.until_text("c0", "late")


async def test_completion_and_inspection_ask_the_rooms_kernel(demo: Demo) -> None:
    await demo.create("größe_der_zahl = 7")
    question = {"code": "größe_de", "cursor_pos": 8}
    assert (await demo.ask("POST", "complete", json=question)).problem == (409, "no_kernel")
    await demo.run()
    await demo.until_done()
    completed = await demo.asked("complete", question)
    assert (completed.status, "größe_der_zahl" in completed.body["matches"]) == (200, True)
    inspected = await demo.asked("inspect", {"code": "größe_der_zahl", "cursor_pos": 3, "detail_level": 0})
    assert inspected.body["found"]
    assert "int" in inspected.body["data"]["text/plain"]


async def test_a_restart_ends_what_runs_and_what_waits_and_the_kernel_goes_on(demo: Demo) -> None:
    await demo.create("x = 1; print('begun', flush=True)\nwhile True: pass", "3", "'x' in globals()")
    await demo.run("c0", "c1")
    await demo.until_text("c0", "begun")
    restarted = await demo.ask("POST", "kernel/restart")
    assert (restarted.status, restarted.body["kernel"]["status"]) == (200, "idle")
    state = await demo.until_done()
    assert state["message"] is None
    assert (await demo.info("c0"))["status"] == "aborted"
    await demo.run("c2")
    await demo.until_done()
    cell = await demo.cell("c2")
    assert (cell["execution_count"], cell["outputs"][0]["data"]["text/plain"]) == (1, "False")


async def test_a_killed_kernel_is_said_and_started_anew(demo: Demo, jp_serverapp: ServerApp) -> None:
    await demo.create("import os; print(os.getpid(), flush=True)\nwhile True: pass", "1", "'again'")
    await demo.run("c0", "c1")
    await demo.until_text("c0", "\n")
    os.kill(int(await demo.text("c0")), signal.SIGKILL)
    state = await demo.until_done()
    assert "died" in state["message"]
    assert (await demo.info("c0"))["status"] == "aborted"
    await demo.until(lambda state: state["kernel"]["status"] == "idle")
    await demo.run("c2")
    await demo.until_done()
    assert (await demo.info("c2"))["status"] == "ok"


async def test_a_kernel_that_is_shut_down_elsewhere_is_gone_and_the_next_run_starts_another(
    demo: Demo, jp_serverapp: ServerApp
) -> None:
    await demo.create("print('begun', flush=True)\nwhile True: pass", "1")
    await demo.run("c0")
    await demo.until_text("c0", "begun")
    (session,) = await jp_serverapp.session_manager.list_sessions()
    await jp_serverapp.session_manager.delete_session(session["id"])
    state = await demo.until(lambda state: state["kernel"] is None)
    assert "ended" in state["message"]
    await demo.until_done()
    assert (await demo.info("c0"))["status"] == "aborted"
    await demo.run("c1")
    state = await demo.until_done()
    assert (await demo.info("c1"))["status"] == "ok"
    assert state["message"] is None


async def test_a_kernel_that_ends_at_once_is_said(demo: Demo, jp_data_dir: Path) -> None:
    folder = jp_data_dir / "kernels" / "broken"
    folder.mkdir(parents=True)
    spec = {"argv": [sys.executable, "-c", ""], "display_name": "Broken", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    await demo.create("1", "2")
    assert (await demo.ask("PUT", "kernel", json={"name": "broken"})).status == 200
    await demo.run()
    state = await demo.until_done()
    assert state["kernel"] is None
    assert "ended before it was ready" in state["message"]
    assert [run["status"] for run in await demo.history()] == ["aborted", "aborted"]
    chosen = await demo.ask("PUT", "kernel", json={"name": "python3"})
    assert chosen.body["message"] is None
    await demo.run("c0")
    await demo.until_done()
    assert (await demo.info("c0"))["status"] == "ok"


async def test_a_kernel_that_is_not_installed_is_said(demo: Demo) -> None:
    await demo.create("1", metadata={"kernelspec": {"name": "julia-1.9", "display_name": "Julia"}})
    await demo.run()
    state = await demo.until_done()
    assert "julia-1.9" in state["message"]
    assert "python3" in state["message"]
    assert (await demo.ask("PUT", "kernel", json={"name": "none"})).problem == (404, "kernel_not_found")


async def test_stopping_ends_the_session(demo: Demo, jp_serverapp: ServerApp) -> None:
    await demo.create("while True: pass")
    await demo.run()
    await demo.until(lambda state: state["kernel"] and state["kernel"]["status"] == "busy")
    assert (await demo.ask("DELETE", "kernel")).status == 204
    state = await demo.until_done()
    assert (state["kernel"], state["message"]) == (None, None)
    assert await jp_serverapp.session_manager.list_sessions() == []
    await demo.until_aborted("c0")


async def test_who_may_not_run_is_refused_and_that_is_logged(demo: Demo, caplog: pytest.LogCaptureFixture) -> None:
    await demo.create("1")
    for method, path, body in (
        ("POST", "runs", {"cells": ["c0"]}),
        ("PUT", "kernel", {"name": "python3"}),
        ("DELETE", "kernel", None),
        ("POST", "kernel/interrupt", None),
        ("POST", "kernel/restart", None),
        ("DELETE", "runs", None),
        ("DELETE", "runs/1", None),
        ("POST", "input", {"run": 1, "value": ""}),
        ("POST", "complete", {"code": "", "cursor_pos": 0}),
        ("POST", "inspect", {"code": "", "cursor_pos": 0}),
    ):
        options = {} if body is None else {"json": body}
        for role in ("viewer", "writer"):
            caplog.clear()
            refused = await demo.ask(method, path, params={"role": role}, **options)
            assert refused.problem == (403, "permission_denied")
            assert f"rooms/demo/{path} by " in caplog.text
    assert (await demo.ask("GET", "kernel", params={"role": "viewer"})).body["kernel"] is None


WAIT_FOR_GO = """import time
from pathlib import Path
while not Path("go").exists():
    time.sleep(0.01)"""


@pytest.mark.parametrize("deed", ["remove", "lower"])
async def test_what_a_guest_queued_is_not_run_when_they_are_removed_or_lowered(
    demo: Demo, rest: Rest, http_server_client: Any, jp_base_url: str, jp_root_dir: Path, deed: str
) -> None:
    await demo.create(WAIT_FOR_GO, *[f"open('ran', 'a').write('{number}')" for number in range(3)])
    invite = (await demo.ask("POST", "invitations", json={"role": "editor"})).body
    bob = Browser(http_server_client, jp_base_url)
    await bob.ask("POST", "join", {"token": invite["token"], "name": "Bob"})
    (member,) = [found for found in (await demo.ask("GET", "members")).body["members"] if "guest" in found["principal"]]
    assert (await bob.ask("POST", "rooms/demo/runs", {"cells": ["c0", "c1", "c2"]})).status == 202
    await demo.run("c3")
    await demo.until(lambda state: state["kernel"] and state["kernel"]["status"] == "busy")
    path = f"members/{member['principal']}"
    if deed == "remove":
        assert (await demo.ask("DELETE", path)).status == 204
    else:
        assert (await demo.ask("PUT", path, json={"role": "writer"})).status == 200
    state = await demo.until(lambda state: len(state["queue"]) == 2)
    assert state["message"] == "Bob (guest) may not run cells here any more. What waited of theirs was not run."
    (jp_root_dir / "go").touch()
    await demo.until_done()
    assert (jp_root_dir / "ran").read_text() == "2"
    assert [run["status"] for run in await demo.history()] == ["ok", "aborted", "aborted", "ok"]


async def test_a_cell_that_says_something_else_than_the_asker_sees_is_not_run(demo: Demo) -> None:
    await demo.create("1 + 1", "2 + 2")
    answer = await demo.ask(
        "POST", "runs", json={"cells": ["c0", "c1"], "hashes": {"c0": source_hash("1 + 1"), "c1": source_hash("2")}}
    )
    assert answer.problem == (409, "source_changed")
    assert "run it again" in answer.body["message"]
    assert await demo.history() == []
    odd: tuple[Any, ...] = ([], {"c0": 1}, "c0")
    for hashes in odd:
        assert (await demo.ask("POST", "runs", json={"cells": ["c0"], "hashes": hashes})).problem[0] == 400


async def test_who_may_not_edit_completes_no_files(demo: Demo, jp_root_dir: Path) -> None:
    await demo.create("segment_size = 7")
    await demo.run()
    await demo.until_done()
    for name in ("secret", "secret.txt", "secret_module.py"):
        (jp_root_dir / name).touch()
    (jp_root_dir / "secrets_folder").mkdir()
    for code in ('open("', 'open("se', "'/", "se", "%cd ", "%cd se", "import se", "!cat se", "se.", "~/"):
        question = {"code": code, "cursor_pos": len(code)}
        matches = (await demo.asked("complete", question, params={"role": "runner"})).body["matches"]
        assert [match for match in matches if "secret" in match or "/" in match] == [], code
        assert matches == [] or code.endswith("se"), "nothing else is listed in place of files"


async def test_who_may_not_edit_completes_names_where_they_stand(demo: Demo) -> None:
    await demo.create("segment_size = 7")
    await demo.run()
    await demo.until_done()
    for code, match in (("ö = print(segment_si", "segment_size"), ("[segment_size.bit_len", "bit_length")):
        question = {"code": code + " + 1", "cursor_pos": len(code)}
        body = (await demo.asked("complete", question, params={"role": "runner"})).body
        (found,) = body["matches"]
        assert found.endswith(match)
        put_in = code[: body["cursor_start"]] + found
        assert body["cursor_end"] == len(code)
        assert put_in.endswith(("print(segment_size", "[segment_size.bit_length"))


async def test_the_room_does_not_say_where_its_kernel_is_and_the_store_does(demo: Demo, manager: RoomManager) -> None:
    await demo.create("1")
    await demo.run()
    await demo.until_done()
    state: Map[Any] = (await manager.read("demo")).doc.get("state", type=Map)
    assert "kernel" not in state
    lease = await manager.store.kernel_lease("demo")
    assert lease is not None
    assert lease.kernel_id
    assert re.fullmatch("[0-9a-f]{16}", lease.server)

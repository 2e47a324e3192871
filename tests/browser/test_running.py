"""Cells run on the room's kernel: by whoever may, for everybody to see, whoever stays."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

import jupyter_collab
from tests.servers import RunningServer

from .people import Person, until
from .rooms import room_with, write_notebook
from .running import add_kernel, button, counting, go, info, kernel_status, output, prompt, run, sees, told

pytestmark = pytest.mark.browser

SOURCES = json.loads((Path(__file__).parent.parent / "vectors" / "source_hash.json").read_text(encoding="utf-8"))

ANSWER_MS = 1_500
"""Longer than JupyterLab waits for a kernel's completions."""


def test_both_see_the_output_while_it_comes(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "live", counting("live"), "6 * 7")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = ada.open_room("live"), bob.open_room("live")
        run(at_ada, 0)
        run(at_ada, 1)
        for step in range(3):
            for pane in (at_ada, at_bob):
                sees(pane, 0, f"step {step}")
            assert "done" not in output(at_bob, 0)
            if step == 1:
                until(lambda: [prompt(at_bob, index) for index in (0, 1)], lambda seen: seen == ["[*]:", "[*]:"])
                until(lambda: info(at_bob, 0), lambda text: "Ada is running" in text)
                assert kernel_status(at_bob) == "busy"
                bob.take_picture("while-it-runs")
            go(server, "live", step)
        sees(at_bob, 1, "42")
        until(lambda: [prompt(at_bob, index) for index in (0, 1)], lambda seen: seen == ["[1]:", "[2]:"])
        until(lambda: info(at_bob, 1), lambda text: "Ada" in text and "just now" in text and " s" in text)
        assert "edited" not in info(at_bob, 1)
        at_bob.type(1, " + 1")
        until(lambda: info(at_ada, 1), lambda text: "edited since" in text)
        until(lambda: kernel_status(at_ada), lambda status: status == "idle")
        for who in (ada, bob):
            who.take_picture(f"{who.name}-light")
            who.set_theme("JupyterLab Dark")
            who.take_picture(f"{who.name}-dark")


def test_a_text_made_to_look_like_the_one_that_was_run_is_called_edited(
    person: Callable[..., Person], server: RunningServer
) -> None:
    ran, forged = (vector["source"] for vector in SOURCES[-2:])
    room_with(server, "forged", ran)
    with person("Ada") as ada:
        pane = ada.open_room("forged")
        run(pane, 0)
        until(lambda: info(pane, 0), lambda text: "just now" in text)
        assert "edited" not in info(pane, 0)
        with jupyter_collab.connect("forged", url=server.url, token=server.token) as eve:
            eve.cell(0).source = forged
            eve.wait_saved(10)
        until(lambda: pane.source(0), lambda text: text == forged)
        until(lambda: info(pane, 0), lambda text: "edited since" in text)


def test_a_run_goes_on_when_the_one_who_asked_for_it_leaves(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "leave", counting("leave"))
    with person("Bob") as bob:
        at_bob = bob.open_room("leave")
        with person("Ada") as ada:
            run(ada.open_room("leave"), 0)
            sees(at_bob, 0, "step 0")
        until(lambda: at_bob.people, lambda people: people == {"Bob"})
        go(server, "leave", 0, 1, 2)
        sees(at_bob, 0, "done")
        until(lambda: info(at_bob, 0), lambda text: "Ada" in text and " s" in text)
    with person("Ada") as ada:
        back = ada.open_room("leave")
        sees(back, 0, "step 0\nstep 1\nstep 2\ndone")
        assert prompt(back, 0) == "[1]:"
        assert kernel_status(back) == "idle"

        ada.run("application:close")
        until(lambda: ada.page.locator(".jc-Pane").count(), lambda count: count == 0)
        ada.page.evaluate("window.jupyterapp.shell.activateById('jp-running-sessions')")
        ada.page.get_by_title("Refresh List").click()
        ada.page.locator("#jp-running-sessions [title='collab:leave']").click()
        back = ada.see_pane()
        sees(back, 0, "done")
        ada.take_picture("among-all-that-runs")


def test_interrupt_error_what_waits_and_restarting(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "stop", counting("stop"), "'never'", "1 / 0", "'x' in globals()", "x = 1")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = ada.open_room("stop"), bob.open_room("stop")
        run(at_ada, 0)
        run(at_ada, 1)
        waiting = at_bob.root.locator(".jc-KernelBar-queue")
        until(waiting.is_visible)
        sees(at_bob, 0, "step 0")
        waiting.click()
        until(waiting.is_hidden)
        button(at_bob, "interrupt-kernel").click()
        until(lambda: output(at_ada, 0), lambda text: "KeyboardInterrupt" in text)
        until(lambda: info(at_ada, 0), lambda text: "failed" in text)
        run(at_ada, 2)
        until(lambda: output(at_bob, 2), lambda text: "ZeroDivisionError" in text)
        assert output(at_bob, 1) == ""
        bob.take_picture("error")

        dialog = bob.page.get_by_role("dialog")

        def answer(key: str, picture: str) -> None:
            dialog.get_by_text("for everyone in this room").wait_for()
            bob.take_picture(picture)
            bob.page.keyboard.press(key)
            dialog.wait_for(state="detached")

        run(at_ada, 4)
        button(at_bob, "restart-kernel").click()
        answer("Escape", "asks")
        run(at_ada, 3)
        sees(at_bob, 3, "True")

        bob.set_theme("JupyterLab Dark")
        at_bob.root.locator(".jp-InputPrompt").first.click()
        for key in "00":
            bob.page.keyboard.press(key)
        answer("Enter", "asks-dark")
        run(at_ada, 3)
        sees(at_bob, 3, "False")
        run(at_ada, 4)
        run(at_ada, 3)
        sees(at_bob, 3, "True")

        at_ada.editor(0).click()
        ada.page.keyboard.press("Control+a")
        ada.page.keyboard.type("'all'")
        until(lambda: at_bob.source(0), lambda text: text == "'all'")
        bob.page.set_viewport_size({"width": 390, "height": 800})
        at_bob.root.get_by_label("Run more cells, and the kernel").click()
        bob.page.get_by_role("menuitem", name="Restart and Run All…").click()
        answer("Enter", "asks-narrow")
        until(lambda: output(at_ada, 2), lambda text: "ZeroDivisionError" in text)
        until(lambda: [prompt(at_ada, index) for index in (0, 1, 2)], lambda seen: seen == ["[1]:", "[2]:", "[3]:"])


def test_whoever_may_run_answers_what_a_cell_asks(person: Callable[..., Person], server: RunningServer) -> None:
    secret = "from getpass import getpass\nlen(getpass('Password? '))"
    room_with(server, "ask", "name = input('Name? ')\nname", secret)
    with person("Ada") as ada, person("Bob") as bob, person("Eve") as eve:
        at_ada, at_bob, at_eve = ada.open_room("ask"), bob.open_room("ask"), eve.open_room("ask", role="viewer")
        run(at_ada, 0)
        line = at_bob.root.get_by_label("Name?")
        line.wait_for()
        assert at_eve.root.get_by_label("Name?").is_disabled()
        line.click()
        bob.page.keyboard.type("bab")
        bob.take_picture("input")
        bob.page.keyboard.press("Enter")
        sees(at_ada, 0, "'bab'")
        until(
            lambda: [pane.root.locator(".jc-Input").count() for pane in (at_ada, at_bob, at_eve)], lambda n: not any(n)
        )
        run(at_ada, 1)
        line = at_bob.root.get_by_label("Password?")
        line.wait_for()
        assert line.get_attribute("type") == "password"
        line.click()
        bob.page.keyboard.type("hunter2" * 2)
        bob.take_picture("password")
        bob.set_theme("JupyterLab Dark")
        bob.take_picture("password-dark")
        line.press("Enter")
        sees(at_ada, 1, "14")
        told_to_all = [who.page.content() for who in (ada, bob, eve)]
        kept = [server.request("GET", f"rooms/ask/{what}").text for what in ("content", "runs", "kernel")]
        assert "hunter2" not in "".join(told_to_all + kept)
        assert at_bob.cells.count() == 2


def test_a_viewer_is_told_why_not(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "why", "import time\nprint('first', flush=True)\ntime.sleep(1)\n'ran'")
    with person("Eve") as eve, person("Ada") as ada:
        joins: list[str] = []
        eve.page.on("websocket", lambda socket: joins.append(socket.url) if "/collab/room/" in socket.url else None)
        at_eve, at_ada = eve.open_room("why", role="viewer"), ada.open_room("why")
        why = "You may not run cells"
        assert why in (button(at_eve, "run-cell-and-select-next").get_attribute("title") or "")
        at_eve.editor(0).click()
        eve.page.keyboard.press("Control+Enter")
        at_eve.root.locator(".jc-Notices-message").get_by_text(why).wait_for()
        eve.take_picture("why-not")
        run(at_ada, 0)
        sees(at_eve, 0, "'ran'")
        until(lambda: (prompt(at_eve, 0), kernel_status(at_eve)), lambda seen: seen == ("[1]:", "idle"))
        run(at_ada, 0)
        until(lambda: prompt(at_eve, 0), lambda text: text == "[2]:")
        assert at_eve.chip == "read-only"
        assert len(joins) == 1, "the viewer's page wrote what it must not, and was thrown out"


def test_outputs_that_somebody_put_there_are_not_taken_for_a_run(
    person: Callable[..., Person], server: RunningServer
) -> None:
    room_with(server, "put", "6 * 7")
    with person("Ada") as ada:
        at_ada = ada.open_room("put")
        run(at_ada, 0)
        sees(at_ada, 0, "42")
        until(lambda: info(at_ada, 0), lambda text: "just now" in text)
        content = server.request("GET", "rooms/put/content").json()
        content["cells"][0]["outputs"][0]["data"] = {"text/plain": "43"}
        server.request("PUT", "rooms/put/content", json=content)
        sees(at_ada, 0, "43")
        until(lambda: info(at_ada, 0), lambda text: "put here by" in text and "not run here" in text)
        ada.take_picture("put-there")
        run(at_ada, 0)
        sees(at_ada, 0, "42")
        until(lambda: info(at_ada, 0), lambda text: "just now" in text and "put here" not in text)


def test_a_kernel_that_dies(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "death", "import os\nos._exit(1)", "'alive'")
    with person("Ada") as ada:
        at_ada = ada.open_room("death")
        run(at_ada, 0)
        until(lambda: told(at_ada), lambda text: "died" in text)
        ada.take_picture("died")
        until(lambda: prompt(at_ada, 0), lambda text: text != "[*]:")
        until(lambda: kernel_status(at_ada), lambda status: status == "idle")
        run(at_ada, 1)
        sees(at_ada, 1, "'alive'")
        until(lambda: told(at_ada), lambda text: text == "")


def test_running_on_a_phone(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "phone", "print('x' * 200)\nname = input('What is the name of your favourite notebook? ')")
    with person("Ada", width=390, height=800) as ada:
        at_ada = ada.open_room("phone")
        ada.page.evaluate("window.jupyterapp.shell.collapseLeft()")
        at_ada.editor(0).tap()
        button(at_ada, "run-cell-and-select-next").tap()
        at_ada.root.locator(".jc-Input-line").wait_for()
        ada.take_picture("phone")
        at_ada.root.locator(".jc-Input-line").fill("this")
        at_ada.root.get_by_text("Send").tap()
        until(lambda: kernel_status(at_ada), lambda status: status == "idle")
        width = "node => node.scrollWidth - node.clientWidth"
        assert at_ada.root.evaluate(width) == 0
        ada.take_picture("phone-after")


def complete(page: Page, choices: Locator) -> None:
    """Ask for completions; again, if the kernel did not answer within the second that JupyterLab gives it."""

    def is_answered() -> bool:
        if choices.count() == 0:
            page.keyboard.press("Tab")
            page.wait_for_timeout(ANSWER_MS)
        return choices.count() > 0

    until(is_answered)


def test_the_kernel_helps_to_type(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "help", "unmistakable = '😀'", "")
    with person("Ada") as ada:
        at_ada = ada.open_room("help")
        press = ada.page.keyboard.press
        run(at_ada, 0)
        until(lambda: prompt(at_ada, 0), lambda text: text == "[1]:")
        until(lambda: kernel_status(at_ada), lambda status: status == "idle")
        at_ada.type(1, "'😀'; unmis")
        choices = ada.page.locator(".jp-Completer-item:visible")
        complete(ada.page, choices)
        assert choices.count() == 1
        press("Enter")
        until(lambda: at_ada.source(1), lambda text: text == "'😀'; unmistakable")
        ada.page.keyboard.type(".is")
        complete(ada.page, choices)
        until(choices.count, lambda count: count > 5)
        ada.take_picture("completions")
        press("Escape")
        until(choices.count, lambda count: count == 0)
        ada.page.keyboard.type("dig")
        complete(ada.page, choices)
        press("Enter")
        until(lambda: at_ada.source(1), lambda text: text == "'😀'; unmistakable.isdigit")
        press("Shift+Tab")
        tooltip = ada.page.locator(".jp-Tooltip")
        tooltip.get_by_text("digit string").first.wait_for()
        ada.take_picture("inspection")
        press("Escape")
        until(tooltip.count, lambda count: count == 0)


def test_choosing_a_kernel_and_losing_it(person: Callable[..., Person], server: RunningServer) -> None:
    add_kernel(server, "second", "Second Python", sys.executable)
    add_kernel(server, "broken", "Broken Python", str(server.folder / "nowhere"))
    room_with(server, "choose", "'ran'")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = ada.open_room("choose"), bob.open_room("choose")
        choice = at_ada.root.locator(".jc-Language")
        choice.locator("option[value='kernel:second']").wait_for(state="attached")
        choice.select_option("kernel:second")
        until(lambda: at_bob.root.locator(".jc-Language").input_value(), lambda value: value == "kernel:second")
        run(at_bob, 0)
        sees(at_ada, 0, "'ran'")
        status = at_ada.root.locator(".jc-KernelStatus")
        until(lambda: status.get_attribute("title"), lambda title: title == "Second Python: Idle")
        choice.select_option("kernel:broken")
        until(lambda: kernel_status(at_bob), lambda seen: seen == "none")
        run(at_bob, 0)
        until(lambda: told(at_ada), lambda text: "Broken Python" in text or "broken" in text)
        ada.take_picture("broken-kernel")
        until(lambda: prompt(at_ada, 0), lambda text: text != "[*]:")
        choice.select_option("kernel:python3")
        until(lambda: at_bob.root.locator(".jc-Language").input_value(), lambda value: value == "kernel:python3")
        run(at_bob, 0)
        until(lambda: server.request("GET", "rooms/choose/runs").json()["runs"][0]["status"], lambda seen: seen == "ok")
        server.kill()
        server.start()
        until(lambda: told(at_ada), lambda text: "gone" in text, seconds=60)
        until(lambda: at_ada.chip, lambda chip: chip == "synced")
        assert kernel_status(at_ada) == "none"
        # JupyterLab's own dialog about the server stands over the pages that were open.
        run(bob.open_room("choose"), 0)
        until(lambda: kernel_status(at_ada), lambda seen: seen == "idle")
        until(lambda: told(at_ada), lambda text: text == "")


def test_running_in_a_notebook_of_ones_own(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "inside", "'in the room'\n1 / 0")
    with person("Bob") as bob:
        show = "from jupyter_collab import SharedEditor\nSharedEditor('inside')"
        at_bob = bob.run_notebook(write_notebook(server, "inside.ipynb", show), in_notebook_7=True)
        run(at_bob, 0)
        until(lambda: output(at_bob, 0), lambda text: "ZeroDivisionError" in text)
        at_bob.editor(0).click()
        bob.page.keyboard.press("Control+a")
        bob.page.keyboard.type("'fine'")
        bob.page.keyboard.press("Shift+Enter")
        sees(at_bob, 0, "'fine'")
        bob.take_picture("in-notebook-7")

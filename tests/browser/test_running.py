"""Cells run on the room's kernel: by whoever may, for everybody to see, whoever stays."""

import json
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator

from tests.servers import RunningServer

from .people import Pane, Person, until
from .rooms import room_with, write_notebook

pytestmark = pytest.mark.browser

COUNTED = """import time
from pathlib import Path
for step in range(3):
    print("step", step, flush=True)
    while not Path(f"go-{name}-{step}").exists():
        time.sleep(0.05)
print("done")"""
"""Prints, and goes on when it is told to, step by step."""


IMAGE_PIXELS = 4_200
IMAGE = f"""import os, struct, zlib
from IPython.display import Image, display

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

side = {IMAGE_PIXELS}
rows = b"".join(b"\\0" + os.urandom(3 * side) for _ in range(side))
header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")
assert len(png) > 50_000_000
display(Image(png))
print("after the image")"""
"""Shows a large image that nothing can make smaller."""

BAR = """import time
from tqdm import tqdm
for _ in tqdm(range(40)):
    time.sleep(0.05)
print("the end")"""


def output(pane: Pane, index: int) -> str:
    """What a cell shows."""
    return pane.cells.nth(index).locator(".jp-Cell-outputArea").inner_text().strip()


def sees(pane: Pane, index: int, ending: str) -> None:
    """Wait until the output of a cell ends so."""
    until(lambda: output(pane, index), lambda text: text.endswith(ending))


def prompt(pane: Pane, index: int) -> str:
    """What stands before a cell."""
    return pane.cells.nth(index).locator(".jp-InputPrompt").inner_text().strip()


def info(pane: Pane, index: int) -> str:
    """What is said of a cell's last run."""
    node = pane.cells.nth(index).locator(".jc-RunInfo")
    return node.inner_text() if node.count() else ""


def button(pane: Pane, command: str) -> Locator:
    """A button over the cells."""
    return pane.root.locator(f"[data-command='{command}']")


def kernel_status(pane: Pane) -> str:
    """What the kernel does, in a word."""
    return pane.root.locator(".jc-KernelStatus").get_attribute("data-status") or ""


def run(pane: Pane, index: int) -> None:
    """Run a cell, as one does."""
    pane.click_end(index)
    pane.page.keyboard.press("Control+Enter")


def go(server: RunningServer, name: str, *steps: int) -> None:
    """Let a counting cell take these steps."""
    for step in steps:
        (server.folder / "root" / f"go-{name}-{step}").touch()


def counting(name: str) -> str:
    """The source of a cell that counts."""
    return f"name = {name!r}\n{COUNTED}"


def add_kernel(server: RunningServer, name: str, label: str, program: str) -> None:
    """Let the server have one more kernelspec."""
    folder = server.folder / "data" / "kernels" / name
    folder.mkdir(parents=True, exist_ok=True)
    arguments = [program, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": arguments, "display_name": label, "language": "python"}))


def told(pane: Pane) -> str:
    """The bad news that is shown."""
    message = pane.root.locator(".jc-KernelMessage")
    return message.inner_text() if message.is_visible() else ""


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


def test_outputs_that_a_room_keeps_apart_or_puts_into_words(
    person: Callable[..., Person], server: RunningServer
) -> None:
    lines = "for number in range(100_000):\n    print('line', number)\nprint('the end')"
    room_with(server, "large", lines, IMAGE, BAR, "import ipywidgets\nipywidgets.IntSlider(value=7)")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = ada.open_room("large"), bob.open_room("large")
        run(at_ada, 0)
        until(lambda: output(at_ada, 0), lambda text: text.endswith("the end"))
        links = at_ada.root.locator(".jc-Blob a")
        links.wait_for()
        at_ada.type(0, "  # typed after")
        until(lambda: at_ada.source(0), lambda text: text.endswith("# typed after"))
        with ada.context.expect_page() as opened:
            links.click()
        whole = opened.value
        until(lambda: whole.evaluate("document.body.innerText.length"), lambda length: length > 1_000_000)
        assert "line 0\nline 1\n" in whole.evaluate("document.body.innerText.slice(0, 100)")
        whole.close()

        run(at_ada, 1)
        sees(at_bob, 1, "after the image")
        at_bob.type(0, " and seen")
        until(lambda: at_ada.source(0), lambda text: text.endswith("# typed after and seen"))
        until(links.count, lambda count: count == 2)
        with ada.context.expect_page() as opened:
            links.nth(1).click()
        shown = opened.value
        until(lambda: shown.evaluate("document.images[0]?.naturalWidth"), lambda width: width == IMAGE_PIXELS)
        shown.close()
        ada.take_picture("large")

        run(at_ada, 2)
        run(at_ada, 3)
        states = {until(lambda: output(at_bob, 2))}
        until(lambda: states.add(output(at_bob, 2)), lambda _: any(text.endswith("the end") for text in states))
        assert max(text.count("/40") for text in states) == 1, "one bar, not one below the other"
        assert "100%" in output(at_bob, 2)
        until(lambda: output(at_bob, 3), lambda text: "IntSlider(value=7)" in text)
        assert "Interactive widgets do not work in a room" in output(at_bob, 3)
        bob.set_theme("JupyterLab Dark")
        bob.take_picture("bar-and-widget-dark")


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
        press("Tab")
        until(choices.count, lambda count: count == 1)
        press("Enter")
        until(lambda: at_ada.source(1), lambda text: text == "'😀'; unmistakable")
        ada.page.keyboard.type(".is")
        press("Tab")
        until(choices.count, lambda count: count > 5)
        ada.take_picture("completions")
        press("Escape")
        until(choices.count, lambda count: count == 0)
        ada.page.keyboard.type("dig")
        press("Tab")
        until(choices.count, lambda count: count > 0)
        press("Enter")
        until(lambda: at_ada.source(1), lambda text: text == "'😀'; unmistakable.isdigit")
        press("Shift+Tab")
        tooltip = ada.page.locator(".jp-Tooltip")
        tooltip.get_by_text("digit string").first.wait_for()
        ada.take_picture("inspection")
        press("Escape")
        until(tooltip.count, lambda count: count == 0)


def test_an_endless_print_leaves_the_room_usable(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "flood", "while True:\n    print('y' * 80)", "")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = ada.open_room("flood"), bob.open_room("flood")
        run(at_ada, 0)
        sees(at_bob, 0, "y")
        at_bob.type(1, "typed in the flood")
        until(lambda: at_ada.source(1), lambda text: text == "typed in the flood")
        button(at_ada, "interrupt-kernel").click()
        until(lambda: kernel_status(at_bob), lambda status: status == "idle")
        until(lambda: output(at_bob, 0), lambda text: "KeyboardInterrupt" in text)
        assert at_ada.chip == "synced"


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

"""Cells run on the room's kernel: by whoever may, for everybody to see, whoever stays."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator

from tests.servers import RunningServer

from .people import Pane, Person, until
from .rooms import room_with

pytestmark = pytest.mark.browser

COUNTED = """import time
from pathlib import Path
for step in range(3):
    print("step", step, flush=True)
    while not Path(f"go-{name}-{step}").exists():
        time.sleep(0.05)
print("done")"""
"""Prints, and goes on when it is told to, step by step."""


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

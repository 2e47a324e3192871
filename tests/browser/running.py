"""Cells that run on a room's kernel, as somebody at a browser sees and asks for it."""

import json

from playwright.sync_api import Locator

from tests.servers import RunningServer

from .people import Pane, until

__all__ = ["add_kernel", "button", "counting", "go", "info", "kernel_status", "output", "prompt", "run", "sees", "told"]

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

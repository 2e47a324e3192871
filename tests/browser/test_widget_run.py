"""A shared cell, run in the kernel of one's own notebook by the button below it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator

import jupyter_collab
from tests.servers import RunningServer

from .people import Person, until
from .rooms import code_cell, notebook, room_with, write_notebook

pytestmark = pytest.mark.browser


class RunHere:
    """The bar below a pane, and what came of the last run."""

    def __init__(self, person: Person) -> None:
        self._root = person.page.locator(".jc-OwnKernel").first
        self.button = self._root.get_by_role("button", name="Run here")
        self.interrupt = self._root.get_by_role("button", name="Interrupt this notebook’s kernel")
        self.outputs = self._root.locator(".jp-OutputArea")

    @property
    def state(self) -> str:
        """How the last run went: ``running``, ``ok`` or ``error``; empty before the first."""
        return self._root.locator(".jc-OwnKernel-state").get_attribute("data-state") or ""

    @property
    def hint(self) -> str:
        """What the button does, or why it does nothing."""
        return self._root.locator(".jc-OwnKernel-hint").text_content() or ""

    def press(self, outcome: str = "ok") -> str:
        """Press the button when it can be pressed; answers the outputs once the run has come to its end."""
        self.start()
        until(lambda: self.state, lambda state: state == outcome)
        return self.outputs.inner_text()

    def start(self) -> None:
        """Press the button when it can be pressed."""
        until(self.button.is_enabled)
        self.button.click()
        until(lambda: self.state)


def notebook_cell(person: Person, text: str) -> Locator:
    """A cell of the notebook around the pane."""
    return person.page.locator(".jp-Cell", has_text=text).last


def show(room: str, cell: int | None = None) -> str:
    return f"from jupyter_collab import SharedEditor\nSharedEditor({room!r}, cell={cell})"


def test_the_button_runs_the_cell_in_ones_own_kernel(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "own", "for n in range(3):\n    print('line', n)\nshared = 6 * 7\nshared")
    with person("Bob") as bob, jupyter_collab.connect("own", url=server.url, token=server.token) as program:
        bob.run_notebook(write_notebook(server, "own.ipynb", show("own", 0), "print('seen', shared)"))
        here = RunHere(bob)
        assert here.hint == "in the kernel of this notebook, for you alone"
        outputs = here.press()
        assert "line 0\nline 1\nline 2" in outputs
        assert "42" in outputs
        assert program.cells[0].outputs == []
        bob.take_picture("run-here")
        bob.set_theme("JupyterLab Dark")
        bob.take_picture("run-here-dark")
        bob.set_theme("JupyterLab Light")

        cell = notebook_cell(bob, "'seen'")
        cell.locator(".cm-content").click()
        bob.page.keyboard.press("Shift+Enter")
        until(lambda: cell.locator(".jp-OutputArea-output").all_inner_texts(), lambda texts: texts == ["seen 42\n"])


def test_errors_input_await_and_interrupt(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "ways", "1 / 0")
    with person("Bob") as bob, jupyter_collab.connect("ways", url=server.url, token=server.token) as program:
        at_bob = bob.run_notebook(write_notebook(server, "ways.ipynb", show("ways", 0)))
        here = RunHere(bob)
        assert "ZeroDivisionError" in here.press("error")
        bob.take_picture("run-here-error")

        def change(source: str) -> None:
            program.cells[0].source = source
            until(lambda: at_bob.source(0), lambda shown: shown == source)

        change("print('Hello', input('Name? '))")
        here.start()
        line = here.outputs.locator("input")
        line.fill("Ada")
        line.press("Enter")
        until(here.outputs.inner_text, lambda text: "Hello Ada" in text)

        change("import asyncio\nawait asyncio.sleep(0)\nprint('awaited')")
        assert "awaited" in here.press()

        change("print('on and on')\nwhile True:\n    pass")
        here.start()
        until(here.outputs.inner_text, lambda text: "on and on" in text)
        assert here.button.is_disabled()
        here.interrupt.click()
        until(here.outputs.inner_text, lambda text: "KeyboardInterrupt" in text)
        until(lambda: here.state, lambda state: state == "error")
        until(here.interrupt.is_hidden)


def test_a_kernel_that_is_restarted_meanwhile(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "restarted", "print('on and on')\nwhile True:\n    pass")
    with person("Bob") as bob, jupyter_collab.connect("restarted", url=server.url, token=server.token) as program:
        at_bob = bob.run_notebook(write_notebook(server, "restarted.ipynb", show("restarted", 0)))
        here = RunHere(bob)
        here.start()
        until(here.outputs.inner_text, lambda text: "on and on" in text)
        bob.page.evaluate("void window.jupyterapp.commands.execute('notebook:restart-kernel')")
        bob.page.get_by_role("dialog").get_by_role("button", name="Confirm Kernel Restart").click()
        until(lambda: here.state, lambda state: state == "error")
        program.cells[0].source = "print('again')"
        until(lambda: at_bob.source(0), lambda shown: shown == "print('again')")
        assert "again" in here.press()


def test_what_cannot_be_run_says_why(person: Callable[..., Person], server: RunningServer) -> None:
    text = {"id": "t0", "cell_type": "markdown", "source": "# Read me", "metadata": {}}
    server.create_room("why", content=notebook(text, code_cell("c0", "late = 1")))
    flag = Path(server.folder) / "root" / "go-on"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(flag)!r}).exists(): time.sleep(0.05)\nprint('went on')"
    with person("Bob") as bob:
        at_bob = bob.run_notebook(write_notebook(server, "why.ipynb", show("why"), wait))
        here = RunHere(bob)
        until(lambda: here.hint, lambda hint: hint == "This cell is no code")
        assert here.button.is_disabled()
        at_bob.editor(1).click()
        until(here.button.is_enabled)

        cell = notebook_cell(bob, "'went on'")
        cell.locator(".cm-content").click()
        bob.page.keyboard.press("Shift+Enter")
        until(lambda: here.hint, lambda hint: hint == "The kernel of this notebook is busy")
        assert here.button.is_disabled()
        assert here.button.get_attribute("title") == "The kernel of this notebook is busy"
        bob.take_picture("run-here-busy")
        flag.touch()
        until(here.button.is_enabled)
        here.press()


def test_a_viewer_runs_it_in_notebook_7(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "seven-here", "print(3 + 4)")
    with person("Bob") as bob:
        path = write_notebook(server, "seven-here.ipynb", show("seven-here", 0).replace(")", ", role='viewer')"))
        bob.run_notebook(path, in_notebook_7=True, status="read-only")
        assert RunHere(bob).press().strip().endswith("7")
        bob.take_picture("run-here-notebook-7")
        bob.page.set_viewport_size({"width": 390, "height": 800})
        bob.take_picture("run-here-narrow")

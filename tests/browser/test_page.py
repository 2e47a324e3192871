"""The page of its own: a room without JupyterLab around it, at a desk and on a phone."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from jupyter_collab.server.page import BUNDLE
from tests.servers import RunningServer

from .contrast import faint
from .pages import PHONE, width_of
from .people import Pane, Person, until
from .rooms import code_cell, notebook, room_with
from .test_trust import OUTPUTS

pytestmark = pytest.mark.browser

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SHOWN: list[dict[str, Any]] = [
    {"output_type": "stream", "name": "stdout", "text": "printed\n"},
    {"output_type": "display_data", "data": {"text/html": "<b>bold</b>"}, "metadata": {}},
    {"output_type": "display_data", "data": {"image/png": PIXEL}, "metadata": {}},
    {"output_type": "display_data", "data": {"text/latex": "$\\frac{a}{b}$"}, "metadata": {}},
    {"output_type": "error", "ename": "E", "evalue": "no", "traceback": ["\u001b[31mE\u001b[0m: no"]},
]
TEXT = "# Title\n\n*slanted*, $x^2 + \\sqrt{y}$, [away](https://example.org/)\n\n```python\nimport math\n```"


@pytest.fixture(scope="module")
def server(page_server: RunningServer) -> RunningServer:
    """A server without JupyterLab."""
    return page_server


def text_cell(source: str) -> dict[str, Any]:
    """A text cell."""
    return {"id": "text", "cell_type": "markdown", "source": source, "metadata": {}}


def bar(pane: Pane, name: str) -> None:
    """Press a button of the bar at the bottom."""
    pane.page.locator(".jc-TouchBar").get_by_role("button", name=name).tap()


def test_two_people_at_a_desk_and_on_a_phone(person: Callable[..., Person], server: RunningServer) -> None:
    shown = code_cell("shown", "import math") | {"outputs": SHOWN, "execution_count": 3}
    server.create_room("both", title="Both", content=notebook(code_cell("c0", "# "), text_cell(TEXT), shown))
    with person("Ada") as ada, person("Bob", color_scheme="dark", **PHONE) as bob:
        at_ada, at_bob = ada.open_room_page("both"), bob.open_room_page("both")
        at_ada.type(0, "ada ")
        until(lambda: at_bob.source(0), lambda text: text == "# ada ")
        at_bob.editor(0).tap()
        bob.page.keyboard.press("Control+End")
        bob.page.keyboard.type("bob")
        until(lambda: at_ada.source(0), lambda text: text == "# ada bob")
        until(lambda: at_ada.carets, lambda names: "Bob" in names)
        until(lambda: (at_ada.people, at_bob.people), lambda seen: seen == ({"Ada", "Bob"}, {"Ada", "Bob"}))
        for who, pane in ((ada, at_ada), (bob, at_bob)):
            pane.root.get_by_role("heading", name="Title").wait_for()
            pane.root.locator(".jp-MarkdownOutput mjx-container").first.wait_for()
            pane.root.locator(".jp-MarkdownOutput code .cm-keyword, .jp-MarkdownOutput code [class]").first.wait_for()
            outputs = pane.cells.nth(2).locator(".jp-OutputArea")
            outputs.get_by_text("printed").wait_for()
            outputs.locator("b").wait_for()
            outputs.locator("mjx-container").wait_for()
            outputs.locator(".ansi-red-fg").wait_for()
            assert outputs.locator("img").evaluate("image => image.naturalWidth") == 1
            assert who.page.title() == "Both"
            assert faint(pane.root.locator(".jc-Pane-header")) == []
            who.take_picture(who.name)
        assert width_of(bob) == PHONE["width"]
        assert ada.page.evaluate("document.body.dataset.jpThemeLight") == "true"
        assert bob.page.evaluate("document.body.dataset.jpThemeLight") == "false"
        background = "getComputedStyle(document.body).backgroundColor"
        assert ada.page.evaluate(background) != bob.page.evaluate(background)


def test_the_server_s_token_does_not_stay_in_the_address(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "quiet", "x")
    with person("Ada") as ada:
        ada.open_room_page("quiet")
        assert ada.page.url == f"{server.url}collab/?room=quiet"
        ada.page.reload()
        ada.see_pane()


def test_a_cell_runs_from_a_phone(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "phone", "", "print(6 * 7)")
    with person("Bob", **PHONE) as bob:
        at_bob = bob.open_room_page("phone")
        at_bob.editor(1).tap()
        bar(at_bob, "Run")
        output = at_bob.cells.nth(1).locator(".jp-OutputArea-output")
        until(lambda: output.count() and output.inner_text().strip(), lambda text: text == "42", seconds=60)

        at_bob.editor(0).tap()
        bar(at_bob, "Tab")
        bob.page.keyboard.type("x")
        until(lambda: at_bob.source(0), lambda text: text == "    x")
        assert at_bob.editor(0).evaluate("editor => editor.contains(document.activeElement)")
        bar(at_bob, "Undo")
        until(lambda: at_bob.source(0), lambda text: text in ("", "    "))  # one step, or two on a slow machine
        bar(at_bob, "Escape")
        until(lambda: bob.page.locator(".jp-Notebook.jp-mod-editMode").count(), lambda count: count == 0)
        bar(at_bob, "Add")
        until(lambda: at_bob.cells.count(), lambda count: count == 3)
        assert width_of(bob) == PHONE["width"]


def test_the_kernel_completes_on_a_phone(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "complete", "unmistakable = 'word'", "")
    with person("Bob", color_scheme="dark", **PHONE) as bob:
        at_bob = bob.open_room_page("complete")
        kernel = at_bob.root.locator(".jc-KernelStatus")
        at_bob.editor(0).tap()
        bar(at_bob, "Run")
        prompt = at_bob.cells.nth(0).locator(".jp-InputPrompt")
        until(lambda: prompt.inner_text().strip(), lambda text: text == "[1]:", seconds=60)
        until(lambda: kernel.get_attribute("data-status"), lambda status: status == "idle")

        choices = bob.page.locator(".jp-Completer-item:visible")
        at_bob.editor(1).tap()
        bob.page.keyboard.type("unmis")
        bar(at_bob, "Tab")
        until(choices.count, lambda count: count == 1)
        bar(at_bob, "Tab")
        until(lambda: at_bob.source(1), lambda text: text == "unmistakable")
        until(choices.count, lambda count: count == 0)
        bob.page.keyboard.type(".is")
        bar(at_bob, "Tab")
        until(choices.count, lambda count: count > 5)
        bob.take_picture("completions")
        bar(at_bob, "Escape")
        until(choices.count, lambda count: count == 0)
        assert at_bob.editor(1).evaluate("editor => editor.contains(document.activeElement)")
        bar(at_bob, "Tab")
        choices.get_by_text("isdigit").tap()
        until(lambda: at_bob.source(1), lambda text: text == "unmistakable.isdigit")
        assert width_of(bob) == PHONE["width"]


def test_nothing_in_an_output_runs_even_without_the_policy(
    person: Callable[..., Person], server: RunningServer
) -> None:
    cell = code_cell("bad", "hostile()") | {"outputs": OUTPUTS, "metadata": {"trusted": True}}
    server.create_room("bad", content=notebook(cell))
    with person("Ada", bypass_csp=True) as ada:
        at_ada = ada.open_room_page("bad")
        at_ada.root.get_by_text("bold").wait_for()
        hidden = at_ada.root.locator(".jc-HiddenOutput")
        until(lambda: hidden.count(), lambda count: count == 1)
        assert hidden.locator("button").count() == 0
        assert ada.page.evaluate("window.pwned") is None
        assert faint(hidden.first) == []
        ada.take_picture("hidden")


def test_the_policy_alone_stops_a_script(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "strict", "x")
    with person("Ada") as ada:
        at_ada = ada.open_room_page("strict")
        refused: list[str] = []
        ada.page.on("console", lambda message: refused.append(message.text))
        at_ada.root.evaluate(
            """pane => {
              const image = document.createElement('img');
              image.setAttribute('onerror', 'window.pwned = true');
              image.src = 'data:,';
              const script = document.createElement('script');
              script.textContent = 'window.pwned = true';
              pane.append(image, script);
            }"""
        )
        until(lambda: len(refused), lambda count: count >= 2)
        assert ada.page.evaluate("window.pwned") is None
        ada.console.errors.clear()


MOST_SCRIPT_BYTES = 650_000
MOST_REQUESTS = 6


def test_a_working_room_costs_little(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "light")
    with person("Ada") as ada:
        paths: list[str] = []
        ada.page.on("request", lambda request: paths.append(urlsplit(request.url).path))
        ada.open_page("?room=light")
        chip = ada.page.locator(".jc-Chip")
        until(lambda: chip.count() and chip.get_attribute("data-status"), lambda status: status == "synced")
        ada.page.locator("[data-state='empty']").wait_for()
        assert len(paths) <= MOST_REQUESTS, paths
        scripts = [path.rpartition("/")[2] for path in paths if path.endswith(".js")]
        assert len(scripts) == 2
        assert sum((BUNDLE / f"{name}.gz").stat().st_size for name in scripts) < MOST_SCRIPT_BYTES

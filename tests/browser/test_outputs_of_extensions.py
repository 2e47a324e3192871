"""An output that only an extension could show waits for a click: it could hang the page of everybody who comes by."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.servers import RunningServer

from .people import Person
from .rooms import code_cell, notebook, write_notebook
from .test_page import PIXEL

pytestmark = pytest.mark.browser

VEGA = "application/vnd.vega.v5+json"
HANGS: dict[str, Any] = {VEGA: {"x": 1}}
CHART: dict[str, Any] = {
    VEGA: {
        "$schema": "https://vega.github.io/schema/vega/v5.json",
        "width": 50,
        "height": 50,
        "marks": [{"type": "rect", "encode": {"enter": {"width": {"value": 9}, "height": {"value": 9}}}}],
    },
    "text/plain": "a chart in words",
}
LABEL = "Show this Vega chart"


def outputs(*data: dict[str, Any]) -> dict[str, Any]:
    """A code cell with these outputs."""
    shown = [{"output_type": "display_data", "data": each, "metadata": {}} for each in data]
    return code_cell("outputs", "show()") | {"outputs": shown}


def buttons(root: Locator) -> Locator:
    """What is offered in place of charts."""
    return root.get_by_role("button", name=LABEL)


def test_a_chart_that_hangs_is_not_drawn_until_it_is_wanted(
    person: Callable[..., Person], server: RunningServer
) -> None:
    server.create_room("hangs", content=notebook(outputs(HANGS, CHART), code_cell("last", "last")))
    with person("Ada") as ada:
        pane = ada.open_room("hangs")
        expect(buttons(pane.root)).to_have_count(2)
        expect(pane.root.get_by_text(VEGA)).to_have_count(2)
        pane.root.get_by_text("a chart in words").wait_for()
        pane.type(1, "!")
        expect(pane.root.locator(".vega-embed")).to_have_count(0)
        ada.take_picture("waiting")
        buttons(pane.root).last.focus()
        ada.page.keyboard.press("Enter")
        pane.root.locator(".vega-embed svg, .vega-embed canvas").first.wait_for()
        expect(buttons(pane.root)).to_have_count(1)
        ada.take_picture("shown")
        ada.page.reload()
        expect(buttons(ada.open_room("hangs").root)).to_have_count(2)


def test_charts_of_a_trusted_room_are_drawn(person: Callable[..., Person], server: RunningServer) -> None:
    script = {"application/javascript": "element.append('ran')"}
    server.create_room("trusted", content=notebook(outputs(CHART, script)))
    with person("Ada") as ada:
        pane = ada.open_room("trusted")
        pane.root.get_by_role("button", name="Trust…").click()
        ada.page.locator(".jp-Dialog").get_by_role("button", name="Trust").click()
        pane.root.locator(".vega-embed svg, .vega-embed canvas").first.wait_for()


def test_in_a_shared_editor(person: Callable[..., Person], server: RunningServer) -> None:
    server.create_room("widget", content=notebook(outputs(HANGS | {"image/png": PIXEL})))
    path = write_notebook(server, "widget.ipynb", "from jupyter_collab import SharedEditor\nSharedEditor('widget')")
    with person("Ada") as ada:
        pane = ada.run_notebook(path)
        expect(buttons(pane.root)).to_have_count(1)
        expect(pane.root.locator(".jp-OutputArea img")).to_have_count(1)


def test_the_page_without_jupyterlab_shows_the_rest(person: Callable[..., Person], server: RunningServer) -> None:
    server.create_room("page", content=notebook(outputs(HANGS | {"text/plain": "in words"})))
    with person("Ada", width=390, color_scheme="dark") as ada:
        pane = ada.open_room_page("page")
        pane.root.get_by_text("in words").wait_for()
        expect(buttons(pane.root)).to_have_count(0)


SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='30' height='30' onload='window.pwned = true'>"
    "<title>A red dot</title><script>window.pwned = true</script><image href='/api/status?probe'/>"
    "<circle cx='15' cy='15' r='9' fill='red'/></svg>"
)


@pytest.mark.parametrize("where", ["open_room", "open_room_page"])
def test_svg_is_a_picture_with_its_name(person: Callable[..., Person], server: RunningServer, where: str) -> None:
    room = f"svg-{where.replace('_', '-')}"
    bare = "<svg width='30' height='30'><circle cx='15' cy='15' r='9'/></svg>"
    server.create_room(room, content=notebook(outputs({"image/svg+xml": SVG}, {"image/svg+xml": bare})))
    with person("Ada") as ada:
        asked: list[str] = []
        ada.context.on("request", lambda request: asked.append(request.url) if "probe" in request.url else None)
        pane = getattr(ada, where)(room)
        picture = pane.root.get_by_role("img", name="A red dot")
        picture.wait_for()
        shown = pane.root.locator(".jp-OutputArea-output img")
        widths = "images => images.map(image => image.naturalWidth)"
        expect(shown).to_have_count(2)
        ada.page.wait_for_function("[...document.querySelectorAll('.jp-OutputArea img')].every(i => i.naturalWidth)")
        assert shown.evaluate_all(widths) == [30, 30]
        assert pane.root.locator(".jp-OutputArea-output svg").count() == 0
        assert ada.page.evaluate("window.pwned") is None
        assert asked == []
        ada.take_picture("svg")

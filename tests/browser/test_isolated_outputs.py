"""An output that asks for a frame of its own (``metadata.isolated``) has one where it is trusted, and buttons work."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.servers import RunningServer

from .people import Person
from .rooms import code_cell, notebook
from .test_outputs_of_extensions import CHART, LABEL
from .test_pictures_of_others import ONE, Hosts

pytestmark = pytest.mark.browser

STYLED = "<style>.jp-Cell { opacity: 0.5 }</style><b>styled</b><script>document.body.append(' ran')</script>"
PICTURE = f"<p>look</p><img src='https://{ONE}/cat.svg'>"


def isolated(data: dict[str, Any], mime_type: str = "") -> dict[str, Any]:
    """An output in a frame of its own, as IPython makes it."""
    wish = {"isolated": True}
    return {"output_type": "display_data", "data": data, "metadata": {mime_type: wish} if mime_type else wish}


def open_with(person: Person, server: RunningServer, room: str, *outputs: dict[str, Any]) -> Any:
    """A room of one cell with these outputs, on somebody's screen."""
    server.create_room(room, content=notebook(code_cell("c0", "show()") | {"outputs": list(outputs)}))
    return person.open_room(room).root


def test_without_trust_its_buttons_work(person: Callable[..., Person], server: RunningServer) -> None:
    outputs = [
        isolated({"text/html": PICTURE}),
        isolated({"text/html": PICTURE}, "text/html"),
        isolated({"text/markdown": f"![](https://{ONE}/dog.svg)"}),
        isolated(CHART),
        isolated({"application/javascript": "1"}),
    ]
    with person("Ada") as ada:
        hosts = Hosts(ada)
        root = open_with(ada, server, "isolated", *outputs)
        pictures = root.get_by_role("button", name=f"Show all pictures from {ONE}")
        expect(pictures).to_have_count(3)
        ada.take_picture("isolated")
        assert hosts.asked == set()
        pictures.first.click()
        expect(pictures).to_have_count(0)
        expect(root.locator(".jp-OutputArea img")).to_have_count(3)
        root.get_by_role("button", name=LABEL).click()
        root.locator(".vega-embed svg, .vega-embed canvas").first.wait_for()
        root.get_by_role("button", name="Trust…").click()
        ada.page.locator(".jp-Dialog").get_by_role("button", name="Trust").wait_for()


def test_with_trust_its_styles_and_scripts_are_in_a_frame(person: Callable[..., Person], server: RunningServer) -> None:
    with person("Ada") as ada:
        outputs = [isolated({"text/html": STYLED}), isolated({"application/javascript": "element.append('trusted')"})]
        root = open_with(ada, server, "framed", *outputs)
        styled = root.get_by_text("styled")
        styled.wait_for()
        assert root.locator("iframe").count() == 0
        root.get_by_role("button", name="Trust…").click()
        ada.page.locator(".jp-Dialog").get_by_role("button", name="Trust").click()
        root.locator(".jp-OutputArea").get_by_text("trusted", exact=True).wait_for()
        expect(root.locator("iframe")).to_have_count(1)
        root.frame_locator("iframe").get_by_text("styled").wait_for()
        assert root.locator(".jp-Cell").evaluate("cell => getComputedStyle(cell).opacity") == "1"

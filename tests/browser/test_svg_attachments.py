"""An SVG that is attached to a text cell is a picture, in which nothing runs and nothing is loaded."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.servers import RunningServer

from .people import Person, until
from .rooms import notebook
from .test_commands_in_texts import text_cell
from .test_outputs_of_extensions import SVG
from .test_page import PIXEL

pytestmark = pytest.mark.browser

TEXT = """![a dot](attachment:dot.svg) ![in base64](attachment:kept.svg) ![a pixel](attachment:pixel.png)
![no picture](attachment:page.html) [open it](attachment:dot.svg) <iframe src="attachment:dot.svg"></iframe>
<object data="attachment:dot.svg"></object> <embed src="attachment:dot.svg"> and $x$"""

ATTACHMENTS: dict[str, dict[str, str]] = {
    "dot.svg": {"image/svg+xml": SVG},
    "kept.svg": {"image/svg+xml": base64.b64encode(SVG.encode()).decode()},
    "pixel.png": {"image/png": PIXEL},
    "page.html": {"text/html": "<script>window.pwned = true</script>"},
}


@pytest.mark.parametrize("where", ["open_room", "open_room_page"])
def test_attached_svg_is_a_picture(person: Callable[..., Person], server: RunningServer, where: str) -> None:
    room = f"attached-{where.replace('_', '-')}"
    cell: dict[str, Any] = text_cell("text", TEXT) | {"attachments": ATTACHMENTS}
    server.create_room(room, content=notebook(cell))
    with person("Ada") as ada:
        asked: list[str] = []
        ada.context.on("request", lambda request: asked.append(request.url) if "probe" in request.url else None)
        text = getattr(ada, where)(room).root.locator(".jp-RenderedMarkdown")
        text.locator("mjx-container").wait_for()
        widths = "images => images.map(image => [image.alt, image.naturalWidth])"
        wanted = [["a dot", 30], ["in base64", 30], ["a pixel", 1], ["no picture", 0]]
        until(lambda: text.locator("img").evaluate_all(widths), wanted.__eq__)
        expect(text.locator("iframe, object, embed, svg circle")).to_have_count(0)
        assert text.get_by_text("open it").get_attribute("href") is None
        assert ada.page.evaluate("window.pwned") is None
        assert asked == []
        ada.take_picture("attached")

"""Pictures that others name are not asked of one's own server: it would take the request for one's own."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator

from tests.servers import RunningServer

from .bound import bound_cell, open_notebook
from .people import Person, until
from .rooms import notebook, write_cells
from .test_commands_in_texts import output_cell, text_cell
from .test_page import PIXEL

pytestmark = pytest.mark.browser

PROBE = "api/status?probe"

MARKUP = f"""<p>begin</p>
<img src="/{PROBE}=absolute"><img src="../../../{PROBE}=relative"><img src="data:image/png;base64,{PIXEL}">
<video src="/{PROBE}=video" poster="/{PROBE}=poster"></video><audio src="/{PROBE}=audio" preload="auto"></audio>
<div style="background: url(/{PROBE}=style)">end</div>"""

TEXT = rf"""![](/{PROBE}=picture) ![](attachment:dot.png)

{MARKUP}

$\style{{background-image:url(/{PROBE}=formula);padding:9px}}{{x}}$
"""

ATTACHED: dict[str, Any] = {"attachments": {"dot.png": {"image/png": PIXEL}}}


class Requests:
    """What a person's browser asked the server for, of what the texts name."""

    def __init__(self, person: Person) -> None:
        self.seen: list[str] = []
        person.context.on("request", lambda request: self.seen.append(request.url) if PROBE in request.url else None)


def see_that_nothing_is_loaded(root: Locator, requests: Requests, *, outputs: int) -> None:
    """Look at a text as it is shown, and that many outputs with the same pictures."""
    end = root.get_by_text("end", exact=True)
    until(end.count, lambda count: count == 1 + outputs)
    root.locator("mjx-container").wait_for()
    pictures = "images => images.map(image => [image.getAttribute('src').slice(0, 5), image.naturalWidth])"
    shown = root.locator(".jp-RenderedMarkdown img, .jp-RenderedHTML img")
    until(lambda: shown.evaluate_all(pictures), lambda seen: seen == [["data:", 1]] * (2 + outputs))
    assert root.get_by_text(f"[not loaded: /{PROBE}=absolute]").count() == 1 + outputs
    assert requests.seen == []


def test_in_a_rooms_tab(person: Callable[..., Person], server: RunningServer) -> None:
    server.create_room("tab", content=notebook(text_cell("text", TEXT) | ATTACHED, output_cell(MARKUP)))
    with person("Ada") as ada:
        requests = Requests(ada)
        see_that_nothing_is_loaded(ada.open_room("tab").root, requests, outputs=1)
        ada.take_picture("pictures")


def test_on_the_page_without_jupyterlab(person: Callable[..., Person], server: RunningServer) -> None:
    server.create_room(
        "page",
        content=notebook(
            text_cell("text", TEXT.replace("attachment:dot.png", f"data:image/png;base64,{PIXEL}")), output_cell(MARKUP)
        ),
    )
    with person("Ada") as ada:
        requests = Requests(ada)
        see_that_nothing_is_loaded(ada.open_room_page("page").root, requests, outputs=1)
        ada.take_picture("pictures")


def test_in_a_shared_cell_of_a_notebook(person: Callable[..., Person], server: RunningServer) -> None:
    server.create_room("bound", content=notebook(text_cell("c0", TEXT)))
    link = bound_cell("shared", "bound", "c0", TEXT)["metadata"]
    path = write_cells(server, "bound.ipynb", text_cell("shared", TEXT) | {"metadata": link} | ATTACHED)
    with person("Ada") as ada:
        requests = Requests(ada)
        at_ada = open_notebook(ada, path)
        at_ada.wait_for_state(0, "shared")
        see_that_nothing_is_loaded(at_ada.cells.nth(0), requests, outputs=0)
        ada.take_picture("pictures")

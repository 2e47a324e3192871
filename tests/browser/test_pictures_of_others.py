"""Pictures of other hosts, which learn by them who looks, are loaded when the viewer wants it, and not before."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.servers import RunningServer

from .bound import bound_cell, open_notebook
from .people import Person, until
from .rooms import code_cell, notebook, write_cells, write_notebook
from .test_commands_in_texts import output_cell, text_cell

pytestmark = pytest.mark.browser

SVG = "<svg xmlns='http://www.w3.org/2000/svg' width='20' height='20'><rect width='20' height='20' fill='teal'/></svg>"
ONE, OTHER = "pictures.example", "films.example"

MARKUP = f"""<p>begin</p><a href="#x"><img alt="A cat" src="https://{ONE}/cat.svg"></a>
<img src="//{ONE}/dog.svg" srcset="https://{ONE}/large.svg 2x">
<video src="https://{OTHER}/film.webm" poster="https://{ONE}/poster.svg"></video>
<img alt="Small" srcset="https://{ONE}/small.svg 1x, https://{ONE}/large.svg 2x">
<picture><source srcset="https://{ONE}/art.svg"><img alt="Art"></picture>
<audio src="https://{OTHER}/sound.ogg" preload="auto"></audio>
<div style="background: url(https://{ONE}/style.svg)">end</div>
<span data-jc-held="&lt;img src=https://{OTHER}/forged.svg&gt;" data-jc-host="{OTHER}" data-jc-view="1">
<button>forged</button></span>"""

TEXT = rf"""![](https://{ONE}/text.svg)

{MARKUP}

$\style{{background-image:url(https://{ONE}/formula.svg);padding:9px}}{{x}}$
"""


class Hosts:
    """Two hosts on the internet, and what a person's browser asked them for."""

    def __init__(self, person: Person) -> None:
        self.asked: set[str] = set()
        for host in (ONE, OTHER):
            person.context.route(f"**://{host}/**", self._answer)

    def _answer(self, route: Route) -> None:
        self.asked.add(route.request.url.split("/")[-1])
        route.fulfill(body=SVG, content_type="image/svg+xml")


def buttons(root: Locator, host: str) -> Locator:
    """What is offered in place of a host's pictures."""
    return root.get_by_role("button", name=f"Show all pictures from {host}")


def see_that_they_wait(root: Locator, hosts: Hosts, *, outputs: int, press: Callable[[Locator], Any]) -> None:
    """Look at a text and that many outputs, press buttons, and look again."""
    texts = 1 + outputs
    expect(root.get_by_text("end", exact=True)).to_have_count(texts)
    root.locator("mjx-container").wait_for()
    # A film waits for the first host that it names.
    expect(buttons(root, OTHER)).to_have_count(texts)
    expect(buttons(root, ONE)).to_have_count(texts)
    expect(root.locator(".jc-HeldPicture")).to_have_count(6 * texts + 1)
    expect(root.locator(".jc-HeldPicture", has_text="A cat")).to_have_count(texts)
    root.get_by_role("button", name="forged").first.click()
    assert hosts.asked == set()
    press(buttons(root, ONE).first)
    expect(buttons(root, ONE)).to_have_count(0)
    until(lambda: hosts.asked, lambda asked: asked == {"text.svg", "cat.svg", "dog.svg", "small.svg", "art.svg"})
    shown = root.locator(".jp-RenderedMarkdown img, .jp-RenderedHTML img")
    until(
        lambda: shown.evaluate_all("images => images.map(image => image.naturalWidth)"),
        lambda widths: widths == [20] * (4 * texts + 1),
    )
    expect(buttons(root, OTHER)).to_have_count(texts)


def enter(button: Locator) -> None:
    """Press a button with a key."""
    button.focus()
    button.page.keyboard.press("Enter")


def test_in_a_rooms_tab(person: Callable[..., Person], server: RunningServer) -> None:
    later = text_cell("later", "later")
    server.create_room("tab", content=notebook(text_cell("text", TEXT), output_cell(MARKUP), later))
    with person("Ada") as ada:
        hosts = Hosts(ada)
        pane = ada.open_room("tab")
        expect(buttons(pane.root, ONE)).to_have_count(2)
        ada.take_picture("waiting")
        see_that_they_wait(pane.root, hosts, outputs=1, press=lambda button: button.click())
        ada.take_picture("shown")
        # What comes later of that host is shown, until the view is closed.
        pane.cells.nth(2).locator(".jp-RenderedMarkdown").dblclick()
        pane.type(2, f" ![](https://{ONE}/later.svg)")
        ada.page.keyboard.press("Control+Enter")
        until(lambda: "later.svg" in hosts.asked)
        ada.page.reload()
        expect(buttons(ada.page.locator(".jc-Pane").first, ONE)).to_have_count(3)


def test_on_the_page_without_jupyterlab(person: Callable[..., Person], server: RunningServer) -> None:
    server.create_room("page", content=notebook(text_cell("text", TEXT), output_cell(MARKUP)))
    with person("Ada", width=390, color_scheme="dark") as ada:
        hosts = Hosts(ada)
        pane = ada.open_room_page("page")
        expect(pane.root.get_by_text("end", exact=True)).to_have_count(2)
        said = pane.root.get_by_text(f"[A cat: this page loads nothing from {ONE}]")
        expect(said).to_have_count(2)
        assert buttons(pane.root, ONE).count() == 0
        assert hosts.asked == set()
        ada.take_picture("said")


def test_in_a_shared_editor(person: Callable[..., Person], server: RunningServer) -> None:
    server.create_room("widget", content=notebook(text_cell("text", TEXT), code_cell("code", "")))
    path = write_notebook(server, "widget.ipynb", "from jupyter_collab import SharedEditor\nSharedEditor('widget')")
    with person("Ada") as ada:
        hosts = Hosts(ada)
        see_that_they_wait(ada.run_notebook(path).root, hosts, outputs=0, press=enter)


def test_in_a_shared_cell_of_a_notebook(person: Callable[..., Person], server: RunningServer) -> None:
    server.create_room("bound", content=notebook(text_cell("c0", TEXT)))
    link = bound_cell("shared", "bound", "c0", TEXT)["metadata"]
    path = write_cells(server, "bound.ipynb", text_cell("shared", TEXT) | {"metadata": link})
    with person("Ada") as ada:
        hosts = Hosts(ada)
        at_ada = open_notebook(ada, path)
        at_ada.wait_for_state(0, "shared")
        see_that_they_wait(at_ada.cells.nth(0), hosts, outputs=0, press=enter)
        ada.take_picture("shown")

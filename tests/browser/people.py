"""People at browsers: what the tests let them do and see."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tests.servers import PLAIN, RunningServer

from .console import Console
from .identity import COOKIE

__all__ = ["Pane", "Person", "shown_text", "until", "wait_for_kernel"]

T = TypeVar("T")

DEADLINE_SECONDS = 20.0


def until(look: Callable[[], T], wanted: Callable[[T], object] = bool, seconds: float = DEADLINE_SECONDS) -> T:
    """Look until what is seen is ``wanted``; fail with what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if wanted(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"Not seen within {seconds:g} s; last: {seen!r}")
        time.sleep(0.02)


def wait_for_kernel(server: RunningServer, path: str) -> None:
    """Wait until a page is connected to a notebook's kernel: before, Notebook 7 says idle, and forgets what is run."""

    def is_connected() -> bool:
        response = httpx.get(f"{server.url}api/sessions", headers=server.headers, timeout=30, verify=PLAIN)
        kernels = [session["kernel"] for session in response.json() if session["path"] == path]
        return any(kernel["connections"] > 0 for kernel in kernels if kernel)

    until(is_connected, seconds=60)


SHOWN_TEXT = """content => {
  const copy = content.cloneNode(true);
  copy.querySelectorAll('.jc-Caret, .cm-widgetBuffer, .cm-placeholder').forEach(node => node.remove());
  const text = [...copy.querySelectorAll('.cm-line')].map(line => line.textContent).join('\\n');
  return text.replace(/[\u200b\u2060]/g, '');
}"""


def shown_text(editor: Locator) -> str:
    """The text in an editor as shown, without others' carets."""
    text: str = editor.evaluate(SHOWN_TEXT)
    return text


PASTE = """(editor, text) => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  editor.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
}"""


class Pane:
    """A room pane on somebody's screen."""

    def __init__(self, page: Page, root: Locator) -> None:
        self.page = page
        self.root = root

    @property
    def cells(self) -> Locator:
        """Its cells."""
        return self.root.locator(".jp-Cell")

    def editor(self, index: int) -> Locator:
        """The text of a cell, where one types."""
        return self.cells.nth(index).locator(".cm-content")

    def source(self, index: int) -> str:
        """The text of a cell as shown, without others' carets."""
        return shown_text(self.editor(index))

    @property
    def sources(self) -> list[str]:
        """The texts of all cells as shown, at one moment."""
        texts: list[str] = self.cells.locator(".cm-content").evaluate_all(f"editors => editors.map({SHOWN_TEXT})")
        return texts

    def click_end(self, index: int) -> None:
        """Put the caret behind the text of a cell."""
        self.editor(index).click()
        self.page.keyboard.press("Control+End")

    def type(self, index: int, text: str) -> None:
        """Type behind the text of a cell."""
        self.click_end(index)
        self.page.keyboard.type(text)

    def paste(self, index: int, text: str) -> None:
        """Paste a text behind that of a cell."""
        self.click_end(index)
        self.editor(index).evaluate(PASTE, text)

    @property
    def chip(self) -> str:
        """What the status chip says, in one word."""
        return self.root.locator(".jc-Chip").first.get_attribute("data-status") or ""

    @property
    def people(self) -> set[str]:
        """Whose avatars are shown."""
        return self._names(".jc-People .jc-Avatar")

    @property
    def carets(self) -> set[str]:
        """Whose carets are shown."""
        return self._names(".jc-Caret")

    def _names(self, selector: str) -> set[str]:
        # All at once: between two looks somebody may be gone.
        names: list[str | None] = self.root.locator(selector).evaluate_all(
            "nodes => nodes.map(node => node.dataset.name)"
        )
        return {name for name in names if name}


class Person:
    """One person at one browser. A context manager that closes the browser, and fails on errors in its console.

    ``context`` is a browser that is there already; else this makes one of that size and with these options.
    """

    def __init__(
        self,
        browser: Browser,
        server: RunningServer,
        name: str,
        pictures: Path,
        *,
        width: int = 1280,
        height: int = 800,
        context: BrowserContext | None = None,
        **options: Any,
    ) -> None:
        self.name = name
        self.server = server
        self._pictures = pictures
        size = {"width": width, "height": height}
        self.context = context or browser.new_context(viewport=size, has_touch=width < 500, **options)  # type: ignore[arg-type]  # a TypedDict
        self.console = Console(self.context)
        self.context.add_cookies([{"name": COOKIE, "value": name, "url": server.url}])
        self.open_tab()

    def open_tab(self) -> None:
        """Go on in a new tab of the browser; the former ones stay as they are."""
        self.page = self.context.new_page()

    def open_room(self, room_id: str = "demo", role: str = "") -> Pane:
        """Open JupyterLab on a room, perhaps in a lower role."""
        wish = f"&role={role}" if role else ""
        self.page.goto(f"{self._lab}?token={self.server.token}&room={room_id}{wish}&reset")
        return self.see_pane(status="read-only" if role == "viewer" else "synced")

    def open_page(self, place: str) -> None:
        """Open the page of its own at ``place``, signed in to the server."""
        separator = "&" if "?" in place else "?"
        self.page.goto(f"{self.server.url}collab/{place}{separator}token={self.server.token}")

    def open_as_stranger(self, place: str) -> None:
        """Open the page of its own at ``place``, as somebody whom the server does not know."""
        self.context.clear_cookies()
        self.page.goto(f"{self.server.url}collab/{place}")

    def open_room_page(self, room_id: str, status: str = "synced") -> Pane:
        """Open the page of its own on a room."""
        self.open_page(f"?room={room_id}")
        return self.see_pane(status=status)

    def run_notebook(self, path: str, *, in_notebook_7: bool = False, status: str = "synced") -> Pane:
        """Open a notebook of one's own, run its first cell, and see the pane in its output."""
        where = f"{self.server.url}notebooks" if in_notebook_7 else f"{self._lab}/tree"
        self.page.goto(f"{where}/{path}?token={self.server.token}&reset")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=60_000)
        self.page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=60_000)
        self.page.locator(".jp-Toolbar-kernelName", has_text="Python 3").first.wait_for(timeout=60_000)
        kernel = ".jp-Notebook-ExecutionIndicator[data-status='idle']" if in_notebook_7 else "text=/\\| Idle/"
        self.page.locator(kernel).first.wait_for(timeout=60_000)
        wait_for_kernel(self.server, path)
        self.page.locator(".jp-NotebookPanel .jp-Cell .cm-content").first.click()
        self.page.keyboard.press("Shift+Enter")
        return self.see_pane(within=".jp-OutputArea", status=status)

    @property
    def _lab(self) -> str:
        """JupyterLab with a workspace of one's own: what others have open is not opened here."""
        return f"{self.server.url}lab/workspaces/{self.name.lower()}"

    def see_pane(self, within: str = "", status: str = "synced") -> Pane:
        """Wait until a pane is shown and in sync."""
        self.page.locator("#jupyterlab-splash").wait_for(state="detached", timeout=60_000)
        root = self.page.locator(f"{within} .jc-Pane".strip()).first
        root.wait_for(timeout=60_000)
        pane = Pane(self.page, root)
        pane.cells.first.wait_for(timeout=30_000)
        until(lambda: pane.chip, lambda chip: chip == status)
        return pane

    def set_theme(self, theme: str) -> None:
        """Switch JupyterLab's theme, ``JupyterLab Light`` or ``JupyterLab Dark``."""
        self.run("apputils:change-theme", {"theme": theme})
        light = "true" if theme.endswith("Light") else "false"
        self.page.locator(f"body[data-jp-theme-light='{light}']").wait_for(state="attached")
        # JupyterLab shows its splash meanwhile, and fails when it is to show two.
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def run(self, command: str, arguments: dict[str, Any] | None = None) -> None:
        """Run one of JupyterLab's commands."""
        self.page.evaluate(f"window.jupyterapp.commands.execute({json.dumps(command)}, {json.dumps(arguments or {})})")

    def go_offline(self, offline: bool = True) -> None:
        """Cut this browser's network, or mend it."""
        self.context.set_offline(offline)
        if offline:
            self._close_connection_error()

    def _close_connection_error(self) -> None:
        """Close what JupyterLab says when it misses its server, for good: it would take the focus at any moment."""
        says_so = """() => {
          const { jupyterapp, connectionErrorWasShown } = window;
          if (!jupyterapp || connectionErrorWasShown) {
            return false;
          }
          window.connectionErrorWasShown = true;
          void jupyterapp.serviceManager.sessions.refreshRunning().catch(() => undefined);
          return true;
        }"""
        if self.page.evaluate(says_so):
            dialog = self.page.locator(".jp-Dialog", has_text="Server Connection Error")
            dialog.get_by_role("checkbox").check()
            dialog.get_by_role("button", name="Close").click()
            dialog.wait_for(state="detached")

    def take_picture(self, name: str) -> Path:
        """Save what is on the screen."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        path = self._pictures / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def __enter__(self) -> "Person":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.take_picture(f"failed-{self.name}")
        self.context.close()
        if error is None:
            self.console.check()

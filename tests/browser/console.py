"""What a page writes into its console: an error there is a fault, unless it is known and harmless."""

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, WebError

__all__ = ["Console"]

HARMLESS = {
    "[yjs#509] Not same Y.Doc": "JupyterLab and Notebook 7 say it by themselves",
    "reading 'schema'": "Notebook 7's own, without any extension",
    "Command 'filebrowser:open-path' not registered": "Notebook 7's own, when its plugins come in another order",
    "Comm not found for comm id": "JupyterLab says it of another page's comm with a kernel that both have",
    "favicon": "the browser asks for one by itself",
    "WebSocket connection to": "the browser says it of each attempt while a server or the network is away",
    "Failed to load resource": "the browser says it of each request that is refused, or made while a server is away",
    "net::ERR_": "the browser says it while a server or the network is away, and of what a test keeps from it",
    "Loading the image 'attachment:": "the page's policy, before JupyterLab has put what is attached in its place",
    "reading 'edgeRequested'": "JupyterLab's own, of a cell that has no editor because an extension failed",
    "Failed to fetch": "JupyterLab's own services say it while a server or the network is away",
}
"""Words of such messages, each with the reason why they are no fault of ours."""

ALWAYS_A_FAULT = ("RangeError",)
"""What an editor or a document says whose text is not what it takes it for: whatever else stands beside it."""

SERVER_FAILS = re.compile(r"Failed to load resource: .* status of 5\d\d")
"""What a browser says of a request for which the server has no other word than that it failed."""


class Console:
    """The errors in the consoles of all pages of a browser."""

    def __init__(self, context: BrowserContext) -> None:
        self.errors: list[str] = []
        self._may_server_fail = False
        context.on("console", self._listen)
        context.on("weberror", self._note_uncaught)

    def let_server_fail(self, reason: str) -> None:
        """From now on the server may fail for this ``reason``, which the test itself brings about."""
        assert reason
        self._may_server_fail = True

    def check(self) -> None:
        """Fail if there were any."""
        assert not self.errors, f"{len(self.errors)} errors in the console: " + "\n".join(self.errors)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(message.text)

    def _note_uncaught(self, error: WebError) -> None:
        self._note(f"{error.error.name}: {error.error.message}\n{error.error.stack}")

    def _note(self, text: str) -> None:
        is_failure = SERVER_FAILS.search(text) is not None and not self._may_server_fail
        if is_failure or _is_fault(text):
            self.errors.append(text)


def _is_fault(text: str) -> bool:
    return any(words in text for words in ALWAYS_A_FAULT) or not any(words in text for words in HARMLESS)

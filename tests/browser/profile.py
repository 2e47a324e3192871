"""A browser with a profile on disk, which ends as suddenly as a computer does, and comes back."""

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, BrowserType

from .people import until

__all__ = ["Profile"]


class Profile:
    """A profile in ``folder``, and at most one running browser with it, started as ``command``."""

    def __init__(self, browser_type: BrowserType, command: Sequence[str], folder: Path) -> None:
        self._browser_type = browser_type
        self._command = command
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> BrowserContext:
        """Start the browser; answers where its pages are to be opened."""
        port_file = self._folder / "DevToolsActivePort"
        port_file.unlink(missing_ok=True)
        arguments = ["--headless=new", f"--user-data-dir={self._folder}", "--remote-debugging-port=0", "about:blank"]
        self._process = subprocess.Popen(
            [*self._command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        lines = until(_reader(port_file), lambda read: len(read) == 2, seconds=60)
        browser: Browser = self._browser_type.connect_over_cdp(f"http://127.0.0.1:{lines[0]}")
        return browser.contexts[0]

    def kill(self) -> None:
        """End the browser as ``kill -9`` does, with all its processes. Nothing if it does not run."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)  # the group's id is the process's, as it began a session of its own
            process.wait()


def _reader(path: Path) -> Callable[[], list[str]]:
    """Reads the lines of a file that may not be there yet."""
    return lambda: path.read_text().splitlines() if path.exists() else []

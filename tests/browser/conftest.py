"""A real JupyterLab and a real Chromium."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.servers import REPOSITORY, RunningServer, start_server

from .pages import start_page_server
from .people import DEADLINE_SECONDS, Person
from .profile import Profile

expect.set_options(timeout=DEADLINE_SECONDS * 1000)

PICTURES = Path(__file__).parent / "screenshots"


FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def find_chromium() -> str:
    """Debian's Chromium; skips the test if there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        assert not os.environ.get("CI"), "CI has no Chromium; the browser tests would be skipped"
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return path


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser. As long as it is there, playwright runs an event loop that no other test may meet."""
    path = find_chromium()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def profile(browser: Browser, tmp_path: Path) -> Iterator[Profile]:
    """A browser with a profile on disk."""
    made = Profile(browser.browser_type, [find_chromium(), *FLAGS, "--no-first-run"], tmp_path / "profile")
    yield made
    made.kill()


def start_lab(
    folder: Path, *, env: Mapping[str, str] | None = None, extensions: Sequence[str] = (), **config: Any
) -> RunningServer:
    """A JupyterLab in which people have the names that they came with, with these server extensions beside ours."""
    notifications = folder / "config" / "lab-settings" / "@jupyterlab" / "apputils-extension"
    notifications.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (notifications / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
    return start_server(
        folder,
        app="jupyterlab",
        env={"PYTHONPATH": str(REPOSITORY), **(env or {})},
        ServerApp={
            "identity_provider_class": "tests.browser.identity.NamedIdentityProvider",
            "authorizer_class": "tests.browser.identity.ReaderAuthorizer",
            "jpserver_extensions": dict.fromkeys(["jupyter_collab", *extensions], True),
        },
        LabApp={"expose_app_in_browser": True},
        **config,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A JupyterLab of its own for each module."""
    with start_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="session")
def page_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server without JupyterLab, for all tests of the page of its own; their rooms have different names."""
    with start_page_server(tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.fixture
def person(browser: Browser, server: RunningServer, request: pytest.FixtureRequest) -> Callable[..., Person]:
    """Make people: ``person("Ada")``; their pictures go to a folder named for the test."""

    def make(name: str, **options: Any) -> Person:
        return Person(browser, server, name, PICTURES / request.node.name, **options)

    return make

"""Which tests run beside each other when pytest has several workers, and that none of them measures time."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

settings.register_profile(
    "jupyter_collab", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("jupyter_collab")

BROWSER = "tests/browser"


class BrowsersInARow(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """A module is tested by one worker, and all that need a browser by the same one.

    Two Chromiums at once would make two cores so slow that people at them see things too late.
    """

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(f"{BROWSER}/") else nodeid.split("::", 1)[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests that need a browser come first: they are the longest row, and all others fit in beside it."""
    items.sort(key=lambda item: not item.nodeid.startswith(f"{BROWSER}/"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """What hands out the tests of ``--dist loadfile``."""
    return BrowsersInARow(config, log) if config.getvalue("dist") == "loadfile" else None

"""What other modules see in a new Notebook 7, in the oldest that is supported."""

from collections.abc import Callable, Iterator

import pytest

from tests.servers import RunningServer

from .oldest import lab_of
from .people import Person
from .rooms import write_notebook
from .test_bind import test_shared_cells_in_notebook_7
from .test_commands_in_texts import test_in_a_shared_cell_of_notebook_7, test_in_a_shared_editor_of_notebook_7
from .test_running import test_running_in_a_notebook_of_ones_own
from .test_widget_run import test_a_viewer_runs_it_in_notebook_7

__all__ = [
    "test_a_viewer_runs_it_in_notebook_7",
    "test_in_a_shared_cell_of_notebook_7",
    "test_in_a_shared_editor_of_notebook_7",
    "test_running_in_a_notebook_of_ones_own",
    "test_shared_cells_in_notebook_7",
]

pytestmark = pytest.mark.browser

VERSION = "7.6.3"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """That Notebook, beside a JupyterLab of the same line."""
    packages = ["jupyterlab==4.6.4", "jupyterlab_widgets", f"notebook=={VERSION}"]
    with lab_of(tmp_path_factory.mktemp("oldest"), packages, ["notebook"]) as lab:
        yield lab


def test_it_is_the_oldest(person: Callable[..., Person], server: RunningServer) -> None:
    path = write_notebook(server, "oldest.ipynb", "x = 1")
    with person("Ada") as ada:
        ada.page.goto(f"{server.url}notebooks/{path}?token={server.token}")
        assert (
            ada.page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').text).appVersion") == VERSION
        )

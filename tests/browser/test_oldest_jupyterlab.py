"""What other modules see in a new JupyterLab and Notebook, in the oldest that are supported."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers import REPOSITORY, RunningServer

from .conftest import start_lab
from .packages import install
from .people import Person
from .rooms import room_with
from .test_bind import test_two_people_share_one_cell_of_their_notebooks
from .test_cells_survive import (
    test_an_undo_of_what_was_done_to_a_cell_leaves_what_others_wrote_in_it,
    test_somebody_merges_the_cell_in_which_another_types,
    test_twenty_times_somebody_moves_the_cell_in_which_another_types,
)
from .test_commands_in_texts import (
    test_in_a_shared_cell_of_a_trusted_notebook,
    test_in_a_shared_editor_of_a_trusted_notebook,
)
from .test_pane import test_the_active_cell_stays_in_sight, test_the_keys_of_the_notebook
from .test_running import test_running_in_a_notebook_of_ones_own, test_the_kernel_helps_to_type
from .test_two_people import test_all_type_at_once_in_one_cell

__all__ = [
    "test_all_type_at_once_in_one_cell",
    "test_an_undo_of_what_was_done_to_a_cell_leaves_what_others_wrote_in_it",
    "test_in_a_shared_cell_of_a_trusted_notebook",
    "test_in_a_shared_editor_of_a_trusted_notebook",
    "test_running_in_a_notebook_of_ones_own",
    "test_somebody_merges_the_cell_in_which_another_types",
    "test_the_active_cell_stays_in_sight",
    "test_the_kernel_helps_to_type",
    "test_the_keys_of_the_notebook",
    "test_twenty_times_somebody_moves_the_cell_in_which_another_types",
    "test_two_people_share_one_cell_of_their_notebooks",
]

pytestmark = pytest.mark.browser

PACKAGES = ["jupyterlab==4.5.10", "jupyterlab_widgets", "notebook==7.5.6"]
"""What differs. The rest of what they need, the tests' own environment has."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with them, in no environment."""
    folder = tmp_path_factory.mktemp("site")
    install(folder, PACKAGES)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Iterator[RunningServer]:
    """Both; without the extensions of the tests' own environment for its JupyterLab."""
    folder = tmp_path_factory.mktemp("oldest")
    share = site / "share" / "jupyter"
    with start_lab(
        folder,
        env={
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(site)]),
            "JUPYTERLAB_DIR": str(share / "lab"),
        },
        extensions=["notebook"],
        LabServerApp={"labextensions_path": [str(folder / "share" / "labextensions"), str(share / "labextensions")]},
    ) as lab:
        yield lab


def test_it_is_the_oldest(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "oldest", "")
    with person("Ada") as ada:
        ada.open_room("oldest")
        assert ada.page.evaluate("window.jupyterapp.version") == "4.5.10"

"""What other modules see in a new JupyterLab, in the oldest that is supported."""

from collections.abc import Callable, Iterator

import pytest

from tests.servers import RunningServer

from .oldest import lab_of
from .people import Person
from .rooms import room_with
from .test_bind import test_two_people_share_one_cell_of_their_notebooks
from .test_cells_survive import (
    test_an_undo_of_what_was_done_to_a_cell_leaves_what_others_wrote_in_it,
    test_somebody_merges_the_cell_in_which_another_types,
    test_twenty_times_somebody_moves_the_cell_in_which_another_types,
)
from .test_commands_in_texts import (
    test_in_a_rooms_tab,
    test_in_a_shared_cell_of_a_trusted_notebook,
    test_in_a_shared_editor_of_a_trusted_notebook,
)
from .test_pane import test_the_active_cell_stays_in_sight, test_the_keys_of_the_notebook
from .test_running import test_the_kernel_helps_to_type
from .test_two_people import test_all_type_at_once_in_one_cell

__all__ = [
    "test_all_type_at_once_in_one_cell",
    "test_an_undo_of_what_was_done_to_a_cell_leaves_what_others_wrote_in_it",
    "test_in_a_rooms_tab",
    "test_in_a_shared_cell_of_a_trusted_notebook",
    "test_in_a_shared_editor_of_a_trusted_notebook",
    "test_somebody_merges_the_cell_in_which_another_types",
    "test_the_active_cell_stays_in_sight",
    "test_the_kernel_helps_to_type",
    "test_the_keys_of_the_notebook",
    "test_twenty_times_somebody_moves_the_cell_in_which_another_types",
    "test_two_people_share_one_cell_of_their_notebooks",
]

pytestmark = pytest.mark.browser

VERSION = "4.5.11"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """That JupyterLab. No Notebook that is supported works beside it."""
    packages = [f"jupyterlab=={VERSION}", "jupyterlab_widgets"]
    with lab_of(tmp_path_factory.mktemp("oldest"), packages) as lab:
        yield lab


def test_it_is_the_oldest(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "oldest", "")
    with person("Ada") as ada:
        ada.open_room("oldest")
        assert ada.page.evaluate("window.jupyterapp.version") == VERSION

"""What a role lets people do beyond their room is said alike in Python and in the dialog."""

import re

import pytest

from jupyter_collab import dangers
from jupyter_collab.access import Capability, Role
from jupyter_collab.dangers import link_danger, people_danger
from tests.servers import REPOSITORY

SENTENCES = [value for name, value in vars(dangers).items() if name.isupper()]


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("danger", [link_danger, people_danger])
def test_it_is_said_of_every_role_that_can_and_of_no_other(danger: object, apart: bool) -> None:
    assert callable(danger)
    for role in Role:
        said = danger(role, apart=apart)
        assert bool(said) == (role.may(Capability.RUN) or role.may(Capability.EDIT)), role
        assert ("on this server" in said) == role.may(Capability.RUN), role
        assert ("can run any code" in said) == (role.may(Capability.RUN) and role.may(Capability.EDIT)), role
        assert ("results that nobody computed" in said) == role.may(Capability.EDIT), role


def test_whoever_runs_the_cells_as_they_are_steers_the_kernel_too() -> None:
    said = link_danger("runner")
    assert said == f"{dangers.LINK_RUNS_CELLS} {dangers.STEER_KERNEL}"
    for word in ("answer what a cell asks for", "interrupt", "restart", "end", "change the kernel"):
        assert word in said


@pytest.mark.parametrize("danger", [link_danger, people_danger])
def test_of_kernels_that_are_kept_apart_it_is_not_said_that_they_have_your_files(danger: object) -> None:
    assert callable(danger)
    for role in ("runner", "editor", "owner"):
        assert "on this server: with your files" in danger(role, apart=False)
        assert "on this server: with your files" not in danger(role, apart=True)
        assert "kept apart from your files and your rights" in danger(role, apart=True)
    for role in ("writer", "editor", "owner"):
        assert "in a kernel of your own" in danger(role, apart=True), "there nothing keeps it apart"


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_dialog_says_it_in_the_same_words(sentence: str) -> None:
    assert len(SENTENCES) > 5
    wording = (REPOSITORY / "labextension" / "src" / "share" / "wording.ts").read_text()
    assert f"'{sentence}'" in re.sub(r"' \+\s+'", "", wording)

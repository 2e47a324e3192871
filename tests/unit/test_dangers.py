"""What a role lets people do beyond their room is said alike in Python and in the dialog."""

import pytest

from jupyter_collab import dangers
from jupyter_collab.access import Capability, Role
from jupyter_collab.dangers import link_danger, people_danger
from tests.servers import REPOSITORY


@pytest.mark.parametrize("danger", [link_danger, people_danger])
def test_it_is_said_of_every_role_that_can_and_of_no_other(danger: object) -> None:
    assert callable(danger)
    for role in Role:
        assert ("run code on this server" in danger(role)) == role.may(Capability.RUN), role
        assert bool(danger(role)) == (role.may(Capability.RUN) or role.may(Capability.EDIT)), role


@pytest.mark.parametrize("sentence", [dangers.BY_LINK, dangers.BY_ROLE, dangers.BY_WRITING])
def test_the_dialog_says_it_in_the_same_words(sentence: str) -> None:
    assert f"'{sentence}'" in (REPOSITORY / "labextension" / "src" / "share" / "wording.ts").read_text()

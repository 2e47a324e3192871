"""A server does not start with a configuration that does not say what it seems to say; and it tells why."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..servers import App, start_server

NO_GUESTS = {"allow_guests": False}

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "too small": ({**NO_GUESTS, "max_peers_per_room": -1}, "'max_peers_per_room'.*less than 1.*-1"),
    "a word for a number": ({**NO_GUESTS, "session_days": "week"}, "'session_days'.*float.*'week'"),
    "a word for yes or no": ({"allow_guests": "no"}, "'allow_guests'.*boolean.*'no'"),
    "nothing": ({"guests_may_run": None}, "'guests_may_run'.*boolean.*None"),
    "none of the words": ({"new_room_role": "none"}, "'new_room_role'.*'private'.*'none'"),
    "no number": ({"max_flood_seconds": float("nan")}, "max_flood_seconds.*number.*nan"),
    "a name that nearly is one": ({"allow_guest": False}, "no option 'CollabExtension.allow_guest'.*'allow_guests'"),
    "a name that is none": ({"fnord": 1}, "no option 'CollabExtension.fnord'.*docs/configure.md"),
    "no list": ({"sign_in_providers": {"client_secret": "s3cret"}}, "'sign_in_providers'.*list"),
}
FLAGS = {
    "--CollabExtension.max_peers_per_room=-1": "'max_peers_per_room'.*less than 1.*-1",
    "--CollabExtension.max_peers_per_room=few": "'max_peers_per_room'.*int.*'few'",
    "--CollabExtension.allow_guests=no": "'allow_guests'.*boolean.*'no'",
    "--CollabExtension.allow_guest=False": "no option 'CollabExtension.allow_guest'.*'allow_guests'",
    "--CollabExtensions.allow_guests=False": "no option 'CollabExtensions.allow_guests'.*'CollabExtension.allow",
    "--JupyterCollab.allow_guests=False": "no option 'JupyterCollab.allow_guests'.*'CollabExtension.allow_guests'",
    "--collabextension.allow_guests=False": "collabextension.allow_guests",
}


def refusal(folder: Path, config: Mapping[str, Any], *flags: str, app: App = "jupyter_server") -> str:
    """What a server says that does not start."""
    with (
        pytest.raises(RuntimeError, match="ended at once") as error,
        start_server(folder, app=app, arguments=flags, **config),
    ):
        pass
    log = str(error.value)
    assert "Traceback" not in log
    [words] = [line for line in log.splitlines() if re.match(r"\[C ", line)]
    return words


@pytest.mark.parametrize("name", BAD)
def test_a_bad_option_is_told_and_nothing_is_served(tmp_path: Path, name: str) -> None:
    config, words = BAD[name]
    said = refusal(tmp_path, {"CollabExtension": config})
    assert re.search(words, said), said
    assert "s3cret" not in said


@pytest.mark.parametrize("flag", FLAGS)
def test_so_is_one_on_the_command_line(tmp_path: Path, flag: str) -> None:
    said = refusal(tmp_path, {"CollabExtension": NO_GUESTS}, flag)
    assert re.search(FLAGS[flag], said), said


@pytest.mark.parametrize("section", ["JupyterCollab", "CollabExtention"])
def test_so_is_one_in_a_section_that_looks_like_ours(tmp_path: Path, section: str) -> None:
    said = refusal(tmp_path, {section: NO_GUESTS})
    assert f"no option '{section}.allow_guests'" in said
    assert "'CollabExtension.allow_guests'" in said


@pytest.mark.parametrize("app", ["jupyterlab", "notebook"])
def test_so_it_is_with_pages(tmp_path: Path, app: App) -> None:
    assert "'max_peers_per_room'" in refusal(tmp_path, {"CollabExtension": {"max_peers_per_room": 0}}, app=app)


@pytest.mark.parametrize("line", ["max_peers_per_room = -1", "allow_guest = False"])
def test_in_a_file_of_the_extensions_own_a_bad_option_is_told_too(tmp_path: Path, line: str) -> None:
    (tmp_path / "config").mkdir()
    own = tmp_path / "config" / "jupyter_jupyter_collab_config.py"
    own.write_text(f"c.CollabExtension.{line}")
    assert line.partition(" ")[0] in refusal(tmp_path, {"CollabExtension": NO_GUESTS})


def test_what_is_right_counts_wherever_it_is_said(tmp_path: Path) -> None:
    with start_server(
        tmp_path,
        arguments=["--CollabExtension.allow_guests=False", "--CollabExtension.session_days=1.5"],
        CollabExtension={"max_peers_per_room": 7, "room_kernels": ["a*"]},
        SomebodyElsesExtension={"allow_guests": 17, "fnord": 1},
    ) as server:
        room = server.create_room()["id"]
        with pytest.raises(httpx.HTTPStatusError) as error:
            server.request("POST", f"rooms/{room}/invitations", json={})
        assert error.value.response.json()["reason"] == "guests_not_allowed"

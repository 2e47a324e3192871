"""A server has an id of its own, the same after it was started again, and no other server has it meanwhile."""

import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_collab.server import server_id
from jupyter_collab.server.server_id import ServerId
from tests.servers import REPOSITORY

HOLD = """
import sys
from pathlib import Path
from jupyter_collab.server.server_id import ServerId
print(ServerId(Path(sys.argv[1])).value, flush=True)
sys.stdin.read()
"""


def held_elsewhere(folder: Path) -> "subprocess.Popen[str]":
    """Another process with an id, until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, folder], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def id_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_it_is_the_same_the_next_time(tmp_path: Path) -> None:
    first = ServerId(tmp_path / "servers")
    first.close()
    again = ServerId(tmp_path / "servers")
    assert server_id.IS_ID.fullmatch(first.value)
    assert again.value == first.value
    again.close()


def test_servers_of_one_folder_that_run_at_once_have_others(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path) as one, held_elsewhere(tmp_path) as two:
        here = ServerId(tmp_path)
        ids = {here.value, id_of(one), id_of(two)}
        assert len(ids) == 3
        here.close()
        one.kill()
    assert {path.name for path in tmp_path.iterdir()} == ids
    after = [ServerId(tmp_path) for _ in ids]
    assert {server.value for server in after} == ids
    for server in after:
        server.close()


def test_files_of_other_kinds_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    server = ServerId(tmp_path)
    server.close()
    assert server.value != "notes.txt"
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_where_nothing_can_be_kept_it_is_a_random_one_and_that_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    servers = [ServerId(tmp_path / "file") for _ in range(2)]
    assert servers[0].value != servers[1].value
    assert str(tmp_path / "file") in caplog.text


def test_where_files_cannot_be_locked_it_is_a_random_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_id, "CAN_LOCK", False)
    assert ServerId(tmp_path).value != ServerId(tmp_path).value

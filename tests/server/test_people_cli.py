"""``jupyter collab invite``, ``members`` and their like: on the store, with and without a running server."""

import asyncio
import json
import re
from pathlib import Path

import httpx
import pytest

from jupyter_collab import Room
from jupyter_collab.client.blocking.invitation_facade import Invitation
from jupyter_collab.dangers import link_danger, people_danger
from jupyter_collab.server.people_cli import KERNEL_HINT, LOOPBACK_HINT, VERBS, is_about_people, run
from jupyter_collab.store import SQLStore
from tests.servers import REPOSITORY, RunningServer, start_server


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """A store with the room ``demo``, that no server uses."""
    url = f"sqlite:///{tmp_path / 'rooms.sqlite'}"

    async def make() -> None:
        store = SQLStore(url)
        await store.open()
        await store.create_room("demo", "Demo", "e1", "notebook", b"")
        await store.close()

    asyncio.run(make())
    return url


def said(capsys: pytest.CaptureFixture[str], store_url: str, *words: str) -> str:
    """What a command says."""
    run([*words, "--store-url", store_url])
    return capsys.readouterr().out


def test_members_are_set_listed_and_removed(store_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, store_url, "set-role", "demo", "bob", "viewer") == ""
    assert said(capsys, store_url, "set-role", "demo", "bob", "editor") == people_danger("editor") + "\n"
    assert said(capsys, store_url, "members", "demo").splitlines() == [
        "Everyone on the server: owner",
        "server:bob  editor  bob",
    ]
    assert said(capsys, store_url, "set-role", "demo", "bob", "viewer") == f"{KERNEL_HINT}\n"
    assert said(capsys, store_url, "remove-member", "demo", "bob") == ""
    assert "bob" not in said(capsys, store_url, "members", "demo")
    said(capsys, store_url, "set-role", "demo", "bob", "runner")
    assert said(capsys, store_url, "remove-member", "demo", "bob") == f"{KERNEL_HINT}\n"


def test_invitations_are_made_listed_and_taken_back(store_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    add = ("invite", "demo", "--role", "writer", "--uses", "40", "--url", "https://example.org/base")
    made = said(capsys, store_url, *add)
    assert "Link: https://example.org/base/collab/join#" in made
    assert made.endswith(f"\n{link_danger('writer')}\n")
    invitation = made.split()[1].rstrip(":")
    listed = said(capsys, store_url, "invitations", "demo")
    assert invitation in listed
    assert "writer" in listed
    assert "used 0/40" in listed
    said(capsys, store_url, "revoke", "demo", invitation)
    assert said(capsys, store_url, "invitations", "demo") == ""


def test_a_link_to_this_machine_says_that_it_opens_there_only(
    store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for url, is_said in {"http://127.0.0.1:8888/": True, "https://example.org/": False}.items():
        made = said(capsys, store_url, "invite", "demo", "--url", url)
        assert made.endswith(f"{LOOPBACK_HINT}\n") == is_said


def test_of_kernels_that_are_kept_apart_the_configuration_tells(
    store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    provisioner = {"provisioner_name": "jupyter-collab-apart", "config": {"command": ["env"]}}
    spec = {"argv": ["true"], "display_name": "Apart", "metadata": {"kernel_provisioner": provisioner}}
    kernel = tmp_path / "data" / "kernels" / "apart"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(json.dumps(spec))
    config = tmp_path / "config" / "jupyter_server_config.json"
    config.parent.mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(config.parent))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    for kernels, are_apart in {("apart",): True, ("*",): False}.items():
        config.write_text(json.dumps({"CollabExtension": {"store_url": store_url, "room_kernels": kernels}}))
        run(["set-role", "demo", "bob", "editor"])
        assert capsys.readouterr().out == people_danger("editor", apart=are_apart) + "\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("members", "nowhere"), "There is no room 'nowhere'"),
        (("remove-member", "demo", "bob"), "Nobody of that name"),
        (("invite", "demo", "--expires", "soon"), "no span of time"),
        (("revoke", "demo", "none"), "no such invitation"),
    ],
)
def test_what_cannot_be_done_is_said(
    store_url: str, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        said(capsys, store_url, *words)
    assert ended.value.code == 1
    assert message in capsys.readouterr().err


def test_what_was_done_is_told_newest_first(store_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, store_url, "set-role", "demo", "bob", "viewer")
    said(capsys, store_url, "remove-member", "demo", "bob")
    removed, added = said(capsys, store_url, "audit", "demo").splitlines()
    assert "removed" in removed
    assert "server:bob" in added
    assert len(said(capsys, store_url, "audit", "demo", "--limit", "1").splitlines()) == 1


def test_the_commands_are_called_as_in_python_and_over_rest() -> None:
    page = (REPOSITORY / "jupyter_collab" / "server" / "openapi.yaml").read_text()
    for verb in VERBS:
        assert hasattr(Room, verb.replace("-", "_")) or hasattr(Invitation, verb)
        words = verb.title().replace("-", "")
        assert re.search(rf"operationId: (list)?{words}(Invitation)?$", page, re.MULTILINE | re.IGNORECASE)


def test_other_words_open_a_room() -> None:
    assert is_about_people(["members", "demo"])
    assert is_about_people(["invite", "--help"])
    assert not is_about_people(["invite"])
    assert not is_about_people(["members", "--no-browser"])
    assert not is_about_people([])


def test_a_running_server_hears_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with start_server(tmp_path) as server:
        server.create_room("demo")
        made = said(capsys, _store_of(server), "invite", "demo", "--url", server.url)
        token = made.partition("#")[2].split()[0]
        answer = httpx.post(
            f"{server.url}collab/api/join", json={"token": token, "name": "Ada"}, headers={"X-Jupyter-Collab": "1"}
        )
        assert answer.json()["room"] == "demo"


def _store_of(server: RunningServer) -> str:
    return f"sqlite:///{server.folder / 'data' / 'collab' / 'rooms.sqlite'}"

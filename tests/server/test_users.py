"""``jupyter collab users``, on the store that a server's configuration names."""

import asyncio
import io
from pathlib import Path

import pytest

from jupyter_collab.access import is_password
from jupyter_collab.server.launch import main
from jupyter_collab.store import AccountRecord, SQLStore

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "jupyter_server_config.py"
    config.write_text(f"c.CollabExtension.store_url = 'sqlite:///{tmp_path / 'rooms.sqlite'}'\n")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Users":
    return Users(monkeypatch, capsys)


class Users:
    """Runs the command."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, typed: str = "", code: int = 0) -> str:
        """What it said: to the standard output or, if it fails with ``code``, to that of errors."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO(typed + "\n"))
        with pytest.raises(SystemExit) as end:
            main(["users", *arguments])
        said = self._capsys.readouterr()
        assert end.value.code == code, said.err
        return said.err if code else said.out


def account(folder: Path, email: str) -> AccountRecord:
    """What the store has."""

    async def read() -> AccountRecord:
        store = SQLStore(f"sqlite:///{folder / 'rooms.sqlite'}")
        await store.open()
        try:
            return await store.accounts.find(email)
        finally:
            await store.close()

    return asyncio.run(read())


def test_an_account_is_made_changed_and_locked(users: Users, tmp_path: Path) -> None:
    users("add", "Ada@example.org", "--name", "Ada", typed=PASSWORD)
    ada = account(tmp_path, "ada@example.org")
    assert ada.display_name == "Ada"
    assert is_password(PASSWORD, ada.password_hash or "")
    generated = users("password", "ada@example.org", "--generate").partition("The password is ")[2].split()[0]
    assert is_password(generated, account(tmp_path, "ada@example.org").password_hash or "")
    users("allow-server", "ada@example.org")
    assert account(tmp_path, "ada@example.org").may_use_server
    assert "ada@example.org  Ada  (server)" in users("list")
    users("deny-server", "ada@example.org")
    users("lock", "ada@example.org")
    assert "ada@example.org  Ada  (locked)" in users("list")
    users("unlock", "ada@example.org")
    assert "locked" not in users("list")


@pytest.mark.parametrize(
    ("arguments", "typed", "said"),
    [
        (("add", "ada"), PASSWORD, "no e-mail address"),
        (("add", "ada@example.org"), "short", "10 to 200 characters"),
        (("lock", "nobody@example.org"), "", "no such account"),
    ],
)
def test_mistakes_are_said(users: Users, arguments: tuple[str, ...], typed: str, said: str) -> None:
    assert said in users(*arguments, typed=typed, code=1)


def test_a_name_that_an_older_server_kept_does_not_steer_the_terminal(users: Users, tmp_path: Path) -> None:
    async def add() -> None:
        store = SQLStore(f"sqlite:///{tmp_path / 'rooms.sqlite'}")
        await store.open()
        try:
            await store.accounts.add(
                AccountRecord("a1", "eve@example.org\x1b[2k", "Eve\nb2  ada@example.org  Ada\u202e")
            )
        finally:
            await store.close()

    asyncio.run(add())
    assert users("list") == "a1  eve@example.org\\x1b[2k  Eve\\nb2  ada@example.org  Ada\\u202e\n"

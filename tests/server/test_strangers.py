"""What somebody whom nobody knows is told when something is missing, or fails."""

import sys
from pathlib import Path
from typing import Any

import pytest

from .browsers import Browser
from .conftest import Rest


@pytest.fixture
def stranger(http_server_client: Any, jp_base_url: str) -> Browser:
    return Browser(http_server_client, jp_base_url)


@pytest.mark.parametrize("end", ["login", "callback"])
async def test_without_providers_nobody_signs_in_at_one(
    stranger: Browser, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jupyter_collab.server.sign_in", None)  # the extra is not installed
    assert (await stranger.ask("GET", f"collab/auth/x/{end}", below="")).status == 404


class TestWithoutAStore:
    @pytest.fixture
    def limits(self, tmp_path: Path) -> dict[str, Any]:
        (tmp_path / "secret-place").write_text("no folder")
        return {"store_url": f"sqlite:///{tmp_path}/secret-place/rooms.sqlite", "allow_accounts": True}

    @pytest.mark.parametrize(
        ("path", "body", "problem"),
        [
            ("me", None, (503, "store_unavailable")),
            ("rooms", None, (403, "permission_denied")),  # who shows nothing is refused without asking the store
            ("join/preview", {"code": "0000-0000"}, (503, "store_unavailable")),
            (
                "sign-in",
                {"email": "ada@example.org", "password": "correct horse battery"},
                (503, "store_unavailable"),
            ),
        ],
    )
    async def test_strangers_are_not_told_where_it_is(
        self, stranger: Browser, rest: Rest, path: str, body: object, problem: tuple[int, str]
    ) -> None:
        answer = await stranger.ask("GET" if body is None else "POST", path, body)
        assert answer.problem == problem
        assert "secret-place" not in answer.body["message"]
        known = await rest("GET", "rooms")
        assert known.problem == (503, "store_unavailable")
        assert "secret-place" in known.body["message"], "the server's own user is told what to do"

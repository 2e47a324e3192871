"""Tokens, codes, passwords and sessions: what is kept is not what is told, and only ours are believed."""

import base64
import hashlib
import json
import logging
import time
from collections.abc import Awaitable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sqlite3 import connect
from typing import Any

import jwt
import pytest

from jupyter_collab.access import (
    InviteSecrets,
    SessionTokens,
    UserKind,
    harden,
    hash_code,
    hash_password,
    hash_token,
    is_password,
    person,
    read_code,
)
from jupyter_collab.errors import StoreError

from .scenarios import scenario
from .stores import opened, sqlite_store

GUEST = person(UserKind.GUEST, "91bc", "Ada Lovelace")
SALT = "the salt of a store"
KEY = SessionTokens.new_key()


@pytest.fixture
def tokens() -> SessionTokens:
    return SessionTokens(KEY, timedelta(hours=1))


def claims(**changed: Any) -> dict[str, Any]:
    """What a good token says, ``changed``; ``None`` leaves a claim out."""
    now = datetime.now(UTC)
    facts = {"sub": "91bc", "kind": "guest", "name": "Ada", "sid": "s", "iat": now, "exp": now + timedelta(hours=1)}
    return {name: value for name, value in {**facts, **changed}.items() if value is not None}


def test_each_invitation_has_secrets_of_its_own() -> None:
    made = [InviteSecrets.new() for _ in range(200)]
    assert len({one.token for one in made}) == len({one.code for one in made}) == 200
    assert all(len(one.token) == 32 and len(one.code) == 9 for one in made)


@pytest.mark.parametrize("typed", ["7kqm-2xpd", "7KQM2XPD", " 7kqm 2xpd ", "7-K-Q-M-2-X-P-D", "7KQM–2XPD"])
def test_a_code_is_the_same_however_it_is_typed(typed: str) -> None:
    assert read_code(typed) == read_code("7KQM-2XPD") == "7KQM2XPD"
    assert hash_code(typed, SALT) == hash_code("7KQM-2XPD", SALT)


def test_letters_that_look_like_digits_are_taken_for_them() -> None:
    assert read_code("oIlO-0000") == "01100000"
    assert read_code("UUUU-UUUU") == ""


def test_what_is_kept_of_a_code_takes_long_to_make_and_is_another_in_each_store() -> None:
    assert hash_code("7KQM-2XPD", SALT) != hash_code("7KQM-2XPD", "another salt of a store")
    began = time.thread_time()
    hash_code("7KQM-2XPE", SALT)
    assert time.thread_time() - began > 0.01, "2**40 of them take 350 years at least"


def test_a_hash_of_before_becomes_one_of_now() -> None:
    before = hashlib.sha256(b"code 7KQM2XPD").hexdigest()
    assert harden(before, SALT) == hash_code("7kqm-2xpd", SALT)
    assert len(harden(before, SALT)) == 64


def test_a_token_is_not_a_code() -> None:
    assert hash_token("7KQM2XPD") != hash_code("7KQM2XPD", SALT)
    assert hash_token("abc") != hash_token("ABC")


def test_passwords() -> None:
    kept = hash_password("swordfish")
    assert "swordfish" not in kept
    assert kept != hash_password("swordfish"), "each has a salt of its own"
    assert is_password("swordfish", kept)
    for wrong in ("Swordfish", "", "swordfish "):
        assert not is_password(wrong, kept)
    assert not is_password("swordfish", "no hash at all")


def test_a_session_is_read_as_it_was_issued(tokens: SessionTokens) -> None:
    session = tokens.begin(GUEST)
    read = tokens.read(tokens.issue(session))
    assert read is not None
    assert (read.id, read.hash, read.user) == (session.id, session.hash, GUEST)
    assert session.id not in session.hash
    assert tokens.begin(GUEST).id != session.id


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": timedelta(seconds=-1)},
        {"exp": None},
        {"iat": None},
        {"iat": timedelta(hours=1)},
        {"sub": None},
        {"sub": 7},
        {"sid": None},
        {"name": None},
        {"kind": None},
        {"kind": "owner"},
        {"kind": "GUEST"},
    ],
    ids=str,
)
def test_a_token_that_lacks_something_is_none(tokens: SessionTokens, changed: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    changed = {name: now + value if isinstance(value, timedelta) else value for name, value in changed.items()}
    assert tokens.read(jwt.encode(claims(), KEY, "HS256")) is not None
    assert tokens.read(jwt.encode(claims(**changed), KEY, "HS256")) is None


def test_forged_tokens_are_none(tokens: SessionTokens) -> None:
    session = tokens.begin(GUEST)
    good = tokens.issue(session)
    head, body, signature = good.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    as_ada = base64.urlsafe_b64encode(json.dumps({**said, "sub": "ada"}).encode()).decode().rstrip("=")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    forged = [
        jwt.encode(claims(), SessionTokens.new_key(), "HS256"),
        jwt.encode(claims(), KEY, "HS512"),
        jwt.encode(claims(), "", "none"),
        f"{unsigned}.{body}.",
        f"{unsigned}.{body}.{signature}",
        f"{head}.{as_ada}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        good[:-2],
        "",
        "a.b.c",
        "\x00",
        "x" * 100_000,
    ]
    assert tokens.read(good) is not None
    assert [tokens.read(token) for token in forged] == [None] * len(forged)


@scenario
async def test_a_statement_that_fails_tells_no_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    async with opened(store := sqlite_store(tmp_path)):
        with closing(connect(tmp_path / "rooms.sqlite")) as database:
            database.execute("DROP TABLE sessions")
        failing: list[Awaitable[object]] = [
            store.people.session("the-hash"),
            store.people.begin_session("the-hash", "guest:eve", later),
        ]
        for statement in failing:
            with pytest.raises(StoreError) as failed:
                await statement
            logging.getLogger("test").error("It failed.", exc_info=failed.value)
    assert caplog.text.count("no such table: sessions") >= 2
    assert caplog.text.count("[SQL: ") == 2, "it is said which statement it was"
    for secret in ("the-hash", "guest:eve"):
        assert secret not in caplog.text

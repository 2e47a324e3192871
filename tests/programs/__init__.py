"""Programs of others that tests start beside the server: fetched by npm, as ``package-lock.json`` says, once."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ..alone import alone_with

__all__ = ["need_programs", "openid_provider", "openid_settings"]

PROGRAMS = Path(__file__).parent
INSTALL_SECONDS = 300


def need_programs() -> Path:
    """The folder with the programs in it; skips the test where they cannot be had, except in CI."""
    with alone_with(PROGRAMS / "package-lock.json"):
        if not (PROGRAMS / "node_modules" / ".package-lock.json").exists():
            _fetch()
    return PROGRAMS


def _fetch() -> None:
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        subprocess.run(command, cwd=PROGRAMS, check=True, capture_output=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"npm could not fetch the programs of tests/programs: {error}")


def openid_settings(port: int) -> dict[str, Any]:
    """How a server is told of the provider at that port, in ``CollabExtension.sign_in_providers``."""
    known = {"id": "test", "name": "Test", "issuer": f"http://127.0.0.1:{port}", "client_id": "jupyter"}
    return {**known, "client_secret": "a secret of the tests"}


@contextmanager
def openid_provider(port: int, server_url: str) -> Iterator[None]:
    """A real OpenID provider, for the server at that address: whoever gives it a login is let in with any password."""
    command = ["node", "provider.mjs", str(port), f"{server_url}collab/auth/test/callback"]
    with subprocess.Popen(command, cwd=need_programs(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as provider:
        assert provider.stdout is not None
        assert provider.stdout.readline() == b"ready\n"
        try:
            yield
        finally:
            provider.kill()

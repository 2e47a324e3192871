"""Programs of others that tests start beside the server: fetched by npm, as ``package-lock.json`` says, once."""

import os
import subprocess
from pathlib import Path

import pytest

__all__ = ["need_programs"]

PROGRAMS = Path(__file__).parent
INSTALL_SECONDS = 300


def need_programs() -> Path:
    """The folder with the programs in it; skips the test where they cannot be had, except in CI."""
    if not (PROGRAMS / "node_modules" / ".package-lock.json").exists():
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        try:
            subprocess.run(command, cwd=PROGRAMS, check=True, capture_output=True, timeout=INSTALL_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"npm could not fetch the programs of tests/programs: {error}")
    return PROGRAMS

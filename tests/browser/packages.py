"""Packages of Python that the tests' own environment must not have."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

__all__ = ["install"]


def install(folder: Path, packages: Sequence[str]) -> None:
    """Install them, without what they need, into a folder; skip the test where that cannot be."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    installed = subprocess.run([*pip, "--target", str(folder), *packages], capture_output=True, text=True, check=False)
    if installed.returncode != 0:
        assert not os.environ.get("CI"), installed.stderr
        pytest.skip(f"{packages[0]} cannot be installed here")

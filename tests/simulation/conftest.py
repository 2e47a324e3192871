"""The pages' model of a notebook, which some of the simulated people use."""

import os
import shutil
import subprocess

import pytest

from ..alone import alone_with
from ..interop.npm import node_path
from .node import LABEXTENSION

BUILD_SECONDS = 110


@pytest.fixture(scope="session")
def pages() -> None:
    """``labextension/lib``, made of the sources as they are now."""
    path = node_path()
    if path is None or not (LABEXTENSION / "node_modules").exists():
        pytest.skip("needs Node and the npm packages of labextension")
    npm = shutil.which("npm", path=path)
    assert npm is not None
    with alone_with(LABEXTENSION / "package.json"):
        done = subprocess.run(
            [npm, "run", "build:lib", "--loglevel=error"],
            cwd=LABEXTENSION,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
    assert done.returncode == 0, f"npm run build:lib failed:\n{done.stdout}\n{done.stderr}"

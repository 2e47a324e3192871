"""Wheel and sdist carry what npm made, JupyterLab's part and the page's, once each; who installs them needs no Node."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from .servers import REPOSITORY

BUNDLES = ("jupyter_collab/page_static", "jupyter_collab/labextension")
INSTALLED_AT = "share/jupyter/labextensions/jupyter-collab"


def build(target: str, tree: Path, folder: Path, **environment: str) -> Path:
    """Make a ``wheel`` or an ``sdist`` of a source tree; answers where it is."""
    folder.mkdir()
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    end = subprocess.run(command, cwd=tree, env={**os.environ, **environment}, capture_output=True, text=True)
    assert end.returncode == 0, end.stdout + end.stderr
    (made,) = folder.iterdir()
    return made


def files(folder: Path) -> set[str]:
    """All that is in a folder, by its path there."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def below(names: set[str], prefix: str) -> set[str]:
    """Those of ``names`` that are in a folder, by their path there."""
    return {name.removeprefix(f"{prefix}/") for name in names if name.startswith(f"{prefix}/")}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unpacked sdist of this tree, as it was built last."""
    folder = tmp_path_factory.mktemp("sdist")
    packed = build("sdist", REPOSITORY, folder / "packed", HATCH_BUILD_NO_HOOKS="true")
    with tarfile.open(packed) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (root,) = (folder / "unpacked").iterdir()
    return root


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What is in a wheel that was built of the sdist where there is no npm."""
    made = build("wheel", sdist, tmp_path_factory.mktemp("wheel") / "made", PATH="/nowhere")
    with ZipFile(made) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_sdist_has_what_was_built(sdist: Path, bundle: str) -> None:
    assert len(files(REPOSITORY / bundle)) > 3
    assert files(sdist / bundle) == files(REPOSITORY / bundle)


def test_the_wheel_has_the_page_in_the_package(wheel: set[str]) -> None:
    assert below(wheel, BUNDLES[0]) == files(REPOSITORY / BUNDLES[0])
    assert {f"jupyter_collab/server/{name}" for name in ("page.html", "openapi.yaml", "demo.ipynb")} <= wheel


def test_the_wheel_has_the_extension_where_jupyterlab_looks_and_nowhere_else(wheel: set[str]) -> None:
    (data,) = {name.partition("/")[0] for name in wheel if name.partition("/")[0].endswith(".data")}
    installed = below(wheel, f"{data}/data/{INSTALLED_AT}")
    assert installed == files(REPOSITORY / BUNDLES[1]) | {"install.json"}
    assert not below(wheel, BUNDLES[1])
    assert f"{data}/data/etc/jupyter/jupyter_server_config.d/jupyter_collab.json" in wheel


def test_neither_has_what_belongs_to_the_workshop_only(wheel: set[str], sdist: Path) -> None:
    assert {name.partition("/")[0].partition("-")[0] for name in wheel} == {"jupyter_collab"}
    assert not any("node_modules" in path.parts or path.suffix == ".pyc" for path in sdist.rglob("*"))

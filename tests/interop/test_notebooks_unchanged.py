"""Notebooks that others wrote come out of a room as they went in, and as Jupyter writes them.

``JC_NOTEBOOKS=200`` takes so many of them.
"""

import itertools
import json
import os
import tarfile
from typing import Any

import nbformat
import pytest

from jupyter_collab.document import ContentFormat, RoomDocument, read_content, write_content

from .test_real_notebooks import pip

PACKAGES = [("jupytext", "1.19.6"), ("holoviews", "1.23.2")]
"""Packages whose source archives are small and have many notebooks, with outputs and of several languages.

The second one is fetched if the first has too few.
"""

COUNT = int(os.environ.get("JC_NOTEBOOKS", "50"))

pytestmark = pytest.mark.filterwarnings("ignore::nbformat.warnings.MissingIDFieldWarning")  # some have no ids


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Notebooks' texts, by where they are in their package."""
    folder = tmp_path_factory.mktemp("packages")
    found: dict[str, str] = {}
    for package, number in PACKAGES:
        if len(found) >= COUNT:
            break
        pip("download", "--no-deps", "--no-binary", package, "--dest", str(folder), f"{package}=={number}")
        with tarfile.open(next(folder.glob(f"{package}-*.tar.gz"))) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.name.endswith(".ipynb") else None
                if file is not None:
                    found[member.name] = file.read().decode()
    spread = itertools.islice(found.items(), 0, None, max(1, len(found) // COUNT))  # neighbours are much alike
    return dict(itertools.islice(spread, COUNT))


def as_jupyter_opens(text: str) -> Any:
    """The notebook without what a room gives it: ids, and the newest version of the format."""
    notebook = json.loads(nbformat.v4.writes(nbformat.reads(text, as_version=4)))
    notebook["nbformat_minor"] = 5
    for cell in notebook["cells"]:
        cell.pop("id", None)
        if not cell.get("attachments"):
            cell.pop("attachments", None)
    return notebook


def is_valid(text: str) -> bool:
    problem: dict[str, Any] = {}
    nbformat.reads(text, as_version=4, capture_validation_error=problem)
    return not problem


def exported(text: str) -> tuple[str, list[str]]:
    """What a room that was made from a notebook exports, and what was changed on the way in."""
    content = read_content(text, ContentFormat.IPYNB)
    return write_content(RoomDocument.create("epoch", content), ContentFormat.IPYNB), content.changes


@pytest.mark.timeout(180)  # pip fetches first
def test_real_notebooks_come_out_as_they_went_in(notebooks: dict[str, str]) -> None:
    assert len(notebooks) == COUNT
    for name, text in notebooks.items():
        out, changes = exported(text)
        nbformat.validate(nbformat.reads(out, as_version=4))
        assert exported(out) == (out, []), name
        if is_valid(text):
            assert (name, changes) == (name, [])
            assert (name, as_jupyter_opens(out)) == (name, as_jupyter_opens(text))


def test_a_notebook_that_jupyter_wrote_comes_out_with_the_same_bytes(notebooks: dict[str, str]) -> None:
    for name, text in notebooks.items():
        node = nbformat.v4.upgrade(nbformat.reads(text, as_version=4))
        for number, cell in enumerate(node.cells):
            cell.id = f"cell-{number}"
            if cell.get("attachments") == {}:
                del cell.attachments
        written = nbformat.writes(node) + "\n"
        if is_valid(written):
            assert (name, exported(written)[0]) == (name, written)

"""JupyterLab's own notebook model binds to the document, and stays right while notebooks are set in it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from jupyter_collab.document import RoomDocument

from .strategies import NOTEBOOKS
from .test_notebooks import code, markdown, notebook, replica, stream

SCRIPT = (Path(__file__).parent / "roomnotebook.mjs").read_text()
LABEXTENSION = Path(__file__).resolve().parents[2] / "labextension"
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
NODE = shutil.which("node", path=PATH)

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        NODE is None or not (LABEXTENSION / "node_modules" / "@jupyter" / "ydoc").is_dir(),
        reason="needs Node and the npm packages of labextension",
    ),
]


def shown_after_each(updates: list[bytes]) -> list[dict[str, Any]]:
    """What JupyterLab's model says after each update."""
    assert NODE is not None
    end = subprocess.run(
        [NODE, "--input-type=module", "-e", SCRIPT],
        input=json.dumps([update.hex() for update in updates]),
        cwd=LABEXTENSION,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    # JavaScript writes the digits of a large number that tell it from others, and zeros after them.
    answers: list[dict[str, Any]] = json.loads(end.stdout, parse_int=float)
    return answers


def check(notebooks: list[dict[str, Any]]) -> None:
    """Set one notebook after another in the document that a model of JupyterLab's is bound to."""
    document = replica(RoomDocument.create("epoch", notebooks[0]))
    updates, expected = [document.doc.get_update()], [document.to_notebook()]
    for content in notebooks[1:]:
        before = document.doc.get_state()
        document.set_notebook(content)
        updates.append(document.doc.get_update(before))
        expected.append(document.to_notebook())
    for shown, exported in zip(shown_after_each(updates), expected, strict=True):
        for cell in exported["cells"]:
            if cell.get("execution_count") == 0:
                cell["execution_count"] = None  # JupyterLab does not tell 0 from none
        assert shown == exported


@settings(max_examples=12, phases=[Phase.generate])  # each example starts Node: shrinking one would take minutes
@given(st.lists(NOTEBOOKS, min_size=2, max_size=5))
def test_it_shows_what_is_set(notebooks: list[dict[str, Any]]) -> None:
    check(notebooks)


def test_it_follows_edits_of_every_part_of_a_cell() -> None:
    cell = code("x = 1\ny = 2\n", id="c", outputs=[stream("1\n"), stream("2\n")], execution_count=1)
    text = markdown("é😀", id="m")
    check(
        [
            notebook(cell, text),
            notebook({**cell, "source": "x = 1\ny = 3\n"}, text),
            notebook({**cell, "outputs": [stream("1\n"), stream("3\n")]}, text),
            notebook({**cell, "outputs": [], "execution_count": None}, text),
            notebook({**cell, "metadata": {"tags": ["a"]}}, {**text, "attachments": {"a.png": {"image/png": "QQ=="}}}),
            notebook({**cell, "cell_type": "markdown"}, text, metadata={"language_info": {"name": "R"}}),
            notebook(text, cell),
            notebook({**cell, "id": "other"}),
        ]
    )

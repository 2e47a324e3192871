"""The extension runs with the Yjs that JupyterLab brings, which is older than the one that its own tests run with."""

import re
from pathlib import Path

import jupyterlab

SOURCES = Path(__file__).parents[1] / "labextension" / "src"
VALUE = re.compile(r"(?<![\w.])Y\.([a-zA-Z]+)(?=[(.,)\s;])")
TYPES = re.compile(r"(?:: |<|as |\| |typeof )Y\.[A-Za-z.]+|Y\.[A-Z]\w+(?=[<\[|>])")


def test_jupyterlabs_yjs_has_all_that_we_use_of_it() -> None:
    used = {
        name
        for file in SOURCES.rglob("*.ts")
        for name in VALUE.findall(TYPES.sub("", file.read_text()))
        if not name[0].isupper() or f"new Y.{name}" in file.read_text() or f"instanceof Y.{name}" in file.read_text()
    }
    assert {"Doc", "applyUpdate", "encodeStateAsUpdate"} <= used
    static = Path(jupyterlab.__file__).parent / "static"
    [yjs] = [text for text in (file.read_text() for file in static.glob("*.js")) if "createDeleteSet:()=>" in text]
    assert {name for name in used if f"{name}:()=>" not in yjs} == set()

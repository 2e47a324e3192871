"""The version stands in one place, ``jupyter_collab/version.py``; what cannot read it there says the same."""

import json
import re
import tomllib

import jupyter_collab
from jupyter_collab import SharedEditor
from tests.servers import REPOSITORY

VERSION = jupyter_collab.__version__
FRONT_END = REPOSITORY / "labextension"


def test_what_is_installed_has_the_version_of_the_package() -> None:
    configured = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert configured["project"]["dynamic"] == ["version"]
    assert "version" not in configured["project"]
    assert configured["tool"]["hatch"]["version"]["path"] == "jupyter_collab/version.py"


def test_the_front_end_has_the_same() -> None:
    package = json.loads((FRONT_END / "package.json").read_text())
    locked = json.loads((FRONT_END / "package-lock.json").read_text())
    assert {package["version"], locked["version"], locked["packages"][""]["version"]} == {VERSION}


def test_the_widget_and_its_view_ask_for_the_same() -> None:
    source = (FRONT_END / "src" / "widget" / "shared_editor.ts").read_text()
    assert re.findall(r"version: '([^']+)'", source) == [VERSION]
    traits = SharedEditor.class_traits()
    wanted = {traits[name].default_value for name in ("_model_module_version", "_view_module_version")}
    assert wanted == {f"^{VERSION}"}


def test_the_changelog_begins_with_it() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == VERSION


def test_nothing_else_says_it() -> None:
    sources = [*REPOSITORY.glob("*.toml"), *(REPOSITORY / "jupyter_collab").rglob("*.py")]
    sources += [*(FRONT_END / "src").rglob("*.ts"), *(FRONT_END / "page").rglob("*.ts")]
    named = {path.relative_to(REPOSITORY).as_posix() for path in sources if VERSION in path.read_text()}
    assert named == {"jupyter_collab/version.py", "labextension/src/widget/shared_editor.ts"}

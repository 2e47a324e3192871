"""What the docs promise has the tests that they name, and what they name there is."""

import re
import tomllib
from collections.abc import Iterator
from typing import get_args

from packaging.requirements import Requirement
from packaging.version import Version

from jupyter_collab import SharedEditor
from jupyter_collab.client import Cell, Room
from jupyter_collab.client.connection import Status
from jupyter_collab.errors import CollabError
from tests.servers import REPOSITORY

DOCS = REPOSITORY / "docs"
OF_THE_PAGE = {("401", "sign_in")}
"""What no error is: that `GET me` says how one can sign in."""


TEST = r"`((?:\w+/)?test_\w+(?:\.py)?|\w+\.test\.ts)`"
"""How the docs name a test, or a file of tests."""


def test_each_test_that_the_docs_name_exists() -> None:
    files = list((REPOSITORY / "tests").rglob("test_*.py"))
    there = {f"{path.parent.name}/{path.name}" for path in files}
    there |= {path.name for path in (REPOSITORY / "labextension" / "test").glob("*.test.ts")}
    for path in files:
        there |= set(re.findall(r"^ *(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE))
    pages = [*DOCS.glob("*.md"), REPOSITORY / "README.md"]
    named = {name for page in pages for name in re.findall(TEST, page.read_text())}
    assert named
    assert named - there == set()


def rows_with_tests() -> Iterator[str]:
    """The rows of all tables whose last column is that of the tests."""
    for path in DOCS.glob("*.md"):
        for table in re.findall(r"^\|.*\| test \|\n\|[-|]+\|\n((?:\|.*\n)+)", path.read_text(), re.MULTILINE):
            yield from table.splitlines()


def test_each_statement_in_a_table_of_statements_names_a_test() -> None:
    rows = list(rows_with_tests())
    assert len(rows) > 20
    assert [row for row in rows if not re.search(rf"{TEST}[^|]*\|$", row)] == []


def test_what_the_page_for_python_names_there_is() -> None:
    page = (DOCS / "python.md").read_text()
    kinds = {"room": Room, "cell": Cell, "editor": SharedEditor}
    for name, kind in kinds.items():
        members = set(re.findall(rf"(?<![\w.]){name}\.([a-z_]+)", page))
        assert members
        assert [member for member in members if not hasattr(kind, member)] == []
    assert [status for status in get_args(Status) if f"`{status}`" not in page] == []


def all_errors(base: type[CollabError] = CollabError) -> Iterator[type[CollabError]]:
    yield base
    for error in base.__subclasses__():
        yield from all_errors(error)


def test_each_reason_in_the_page_for_rest_is_that_of_an_error_with_this_status() -> None:
    page = (DOCS / "rest.md").read_text()
    there = {(str(error.status), error.reason) for error in all_errors()}
    named = {
        (status, reason)
        for status, reasons in re.findall(r"\b([45]\d\d) ((?:`\w+`(?:, )?)+)", page)
        for reason in re.findall(r"\w+", reasons)
    }
    assert len(named) > 20
    assert named - OF_THE_PAGE <= there


def test_the_page_for_rest_lists_each_status_of_an_error() -> None:
    [listed] = re.findall(r"^Errors are JSON: .* with ([\d, or]+)\.$", (DOCS / "rest.md").read_text(), re.MULTILINE)
    of_errors = {str(error.status) for error in all_errors()} - {"500"}  # it says itself that the server failed
    assert of_errors <= set(re.findall(r"\d+", listed))


def lower_bounds(package: str) -> list[Version]:
    """From which version on we take a package, in each place where we ask for it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(word for extra in project["optional-dependencies"].values() for word in extra)]
    wanted = [requirement for requirement in map(Requirement, asked) if requirement.name == package]
    return [Version(bound.version) for wish in wanted for bound in wish.specifier if bound.operator == ">="]


def test_no_version_is_supported_that_has_one_of_the_holes_listed() -> None:
    listed = re.findall(r"^\| `([\w-]+)` \| ([\d.]+) \| CVE-", (DOCS / "security.md").read_text(), re.MULTILINE)
    assert {package for package, _ in listed} == {"jupyterlab", "notebook", "jupyter-server"}
    for package, mended in listed:
        bounds = lower_bounds(package)
        assert bounds, package
        assert min(bounds) >= Version(mended), package

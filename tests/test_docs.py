"""What the docs promise has the tests that they name, and what they name there is."""

import re
import tomllib
from collections.abc import Iterator
from typing import get_args

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import jupyter_collab
from jupyter_collab import SharedEditor
from jupyter_collab.client import Cell, Room
from jupyter_collab.client.replica.connection import Status
from jupyter_collab.errors import CollabError
from tests.servers import REPOSITORY

DOCS = REPOSITORY / "docs"
OF_THE_PAGE = {("401", "sign_in")}
"""What no error is: that `GET me` says how one can sign in."""


ADVISORY = r"CVE-\d+-\d+|GHSA(?:-[a-z0-9]{4}){3}"

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


ADVISORIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("jupyterlab", "CVE-2026-40171"): ("4.5.7",),
    ("jupyterlab", "CVE-2026-42266"): ("4.5.7",),
    ("jupyterlab", "CVE-2026-42557"): ("4.5.7",),
    ("jupyterlab", "GHSA-vmhf-c436-hxj4"): ("4.5.9",),
    ("jupyterlab", "CVE-2026-73415"): ("4.5.10", "4.6.2"),
    ("jupyterlab", "CVE-2026-73417"): ("4.5.10", "4.6.2"),
    ("jupyterlab", "CVE-2026-73627"): ("4.5.10", "4.6.2"),
    ("jupyterlab", "GHSA-89vp-jrxv-24w8"): ("4.5.10", "4.6.2"),
    ("jupyterlab", "GHSA-whvh-wf3x-g77j"): ("4.5.10", "4.6.2"),
    ("jupyterlab", "CVE-2026-102830"): ("4.5.11", "4.6.4"),
    ("jupyterlab", "CVE-2026-102831"): ("4.5.11", "4.6.4"),
    ("jupyterlab", "CVE-2026-102904"): ("4.5.11", "4.6.4"),
    ("notebook", "CVE-2026-40171"): ("7.5.6",),
    ("notebook", "CVE-2026-102831"): ("7.6.3",),
    ("jupyter-server", "CVE-2026-35397"): ("2.18.0",),
    ("jupyter-server", "CVE-2026-40110"): ("2.18.0",),
    ("jupyter-server", "CVE-2026-40934"): ("2.18.0",),
    ("jupyter-server", "CVE-2026-44727"): ("2.20.0",),
    ("jupyter-server", "CVE-2026-86049"): ("2.21.0",),
}
"""The holes of each package, and in which versions they are mended first: in the oldest line, then in later ones."""


def wanted_versions(package: str) -> list[SpecifierSet]:
    """Which versions of a package we take, in each place where we ask for it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(word for extra in project["optional-dependencies"].values() for word in extra)]
    return [wish.specifier for wish in map(Requirement, asked) if wish.name == package]


def versions_before(mended: str) -> Iterator[str]:
    """All versions of its line that are older, such as 4.6.0 and 4.6.1 for 4.6.2."""
    line, _, patch = mended.rpartition(".")
    yield from (f"{line}.{number}" for number in range(int(patch)))


@pytest.mark.parametrize(("package", "advisory"), ADVISORIES)
def test_no_version_is_supported_that_has_one_of_the_holes_listed(package: str, advisory: str) -> None:
    oldest, *later = ADVISORIES[package, advisory]
    wishes = wanted_versions(package)
    assert wishes
    for wish in wishes:
        floor = max(Version(bound.version) for bound in wish if bound.operator == ">=")
        assert floor >= Version(oldest)
        assert [version for mended in later for version in versions_before(mended) if wish.contains(version)] == []


def test_the_holes_listed_are_those_that_are_looked_for() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| ([^|]*) \| (.*CVE-.*) \|$", (DOCS / "security.md").read_text(), re.MULTILINE)
    named = {(package, advisory) for package, _, text in rows for advisory in re.findall(ADVISORY, text)}
    assert named == set(ADVISORIES)
    for package, versions, _ in rows:
        newest = max(
            (mended for (of, _), mended in ADVISORIES.items() if of == package), key=lambda all_: Version(all_[0])
        )
        assert [Version(version) for version in re.findall(r"\d+\.\d+(?:\.\d+)?(?=$|,)", versions)] == [
            *map(Version, newest)
        ]


def test_the_package_exports_few_names_and_the_page_for_python_says_each() -> None:
    page = (DOCS / "python.md").read_text()
    names = set(jupyter_collab.__all__) - {"__version__"}
    assert len(names) <= 10
    assert [name for name in names if name not in page] == []
    assert all(hasattr(jupyter_collab, name) for name in names)

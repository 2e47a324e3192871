"""What the docs promise has the tests that they name."""

import re

from tests.servers import REPOSITORY


def test_each_test_that_the_docs_name_exists() -> None:
    there = {
        name
        for path in (REPOSITORY / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    named = {
        name
        for path in (*(REPOSITORY / "docs").glob("*.md"), REPOSITORY / "README.md")
        for name in re.findall(r"`(test_\w+)`", path.read_text())
    }
    assert named
    assert named <= there

"""What is small waits for nothing that others make long."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jupyter_collab.document import ContentFormat
from jupyter_collab.server import conversions
from jupyter_collab.server import rest as rest_module
from jupyter_collab.server.body import LIGHT_BYTES

from ..peers import eventually
from ..unit.doubles import user
from .conftest import Rest
from .test_large_content import notebook

HELD_SECONDS = 60.0
"""In the end the test ends it."""


@pytest.fixture
def limits() -> dict[str, Any]:
    return {"max_conversion_seconds": 2 * HELD_SECONDS}


class HoldExports:
    """Exports as ``.py`` take long; each tells that it has begun by a file in ``folder``."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __call__(self, updates: list[bytes], wanted: ContentFormat) -> tuple[bytes, str]:
        if wanted is ContentFormat.PY:
            (Path(self._folder) / f"{time.monotonic_ns()}").touch()
            time.sleep(HELD_SECONDS)
        return conversions.write_file(updates, wanted)


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Its ``name`` is who asks from now on."""
    who = {"name": "teacher"}
    monkeypatch.setattr(rest_module.RoomInfoHandler, "user", property(lambda self: user(who["name"])))
    return who


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file in it for each export that has begun."""
    folder = tmp_path / "begun"
    folder.mkdir()
    monkeypatch.setattr(rest_module, "write_file", HoldExports(str(folder)))
    return folder


@asynccontextmanager
async def two_large_exports(rest: Rest, people: dict[str, str], begun: Path) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Two people have a large notebook written as ``.py``, which takes long."""
    await rest("POST", "rooms", json={"id": "large", "content": notebook(["x" * 2**21])})
    exports: list[asyncio.Task[Any]] = []
    for name in ("ann", "bob"):
        people["name"] = name
        count = len(exports) + 1
        exports.append(asyncio.create_task(rest("GET", "rooms/large/content", params={"format": "py"})))
        await eventually(lambda: len(list(begun.iterdir())) == count, f"the export of {name} has begun")  # noqa: B023
    people["name"] = "teacher"
    try:
        yield exports
    finally:
        for export in exports:
            export.cancel()
        await asyncio.wait(exports)


async def test_modest_notebooks_come_and_go_while_two_people_export_large_ones(
    rest: Rest, people: dict[str, str], begun: Path
) -> None:
    await rest("POST", "rooms", json={"id": "modest"})
    content = notebook(["x = 1\n" * 1000] * 10)
    assert len(json.dumps(content)) > LIGHT_BYTES
    async with two_large_exports(rest, people, begun) as exports, asyncio.timeout(HELD_SECONDS):
        assert (await rest("PUT", "rooms/modest/content", json=content)).status == 200
        assert (await rest("GET", "rooms/modest/content")).status == 200
        assert (await rest("GET", "rooms/modest/content", params={"format": "md"})).status == 200
        assert (await rest("POST", "rooms", json={"id": "another", "content": content})).status == 201
        assert not any(export.done() for export in exports)

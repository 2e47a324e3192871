"""Modules import downwards only, without cycles, and each library where its layer allows it; see ARCHITECTURE.md."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import jupyter_collab

PACKAGE = "jupyter_collab"

LAYERS = (
    ("errors", "spans", "background", "names", "addresses", "dangers", "roles", "version"),
    ("protocol",),
    ("yjs", "causality", "depths"),
    ("document",),
    ("gate", "access", "store", "backplane", "workers"),
    ("rooms",),
    ("people", "kernels"),
    ("server",),
)
"""From the lowest up; parts of one layer may use each other as long as that makes no cycle."""

MAY_IMPORT = {
    part: {other for lower in LAYERS[: level + 1] for other in lower}
    for level, parts in enumerate(LAYERS)
    for part in parts
}
LOW = {"errors", "spans", "addresses", "roles", "version", "protocol", "yjs", "depths", "document"}
MAY_IMPORT["client"] = {"client", *LOW}
MAY_IMPORT["__init__"] = {"client", "errors", "version"}

ONLY_IN = {
    "tornado": "server",
    "jupyter_server": "server",
    "jupyterlab": "server",
    "jupyter_client": "kernels",
    "ipywidgets": "client.widget",
    "IPython": "client.ipython",
    "sqlalchemy": "store",
    "alembic": "store",
    "redis": "backplane",
    "prometheus_client": "server.metrics",
    "jwt": "access.sessions",
    "argon2": "access.passwords",
    "authlib": "server.sign_in",
    "joserfc": "server.sign_in",
}


@dataclass(frozen=True)
class Import:
    """``module`` (its name without the package's) imports ``target`` (a whole name)."""

    module: str
    target: str
    where: str


def modules(package: Path) -> Iterator[tuple[str, Path]]:
    """The modules of a package: names like ``rooms.peer``, ``rooms`` or ``__init__``."""
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        yield ".".join(parts if parts[-1] != "__init__" or len(parts) == 1 else parts[:-1]), path


def imports(package: Path) -> Iterator[Import]:
    """Every import, wherever it stands."""
    names = {name for name, _ in modules(package)}
    for name, path in modules(package):
        source = path.read_text()
        lines = source.splitlines()
        for node in ast.walk(ast.parse(source)):
            for target in targets(node, name, names, is_package=path.name == "__init__.py"):
                where = f"{path.relative_to(package.parent)}:{node.lineno}: {lines[node.lineno - 1].strip()}"  # type: ignore[attr-defined]  # imports have lines
                yield Import(name, target, where)


def targets(node: ast.AST, module: str, names: set[str], *, is_package: bool) -> Iterator[str]:
    """The whole names of the modules that ``node`` imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = [] if module == "__init__" else module.split(".")
        up = node.level - (1 if is_package else 0)
        if node.level == 0:
            start = (node.module or "").split(".")
        else:
            start = [
                PACKAGE,
                *(base[: len(base) - up] if up else base),
                *(node.module.split(".") if node.module else []),
            ]
        for alias in node.names:
            whole = ".".join([*start, alias.name])
            yield whole if whole.removeprefix(f"{PACKAGE}.") in names else ".".join(start)


def own(target: str) -> str | None:
    """The name of one of our modules without the package's."""
    if target == PACKAGE:
        return "__init__"
    return target.removeprefix(f"{PACKAGE}.") if target.startswith(f"{PACKAGE}.") else None


def part(module: str) -> str:
    return module.partition(".")[0]


def violations(package: Path) -> list[str]:
    """What breaks the rules, one line each: file, line, the import, and why not."""
    found = list(imports(package))
    return [*upward(found), *misplaced(found), *cycles(found), *folder_cycles(found)]


def upward(found: list[Import]) -> Iterator[str]:
    for item in found:
        target = own(item.target)
        if part(item.module) not in MAY_IMPORT:
            yield f"{item.where}  ({part(item.module)} belongs to no layer)"
        elif target is not None and part(target) not in MAY_IMPORT[part(item.module)]:
            yield f"{item.where}  ({part(item.module)} may not import {part(target)})"


def misplaced(found: list[Import]) -> Iterator[str]:
    for item in found:
        places = ONLY_IN.get(part(item.target), "").split()
        if places and not any(item.module == place or item.module.startswith(f"{place}.") for place in places):
            yield f"{item.where}  (only {' and '.join(places)} may import {part(item.target)})"


def cycles(found: list[Import]) -> Iterator[str]:
    """One line for each import that closes a circle; that of the package itself is lazy and does not count."""
    graph: dict[str, dict[str, str]] = {}
    for item in found:
        target = own(item.target)
        if target is not None and item.module != "__init__":
            graph.setdefault(item.module, {}).setdefault(target, item.where)
    finished: set[str] = set()
    for module in graph:
        yield from _circles(module, graph, [], finished)


def _circles(module: str, graph: dict[str, dict[str, str]], path: list[str], finished: set[str]) -> Iterator[str]:
    if module in finished:
        return
    path.append(module)
    for target, where in graph.get(module, {}).items():
        if target in path:
            yield f"{where}  (a cycle: {' -> '.join([*path[path.index(target) :], target])})"
        else:
            yield from _circles(target, graph, path, finished)
    path.pop()
    finished.add(module)


def folder_cycles(found: list[Import]) -> Iterator[str]:
    """One line for each circle of folders that lie side by side, even where the modules in them make none."""
    names = {item.module for item in found} | {target for item in found if (target := own(item.target)) is not None}
    folders = {name.rpartition(".")[0] for name in names if "." in name}
    graph: dict[str, dict[str, str]] = {}
    for item in found:
        target = own(item.target)
        if target is not None:
            here, there = beside(item.module, target)
            if here != there and {here, there} <= folders:
                graph.setdefault(here, {}).setdefault(there, item.where)
    finished: set[str] = set()
    for folder in graph:
        yield from _circles(folder, graph, [], finished)


def beside(module: str, target: str) -> tuple[str, str]:
    """The two parts, side by side, in which modules lie: of ``a.b.c`` and ``a.d.e`` they are ``a.b`` and ``a.d``."""
    mine, other = module.split("."), target.split(".")
    common = 0
    while common < min(len(mine), len(other)) - 1 and mine[common] == other[common]:
        common += 1
    return ".".join(mine[: common + 1]), ".".join(other[: common + 1])


def test_the_package_keeps_to_its_layers() -> None:
    assert violations(Path(jupyter_collab.__file__).parent) == []


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"errors.py": "\n\nfrom .protocol import x"}, "errors.py:3: from .protocol import x  (errors may not import"),
        ({"rooms/a.py": "def f():\n    from ..server import x"}, "rooms/a.py:2: from ..server import x  (rooms may"),
        ({"client/core.py": "import jupyter_collab.store.sql"}, "(client may not import store)"),
        ({"client/core.py": "from .. import rooms", "rooms/__init__.py": ""}, "(client may not import rooms)"),
        ({"document/cells.py": "from ..access.roles import Role"}, "(document may not import access)"),
        ({"new/thing.py": "import os"}, "(new belongs to no layer)"),
        ({"rooms/room.py": "from tornado.web import HTTPError"}, "(only server may import tornado)"),
        ({"client/core.py": "import ipywidgets"}, "(only client.widget may import ipywidgets)"),
        ({"rooms/a.py": "from .b import x", "rooms/b.py": "from . import a"}, "(a cycle: rooms.a -> rooms.b -> rooms"),
        ({"store/a.py": "from ..access import x", "access/__init__.py": "from ..store.a import y"}, "(a cycle: "),
        ({"people/a.py": "from ..kernels.b import x", "people/c.py": "", "kernels/b.py": "",
          "kernels/d.py": "from ..people.c import y"}, "(a cycle: kernels -> people -> kernels)"),
        ({"store/rooms/a.py": "from ..runs.b import x", "store/rooms/c.py": "", "store/runs/b.py": "",
          "store/runs/d.py": "from ..rooms.c import y"}, "(a cycle: store.rooms -> store.runs -> store.rooms)"),
        ({"rooms/a.py": "from ..rooms import x", "rooms/__init__.py": "from .a import x"}, "(a cycle: rooms"),
    ],
)  # fmt: skip
def test_what_breaks_the_rules_is_shown_with_its_line(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    for name, text in files.items():
        path = tmp_path / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert [line for line in violations(tmp_path / PACKAGE) if complaint in line]


def test_what_keeps_the_rules_is_not_complained_of(tmp_path: Path) -> None:
    files = {
        "__init__.py": "def __getattr__(name):\n    from .client import room",
        "client/__init__.py": "from .widget import Widget",
        "client/widget.py": "import ipywidgets\nfrom .. import errors\nfrom ..document import RoomDocument",
        "server/handler.py": "import tornado.web\nfrom jupyter_server import base\nfrom ..rooms.room import Room",
        "rooms/room.py": "from ..store import Store\nfrom .peer import Peer",
        "rooms/peer.py": "from ..errors import RoomError",
        "errors.py": "",
    }
    for name, text in files.items():
        path = tmp_path / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert violations(tmp_path / PACKAGE) == []

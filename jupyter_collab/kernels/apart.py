"""A provisioner of jupyter_client for kernels that run as another user than the server, or in a container."""

import asyncio
import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import List, Unicode

from .environment import environment_for_rooms

__all__ = ["ApartProvisioner", "is_apart"]

PROVISIONER = "jupyter-collab-apart"
"""What kernelspecs call :class:`ApartProvisioner`."""

OF_THE_SERVERS_USER = (
    *("HOME", "USER", "LOGNAME", "USERNAME", "SHELL", "TMPDIR", "TEMP", "TMP", "XDG_*", "JUPYTER_*", "IPYTHONDIR"),
    *("PYTHON*", "VIRTUAL_ENV"),
)
"""Variables that are no secret, but lead another user to where it may not, or should not, go."""

KEEPER = (Path(__file__).parent / "apart_parent.py").read_text(encoding="utf-8")

MAX_LOGGED_LINES = 200
MAX_LINE_BYTES = 500
DRAIN_BYTES = 2**16
DRAIN_PAUSE_SECONDS = 0.05

KEEPER_SECONDS = 2.0
"""How long the keeper may take to kill the kernel; code in the kernel can stop it, for it is the same user's."""


def is_apart(spec: Mapping[str, Any]) -> bool:
    """Whether a kernelspec (what is in its ``kernel.json``) names :class:`ApartProvisioner`."""
    metadata = spec.get("metadata")
    provisioner = metadata.get("kernel_provisioner") if isinstance(metadata, Mapping) else None
    return isinstance(provisioner, Mapping) and provisioner.get("provisioner_name") == PROVISIONER


class ApartProvisioner(LocalProvisioner):
    """Starts a kernel by ``command``, which runs the words behind it elsewhere, as ``sudo -u`` does.

    A kernelspec names it in its ``metadata.kernel_provisioner``, as ``jupyter-collab-apart``, with these traits in
    ``config``. The kernel is reached by the server's own ports, so it must share the server's network.
    """

    command = List(Unicode(), minlen=1, help="For example `['sudo', '-n', '-u', 'roomkernel']`.")
    python = Unicode(
        "python3", help="A Python 3.9 or later that can be run there; the kernel may be of another language."
    )
    folder = Unicode("~", help="The kernel's working folder; if it does not exist, a temporary one.")

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Say what is to be run there, with nothing of the server's own in its environment."""
        prepared = await super().pre_launch(**kwargs)
        self._order = self._order_for(prepared["cmd"], self._environment(prepared["env"]))
        output, pipe = os.pipe()
        threading.Thread(target=self._log_lines, args=(output,), daemon=True).start()
        return {
            **prepared,
            "cmd": [*self.command, self.python, "-I", "-c", KEEPER],
            "env": self._order["env"],
            "cwd": "/",
            "stdin": PIPE,
            "stdout": pipe,
            "stderr": pipe,
            "bufsize": 0,
        }

    def _order_for(self, argv: list[str], env: dict[str, str]) -> dict[str, Any]:
        path = self.parent.connection_file  # type: ignore[union-attr]  # the kernel manager, which made this
        return {
            "argv": argv,
            "connection_file": path,
            "connection": Path(path).read_text(encoding="utf-8"),
            "env": env,
            "folder": self.folder,
        }

    def _environment(self, given: dict[str, str]) -> dict[str, str]:
        """What of the environment ``given`` the kernel gets: little, and what the kernelspec says."""
        kept = {
            name: value
            for name, value in environment_for_rooms(given).items()
            if not any(fnmatchcase(name, pattern) for pattern in OF_THE_SERVERS_USER)
        }
        return {**kept, **{name: given[name] for name in self.kernel_spec.env}}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the keeper and give it its order."""
        try:
            connection_info = await super().launch_kernel(cmd, **kwargs)
        finally:
            os.close(kwargs["stdout"])
        assert self.process is not None
        assert self.process.stdin is not None
        os.set_blocking(self.process.stdin.fileno(), False)
        self._tell(self.process, json.dumps(self._order))
        return connection_info

    async def send_signal(self, signum: int) -> None:
        """Let the keeper send it, for the server may not."""
        if self.process is not None:
            self._tell(self.process, str(int(signum)))

    async def kill(self, restart: bool = False) -> None:
        """Let the keeper kill it, and if it does not, kill the keeper, where the server may."""
        await super().kill(restart=restart)
        try:
            async with asyncio.timeout(KEEPER_SECONDS):
                await self.wait()
        except TimeoutError:
            if self.pgid:
                with contextlib.suppress(OSError):
                    os.killpg(self.pgid, signal.SIGKILL)

    def _tell(self, keeper: "Popen[bytes]", line: str) -> None:
        """Give it a line, unless it does not read any: nobody waits for it."""
        assert keeper.stdin is not None, "it was started with a pipe"
        try:
            keeper.stdin.write(f"{line}\n".encode())
        except OSError as error:  # it has ended; whoever looks next finds that
            self.log.info("Kernel %s cannot be told anything: %s", self.kernel_id, error)

    def _log_lines(self, output: int) -> None:
        """Log the beginning of what is said there and let the rest go, slowly: it must not keep the server busy."""
        with open(output, "rb") as lines:
            for _ in range(MAX_LOGGED_LINES):
                if line := lines.readline(MAX_LINE_BYTES):
                    self.log.info("Kernel %s: %s", self.kernel_id, ascii(line.decode(errors="replace").rstrip())[1:-1])
            while lines.read1(DRAIN_BYTES):
                time.sleep(DRAIN_PAUSE_SECONDS)

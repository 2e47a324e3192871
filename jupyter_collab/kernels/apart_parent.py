"""Runs one kernel for a server that may be another user's: as the user, or in the container, where this was started.

:class:`~.apart.ApartProvisioner` gives this file to a Python there, which need not be able to read anything of ours, so
it imports the standard library only. The server writes lines into the standard input: first what to run, as JSON, then
numbers of signals for the kernel. When the input ends, the kernel does.
"""

import contextlib
import json
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import threading
from typing import Any


def main() -> int:
    """Run the kernel; returns its exit status."""
    order = json.loads(sys.stdin.readline())
    os.umask(0o077)
    with tempfile.TemporaryDirectory(prefix="jupyter-kernel-") as folder:
        connection_file = os.path.join(folder, "kernel.json")
        with open(connection_file, "w", encoding="utf-8") as file:
            file.write(order["connection"])
        kernel = _started(order, connection_file, folder)
        threading.Thread(target=_obey, args=(kernel.pid,), daemon=True).start()
        status = kernel.wait()
        _signal(kernel.pid, signal.SIGKILL)  # what it started in the background
    return status if status >= 0 else 128 - status


def _started(order: dict[str, Any], connection_file: str, fallback: str) -> "subprocess.Popen[bytes]":
    argv = [argument.replace(order["connection_file"], connection_file) for argument in order["argv"]]
    who = _who()
    # Kernels end when their parent, which they are told so, has gone.
    env = {**who, **order["env"], "JPY_PARENT_PID": str(os.getpid())}
    wanted = order["folder"]
    folder = os.path.join(who["HOME"], wanted[2:]) if wanted.startswith("~/") else wanted.replace("~", who["HOME"], 1)
    return subprocess.Popen(  # noqa: S603  # what the deployer's kernelspec says
        argv,
        cwd=folder if os.access(folder, os.X_OK) else fallback,
        env=env,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def _who() -> dict[str, str]:
    try:
        account = pwd.getpwuid(os.getuid())
    except KeyError:  # containers may have none
        return {"HOME": os.environ.get("HOME", "/")}
    names = {"USER": account.pw_name, "LOGNAME": account.pw_name, "SHELL": account.pw_shell}
    return {"HOME": account.pw_dir, **names}


def _obey(kernel: int) -> None:
    for line in sys.stdin:
        _signal(kernel, int(line))
    _signal(kernel, signal.SIGKILL)


def _signal(group: int, signum: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signum)


if __name__ == "__main__":
    sys.exit(main())

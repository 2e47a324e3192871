"""A room's kernel runs as another Unix user: it cannot read what is the server's, and obeys the server all the same.

Needs root, which makes the user and starts kernels as it, ``useradd`` and ``setpriv``.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from jupyter_collab import __version__, connect
from jupyter_collab.dangers import link_danger
from tests.servers import REPOSITORY, RunningServer, start_server

from .kernel_texts import create_room, printed_by, run_in

WAIT_SECONDS = 30.0

SECRET = "the-hub's-token"

MISSING = [tool for tool in ("useradd", "userdel", "setpriv") if shutil.which(tool) is None]

pytestmark = [
    pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root may make users"),
    pytest.mark.skipif(bool(MISSING), reason=f"there is no {', '.join(MISSING)}"),
]


@pytest.fixture(scope="module")
def account() -> Iterator[str]:
    """A user of the machine with a home, for as long as these tests take."""
    name = f"collab{os.getpid()}"
    subprocess.run(["useradd", "--create-home", "--shell", "/bin/bash", name], check=True)
    try:
        yield name
    finally:
        subprocess.run(["pkill", "-KILL", "-u", name], check=False)
        for left in Path(tempfile.gettempdir()).glob("jupyter-kernel-*"):
            if left.owner() == name:
                shutil.rmtree(left)
        subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)


def as_user(name: str) -> list[str]:
    return ["setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", "--no-new-privs"]


@pytest.fixture(scope="module")
def python(account: str) -> str:
    """A Python that the user may run, and that can import what is installed for this one."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        env = {"PYTHONPATH": sysconfig.get_path("purelib")}
        # The shell is there because the first program is found with root's rights still.
        command = [*as_user(account), "sh", "-c", 'exec "$0" -c "import ipykernel, zmq"', candidate]
        try:
            if subprocess.run(command, env=env, cwd="/", capture_output=True, check=False).returncode == 0:
                return candidate
        except OSError:
            continue
    pytest.skip(f"another user can run no {version} with this one's packages")


def install_entry_points(folder: Path) -> None:
    """The package's entry points as this checkout says them, whatever is installed."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    metadata = folder / "entry" / f"jupyter_collab-{__version__}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: jupyter_collab\nVersion: {__version__}\n")
    lines = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()))
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")


def install_kernel(data: Path, python: str, command: list[str] | None, name: str = "apart") -> None:
    """A kernelspec that says where its kernel runs, unless ``command`` is ``None``."""
    folder = data / "kernels" / name
    folder.mkdir(parents=True)
    spec = {
        "argv": [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python, apart",
        "language": "python",
        "env": {"PYTHONPATH": sysconfig.get_path("purelib"), "PYTHONDONTWRITEBYTECODE": "1"},
        "metadata": {
            "kernel_provisioner": {
                "provisioner_name": "jupyter-collab-apart",
                "config": {"python": python} if command is None else {"command": command, "python": python},
            }
        },
    }
    (folder / "kernel.json").write_text(json.dumps(spec))


@pytest.fixture
def server(tmp_path: Path, account: str, python: str) -> Iterator[RunningServer]:
    install_entry_points(tmp_path)
    install_kernel(tmp_path / "data", python, as_user(account))
    path = os.pathsep.join([str(tmp_path / "entry"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    env = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), path]), "JUPYTERHUB_API_TOKEN": SECRET}
    with start_server(tmp_path, env=env, CollabExtension={"room_kernels": ["apart"]}) as running:
        create_room(running)
        yield running


@pytest.fixture
def server_of_nobody(python: str, account: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    """A server of a user without rights, which sudo lets be the other one."""
    if shutil.which("sudo") is None:
        pytest.skip("there is no sudo")
    name = f"server{os.getpid()}"
    subprocess.run(["useradd", "--create-home", name], check=True)
    rule = Path(f"/etc/sudoers.d/{name}")
    rule.write_text(f"{name} ALL=({account}) NOPASSWD: ALL\n")
    folder = Path(f"/home/{name}/server")
    starter = Path(f"/home/{name}/python")
    starter.write_text(f'#!/bin/sh\nexec {" ".join(as_user(name)[:-1])} env HOME=/home/{name} {python} "$@"\n')
    starter.chmod(0o755)
    install_entry_points(folder)
    install_kernel(folder / "data", python, ["sudo", "-n", "-u", account])
    packages = sysconfig.get_path("purelib")
    env = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(folder / "entry"), packages])}
    server = RunningServer(folder, "jupyter_server", {"CollabExtension": {"room_kernels": ["apart"]}}, env)
    subprocess.run(["chown", "-R", name, folder], check=True)
    monkeypatch.setattr(sys, "executable", str(starter))
    try:
        server.start()
        create_room(server)
        yield server
    finally:
        server.stop()
        rule.unlink()
        subprocess.run(["pkill", "-KILL", "-u", name], check=False)
        subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def processes_of(account: str) -> list[int]:
    found = subprocess.run(["pgrep", "-u", account], check=False, capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def test_a_cell_runs_as_the_other_user_in_its_home(server: RunningServer, account: str) -> None:
    printed = printed_by(server, "import os, getpass; print(getpass.getuser(), os.getcwd(), os.environ['HOME'])")
    assert printed.split() == [account, f"/home/{account}", f"/home/{account}"]
    assert "root" not in printed_by(server, "!id")


def test_invitations_do_not_say_that_it_has_the_files_of_the_servers_user(server: RunningServer) -> None:
    invitation = server.request("POST", "rooms/demo/invitations", json={"role": "editor"}).json()
    assert invitation["warning"] == link_danger("editor", apart=True)
    assert server.request("GET", "rooms/demo/invitations").json()["kernels_apart"] is True


def test_it_cannot_read_what_is_the_servers(server: RunningServer) -> None:
    (info,) = (server.folder / "runtime").glob("jpserver-*.json")
    secret = [
        info,
        server.folder / "data" / "collab" / "rooms.sqlite",
        server.folder / "data",
        server.folder / "runtime",
    ]
    secret += [Path(f"/proc/{server.pid}/{name}") for name in ("environ", "cwd/", "mem")]
    assert all(path.exists() for path in secret)
    source = (
        f"import os\nfor path in {list(map(str, secret))!r}:\n"
        "    try:\n        os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read(1)\n"
        "    except PermissionError:\n        print('refused')\n"
        "    else:\n        print('READ', path)\n"
    )
    assert printed_by(server, source).split() == ["refused"] * len(secret)


def test_the_same_cell_reads_all_of_it_on_a_kernel_that_is_not_apart(tmp_path: Path) -> None:
    with start_server(tmp_path) as server:
        create_room(server)
        (info,) = (server.folder / "runtime").glob("jpserver-*.json")
        source = f"print(open({str(info)!r}).read(), open('/proc/{server.pid}/environ').read())"
        assert server.token in printed_by(server, source)


def test_neither_its_environment_nor_that_of_its_parents_has_a_secret(server: RunningServer, account: str) -> None:
    printed_by(server, "1")
    seen = printed_by(server, "import os; print(dict(os.environ), open(f'/proc/{os.getppid()}/environ').read())")
    assert SECRET not in seen
    assert server.token not in seen
    assert str(server.folder) not in seen
    for pid in processes_of(account):
        assert SECRET not in Path(f"/proc/{pid}/environ").read_text()
        open_files = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
        assert not [name for name in open_files if str(server.folder) in name]


def test_its_connection_file_is_its_own(server: RunningServer, account: str) -> None:
    source = "import ipykernel.connect as c, os; f = c.get_connection_file(); print(os.stat(f).st_mode & 0o777, f)"
    mode, path = printed_by(server, source).split()
    assert int(mode) == 0o600
    assert Path(path).owner() == account
    server.request("DELETE", "rooms/demo/kernel")
    assert not Path(path).exists()


def test_it_is_interrupted(server: RunningServer) -> None:
    interrupt_a_cell(server)


def interrupt_a_cell(server: RunningServer) -> None:
    with connect("demo", server.url, server.token) as room:
        room.cells[0].source = "import time\nprint('begun')\ntime.sleep(100)"
        server.request("POST", "rooms/demo/runs", json={"cells": "all"})
        eventually(lambda: "begun" in str(room.cells[0].to_dict()["outputs"]))
        server.request("POST", "rooms/demo/kernel/interrupt")
        eventually(lambda: "KeyboardInterrupt" in str(room.cells[0].to_dict()["outputs"]))
    assert printed_by(server, "print('goes on')") == "goes on\n"


def test_it_is_restarted_and_ended_and_leaves_no_process(server: RunningServer, account: str) -> None:
    first = printed_by(server, "import os; x = 1; print(os.getpid())")
    server.request("POST", "rooms/demo/kernel/restart")
    assert (
        printed_by(server, "import os; print('x' in globals(), os.getpid() != " + first.strip() + ")") == "False True\n"
    )
    assert processes_of(account)
    server.request("DELETE", "rooms/demo/kernel")
    eventually(lambda: not processes_of(account))


def test_one_that_does_not_want_to_end_is_killed_with_what_it_started(server: RunningServer, account: str) -> None:
    stop_a_cell_that_does_not_want_to_end(server, account)


def stop_a_cell_that_does_not_want_to_end(server: RunningServer, account: str) -> None:
    stubborn = (
        "import os, signal, subprocess\n"
        "for number in (signal.SIGINT, signal.SIGTERM):\n    signal.signal(number, signal.SIG_IGN)\n"
        "subprocess.Popen(['sleep', '1000'])\n"
        "os.kill(os.getpid(), signal.SIGSTOP)"
    )
    with connect("demo", server.url, server.token) as room:
        room.cells[0].source = stubborn
        server.request("POST", "rooms/demo/runs", json={"cells": "all"})
        eventually(lambda: any("sleep" in _command(pid) for pid in processes_of(account)))
    server.request("DELETE", "rooms/demo/kernel")
    eventually(lambda: not processes_of(account))


def test_one_that_stops_what_was_to_kill_it_is_ended_all_the_same(server: RunningServer, account: str) -> None:
    printed_by(server, "import os, signal; os.kill(os.getppid(), signal.SIGSTOP)")
    server.request("DELETE", "rooms/demo/kernel")
    eventually(lambda: not processes_of(account))
    assert printed_by(server, "print('next')") == "next\n"


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # it has just ended
        return ""


def test_it_ends_with_the_server_however_that_ends(server: RunningServer, account: str) -> None:
    printed_by(server, "print(1)")
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: not processes_of(account))


def test_one_that_ends_is_started_again(server: RunningServer) -> None:
    assert run_in(server, "import os; os._exit(3)")[0] == "aborted"

    def is_idle() -> bool:
        kernel = server.request("GET", "rooms/demo/kernel").json()["kernel"]
        return kernel is not None and kernel["status"] == "idle"

    eventually(is_idle)
    assert printed_by(server, "print('again')") == "again\n"


def test_what_it_writes_beside_its_cells_is_in_the_servers_log_within_bounds(server: RunningServer) -> None:
    opened = (
        "import os\npipe = os.readlink(f'/proc/{os.getppid()}/fd/2')\n"
        "def is_it(n): return os.path.islink(f'/proc/self/fd/{n}') and os.readlink(f'/proc/self/fd/{n}') == pipe\n"
        "log = next(n for n in range(3, 100) if is_it(n))\n"
    )
    printed_by(server, opened + "os.write(log, b'odd \\033[31m line\\n')")
    eventually(lambda: r"odd \x1b[31m line" in server.log)
    printed_by(server, opened + "for n in range(100_000): os.write(log, b'flood\\n')")
    assert 100 < server.log.count("flood") < 300
    assert "\033[31m line" not in server.log


def test_a_command_that_fails_is_said_and_nothing_runs_as_the_servers_user(server: RunningServer, python: str) -> None:
    install_kernel(server.folder / "data", python, ["false"], "apart2")
    install_kernel(server.folder / "data", python, None, "apart3")
    config = json.loads((server.folder / "config" / "jupyter_server_config.json").read_text())
    config["CollabExtension"]["room_kernels"] = ["apart*"]
    (server.folder / "config" / "jupyter_server_config.json").write_text(json.dumps(config))
    server.restart()
    for name in ("apart2", "apart3"):
        server.request("PUT", "rooms/demo/kernel", json={"name": name})
        server.request("POST", "rooms/demo/runs", json={"cells": "all"})
        eventually(lambda: not server.request("GET", "rooms/demo/kernel").json()["queue"])
        state = httpx.get(f"{server.url}api/collab/rooms/demo/kernel", headers=server.headers).json()
        assert state["kernel"] is None
        assert "did not start" in state["message"] or "ended before it was ready" in state["message"]


def test_a_server_without_roots_rights_does_it_by_sudo(server_of_nobody: RunningServer, account: str) -> None:
    server = server_of_nobody
    assert Path(f"/proc/{server.pid}").owner() != "root"
    secret = [str(path) for path in (server.folder / "runtime").glob("jpserver-*.json")]
    secret += [str(server.folder / "data" / "collab" / "rooms.sqlite"), f"/proc/{server.pid}/environ"]
    source = "import getpass; print(getpass.getuser())\n"
    source += f"for path in {secret!r}:\n    try:\n        print('READ', open(path, 'rb').read(1))\n"
    source += "    except PermissionError:\n        print('refused')"
    assert printed_by(server, source).split() == [account, *["refused"] * len(secret)]
    interrupt_a_cell(server)
    server.request("POST", "rooms/demo/kernel/restart")
    stop_a_cell_that_does_not_want_to_end(server, account)


@pytest.fixture
def server_with_bubblewrap(tmp_path: Path) -> Iterator[RunningServer]:
    """A server whose kernels see neither its processes nor what lies below ``/tmp``, where its folders are."""
    namespaces = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--die-with-parent"]
    command = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", *namespaces]
    for needed in (sys.prefix, str(REPOSITORY)):  # they may lie there themselves
        command += ["--ro-bind", needed, needed] if needed.startswith("/tmp/") else []
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("bubblewrap is not there, or may not make namespaces")
    install_entry_points(tmp_path)
    install_kernel(tmp_path / "data", sys.executable, command)
    env = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(tmp_path / "entry")])}
    with start_server(tmp_path, env=env, CollabExtension={"room_kernels": ["apart"]}) as running:
        create_room(running)
        yield running


def test_a_kernel_in_namespaces_of_its_own_sees_nothing_of_the_server(server_with_bubblewrap: RunningServer) -> None:
    server = server_with_bubblewrap
    assert printed_by(server, f"import os; print(os.path.exists({str(server.folder)!r}))") == "False\n"
    commands = "import pathlib; print([p.read_text() for p in pathlib.Path('/proc').glob('[0-9]*/cmdline')])"
    assert "jupyter_server" not in printed_by(server, commands)
    interrupt_a_cell(server)
    first = printed_by(server, "x = 1; print('one')")
    server.request("POST", "rooms/demo/kernel/restart")
    assert (first, printed_by(server, "print('x' in globals())")) == ("one\n", "False\n")
    kernels = _commands_with("kernel.json")
    assert kernels
    server.request("DELETE", "rooms/demo/kernel")
    eventually(lambda: not kernels & _commands_with("kernel.json"))


def _commands_with(words: str) -> set[int]:
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return {pid for pid in pids if words in _command(pid) and "jupyter-kernel-" in _command(pid)}

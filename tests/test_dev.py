"""The command that starts JupyterLab, without what it installs: for root too, which Jupyter refuses by itself."""

import os
import shutil
import subprocess
from pathlib import Path

from .servers import REPOSITORY

SAY = '#!/bin/sh\nprintf "%s\\n" "$@"\n'


def test_start_opens_the_rooms_that_it_is_given_also_as_root(tmp_path: Path) -> None:
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    shutil.copy(REPOSITORY / "dev", tmp_path / "dev")
    for name, script in {"pip": "#!/bin/sh\n", "python": "#!/bin/sh\n", "jupyter": SAY}.items():
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    started = subprocess.run([tmp_path / "dev", "start", "demo"], capture_output=True, text=True, check=True)
    for_root = ["--allow-root"] if os.getuid() == 0 else []
    assert started.stdout.split() == ["collab", "demo", *for_root]

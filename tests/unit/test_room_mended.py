"""A room that holds what would end the server is mended when it opens, and the people in it are told."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from jupyter_collab.store import BY_SERVER, LogEntry
from tests.gate.test_hostile_edits import deep

from .doubles import ScriptedPeer, faulty_store, serving


async def scene(folder: Path) -> None:
    store = faulty_store(folder)
    async with serving(store) as manager:
        epoch = (await manager.get_room("demo")).epoch
    store = faulty_store(folder)
    await store.open()
    await store.append("demo", epoch, [LogEntry(deep(60_000), BY_SERVER, "a life", datetime.now(UTC))])
    await store.close()
    async with serving(faulty_store(folder)) as manager:
        for name in ("ada", "ben"):
            peer = await ScriptedPeer(name).join(manager)
            told = [event.info["message"] for event in peer.events if event.info["type"] == "mended"]
            assert len(told) == 1
            assert "deep in each other" in told[0]
    async with serving(faulty_store(folder)) as manager:
        peer = await ScriptedPeer("cleo").join(manager)
        assert "mended" not in peer.event_types()


def test_people_are_told_that_a_room_was_mended_and_only_then(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom tests.unit.test_room_mended import scene\n"
        "asyncio.run(scene(Path(sys.argv[1])))"
    )
    end = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
    assert end.returncode == 0, end.stderr

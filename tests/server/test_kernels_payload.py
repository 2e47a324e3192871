"""What IPython asks of the notebook when a cell has run (``name?``, ``%load``, ``exit`` …) is done in a room."""

import re
from pathlib import Path

import pytest

from .test_kernels_real import Demo, demo

__all__ = ["demo"]

COLOR = re.compile("\x1b\\[[0-9;]*m")


async def run_all(demo: Demo) -> None:
    await demo.run()
    await demo.until_done()


async def shown(demo: Demo, cell_id: str) -> str:
    """What the last output of a cell says, without its colours."""
    outputs = (await demo.cell(cell_id))["outputs"]
    return COLOR.sub("", outputs[-1]["data"]["text/plain"]) if outputs else ""


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("len?", "Return the number of items"),
        ("def double(x):\n    return 2 * x\n\ndouble??", "return 2 * x"),
        ("def double(x):\n    return 2 * x\n%psource double", "return 2 * x"),
        ("%quickref", "IPython"),
        ("x = 'the whole text'\n%page x", "the whole text"),
        ("%less notes.py", "first = 1"),
        ("%pycat notes.py", "first"),
        ("%edit notes.py", "notes.py"),
    ],
)
async def test_what_a_pager_would_show_is_an_output(demo: Demo, jp_root_dir: Path, source: str, expected: str) -> None:
    (jp_root_dir / "notes.py").write_text("first = 1\n")
    await demo.create(source)
    await run_all(demo)
    assert (await demo.info("c0"))["status"] == "ok"
    assert expected in await shown(demo, "c0")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%load notes.py", ["# %load notes.py\nfirst = 1\n"]),
        ("get_ipython().set_next_input('z = 26')", ["get_ipython().set_next_input('z = 26')", "z = 26"]),
        ("get_ipython().set_next_input('z = 26', replace=True)", ["z = 26"]),
        ("%recall 1", ["%recall 1", "zero = 0"]),
    ],
)
async def test_what_is_put_into_a_cell_is_there(
    demo: Demo, jp_root_dir: Path, source: str, expected: list[str]
) -> None:
    (jp_root_dir / "notes.py").write_text("first = 1\n")
    await demo.create("zero = 0", source)
    await run_all(demo)
    assert (await demo.sources())[1:] == expected


async def test_a_runner_sees_what_would_be_put_into_a_cell(demo: Demo) -> None:
    source = "get_ipython().set_next_input('z = 26')"
    await demo.create(source)
    asked = await demo.ask("POST", "runs", json={"cells": "all"}, params={"role": "runner"})
    assert asked.status == 202
    await demo.until_done()
    assert await demo.sources() == [source]
    assert await shown(demo, "c0") == "z = 26"


@pytest.mark.parametrize("source", ["exit", "quit", "exit()"])
async def test_exit_ends_the_kernel_and_the_next_run_starts_another(demo: Demo, source: str) -> None:
    await demo.create("x = 1", source, "'x' in globals()")
    await demo.run("c0", "c1")
    state = await demo.until_done()
    assert state["kernel"] is None
    assert "ended the kernel" in state["message"]
    assert [run["status"] for run in await demo.history()] == ["ok", "ok"]
    await demo.run("c2")
    await demo.until_done()
    assert await shown(demo, "c2") == "False"


async def test_exit_may_keep_the_kernel(demo: Demo) -> None:
    await demo.create("x = 1", "exit(keep_kernel=True)", "x")
    await run_all(demo)
    assert await shown(demo, "c2") == "1"


async def test_a_large_file_is_not_loaded_unless_somebody_agrees(demo: Demo, jp_root_dir: Path) -> None:
    (jp_root_dir / "large.py").write_text("# a comment\n" * 200_000)
    await demo.create("%load large.py")
    (run,) = await demo.run()
    state = await demo.until(lambda state: state["input"])
    assert "seems pretty big" in state["input"]["prompt"]
    assert (await demo.ask("POST", "input", json={"run": run, "value": "y"})).status == 204
    await demo.until_done()
    assert await demo.sources() == ["%load large.py"]
    assert "longer than 1 MiB" in await shown(demo, "c0")

"""What a room does with the messages of a kernel that are neither outputs of its cells nor replies to them."""

import re
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp

from .test_kernels_real import Demo, demo

__all__ = ["demo"]

ROOT = Path(__file__).parents[2]
TEST_NAME = re.compile(r"`(test_\w+)`")

COMM = """from comm import create_comm
channel = create_comm(target_name="nobody", data={"a": 1})
channel.send({"b": 2})
print("after")"""


async def test_comm_messages_leave_no_output(demo: Demo) -> None:
    await demo.create(COMM)
    await demo.run()
    await demo.until_done()
    assert [output["output_type"] for output in (await demo.cell("c0"))["outputs"]] == ["stream"]
    assert (await demo.text("c0"), (await demo.info("c0"))["status"]) == ("after\n", "ok")


async def test_what_another_client_runs_on_the_kernel_is_not_shown_in_the_room(
    demo: Demo, jp_serverapp: ServerApp
) -> None:
    await demo.create("'mine'", "x")
    await demo.run("c0")
    state = await demo.until_done()
    kernels: Any = jp_serverapp.kernel_manager
    client = kernels.get_kernel(state["kernel"]["id"]).client()
    client.start_channels()
    try:
        client.execute("x = 'elsewhere'; print(x)")
        await client.get_shell_msg(timeout=30)
    finally:
        client.stop_channels()
    await demo.run("c1")
    await demo.until_done()
    assert (await demo.text("c0"), await demo.text("c1")) == ("", "")
    assert (await demo.cell("c1"))["outputs"][0]["data"] == {"text/plain": "'elsewhere'"}


def test_every_line_of_the_table_of_messages_names_tests_that_there_are() -> None:
    rows = [line for line in (ROOT / "docs" / "kernels.md").read_text().splitlines() if line.startswith("| `")]
    known = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert len(rows) > 20
    for row in rows:
        names = TEST_NAME.findall(row)
        assert names, row
        assert known.issuperset(names), row

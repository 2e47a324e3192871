"""What goes wrong, or is set right again, besides edits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from pycrdt import Text

from jupyter_collab.access import Role
from tests.unit.updates import DELETES_UNKNOWN, HUGE_CLAIM, client_document, recorded_updates

from .client import SimulatedClient
from .plan import Step

if TYPE_CHECKING:
    from .world import World

__all__ = ["TROUBLES"]

Trouble = Callable[["World", SimulatedClient, Step], Awaitable[None] | None]

NOTICED_SECONDS = 10.0
"""How long a server may take to find out that a connection is dead."""

PAUSE_SECONDS = 3.0


def _cut(world: "World", client: SimulatedClient, step: Step) -> None:
    client.disconnect(noticed_after=NOTICED_SECONDS * step.where[0])


def _offline(world: "World", client: SimulatedClient, step: Step) -> None:
    client.is_offline = True
    client.disconnect(noticed_after=NOTICED_SECONDS * step.where[0])


def _online(world: "World", client: SimulatedClient, step: Step) -> None:
    client.is_offline = False
    client.connect()


def _reload(world: "World", client: SimulatedClient, step: Step) -> None:
    client.reload()


def _forget(world: "World", client: SimulatedClient, step: Step) -> None:
    client.start_anew()


def _stall(world: "World", client: SimulatedClient, step: Step) -> None:
    if client.link is not None:
        client.link.stall()


def _resume(world: "World", client: SimulatedClient, step: Step) -> None:
    if client.link is not None:
        client.link.resume()


def _role(world: "World", client: SimulatedClient, step: Step) -> None:
    if not client.plan.keeps_role:
        world.give_role(client, Role.VIEWER if step.where[0] < 0.4 else Role.WRITER)


def _mischief(world: "World", client: SimulatedClient, step: Step) -> None:
    doc = client_document(500_000 + int(step.where[0] * 1_000))
    updates = recorded_updates(doc)
    text = doc.get("scratch", type=Text)
    for _ in range(2):
        text.insert(0, "gap ")
    kinds = (updates[1], DELETES_UNKNOWN, HUGE_CLAIM, b"\x01\x02\x03")
    client.misbehave(kinds[int(step.where[1] * len(kinds))])


def _kill(world: "World", client: SimulatedClient, step: Step) -> Awaitable[None]:
    return world.end_server(step.who, killed=True)


def _stop(world: "World", client: SimulatedClient, step: Step) -> None:
    world.later(world.end_server(step.who, killed=False))


def _start(world: "World", client: SimulatedClient, step: Step) -> Awaitable[None]:
    return world.start_server(step.who)


def _disk_full(world: "World", client: SimulatedClient, step: Step) -> None:
    world.storage.fails_to_write = True


def _disk_gone(world: "World", client: SimulatedClient, step: Step) -> None:
    world.storage.fails_to_read = True


def _disk_works(world: "World", client: SimulatedClient, step: Step) -> None:
    world.storage.fails_to_write = world.storage.fails_to_read = False


def _import(world: "World", client: SimulatedClient, step: Step) -> None:
    world.edit_on_server("import", step)


def _run(world: "World", client: SimulatedClient, step: Step) -> None:
    world.edit_on_server("run", step)


def _compact(world: "World", client: SimulatedClient, step: Step) -> None:
    for server in world.running:
        if (found := server.peers.get(client.name)) is not None:
            world.later(server.begin(found[0].log.compact()))


def _pause(world: "World", client: SimulatedClient, step: Step) -> Awaitable[None]:
    return asyncio.sleep(PAUSE_SECONDS * step.where[0])


TROUBLES: dict[str, Trouble] = {
    "cut": _cut,
    "offline": _offline,
    "online": _online,
    "reload": _reload,
    "forget": _forget,
    "stall": _stall,
    "resume": _resume,
    "role": _role,
    "mischief": _mischief,
    "kill": _kill,
    "stop": _stop,
    "start": _start,
    "disk_full": _disk_full,
    "disk_gone": _disk_gone,
    "disk_works": _disk_works,
    "import": _import,
    "run": _run,
    "compact": _compact,
    "pause": _pause,
}

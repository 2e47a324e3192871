"""How long others wait for their letters to be saved while a guest attacks: ``python -m tests.attack.bystander``.

Somebody types in the room that is attacked, and somebody in another room of the same server. Quiet phases and attacks
take turns, so that what else the machine does counts for both; the ratio is what says something. It fails if somebody
waits for longer than :data:`MAX_SECONDS` under an attack, and :data:`GOAL` times as long as in quiet.

Each person types 25 letters a second, so in a phase of five seconds the p99 is the second longest wait. For figures,
use longer phases (``--seconds 20``) on a machine that does nothing else; it is said how busy that was.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from pycrdt import Array, Doc, Text
from websockets.asyncio.client import ClientConnection

from jupyter_collab.protocol import Ack, SyncStep1, SyncStep2, Update, build, parse

from ..peers.wire import connecting
from ..servers import RunningServer, start_server
from .attacks import ATTACKS, Target
from .guests import browser, cookie_of, invited

KEY_SECONDS = 0.04
WARM_SECONDS = 0.5
GOAL = 1.5
MAX_SECONDS = 0.05
ROLES = ("viewer", "runner", "writer", "editor")


class Typist:
    """Types letters, also while earlier ones are not saved. ``waits`` are the seconds until each was."""

    def __init__(self, server: RunningServer, room: str) -> None:
        self.waits: list[float] = []
        self._server = server
        self._room = room
        self._sent: list[float] = []
        self._acked = 0

    async def live(self, is_ready: asyncio.Event) -> None:
        """Until it is canceled."""
        async with connecting(self._server, self._room) as socket:
            doc: Doc[Any] = Doc()
            await socket.send(build(SyncStep1(b"\x00")))
            async for data in socket:
                match parse(data):  # type: ignore[arg-type]  # the server sends bytes
                    case SyncStep2(update):
                        doc.apply_update(update)
                        break
            is_ready.set()
            listening = asyncio.create_task(self._listen(socket))
            try:
                await self._type(socket, doc)
            finally:
                listening.cancel()

    async def _type(self, socket: ClientConnection, doc: "Doc[Any]") -> None:
        said: list[bytes] = []
        subscription = doc.observe(lambda event: said.append(event.update))
        text: Text = doc.get("cells", type=Array)[0]["source"]
        for due in itertools.count(time.perf_counter(), KEY_SECONDS):
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            text.insert(len(text), "a")
            self._sent.append(time.perf_counter())
            await socket.send(build(Update(said.pop())))
        doc.unobserve(subscription)

    async def _listen(self, socket: ClientConnection) -> None:
        async for data in socket:
            match parse(data):  # type: ignore[arg-type]  # the server sends bytes
                case Ack(count, _):
                    now = time.perf_counter()
                    while self._acked < min(count, len(self._sent)):
                        self.waits.append(now - self._sent[self._acked])
                        self._acked += 1

    def take(self) -> list[float]:
        """The waits since the last time, with those that are not over."""
        now = time.perf_counter()
        waits, self.waits = self.waits, []
        return [*waits, *(now - sent for sent in self._sent[self._acked :])]


@dataclass
class Phases:
    """Seconds that somebody waited, in quiet and under attack."""

    quiet: list[float] = field(default_factory=list)
    attacked: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)


def _at(waits: Sequence[float], share: float) -> float:
    return sorted(waits)[min(len(waits) - 1, int(share * len(waits)))] if waits else float("nan")


def _run(name: str, target: Target, is_ready: Any) -> None:
    """In a process of its own, which leaves the machine to the others: real attackers have machines of their own."""
    os.nice(10)
    attack = ATTACKS[name][1](target)
    is_ready.set()
    asyncio.run(attack)


async def _measure(server: RunningServer, name: str, target: Target, other: str, options: Any) -> dict[str, Phases]:
    found = {"the same room": Phases(), "another room": Phases()}
    typists = {"the same room": Typist(server, target.room), "another room": Typist(server, other)}
    ready = [asyncio.Event() for _ in typists]
    lives = [asyncio.create_task(typist.live(event)) for typist, event in zip(typists.values(), ready, strict=True)]
    await asyncio.gather(*(event.wait() for event in ready))
    await asyncio.sleep(WARM_SECONDS)
    for _ in range(options.rounds):
        quiet = await _phase(typists, options.seconds)
        processes = multiprocessing.get_context("spawn")
        begun = processes.Event()
        process = processes.Process(target=_run, args=(name, target, begun), daemon=True)
        process.start()
        await asyncio.to_thread(begun.wait)
        attacked = await _phase(typists, options.seconds)
        process.kill()
        process.join()
        await asyncio.sleep(WARM_SECONDS)
        for where, phases in found.items():
            phases.quiet += quiet[where]
            phases.attacked += attacked[where]
            phases.ratios.append(_at(attacked[where], 0.99) / _at(quiet[where], 0.99))
    ended = [life for life in lives if life.done()]
    for life in lives:
        life.cancel()
    await asyncio.gather(*lives, return_exceptions=True)
    assert not ended, "somebody who only typed was disconnected"
    return found


async def _phase(typists: dict[str, Typist], seconds: float) -> dict[str, list[float]]:
    for typist in typists.values():
        typist.take()
    await asyncio.sleep(seconds)
    return {where: typist.take() for where, typist in typists.items()}


def _attack(server: RunningServer, name: str, role: str, options: Any) -> bool:
    """Print what somebody with a link for ``role`` does to others; returns whether these waited too long."""
    is_bad = False
    room, other = server.create_room(title="Attacked")["id"], server.create_room(title="Other")["id"]
    with ExitStack() as stack:
        eve = stack.enter_context(browser(server))
        token = invited(server, room, role=role)["token"]
        eve.post("join", json={"token": token, "name": "Eve"}).raise_for_status()
        target = Target(server.url, room, cookie_of(eve), token)
        for where, phases in asyncio.run(_measure(server, name, target, other, options)).items():
            quiet, attacked = (
                [1000 * _at(waits, share) for share in (0.5, 0.99)] for waits in (phases.quiet, phases.attacked)
            )
            ratio = median(phases.ratios)
            is_bad = is_bad or (attacked[1] > 1000 * MAX_SECONDS and ratio > GOAL)
            print(
                f"| {name} ({role}) | {where} | {quiet[0]:.1f} / {quiet[1]:.1f} | {attacked[0]:.1f} / "
                f"{attacked[1]:.1f} | {1000 * max(phases.attacked):.0f} | {ratio:.2f}{'' if ratio <= GOAL else ' !'} |",
                flush=True,
            )
    return is_bad


def main() -> int:
    """Print a table; returns 1 if somebody waited too long."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack.bystander", description=__doc__.partition("\n")[0])
    parser.add_argument("attacks", nargs="*", choices=[[], *ATTACKS], default=[], metavar="ATTACK")
    parser.add_argument("--roles", nargs="+", choices=ROLES, help="by whom; by default whoever can just do it")
    parser.add_argument("--rounds", type=int, default=3, help="pairs of a quiet phase and an attack")
    parser.add_argument("--seconds", type=float, default=5.0, help="so long is each phase")
    options = parser.parse_args()
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{os.cpu_count()} processors, and {busy:.1f} processes that wanted one in the last minute, on average.\n")
    print("| attack (by a) | who types in | quiet p50 / p99 ms | attacked p50 / p99 ms | longest ms | p99, times |")
    print("|--|--|--:|--:|--:|--:|", flush=True)
    with tempfile.TemporaryDirectory() as folder, start_server(Path(folder)) as server:
        tried = [(name, role) for name in options.attacks or ATTACKS for role in options.roles or [ATTACKS[name][0]]]
        return min(1, sum(_attack(server, name, role, options) for name, role in tried))


if __name__ == "__main__":
    sys.exit(main())

"""The world in which a plan happens: servers on one disk, clients, and everything that goes wrong between them."""

import asyncio
import itertools
import random
from collections.abc import Awaitable
from typing import Any

from pycrdt import Array

from jupyter_collab.access import Role
from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import CollabError
from tests.unit.doubles import user

from .acts import ACTS, Choice
from .client import SimulatedClient
from .copies import read_seen
from .edits import EDITS
from .network import Link
from .pieces import make_piece
from .plan import Plan, Step
from .product import ProductClient
from .programs import PROGRAMS, Program
from .promise import Promise
from .server import ROOM_ID, Server, own_tasks
from .storage import Storage
from .tokens import Fates
from .troubles import TROUBLES

__all__ = ["World"]


class World:
    """Plays a plan. What the event loop would only log fails it."""

    def __init__(self, plan: Plan, storage: Storage) -> None:
        self.plan = plan
        self.storage = storage
        self.fates = Fates(storage.is_durable)
        self.promise = Promise()
        self.clients: list[SimulatedClient] = []
        self._servers: list[Server | None] = [None] * plan.servers
        self._unheard: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        self._roles = {client.name: Role(client.role) for client in plan.clients}
        self._background: set[asyncio.Future[None]] = set()

    async def play(self) -> None:
        """Do all that is planned, and let the world calm down."""
        loop = asyncio.get_running_loop()
        own_tasks(loop)
        loop.set_exception_handler(lambda _, context: self._unheard.append(context))
        await self._make_room()
        for number, client in enumerate(self.plan.clients):
            rng = random.Random(f"{self.plan.seed} {client.name}")
            make_client = ProductClient if client.copy == "client" else SimulatedClient
            self.clients.append(make_client(client, number, self, self.fates, self.promise, rng))
            self.clients[-1].connect()
        for step in self.plan.steps:
            await asyncio.sleep(step.after)
            await self._do(step)
            self.check_heard()
        await self._calm()
        self.check_heard()

    def check_heard(self) -> None:
        """Fail if something went wrong of which nobody else hears."""
        assert not self._unheard, self._unheard

    async def _make_room(self) -> None:
        for number in range(len(self._servers)):
            await self.start_server(number)
        manager = self.running[0].manager
        await self.running[0].begin(manager.create_room(room_id=ROOM_ID, title="Demo"))
        await self._edit_on(self.running[0], PROGRAMS["seed"], (0.0, 0.0))

    async def _do(self, step: Step) -> None:
        client = self.clients[step.who % len(self.clients)]
        if step.do in TROUBLES:
            done = TROUBLES[step.do](self, client, step)
            if done is not None:
                await done
        elif client.may_edit:
            self._edit(client, step, next(self._numbers))

    def _edit(self, client: SimulatedClient, step: Step, number: int) -> None:
        token = f"<{client.name}.{number}>"
        if step.do in EDITS and client.plan.copy == "python":
            client.edit(token, EDITS[step.do], step.where)
            return
        do = step.do if step.do in ACTS and client.copy.can(step.do) else "write"
        choice = Choice(client.copy.cells(), client.late_cells(do), make_piece(client.name, number), step.where)
        act = ACTS[do](choice) if choice.cells else None
        if act is not None:
            client.act(act, token)

    async def _calm(self) -> None:
        """From now on nothing goes wrong any more."""
        self.storage.fails_to_write = self.storage.fails_to_read = False
        while self._background:
            await asyncio.wait(self._background)
        for number in range(len(self._servers)):
            await self.start_server(number)
        for client in self.clients:
            client.is_offline = False
            if client.link is not None:
                client.link.resume()
            client.connect()

    def later(self, work: Awaitable[None]) -> None:
        """Let ``work`` go on while other things happen."""
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Future[None]") -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._unheard.append({"exception": error})

    # Servers

    @property
    def running(self) -> list[Server]:
        """The servers that take connections."""
        return [server for server in self._servers if server is not None]

    async def start_server(self, number: int) -> None:
        """Start one of the servers, if it does not run."""
        number %= len(self._servers)
        if self._servers[number] is None:
            store = self.storage.new_store(random.Random(f"{self.plan.seed} store {next(self._numbers)}"))
            self._servers[number] = server = Server(store)
            await server.begin(server.manager.start())

    async def end_server(self, number: int, *, killed: bool) -> None:
        """Kill one of the servers, or stop it as one should."""
        number %= len(self._servers)
        server, self._servers[number] = self._servers[number], None
        if server is not None:
            await (server.kill() if killed else server.stop())

    async def stop_servers(self) -> None:
        """Stop all of them."""
        for number in range(len(self._servers)):
            await self.end_server(number, killed=False)

    def admit(self, client: SimulatedClient, link: Link) -> Server | None:
        """Lead a client to one of the servers."""
        if not self.running:
            return None
        server = client.rng.choice(self.running)
        server.accept(link, user(client.name), self._roles[client.name], speaks_v1=not client.plan.is_plain)
        return server

    def give_role(self, client: SimulatedClient, role: Role) -> None:
        """The client's user is something else from now on."""
        self._roles[client.name] = role
        for server in self.running:
            server.give_role(client.name, role)

    # Edits by a server itself

    def edit_on_server(self, program: str, step: Step) -> None:
        """One of the servers makes an edit by itself."""
        if self.running:
            server = self.running[step.who % len(self.running)]
            self.later(self._edit_on(server, PROGRAMS[program], step.where))

    async def _edit_on(self, server: Server, program: Program, where: tuple[float, float]) -> None:
        number = next(self._numbers)
        token = f"<server.{number}>"

        def edit(document: RoomDocument) -> None:
            before = read_seen(document)
            act = program(document, make_piece("server", number), where)
            ledger: Array[Any] = document.doc.get("ledger", type=Array)
            ledger.append(token)
            self.promise.note(act, token, "server", before, read_seen(document))

        self.fates.made(token, by_viewer=False)
        editing = server.begin(server.manager.edit(ROOM_ID, edit, user("server")))
        try:
            await editing
        except (CollabError, asyncio.CancelledError):
            self.fates.abandoned.add(token)
        else:
            self.fates.acked.add(token)

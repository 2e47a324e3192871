"""The Jupyter server extension: traits and wiring, nothing else."""

import json
import logging
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Dict, Enum, Float, Integer, List, TraitError, Unicode, default

from ..access import Role
from ..backplane import PollingBackplane
from ..errors import RoomExists, StoreError
from ..kernels.limits import KernelLimits, OutputLimits
from ..kernels.room_kernels import RoomKernels
from ..kernels.specs import KernelRules
from ..people import Accounts, Attendance, Invitations, Members, Sessions, Waiting
from ..rooms import Limits, RoomManager
from ..store import SQLStore
from ..workers import Workers, WorkLimits
from .configuration import default_store_url, server_ids_folder
from .cookies import CookieRules
from .garbage import Garbage
from .guests import GUEST_ROUTES
from .identity import SERVICES, AccountIdentityProvider
from .kernel_host import SessionHost
from .kernels import KERNEL_ROUTES
from .members import MEMBER_ROUTES
from .metrics import Metrics
from .open_sockets import OpenSockets
from .options import require_sound, words_of
from .page import page_routes
from .pages import OpenRoomHandler
from .rechecks import Rechecks
from .rest import REST_ROUTES
from .server_id import ServerId
from .services import AccessRules, Services, mounted
from .session_cookies import SessionCookies
from .signing_in import ACCOUNT_ROUTES, AUTH_ROUTES
from .websocket import RoomWebSocketHandler

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from .sign_in import Provider

__all__ = ["CollabExtension"]

IS_ON_HUB = "JUPYTERHUB_SERVICE_PREFIX" in os.environ

_LIMITS = Limits()
_KERNEL_LIMITS = KernelLimits()
_OUTPUT_LIMITS = OutputLimits()
_WORK_LIMITS = WorkLimits()


class CollabExtension(ExtensionApp):
    """Shared rooms on a Jupyter server. Configure it as ``c.CollabExtension.<trait>``."""

    name = "jupyter_collab"
    load_other_extensions = True

    store_url = Unicode(
        help="SQLAlchemy URL of the store, where rooms are kept. Servers with one store serve the same rooms. "
        "Default: an SQLite file in Jupyter's data directory.",
    ).tag(config=True)
    poll_interval_seconds = Float(0.1, min=0.01, help="How often to look for other servers' edits.").tag(config=True)
    idle_seconds = Float(60.0, min=0, help="After how long a room without people is unloaded.").tag(config=True)
    max_message_bytes = Integer(_LIMITS.message_bytes, min=1024, help="The largest message.").tag(config=True)
    max_room_bytes = Integer(_LIMITS.room_bytes, min=1024, help="The largest room, outputs included.").tag(config=True)
    max_outbox_bytes = Integer(
        _LIMITS.outbox_bytes, min=1024, help="The largest outgoing queue of a peer that reads too slowly."
    ).tag(config=True)
    max_unsaved_bytes = Integer(
        _LIMITS.unsaved_bytes, min=1024, help="How much a room may hold in memory while the store fails."
    ).tag(config=True)
    max_awareness_bytes = Integer(_LIMITS.awareness_bytes, min=256, help="The largest presence state.").tag(config=True)
    max_updates_per_second_per_peer = Integer(
        _LIMITS.updates_per_second_per_peer,
        min=1,
        help="A peer that sends more messages is read more slowly, and closed after `max_flood_seconds` of it.",
    ).tag(config=True)
    max_flood_seconds = Float(_LIMITS.flood_seconds, min=0, help="See `max_updates_per_second_per_peer`.").tag(
        config=True
    )
    reservation_seconds = Float(
        _LIMITS.reservation_seconds,
        min=0,
        help="How long space is kept free for a large edit while no piece arrives; and as long as the pieces take"
        " at `min_piece_bytes_per_second_per_peer`.",
    ).tag(config=True)
    min_piece_bytes_per_second_per_peer = Integer(
        _LIMITS.min_piece_bytes_per_second_per_peer, min=1, help="See `reservation_seconds`."
    ).tag(config=True)
    max_peers_per_room = Integer(_LIMITS.peers_per_room, min=1, help="Connections to one room.").tag(config=True)
    max_room_connections_per_person = Integer(
        _LIMITS.room_connections_per_person,
        min=1,
        help="Connections of one guest, or of one account, to one room. Users of the server are not counted.",
    ).tag(config=True)
    max_connections_per_person = Integer(
        _LIMITS.connections_per_person, min=1, help="The same to all rooms of this server."
    ).tag(config=True)
    max_loop_seconds_per_minute_per_person = Float(
        _LIMITS.loop_seconds_per_minute_per_person,
        min=0.1,
        max=60,
        help="How long in a minute the messages of one guest, or of one account, may keep the server busy. "
        "Messages beyond that are handled later. Users of the server have no such limit.",
    ).tag(config=True)
    max_rooms_per_server = Integer(_LIMITS.rooms_per_server, min=1, help="Rooms open at a time.").tag(config=True)
    max_conversions = Integer(
        _WORK_LIMITS.processes,
        min=1,
        help="How many notebooks and files are read and written at a time, each in a process of its own.",
    ).tag(config=True)
    max_small_conversions = Integer(
        _WORK_LIMITS.small_processes,
        min=1,
        help="How many small ones in addition, of up to `small_conversion_bytes`: they do not wait for large ones.",
    ).tag(config=True)
    small_conversion_bytes = Integer(
        _WORK_LIMITS.small_bytes,
        min=0,
        help="See `max_small_conversions`: the size of the room and the request together.",
    ).tag(config=True)
    max_conversion_seconds = Float(_WORK_LIMITS.seconds, min=0.1, help="The time limit of one conversion.").tag(
        config=True
    )
    max_conversion_bytes = Integer(
        _WORK_LIMITS.memory_bytes, min=2**26, help="The memory limit of one conversion; on Linux only."
    ).tag(config=True)
    kernel_idle_seconds = Float(
        _KERNEL_LIMITS.idle_seconds,
        min=0,
        help="An idle kernel in a room without people ends after this time; 0 means never.",
    ).tag(config=True)
    room_kernels = List(
        Unicode(),
        help="Which kernelspecs rooms may use, as names or patterns such as `apart-*`; the first one is the default "
        "if the server's own is not among them. Default: all.",
    ).tag(config=True)
    room_kernel_environment = List(
        Unicode(),
        help="Names or patterns of more environment variables that kernels in rooms get from the server. They get "
        "only those that are known to hold no secret.",
    ).tag(config=True)
    max_queued_runs_per_room = Integer(
        _KERNEL_LIMITS.queued_runs, min=1, help="How many cells of a room may be queued."
    ).tag(config=True)
    max_visible_stream_bytes = Integer(
        _OUTPUT_LIMITS.stream_bytes,
        min=1024,
        help="How much of a cell's printed text the room shows: the end. The earlier text is behind a link.",
    ).tag(config=True)
    max_output_bytes = Integer(
        _OUTPUT_LIMITS.bundle_bytes, min=1024, help="An image or another output that is larger is behind a link."
    ).tag(config=True)
    max_cell_output_bytes = Integer(
        _OUTPUT_LIMITS.cell_bytes, min=1024, help="How much all outputs of a cell may take in the room."
    ).tag(config=True)
    max_blob_bytes = Integer(_OUTPUT_LIMITS.blob_bytes, min=1024, help="The largest output that is kept.").tag(
        config=True
    )
    max_outputs_per_cell = Integer(_OUTPUT_LIMITS.outputs, min=1, help="How many outputs a cell may have.").tag(
        config=True
    )
    allow_guests = Bool(
        help="Whether people without a login may join by an invitation. People who may run code can do on this "
        "machine everything that this server can: see `guests_may_run`. Default: yes, but not on a JupyterHub.",
    ).tag(config=True)
    guests_may_run = Bool(
        True,
        help="Whether an invitation may give guests the right to run code, which is the right to use this machine.",
    ).tag(config=True)
    new_room_role = Enum(
        ["private", *(role.value for role in Role)],
        "owner",
        help="The role of every user of this server in a new room; `private` for none, until they are invited.",
    ).tag(config=True)
    allow_accounts = Bool(
        False, help="Whether people may sign in with accounts of this store: see `jupyter collab users`."
    ).tag(config=True)
    sign_in_providers = List(
        Dict(),
        help="The sign-in providers, each a dict: `id`, `name`, `client_id`, `client_secret`, `issuer` (or "
        "`kind='github'`), and `domains`, of the allowed e-mail addresses. Needs the extra `accounts`.",
    ).tag(config=True)
    accounts_may_create_rooms = Bool(
        False, help="Whether people with an account may create rooms, and so run code on this machine."
    ).tag(config=True)
    public_url = Unicode(
        help="The server's address as browsers know it, without `base_url`, for instance https://jupyter.example.org. "
        "Links of invitations begin with it. Default: the address in their requests."
    ).tag(config=True)
    session_days = Float(14.0, min=0.01, help="How long a guest's cookie is valid after its last use.").tag(config=True)
    recheck_seconds = Float(60.0, min=0.05, help="How often to check the rights of connected people.").tag(config=True)
    demo_room = Unicode(help="Create a room of this name with a small notebook, if there is none.").tag(config=True)

    server_id: ServerId
    manager: RoomManager
    kernels: RoomKernels
    workers: Workers
    members: Members
    attendance: Attendance
    rechecks: Rechecks
    open_sockets: OpenSockets
    waiting: Waiting
    garbage: Garbage
    metrics: Metrics

    @default("allow_guests")
    def _default_allow_guests(self) -> bool:
        return not IS_ON_HUB

    @default("store_url")
    def _default_store_url(self) -> str:
        return default_store_url()

    def _link_jupyter_server_extension(self, serverapp: "ServerApp") -> None:
        """Take over the configuration. With a bad one the server does not start, as with one of Jupyter's own options.

        Else jupyter_server would load us with the defaults, which may allow more than the deployer wants.
        """
        try:
            super()._link_jupyter_server_extension(serverapp)
            require_sound(self, self.config)
        except TraitError as error:
            self.log.critical("jupyter_collab: bad configuration: %s", words_of(error))
            self.exit(1)

    def initialize_settings(self) -> None:
        """Make the manager; the store is opened when the server runs."""
        logging.getLogger("jupyter_collab").parent = self.log  # what the rooms say belongs into the server's log
        self.server_id = ServerId(server_ids_folder())
        store = SQLStore(self.store_url)
        backplane = PollingBackplane(store, self.poll_interval_seconds, self.server_id.value)
        self.manager = RoomManager(store, backplane, self._limits(), self.idle_seconds)
        assert self.serverapp is not None, "it is set before this is called"
        host = SessionHost(self.serverapp, self.server_id.value, self._kernel_rules())
        self.workers = Workers(self._work_limits())
        self.kernels = RoomKernels(self.manager, host, self.workers, self._kernel_limits())
        self.garbage = Garbage()
        self.members = Members(self.manager, guests_may_run=self.guests_may_run)
        self.attendance = Attendance(self.manager, self.members)
        self.waiting = Waiting(self.manager)
        self.metrics = Metrics(self.manager, self.kernels, self.workers)
        self.metrics.publish()
        self.manager.watchers += [self.kernels, self.members, self.attendance, self.waiting, self.metrics]
        self.settings["jupyter_collab_manager"] = self.manager

    def initialize_handlers(self) -> None:
        """Add our routes."""
        cookies = CookieRules(self.public_url)
        sessions = Sessions(self.manager, timedelta(days=self.session_days))
        accounts, providers = self._accounts()
        self.rechecks = Rechecks(sessions, self.recheck_seconds)
        self.open_sockets = OpenSockets(sessions, accounts, self.recheck_seconds)
        services = Services(
            self.manager,
            self.members,
            Invitations(self.manager, self.members, guests_allowed=self.allow_guests),
            sessions,
            SessionCookies(sessions, cookies),
            accounts,
            providers,
            self.rechecks,
            self.open_sockets,
            self.kernels,
            self.workers,
            AccessRules(
                None if self.new_room_role == "private" else Role(self.new_room_role),
                self.accounts_may_create_rooms,
                self.public_url,
            ),
            cookies,
        )
        assert self.serverapp is not None, "it is set before this is called"
        settings = self.serverapp.web_app.settings
        settings[SERVICES] = services
        if isinstance(self.serverapp.identity_provider, AccountIdentityProvider):
            settings["page_config_hook"] = self.serverapp.identity_provider.page_config_hook
        websocket = (r"/room/([^/]+)", RoomWebSocketHandler)
        routes = [websocket, *REST_ROUTES, *KERNEL_ROUTES, *MEMBER_ROUTES, *GUEST_ROUTES, *ACCOUNT_ROUTES]
        self.handlers.extend(mounted(services, routes))
        self.handlers.extend((pattern, handler, {"services": services}) for pattern, handler in AUTH_ROUTES)
        self.handlers.append((r"/collab/room/([^/]+)", OpenRoomHandler))
        self.handlers.extend(page_routes())

    def _accounts(self) -> "tuple[Accounts, Mapping[str, Provider]]":
        """Who may sign in; on a JupyterHub, which knows everybody, nobody."""
        if IS_ON_HUB:
            if self.allow_accounts or self.sign_in_providers:
                self.log.warning("jupyter_collab: accounts stay off on a JupyterHub, which signs people in itself.")
            return Accounts(self.manager, passwords=False), {}
        providers: Mapping[str, Provider] = {}
        if self.sign_in_providers:
            from .sign_in import providers_from  # it needs an extra

            providers = providers_from(self.sign_in_providers)
        return Accounts(self.manager, passwords=self.allow_accounts), providers

    async def _start_jupyter_server_extension(self, _serverapp: object) -> None:
        try:
            await self.manager.start()
            if self.demo_room:
                await self._make_demo_room()
        except StoreError as error:
            self.log.error("jupyter_collab: %s It is tried again when a room is wanted.", error)
        self.garbage.begin()

    async def _make_demo_room(self) -> None:
        content = json.loads((Path(__file__).parent / "demo.ipynb").read_text(encoding="utf-8"))
        with suppress(RoomExists):
            await self.manager.create_room(room_id=self.demo_room, title="Demo", content=content)

    async def stop_extension(self) -> None:
        """Make everything durable and say goodbye; whatever fails in it, the rest is done."""
        async with AsyncExitStack() as exits:
            exits.push_async_callback(self.garbage.close)
            exits.push_async_callback(self.metrics.close)
            exits.callback(self.server_id.close)
            exits.push_async_callback(self.manager.stop)
            connections = (self.rechecks, self.open_sockets)
            for part in (self.waiting, self.members, self.attendance, self.kernels, *connections, self.workers):
                exits.push_async_callback(part.close)

    def _kernel_rules(self) -> KernelRules:
        return KernelRules(tuple(self.room_kernels), tuple(self.room_kernel_environment))

    def _kernel_limits(self) -> KernelLimits:
        outputs = OutputLimits(
            stream_bytes=self.max_visible_stream_bytes,
            bundle_bytes=self.max_output_bytes,
            cell_bytes=self.max_cell_output_bytes,
            blob_bytes=self.max_blob_bytes,
            outputs=self.max_outputs_per_cell,
        )
        return KernelLimits(outputs, self.kernel_idle_seconds, self.max_queued_runs_per_room)

    def _work_limits(self) -> WorkLimits:
        return WorkLimits(
            seconds=self.max_conversion_seconds,
            memory_bytes=self.max_conversion_bytes,
            processes=self.max_conversions,
            small_processes=self.max_small_conversions,
            small_bytes=self.small_conversion_bytes,
        )

    def _limits(self) -> Limits:
        return Limits(
            message_bytes=self.max_message_bytes,
            room_bytes=self.max_room_bytes,
            outbox_bytes=self.max_outbox_bytes,
            unsaved_bytes=self.max_unsaved_bytes,
            awareness_bytes=self.max_awareness_bytes,
            updates_per_second_per_peer=self.max_updates_per_second_per_peer,
            flood_seconds=self.max_flood_seconds,
            reservation_seconds=self.reservation_seconds,
            min_piece_bytes_per_second_per_peer=self.min_piece_bytes_per_second_per_peer,
            peers_per_room=self.max_peers_per_room,
            room_connections_per_person=self.max_room_connections_per_person,
            connections_per_person=self.max_connections_per_person,
            loop_seconds_per_minute_per_person=self.max_loop_seconds_per_minute_per_person,
            rooms_per_server=self.max_rooms_per_server,
        )

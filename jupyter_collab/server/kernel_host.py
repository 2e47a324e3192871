"""Kernels as ordinary Jupyter sessions: they show among the running ones, under the title of their room."""

import asyncio
import inspect
import logging
import os
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError

from ..errors import KernelDied, KernelFailed
from ..kernels.contract import KernelSpecs
from ..kernels.environment import environment_for_rooms
from ..kernels.jupyter import JupyterKernel
from ..kernels.jupyter_client_internals import forget_failed_starts, process_of
from ..kernels.notebook import require_spec
from ..kernels.specs import KernelRules, specs_for_rooms
from .jupyter_server_internals import leave_unread, note_activity

__all__ = ["SessionHost"]

TELL_EVERY = timedelta(seconds=1)
"""How often the server is told that a kernel is still there."""

GIVE_UP_SECONDS = 10.0
"""How long a start that is given up is waited for, so that it can be undone."""

log = logging.getLogger(__name__)


class SessionHost:
    """Starts kernels on a Jupyter server, each in a session whose path names the room; ``server`` is its id."""

    def __init__(self, serverapp: ServerApp, server: str, rules: KernelRules | None = None) -> None:
        self.server = server
        self._rules = rules or KernelRules()
        assert serverapp.kernel_spec_manager is not None, "a server that runs has one"
        self._app = serverapp
        self._kernel_specs = serverapp.kernel_spec_manager

    async def specs(self) -> KernelSpecs:
        """The installed kernelspecs that rooms may use; unreadable ones are left out."""
        found = await ensure_async(self._kernel_specs.get_all_specs())
        return specs_for_rooms(found, self._rules, self._app.kernel_manager.default_kernel_name)

    async def find(self, room_id: str) -> JupyterKernel | None:
        """The kernel of the session whose path names the room, unless rooms may not use such a kernel."""
        try:
            session = await self._app.session_manager.get_session(path=session_path(room_id))
        except HTTPError:
            return None
        kernel = self._kernel(session)
        if not self._rules.choice([kernel.name]):
            log.warning("Room %s does not take up the kernel %s, which is kept out of rooms.", room_id, kernel.name)
            return None
        await kernel.open()
        return kernel

    async def start(self, room_id: str, title: str, name: str) -> JupyterKernel:
        """Start a session with a kernel and wait until the kernel replies."""
        require_spec(await self.specs(), name)
        try:
            session = await self._create_session(room_id, title, name)
        except Exception as error:  # whatever a kernelspec's command, or a provisioner, may raise
            log.exception("The kernel %s of room %s did not start.", name, room_id)
            forget_failed_starts(self._app.kernel_manager)
            raise KernelFailed(f"The kernel '{name}' did not start: {error}. Choose another one.") from error
        kernel = self._kernel(session)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(kernel.shutdown)
            await kernel.open()
            undo.pop_all()
        leave_unread(self._app.kernel_manager, kernel.id)  # SessionControl.heard says what the server misses by that
        return kernel

    async def _create_session(self, room_id: str, title: str, name: str) -> dict[str, Any]:
        """A new session; if the caller is canceled, no session is left behind."""
        # No work beside the request: it is waited for here, also when the one who asked gives up.
        session: asyncio.Task[dict[str, Any]] = asyncio.create_task(
            self._start_session(session_path(room_id), title, name)
        )
        try:
            return await asyncio.shield(session)
        except asyncio.CancelledError:
            done, _ = await asyncio.wait([session], timeout=GIVE_UP_SECONDS)
            if done and session.exception() is None:
                await self._kernel(session.result()).shutdown()
            raise

    async def _start_session(self, path: str, title: str, name: str) -> dict[str, Any]:
        """A session around a kernel that is started here: the server would give it its whole environment."""
        kernels: Any = self._app.kernel_manager  # neither of the two has types
        contents: Any = self._app.contents_manager
        environment = environment_for_rooms(os.environ, self._rules.environment)
        kernel_id = await ensure_async(
            kernels.start_kernel(
                path=await ensure_async(contents.get_kernel_path(path=path)),
                kernel_name=name,
                # The server would put all of its own into a dict when the session is given another path.
                env=MappingProxyType({**environment, "JPY_SESSION_NAME": path}),
            )
        )
        async with AsyncExitStack() as undo:
            undo.push_async_callback(lambda: ensure_async(kernels.shutdown_kernel(kernel_id, now=True)))
            session: dict[str, Any] = await self._app.session_manager.create_session(
                path=path, name=title, type="room", kernel_name=name, kernel_id=kernel_id
            )
            undo.pop_all()
        return session

    def _kernel(self, session: dict[str, Any]) -> JupyterKernel:
        model = session["kernel"]
        return JupyterKernel(model["id"], model["name"], SessionControl(self._app, session["id"], model["id"]))


class SessionControl:
    """The kernel of one session; see :class:`~jupyter_collab.kernels.jupyter.KernelControl`."""

    def __init__(self, serverapp: ServerApp, session_id: str, kernel_id: str) -> None:
        self._sessions = serverapp.session_manager
        self._kernels: Any = serverapp.kernel_manager  # half of its methods have no types
        self._session_id = session_id
        self._kernel_id = kernel_id
        self._told = datetime.now(UTC)
        # Else the server's own culler takes it for one that nobody uses.
        self._kernels.notify_connect(kernel_id)  # type: ignore[no-untyped-call]  # jupyter_server gives it no types

    def connect(self) -> Any:
        """A client of jupyter_client, not connected yet."""
        manager = self._kernels.get_kernel(self._kernel_id)
        session = type(manager.session)(config=manager.session.config, key=manager.session.key)
        return manager.client(session=session)

    def heard(self, status: str | None = None) -> None:
        """Tell the server, for its list of kernels and for its culler."""
        now = datetime.now(UTC)
        is_news = status is not None or now - self._told > TELL_EVERY
        if is_news and self.is_kept:
            self._told = now
            note_activity(self._kernels, self._kernel_id, now, status)

    @property
    def is_kept(self) -> bool:
        """Whether the server's kernel manager has it."""
        return self._kernel_id in self._kernels

    @property
    def restarts_itself(self) -> bool:
        """Whether the kernel manager restarts a dead kernel."""
        return self.is_kept and bool(self._kernels.get_kernel(self._kernel_id).autorestart)

    async def process(self) -> object:
        """The process id, where the provisioner says one."""
        if not self.is_kept:
            return None
        manager = self._kernels.get_kernel(self._kernel_id)
        if not await ensure_async(manager.is_alive()):
            return None
        return process_of(manager) or self._kernel_id

    async def interrupt(self) -> None:
        """Interrupt it."""
        if await self.process() is None:
            raise KernelDied("The kernel has ended, or is just being started again.")
        await ensure_async(self._kernels.interrupt_kernel(self._kernel_id))

    async def restart(self) -> None:
        """Start it anew, and wait until the server has heard of it."""
        answered = await ensure_async(self._kernels.restart_kernel(self._kernel_id))
        if inspect.isawaitable(answered):
            await answered

    async def shutdown(self) -> None:
        """End the session, and the kernel with it."""
        self._kernels.notify_disconnect(self._kernel_id)
        try:
            await self._sessions.delete_session(self._session_id)
        except (HTTPError, KeyError):
            log.info("The kernel %s had ended before.", self._kernel_id)


def session_path(room_id: str) -> str:
    """The path of a room's session; no file has such a one."""
    return f"collab:{room_id}"

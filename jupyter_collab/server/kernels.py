"""The REST API of a room's kernel and runs, as ``docs/rest.md`` and ``openapi.yaml`` describe it."""

import re
from datetime import UTC, datetime
from typing import Any

from ..access import Capability, Role, UserKind
from ..errors import NotAMember, RoomNotFound, RunNotFound
from ..kernels.room_kernel import RoomKernel
from ..kernels.room_kernels import RoomKernels
from ..kernels.run_queue import May
from ..store import RunRecord
from .body import BodyHandler, whole_number
from .needs import needs
from .rest import iso_time

__all__ = ["KERNEL_ROUTES"]

MEDIA_TYPE = re.compile(r"[A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+")

MAX_DIGITS = 15

SHOWN_MEDIA_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "text/plain")
"""What browsers may show at a blob's address; everything else they are told to save."""


class _KernelHandler(BodyHandler):
    @property
    def kernels(self) -> RoomKernels:
        """The kernels and runs of the rooms."""
        return self.services.kernels

    async def finish_state(self, kernel: RoomKernel) -> None:
        """Respond with the state of the room's kernel, and the available kernels."""
        specs = await self.kernels.host.specs()
        known = [
            {"name": spec.name, "display_name": spec.display_name, "language": spec.language}
            for spec in specs.by_name.values()
        ]
        self.finish({**kernel.state, "specs": known, "default": specs.default})

    def finish_empty(self) -> None:
        """Respond with 204."""
        self.set_status(204)
        self.finish()


class KernelHandler(_KernelHandler):
    """``rooms/{id}/kernel``: see, choose, stop."""

    @needs(Capability.READ)
    async def get(self, room_id: str) -> None:
        """The state of the room's kernel."""
        async with self.kernels.of(room_id) as kernel:
            await self.finish_state(kernel)

    @needs(Capability.RUN)
    async def put(self, room_id: str) -> None:
        """Choose the kernel."""
        name = self.json_body("chooseKernel")["name"]
        async with self.kernels.of(room_id) as kernel:
            await kernel.choose(name, self.user)
            await self.finish_state(kernel)

    @needs(Capability.RUN)
    async def delete(self, room_id: str) -> None:
        """End the kernel."""
        async with self.kernels.of(room_id) as kernel:
            await kernel.end()
        self.finish_empty()


class KernelActionHandler(_KernelHandler):
    """``rooms/{id}/kernel/interrupt`` and ``restart``."""

    @needs(Capability.RUN)
    async def post(self, room_id: str, action: str) -> None:
        """Do it."""
        async with self.kernels.of(room_id) as kernel:
            await (kernel.interrupt() if action == "interrupt" else kernel.restart())
            await self.finish_state(kernel)


class RunsHandler(_KernelHandler):
    """``rooms/{id}/runs``: run cells, the history, cancel."""

    @property
    def max_body_bytes(self) -> int:
        """Room for the ids of all cells."""
        return 1 * 2**20

    @needs(Capability.READ)
    async def get(self, room_id: str) -> None:
        """The history of runs, newest first."""
        await self.manager.get_room(room_id)
        limit = whole_number(self, "limit", 100, 1, 1000)
        before = whole_number(self, "before", 0, 0, 10**9) or None
        runs = await self.manager.store.list_runs(room_id, limit, before)
        since = await self._sees_sources_since(room_id, self.role)
        self.finish({"runs": [_run(run, shows_source=since is not None and run.queued_at >= since) for run in runs]})

    async def _sees_sources_since(self, room_id: str, role: Role) -> datetime | None:
        """From when on the user, who is ``role`` now, may see what was run: it may have been deleted since."""
        if not (role.may(Capability.EDIT) or role.may(Capability.RUN)):
            return None
        if self.user.kind is UserKind.GUEST:
            return await self.services.members.came_at(room_id, self.user)
        return datetime.min.replace(tzinfo=UTC)

    @needs(Capability.RUN)
    async def post(self, room_id: str) -> None:
        """Put cells into the queue."""
        body = self.json_body("runCells")
        may = self._may(room_id, self.role)
        async with self.kernels.of(room_id) as kernel:
            runs = await kernel.runs.add(body["cells"], self.user, may, body.get("hashes", {}))
        if runs:
            self.services.members.note_soon(room_id, "ran", self.user, cells=len(runs))
        self.set_status(202)
        self.finish({"runs": [{"run": run.number, "cell": run.cell_id} for run in runs]})

    def _may(self, room_id: str, most: Role) -> May:
        """What the user, who is ``most`` now, may do when that is asked."""
        members, user = self.services.members, self.user

        async def ask(capability: Capability) -> bool:
            try:
                return (await members.role(room_id, user, most)).may(capability)
            except (NotAMember, RoomNotFound):
                return False

        return ask

    @needs(Capability.RUN)
    async def delete(self, room_id: str) -> None:
        """Cancel the queued runs."""
        async with self.kernels.of(room_id) as kernel:
            await kernel.runs.cancel()
        self.finish_empty()


class RunHandler(_KernelHandler):
    """``rooms/{id}/runs/{n}``."""

    @needs(Capability.RUN)
    async def delete(self, room_id: str, number: str) -> None:
        """Cancel a run that waits, interrupt one that runs."""
        if not number.isascii() or not number.isdigit() or len(number) > MAX_DIGITS:
            raise RunNotFound("A run is named by its number.")
        async with self.kernels.of(room_id) as kernel:
            await kernel.runs.cancel(int(number))
        self.finish_empty()


class InputHandler(_KernelHandler):
    """``rooms/{id}/input``."""

    @needs(Capability.RUN)
    async def post(self, room_id: str) -> None:
        """Reply to the input request of a run."""
        body = self.json_body("answerInput")
        async with self.kernels.of(room_id) as kernel:
            kernel.runs.answer_input(body["run"], body["value"])
        self.finish_empty()


class AskHandler(_KernelHandler):
    """``rooms/{id}/complete`` and ``inspect``."""

    @property
    def max_body_bytes(self) -> int:
        """Room for a long cell."""
        return 1 * 2**20

    @needs(Capability.RUN)
    async def post(self, room_id: str, what: str) -> None:
        """Ask the kernel."""
        body = self.json_body("completeCode" if what == "complete" else "inspectCode")
        code = body["code"]
        position = min(body["cursor_pos"], len(code))
        async with self.kernels.of(room_id) as kernel:
            if what == "complete":
                reply = await kernel.complete(code, position, names_only=not self.role.may(Capability.EDIT))
            else:
                reply = await kernel.inspect(code, position, body.get("detail_level", 0))
        self.finish(reply)


class BlobHandler(_KernelHandler):
    """``rooms/{id}/blobs/{digest}``: output that is too large for the document."""

    @needs(Capability.READ)
    async def get(self, room_id: str, digest: str) -> None:
        """The bytes, which no page takes for a part of itself."""
        await self.manager.get_room(room_id)
        blob = await self.manager.store.get_blob(room_id, digest)
        self.set_header("Content-Security-Policy", "sandbox")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "private, max-age=31536000, immutable")
        if blob.media_type not in SHOWN_MEDIA_TYPES:
            self.set_header("Content-Disposition", "attachment")
        self.finish(blob.data, set_content_type=_content_type(blob.media_type))


KERNEL_ROUTES = (
    (r"/rooms/([^/]+)/kernel", KernelHandler),
    (r"/rooms/([^/]+)/kernel/(interrupt|restart)", KernelActionHandler),
    (r"/rooms/([^/]+)/runs", RunsHandler),
    (r"/rooms/([^/]+)/runs/([^/]+)", RunHandler),
    (r"/rooms/([^/]+)/input", InputHandler),
    (r"/rooms/([^/]+)/(complete|inspect)", AskHandler),
    (r"/rooms/([^/]+)/blobs/([^/]+)", BlobHandler),
)


def _run(run: RunRecord, *, shows_source: bool) -> dict[str, Any]:
    return {
        "run": run.id,
        "cell": run.cell_id,
        "by": {"username": run.username, "display_name": run.display_name, "kind": run.kind},
        "kernel_name": run.kernel_name,
        "source": run.source if shows_source else None,
        "queued_at": iso_time(run.queued_at),
        "started_at": None if run.started_at is None else iso_time(run.started_at),
        "ended_at": None if run.ended_at is None else iso_time(run.ended_at),
        "status": run.status,
    }


def _content_type(media_type: str) -> str:
    if not MEDIA_TYPE.fullmatch(media_type):
        return "application/octet-stream"
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type

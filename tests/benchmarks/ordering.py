"""An extension of a server that does at once, when told to, what its rooms do by themselves now and then.

``POST tests/rooms/ID/heal`` makes the document of an open room anew, ``…/compact`` writes a keyframe of it.
"""

from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import authenticated

from jupyter_collab.document import RoomDocument
from jupyter_collab.rooms import RoomManager
from jupyter_collab.store import BY_SERVER

__all__ = ["ORDERING"]

ORDERING = __name__
"""The name of the extension."""


def _edit(document: RoomDocument) -> None:
    document.append_text(document.cells[0]["id"], "\n")


class _OrderHandler(JupyterHandler):
    def check_xsrf_cookie(self) -> None:
        """Who asks has a token."""

    @authenticated
    async def post(self, room_id: str, order: str) -> None:
        """Returns when it is done."""
        manager: RoomManager = self.settings["jupyter_collab_manager"]
        async with manager.using(room_id) as room:
            if order == "heal":
                room.log.heal()
                await room.look_into(lambda document: None)
            else:
                await room.edits.change(_edit, BY_SERVER)  # without a log there is nothing to write
                await room.log.compact()
        self.finish("")


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    pattern = url_path_join(app.base_url, r"tests/rooms/([^/]+)/(heal|compact)")
    app.web_app.add_handlers(".*$", [(pattern, _OrderHandler)])

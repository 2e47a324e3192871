"""An extension of a server that does at once, when told to, what its rooms do by themselves now and then.

``POST tests/rooms/ID/heal`` makes the document of an open room anew, ``…/compact`` writes a keyframe of it.
``GET tests/objects`` counts the objects of our classes, and says how much memory the server has.
"""

import gc
from collections import Counter
from typing import Any

import psutil
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


class _ObjectsHandler(JupyterHandler):
    @authenticated
    def get(self) -> None:
        """Counts by class, after a look for garbage."""
        gc.unfreeze()
        gc.collect()
        gc.unfreeze()  # the server has set aside what is left, and that is not counted
        classes = [type(each) for each in gc.get_objects()]
        gc.freeze()
        counts = Counter(f"{cls.__module__}.{cls.__qualname__}" for cls in classes if _is_counted(cls))
        self.finish({"objects": dict(counts), "resident_bytes": psutil.Process().memory_info().rss})


def _is_counted(cls: type) -> bool:
    return str(cls.__module__).partition(".")[0] in ("jupyter_collab", "pycrdt")


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    pattern = url_path_join(app.base_url, r"tests/rooms/([^/]+)/(heal|compact)")
    objects = url_path_join(app.base_url, "tests/objects")
    app.web_app.add_handlers(".*$", [(pattern, _OrderHandler), (objects, _ObjectsHandler)])

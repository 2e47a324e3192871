"""Pages: so far only an address for a room that leads to where it opens."""

from urllib.parse import urlencode

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from ..errors import InvalidRoomId
from ..rooms import check_room_id

__all__ = ["OpenRoomHandler"]


class OpenRoomHandler(JupyterHandler):
    """``{base_url}collab/room/{room_id}``: opens a room in JupyterLab.

    An address without a query of its own, so that a server that starts may put its token behind it.
    """

    @authenticated
    async def get(self, room_id: str) -> None:
        """Lead to the room."""
        try:
            query = urlencode({"room": check_room_id(room_id)})
        except InvalidRoomId as error:
            raise HTTPError(400, str(error)) from error
        self.redirect(url_path_join(self.base_url, "lab") + "?" + query)

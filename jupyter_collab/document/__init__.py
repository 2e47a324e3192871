"""The room's document: cells, outputs and metadata in a Yjs document, notebooks and text in and out."""

from .formats import ContentFormat, read_content, write_content, write_notebook
from .outputs import OutputList
from .room_document import RoomDocument
from .trust import TrustWatch
from .yjs import MAX_NESTING, check_update, epoch_client_id, state_vector

__all__ = [
    "MAX_NESTING",
    "ContentFormat",
    "OutputList",
    "RoomDocument",
    "TrustWatch",
    "check_update",
    "epoch_client_id",
    "read_content",
    "state_vector",
    "write_content",
    "write_notebook",
]

"""The room's document: cells, outputs and metadata in a Yjs document, notebooks and text in and out."""

from .content import NotebookContent, read_notebook
from .depths import MAX_TYPES_DEEP, TypeDepths
from .differences import Replacement, apply_edits, differences
from .first_content import FirstContent
from .formats import ContentFormat, read_content, write_content, write_notebook
from .outputs import OutputList
from .room_document import RoomDocument
from .surrogates import Surrogates
from .three_way import merge_edits
from .values import clean_source, load_json
from .watch import CellWatch
from .yjs import MAX_NESTING, check_update, epoch_client_id, note_surrogates, splits, state_vector

__all__ = [
    "MAX_NESTING",
    "MAX_TYPES_DEEP",
    "CellWatch",
    "ContentFormat",
    "FirstContent",
    "NotebookContent",
    "OutputList",
    "Replacement",
    "RoomDocument",
    "Surrogates",
    "TypeDepths",
    "apply_edits",
    "check_update",
    "clean_source",
    "differences",
    "epoch_client_id",
    "load_json",
    "merge_edits",
    "note_surrogates",
    "read_content",
    "read_notebook",
    "splits",
    "state_vector",
    "write_content",
    "write_notebook",
]

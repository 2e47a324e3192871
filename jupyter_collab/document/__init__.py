"""The room's document: cells, outputs and metadata in a Yjs document, notebooks and text in and out."""

from .cell_index import CellRecord
from .content import CELL_TYPES, NotebookContent, read_notebook
from .differences import Replacement, apply_edits, differences
from .first_content import FirstContent
from .formats import ContentFormat, read_content, write_content, write_notebook
from .outputs import OutputList
from .room_document import RoomDocument
from .run_info import source_hash
from .three_way import merge_edits
from .values import clean_source, load_json
from .watch import CellWatch
from .word import Word

__all__ = [
    "CELL_TYPES",
    "CellRecord",
    "CellWatch",
    "ContentFormat",
    "FirstContent",
    "NotebookContent",
    "OutputList",
    "Replacement",
    "RoomDocument",
    "Word",
    "apply_edits",
    "clean_source",
    "differences",
    "load_json",
    "merge_edits",
    "read_content",
    "read_notebook",
    "source_hash",
    "write_content",
    "write_notebook",
]

"""Peers for tests against real servers: a bare connection, and a small client that loses nothing."""

from .client import RawClient
from .waiting import DEADLINE_SECONDS, eventually
from .wire import Closed, Wire, room_url

__all__ = ["DEADLINE_SECONDS", "ONLY_OURS", "Closed", "RawClient", "Wire", "eventually", "room_url"]

ONLY_OURS = {
    "jpserver_extensions": {
        "jupyter_collab": True,
        "jupyter_lsp": False,
        "jupyter_server_terminals": False,
        "jupyterlab": False,
        "notebook": False,
        "notebook_shim": False,
    }
}
"""``start_server(…, ServerApp=ONLY_OURS)`` starts sooner: without the pages, which these tests do not open."""

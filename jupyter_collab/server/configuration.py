"""Where things are kept, without the server's own modules, which take seconds to load."""

from pathlib import Path

from jupyter_core.application import JupyterApp
from jupyter_core.paths import jupyter_data_dir
from traitlets.config import Config

from ..store import sqlite_url

__all__ = ["configured_store_url", "default_store_url", "server_config", "server_ids_folder"]


def default_store_url() -> str:
    """An SQLite file in Jupyter's data directory."""
    return sqlite_url(_folder() / "rooms.sqlite")


def server_ids_folder() -> Path:
    """Where the servers of this user have their ids."""
    return _folder() / "servers"


def _folder() -> Path:
    return Path(jupyter_data_dir()) / "collab"


class _ServerConfig(JupyterApp):
    """Reads the files that configure a Jupyter server."""

    name = "jupyter-server"


def server_config() -> Config:
    """What a server is configured with that is started here."""
    app = _ServerConfig()
    app.load_config_file()
    return app.config


def configured_store_url() -> str:
    """The store that a server which is started here would use."""
    return str(server_config().CollabExtension.get("store_url", default_store_url()))

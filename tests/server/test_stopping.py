"""Stopping the server goes on to its end, whatever fails on the way."""

import pytest
from jupyter_server.serverapp import ServerApp

from jupyter_collab.kernels.room_kernels import RoomKernels
from jupyter_collab.rooms import RoomManager


async def test_the_store_is_closed_although_something_before_it_fails(
    jp_serverapp: ServerApp, manager: RoomManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    close = manager.store.close

    async def fail(_: RoomKernels) -> None:
        raise RuntimeError("A bug.")

    async def closing() -> None:
        await close()
        closed.append("store")

    await manager.start()
    monkeypatch.setattr(RoomKernels, "close", fail)
    monkeypatch.setattr(manager.store, "close", closing)
    (extension,) = jp_serverapp.extension_manager.extension_apps["jupyter_collab"]
    with pytest.raises(RuntimeError, match="bug"):
        await extension.stop_extension()
    assert closed == ["store"]

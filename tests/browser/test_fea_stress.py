from collections.abc import Callable
import pytest
from tests.servers import RunningServer
from .people import Person, until
from .rooms import room_with
pytestmark = pytest.mark.browser

@pytest.mark.timeout(900)
def test_stress(person: Callable[..., Person], server: RunningServer) -> None:
    lost = []
    for n in range(12):
        room_with(server, f"reload{n}", "")
        with person("Ada") as ada:
            at = ada.open_room(f"reload{n}")
            until(lambda: at.chip, lambda chip: chip == "synced", seconds=40)
            ada.go_offline()
            until(lambda: at.chip, lambda chip: chip == "offline")
            at.type(0, "[kept]")
            ada.page.goto("about:blank")
            ada.go_offline(False)
            at = ada.open_room(f"reload{n}")
            until(lambda: at.chip, lambda chip: chip == "synced", seconds=40)
            if at.source(0) != "[kept]":
                lost.append(at.source(0))
                print("lost", n, at.source(0), flush=True)
    print("LOST", lost)
    assert not lost

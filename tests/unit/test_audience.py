"""What everybody is told is built once."""

from pathlib import Path

from jupyter_collab.access import Capability
from jupyter_collab.protocol import Event

from .doubles import ScriptedPeer, faulty_store, serving
from .scenarios import scenario


@scenario
async def test_an_event_is_one_message_for_all_who_understand_it(tmp_path: Path) -> None:
    async with serving(faulty_store(tmp_path)) as manager:
        ada, bob, plain = [
            await ScriptedPeer(name, speaks_v1=name != "plain").join(manager) for name in ("ada", "bob", "plain")
        ]
        assert ada.room is not None
        before = len(plain.transport.sent)
        ada.room.announce(Event({"type": "kernel"}), Capability.READ)
        assert ada.transport.sent[-1] is bob.transport.sent[-1]
        assert ada.event_types()[-1] == bob.event_types()[-1] == "kernel"
        assert len(plain.transport.sent) == before

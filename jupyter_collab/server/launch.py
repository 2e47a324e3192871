"""``jupyter collab``: JupyterLab, opened on a room; or one of the administrator's commands."""

import argparse
import sys
from collections.abc import Sequence

from ..errors import InvalidRoomId
from ..rooms import check_room_id
from . import users
from .configuration import configured_store_url
from .people_cli import is_about_people, run

__all__ = ["main"]

DEMO_ROOM = "demo"

DESCRIPTION = """\
Open JupyterLab on a shared room.

Without ROOM it is 'demo', a room with a small notebook in it, made the first time. All other
arguments go to JupyterLab, for instance --no-browser, --port=8889 or
--CollabExtension.store_url=sqlite:////srv/rooms.sqlite.

jupyter collab users --help tells how accounts are made. Who may do what in a room is said by
jupyter collab invite, invitations, revoke, members, set-role, remove-member and audit; each
has a --help."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command with ``arguments`` (default: those of the process) until it, or the server, ends."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["users"]:
        raise SystemExit(users.main(given[1:], configured_store_url))
    if is_about_people(given):
        run(given)
        return
    from jupyterlab.labapp import LabApp  # it takes seconds, which the other commands need not wait for

    LabApp.launch_instance(argv=lab_arguments(given))


def lab_arguments(arguments: Sequence[str]) -> list[str]:
    """What JupyterLab is to be started with.

    Raises
    ------
    SystemExit
        For ``--help``, and for a name that no room may have.
    """
    parser = argparse.ArgumentParser(
        "jupyter collab", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("room", nargs="?", default=DEMO_ROOM, metavar="ROOM", help="the room's id")
    # Only an argument in the first place can be the room: what follows may be the value of an option of JupyterLab's.
    has_room = bool(arguments) and not arguments[0].startswith("-")
    asks_for_help = any(argument in ("-h", "--help") for argument in arguments)
    own = ["--help"] if asks_for_help else list(arguments[:1]) if has_room else []
    room = parser.parse_args(own).room
    try:
        check_room_id(room)
    except InvalidRoomId as error:
        parser.error(str(error))
    demo = [f"--CollabExtension.demo_room={room}"] if room == DEMO_ROOM else []
    return [f"--LabApp.default_url=/collab/room/{room}", *demo, *(arguments[1:] if has_room else arguments)]

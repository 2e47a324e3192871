"""``jupyter collab invite``, ``members`` and their like: for administrators, on the store itself."""

import argparse
import asyncio
import getpass
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from ..access import Capability, InviteSecrets, Role, User
from ..addresses import opens_here_only
from ..backplane import PollingBackplane
from ..dangers import link_danger, people_danger
from ..errors import CollabError
from ..people import Invitations, InviteWish, Members
from ..rooms import Limits, RoomManager
from ..spans import seconds_of
from ..store import SQLStore
from .configuration import configured_store_url, server_config

__all__ = ["is_about_people", "run"]

POLL_SECONDS = 1.0

LOOPBACK_HINT = (
    "The link opens on this machine only. Give --url the address by which others reach your server, "
    "or set CollabExtension.public_url."
)

KERNEL_HINT = (
    "What they ran may go on in the kernel of the room. To end it, interrupt or restart that kernel in the room."
)

VERBS = ("invite", "invitations", "revoke", "members", "set-role", "remove-member", "audit")
"""Named as the methods of a room in Python are, and the operations of the REST API."""


def is_about_people(arguments: Sequence[str]) -> bool:
    """Whether these words of ``jupyter collab`` are for :func:`run`; a room may be called ``members``."""
    verb, what = [*arguments[:2], "", ""][:2]
    return verb in VERBS and (what in ("-h", "--help") or what[:1] not in ("", "-"))


def run(arguments: Sequence[str]) -> None:
    """Do what the words say.

    Raises
    ------
    SystemExit
        For ``--help``, for words that mean nothing, and when it cannot be done; it says why.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_act(options))
    except (CollabError, ValueError) as error:
        parser.exit(1, f"{error}\n")


@dataclass(frozen=True)
class _People:
    """The objects that the commands use."""

    manager: RoomManager
    members: Members
    invitations: Invitations
    by: User


@asynccontextmanager
async def _opened(store_url: str) -> AsyncIterator[_People]:
    store = SQLStore(store_url)
    manager = RoomManager(store, PollingBackplane(store, POLL_SECONDS, f"command {secrets.token_hex(8)}"), Limits())
    await manager.start()
    members = Members(manager, guests_may_run=True)
    try:
        # Whether guests may come is the servers' word, when they come.
        yield _People(manager, members, Invitations(manager, members, guests_allowed=True), _administrator())
    finally:
        await members.close()
        await manager.stop()


async def _act(options: argparse.Namespace) -> None:
    act: Callable[[_People, argparse.Namespace], Awaitable[None]] = options.act
    async with _opened(options.store_url or configured_store_url()) as people:
        await people.manager.get_room(options.room)
        await act(people, options)


def _administrator() -> User:
    name = getpass.getuser()
    return User(name, name, f"{name} (command line)", name[:2].upper())


# -- the commands ----------------------------------------------------------------------------------------------------


async def _list_invitations(people: _People, options: argparse.Namespace) -> None:
    for invite in await people.invitations.list(options.room):
        uses = f"{invite.uses}" if invite.max_uses is None else f"{invite.uses}/{invite.max_uses}"
        extras = [
            word for word, given in (("password", invite.password_hash), ("approval", invite.needs_approval)) if given
        ]
        _say(
            invite.id,
            invite.role,
            f"until {_moment(invite.expires_at)}",
            f"used {uses}",
            invite.created_by_name,
            *extras,
        )


async def _invite(people: _People, options: argparse.Namespace) -> None:
    seconds = None if options.expires == "never" else seconds_of(options.expires)
    wish = InviteWish(
        role=Role(options.role),
        lifetime=None if seconds is None else timedelta(seconds=seconds),
        max_uses=options.uses,
        password=options.password,
        needs_approval=options.approval,
    )
    invite, made = await people.invitations.invite(options.room, wish, people.by)
    _say(f"Invitation {invite.id}: {invite.role}, until {_moment(invite.expires_at)}")
    link = _link(options.url, made)
    _say(f"Link: {link}")
    _say(f"Code: {made.code}")
    _warn(link_danger(invite.role, apart=_kernels_apart(options)))
    if opens_here_only(link):
        _say(LOOPBACK_HINT)


async def _revoke(people: _People, options: argparse.Namespace) -> None:
    remove = options.remove_members
    came = [member for member in await people.members.list(options.room) if member.invite_id == options.invitation]
    await people.invitations.revoke(options.room, options.invitation, people.by, remove_members=remove)
    if remove and any(member.role.may(Capability.RUN) for member in came):
        _say(KERNEL_HINT)


async def _list_members(people: _People, options: argparse.Namespace) -> None:
    room = await people.manager.get_room(options.room)
    _say(f"Everyone on the server: {room.server_role or 'private'}")
    for member in await people.members.list(options.room):
        waits = ["waits"] if member.status == "waiting" else []
        _say(member.principal, member.role, member.display_name, *waits)


async def _set_role(people: _People, options: argparse.Namespace) -> None:
    principal, role = _principal(options.member), Role(options.role)
    could_run = await _may_run(people, options.room, principal)
    await people.members.set_role(options.room, principal, role, people.by)
    if could_run and not role.may(Capability.RUN):
        _say(KERNEL_HINT)
    _warn(people_danger(options.role, apart=_kernels_apart(options)))


async def _remove_member(people: _People, options: argparse.Namespace) -> None:
    principal = _principal(options.member)
    could_run = await _may_run(people, options.room, principal)
    await people.members.remove(options.room, principal, people.by)
    if could_run:
        _say(KERNEL_HINT)


async def _audit(people: _People, options: argparse.Namespace) -> None:
    for event in await people.manager.store.people.events(options.room, options.limit, None):
        details = [f"{name}={value}" for name, value in event.details.items() if value is not None]
        _say(_moment(event.at) if event.at else "", event.kind, event.display_name, *details)


async def _may_run(people: _People, room_id: str, principal: str) -> bool:
    """Whether somebody is a member who may run code."""
    members = await people.members.list(room_id)
    return any(member.principal == principal and member.role.may(Capability.RUN) for member in members)


# -- words -----------------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("jupyter collab", description=__doc__)
    verbs = parser.add_subparsers(required=True)
    roles = [role.value for role in Role]

    invite = _command(verbs, "invite", "make an invitation; its link and code are told this once", _invite)
    invite.add_argument(
        "--role",
        choices=roles[:-1],
        default="viewer",
        help="a runner runs the cells as they are, a writer writes what others run, an editor runs any code",
    )
    invite.add_argument("--expires", default="1d", metavar="SPAN", help="30m, 2h, 7d (default: 1d), or never")
    invite.add_argument("--uses", type=int, metavar="N", help="how many may come by it")
    invite.add_argument("--password", help="the password of the invitation")
    invite.add_argument("--approval", action="store_true", help="an owner lets each one in")
    invite.add_argument("--url", help="the server's address, for the link; default: that of a running one")
    _command(verbs, "invitations", "those that were not taken back", _list_invitations)
    revoke = _command(verbs, "revoke", "take an invitation back", _revoke)
    revoke.add_argument("invitation", metavar="ID")
    revoke.add_argument("--remove-members", action="store_true", help="also remove the people who joined by it")

    _command(verbs, "members", "the members of a room, and who waits to be let in", _list_members)
    change = _command(verbs, "set-role", "give somebody a role, or let in who waits", _set_role)
    change.add_argument("member", metavar="NAME", help="a user of the server, or account:ID, or guest:ID")
    change.add_argument("role", choices=roles)
    remove = _command(verbs, "remove-member", "remove somebody from a room, or refuse who waits", _remove_member)
    remove.add_argument("member", metavar="NAME")
    audit = _command(verbs, "audit", "what was done in a room, and by whom, newest first", _audit)
    audit.add_argument("--limit", type=int, default=100, metavar="N", help="at most so many (default: 100)")
    return parser


def _command(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    words: str,
    act: Callable[[_People, argparse.Namespace], Awaitable[None]],
) -> argparse.ArgumentParser:
    command = verbs.add_parser(name, help=words, description=words)
    command.add_argument("room", metavar="ROOM")
    command.add_argument("--store-url", help="the store; default: as the server's configuration says")
    command.set_defaults(act=act)
    return command


def _principal(name: str) -> str:
    return name if name.startswith(("server:", "account:", "guest:")) else f"server:{name}"


def _link(url: str | None, made: InviteSecrets) -> str:
    base = url or _running_url()
    return urljoin(base if base.endswith("/") or not base else f"{base}/", f"collab/join#{made.token}")


def _running_url() -> str:
    """The address of a server that runs here, as browsers know it if the configuration says that; empty for none."""
    from jupyter_server.serverapp import list_running_servers  # it takes seconds, and is for this alone

    url = next((str(server["url"]) for server in list_running_servers()), "")
    public = str(server_config().CollabExtension.get("public_url", ""))
    return urljoin(public, urlsplit(url).path) if url and public else url


def _kernels_apart(options: argparse.Namespace) -> bool:
    """Whether the server that is configured here keeps rooms' kernels apart; not known of servers of another store."""
    if options.store_url:
        return False
    from ..kernels.specs import KernelRules, installed_specs, specs_for_rooms  # it takes a second, too

    config = server_config()
    rules = KernelRules(tuple(config.CollabExtension.get("room_kernels", ())))
    return specs_for_rooms(installed_specs(config), rules, "").are_apart


def _moment(moment: datetime | None) -> str:
    return "ever" if moment is None else moment.astimezone().isoformat(" ", "minutes")


def _warn(danger: str) -> None:
    if danger:
        _say(danger)


def _say(*words: str) -> None:
    sys.stdout.write("  ".join(words) + "\n")

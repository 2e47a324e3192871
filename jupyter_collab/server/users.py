"""``jupyter collab users``: accounts, for administrators. It works on the store, with or without a server."""

import argparse
import asyncio
import getpass
import secrets
import sys
from collections.abc import Callable, Sequence

from ..access import hash_password
from ..errors import CollabError, ContentError
from ..people import EndedSessions, account_user, check_email, check_name, check_password, message_about
from ..store import AccountRecord, SQLStore, Store

__all__ = ["main"]

GENERATED_BYTES = 12

DESCRIPTION = """\
Accounts of people who use shared rooms without a login of the Jupyter server
(CollabExtension.allow_accounts). An account by itself opens no room: invite it."""


def main(arguments: Sequence[str], store_url: Callable[[], str]) -> int:
    """Run the command on the store at ``store_url``, unless an argument names another; returns the exit code."""
    parser = argparse.ArgumentParser(
        "jupyter collab users", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store-url", help="SQLAlchemy URL of the store (default: the one that the server is set to)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="all accounts")
    for name, help_text in COMMANDS.items():
        command = commands.add_parser(name, help=help_text)
        command.add_argument("email", metavar="EMAIL")
        if name == "add":
            command.add_argument("--name", help="the name that others see (default: from the address)")
        if name in ("add", "password"):
            command.add_argument("--generate", action="store_true", help="make a password and print it")
    options = parser.parse_args(arguments)
    options.store_url = options.store_url or store_url()
    try:
        return asyncio.run(_run(options))
    except CollabError as error:
        print(f"jupyter collab users: {error}", file=sys.stderr)
        return 1


COMMANDS = {
    "add": "make an account",
    "password": "give an account another password, which ends its sessions",
    "lock": "let nobody sign in to an account, and end its sessions",
    "unlock": "let its owner sign in again",
    "allow-server": "let its owner into JupyterLab itself, where the server is set up for that",
    "deny-server": "let its owner into shared rooms only",
}


async def _run(options: argparse.Namespace) -> int:
    store = SQLStore(options.store_url)
    await store.open()
    try:
        if options.command == "list":
            await _list(store)
        elif options.command == "add":
            await _add(store, options)
        else:
            await _change(store, options)
    finally:
        await store.close()
    return 0


async def _list(store: Store) -> None:
    for account in await store.accounts.everybody():
        uses_server = "  (server)" if account.may_use_server else ""
        locked = "" if account.disabled_at is None else "  (locked)"
        print(f"{account.id}  {_shown(account.email)}  {_shown(account.display_name)}{uses_server}{locked}")


async def _add(store: Store, options: argparse.Namespace) -> None:
    email = check_email(options.email)
    name = check_name(options.name or email.partition("@")[0])
    kept = hash_password(_password(generate=options.generate))
    account = await store.accounts.add(AccountRecord(secrets.token_hex(8), email, name, kept))
    print(f"Made the account {account.id} for {account.email}.")


async def _change(store: Store, options: argparse.Namespace) -> None:
    account = await store.accounts.find(check_email(options.email))
    if options.command == "password":
        kept = hash_password(_password(generate=options.generate))
        await store.accounts.set_password(account.id, kept)
        await _tell_servers(store, account)
        print(f"{account.email} has another password; their sessions have ended.")
    elif options.command in ("allow-server", "deny-server"):
        allowed = options.command == "allow-server"
        await store.accounts.set_use_of_server(account.id, allowed=allowed)
        await _tell_servers(store, account)
        print(f"{account.email} may {'use the server itself' if allowed else 'use shared rooms only'}.")
    else:
        await store.accounts.set_disabled(account.id, disabled=options.command == "lock")
        await _tell_servers(store, account)
        print(f"{account.email} is {options.command}ed.")


async def _tell_servers(store: Store, account: AccountRecord) -> None:
    """Let servers that run look at once whether the account's sessions go on, and what they open."""
    ended = EndedSessions(account_user(account).principal, is_replaced=False)
    await store.add_messages([message_about(ended, f"command {secrets.token_hex(8)}")])


def _shown(text: str) -> str:
    """``text`` on one line, in which nothing steers the terminal: the store may be older than the checks of names."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _password(*, generate: bool) -> str:
    """A password: made here, or typed twice, or one line of the standard input."""
    if generate:
        password = secrets.token_urlsafe(GENERATED_BYTES)
        print(f"The password is {password}")
        return password
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise ContentError("The two are not the same.")
    else:
        password = sys.stdin.readline().rstrip("\n")
    check_password(password)
    return password

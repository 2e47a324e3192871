"""Passwords, and what else must be slow to guess, by Argon2id. Each call takes tens of milliseconds: see `hashing`."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw

__all__ = ["harden", "hash_password", "hashing", "is_password"]

P = ParamSpec("P")
Result = TypeVar("Result")

_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="jupyter_collab hashing")


async def hashing(work: Callable[P, Result], *arguments: P.args, **keywords: P.kwargs) -> Result:
    """Return what ``work`` makes of its arguments, in one of two threads of its own.

    Nothing but hashes waits for hashes: a class that signs in at once must not keep the store's reads waiting.
    """
    return await asyncio.get_running_loop().run_in_executor(_threads, partial(work, *arguments, **keywords))


def hash_password(password: str) -> str:
    """The stored hash of a password, with its salt and parameters."""
    return _hasher.hash(password)


def is_password(password: str, kept: str) -> bool:
    """Whether ``password`` is the one that ``kept`` was made of."""
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def harden(fast_hash: str, salt: str) -> str:
    """A hash that takes a twentieth of a second, of one that takes nothing (as stores before it kept them).

    All codes of a store have one salt, for a code must be found by its hash. The parameters stay as they are, or
    nothing that was kept would be found any more.
    """
    made = hash_secret_raw(
        fast_hash.encode(), salt.encode(), time_cost=2, memory_cost=2**15, parallelism=1, hash_len=32, type=Type.ID
    )
    return made.hex()

"""What a provider says about somebody is checked as if they had typed it."""

import pytest

from jupyter_collab.errors import ContentError
from jupyter_collab.people import Accounts, Identity
from jupyter_collab.rooms import RoomManager


def identity(email: str = "eve@example.org", name: str = "Eve") -> Identity:
    return Identity("https://provider.example", email, email, name)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Eve Example", "Eve Example"),
        ("  Eve\nb2  Ada ", "Eve b2 Ada"),
        ("Eve\x1b[2J", "eve"),
        ("Ada\u202e", "eve"),
        ("\u200d", "eve"),
        ("", "eve"),
        ("E" * 1_000, "E" * 60),
    ],
)
async def test_a_name_is_one_that_could_be_typed(manager: RoomManager, said: str, name: str) -> None:
    await manager.start()
    accounts = Accounts(manager, passwords=False)
    assert (await accounts.of(identity(name=said))).display_name == name


async def test_somebody_without_a_name_is_not_called_by_their_address(manager: RoomManager) -> None:
    await manager.start()
    accounts = Accounts(manager, passwords=False)
    assert (await accounts.of(identity("\u0301@example.org", ""))).display_name == "Somebody"


@pytest.mark.parametrize(
    "email",
    ["eve", "@example.org", "eve@", "x@evil.example@example.org", "e\nve@example.org", "e\x1bve@example.org",
     "e ve@example.org", "e\u202eve@example.org", "e" * 400 + "@example.org"],
)  # fmt: skip
async def test_an_address_is_one_that_could_be_typed(manager: RoomManager, email: str) -> None:
    await manager.start()
    with pytest.raises(ContentError, match="is no e-mail address"):
        await Accounts(manager, passwords=False).of(identity(email))

"""Wrong guesses are counted by a clock that is turned by hand."""

import pytest

from jupyter_collab.access import Attempts, network_of
from jupyter_collab.errors import TooManyAttempts


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(3, 60.0, clock)


def test_so_many_wrong_ones_and_no_more(attempts: Attempts) -> None:
    for _ in range(3):
        attempts.check("eve")
        attempts.failed("eve")
    with pytest.raises(TooManyAttempts, match="Try again in 60 s"):
        attempts.check("eve")
    attempts.check("bob")


def test_time_heals_one_wrong_guess_after_the_other(attempts: Attempts, clock: Clock) -> None:
    for _ in range(3):
        attempts.failed("eve")
        clock.now += 10
    with pytest.raises(TooManyAttempts, match="Try again in 30 s"):
        attempts.check("eve")
    clock.now += 30
    attempts.check("eve")
    attempts.failed("eve")
    with pytest.raises(TooManyAttempts, match="Try again in 10 s"):
        attempts.check("eve")


def test_who_goes_on_guessing_waits_no_longer_than_the_last_wrong_one_says(attempts: Attempts, clock: Clock) -> None:
    for _ in range(1000):
        attempts.failed("eve")
    clock.now += 60
    attempts.check("eve")


def test_what_is_remembered_is_bounded(attempts: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_collab.access.attempts.MAX_KEYS", 2)
    for name in ("eve", "mallory", "trudy"):
        for _ in range(3):
            attempts.failed(name)
    attempts.check("eve")  # she guessed least lately
    for name in ("mallory", "trudy"):
        with pytest.raises(TooManyAttempts):
            attempts.check(name)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("", ""),
        ("a unix socket", "a unix socket"),
    ],
)
def test_who_is_taken_for_one(address: str, network: str) -> None:
    assert network_of(address) == network

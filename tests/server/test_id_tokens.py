"""To whom a provider issued the token by which it vouches for somebody."""

import asyncio
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from jupyter_collab.server.sign_in import OpenIDProvider

KEY = ECKey.generate_key("P-256", {"kid": "1"})


def claims(**said: Any) -> dict[str, Any]:
    """What we take a token to say that is signed by our provider, and says ``said``."""
    provider = OpenIDProvider("test", "Test", "https://issuer.example", "ours", "secret")
    provider._keys = KeySet([KEY])
    all_said = {"iss": "https://issuer.example", "nonce": "n", "exp": int(time.time()) + 60, "sub": "zoe", **said}
    token = jwt.encode({"alg": "ES256", "kid": "1"}, all_said, KEY, algorithms=["ES256"])
    return asyncio.run(provider._claims(token, "n"))


@pytest.mark.parametrize(
    "said",
    [
        {"aud": "ours"},
        {"aud": ["ours"]},
        {"aud": "ours", "azp": "ours"},
        {"aud": ["theirs", "ours"], "azp": "ours"},
    ],
)
def test_a_token_that_was_issued_to_us_counts(said: dict[str, Any]) -> None:
    assert claims(**said)["sub"] == "zoe"


@pytest.mark.parametrize(
    "said",
    [
        {"aud": ["ours", "theirs"], "azp": "theirs"},
        {"aud": ["ours", "theirs"]},
        {"aud": "ours", "azp": "theirs"},
        {"aud": ["ours"], "azp": "theirs"},
        {"aud": ["ours"], "azp": ["ours"]},
    ],
)
def test_a_token_that_was_issued_to_another_party_does_not(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"to another party|to which it was issued"):
        claims(**said)

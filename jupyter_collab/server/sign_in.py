"""Sign-in providers: any OpenID provider, and GitHub. Needs the extra ``accounts``."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from ..errors import SignInRefused
from ..people import Identity

__all__ = ["GitHub", "OpenIDProvider", "Provider", "Quest", "providers_from"]

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Those of signatures with a public key: with any other, whoever knows the client's secret could vouch."""

REQUEST_SECONDS = 10.0
DISCOVERY_SECONDS = 3600.0
LEEWAY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Quest:
    """What is remembered, in the browser's signed cookie, from the way out to the way back."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Quest":
        """A fresh one."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


class Provider(Protocol):
    """A sign-in provider."""

    id: str
    name: str

    async def address(self, quest: Quest, redirect_uri: str) -> str:
        """Where the browser is sent to."""

    async def identify(self, code: str, quest: Quest, redirect_uri: str, issuer: str | None) -> Identity:
        """The identity for the provider's ``code``; raises ``SignInRefused``."""


@dataclass
class OpenIDProvider:
    """A provider of OpenID Connect, found by its ``issuer``; authorization code flow with PKCE.

    ``domains`` are those of the addresses that are let in, which the provider must have verified; empty for all.
    """

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str
    domains: Sequence[str] = ()
    scope: str = "openid email profile"
    _found: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _found_at: float = 0.0

    async def address(self, quest: Quest, redirect_uri: str) -> str:
        """Where the browser is sent to."""
        await self._discover()
        async with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                self._found["authorization_endpoint"],
                state=quest.state,
                nonce=quest.nonce,
                code_verifier=quest.verifier,
            )
        return str(url)

    async def identify(self, code: str, quest: Quest, redirect_uri: str, issuer: str | None) -> Identity:
        """The identity for the provider's ``code``."""
        if issuer is not None and issuer != self.issuer:
            raise SignInRefused(f"The response is not from {self.name}. Try to sign in again.")
        await self._discover()
        try:
            async with self._client(redirect_uri) as client:
                token = await client.fetch_token(self._found["token_endpoint"], code=code, code_verifier=quest.verifier)
            claims = await self._claims(token["id_token"], quest.nonce)
        except (OAuthError, JoseError, httpx.HTTPError, KeyError, ValueError) as error:
            raise _refused(self.name) from error
        email = str(claims.get("email") or "")
        _check_domain(email, verified=claims.get("email_verified") is True, domains=self.domains)
        return Identity(self.issuer, claims["sub"], email, str(claims.get("name") or ""))

    def _client(self, redirect_uri: str) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self.client_id,
            self.client_secret,
            redirect_uri=redirect_uri,
            scope=self.scope,
            code_challenge_method="S256",
            timeout=REQUEST_SECONDS,
        )

    async def _discover(self) -> None:
        if self._found and time.monotonic() - self._found_at < DISCOVERY_SECONDS:
            return
        found = await _get_json(self.issuer.rstrip("/") + "/.well-known/openid-configuration", self.name)
        if found.get("issuer") != self.issuer:
            raise SignInRefused(f"{self.name} calls itself {found.get('issuer')}, not {self.issuer}; tell the admin.")
        self._found, self._keys, self._found_at = found, None, time.monotonic()

    async def _claims(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of a token that was signed by this provider, for us, now, and for this quest."""
        try:
            token = jwt.decode(id_token, await self._key_set(), algorithms=ALGORITHMS)
        except (JoseError, ValueError):  # perhaps its keys are new
            self._keys = None
            token = jwt.decode(id_token, await self._key_set(), algorithms=ALGORITHMS)
        required: dict[str, Any] = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
            "nonce": {"essential": True, "value": nonce},
            "exp": {"essential": True},
            "sub": {"essential": True},
        }
        JWTClaimsRegistry(leeway=LEEWAY_SECONDS, **required).validate(token.claims)
        _check_party(token.claims, self.client_id)
        return dict(token.claims)

    async def _key_set(self) -> KeySet:
        if self._keys is None:
            self._keys = KeySet.import_key_set(await _get_json(self._found["jwks_uri"], self.name))  # type: ignore[arg-type]  # checked by the library
        return self._keys


@dataclass
class GitHub:
    """GitHub, or a GitHub Enterprise at ``url`` and ``api_url``; OAuth 2, for it has no OpenID for people."""

    id: str
    name: str
    client_id: str
    client_secret: str
    domains: Sequence[str] = ()
    url: str = "https://github.com"
    api_url: str = "https://api.github.com"

    async def address(self, quest: Quest, redirect_uri: str) -> str:
        """Where the browser is sent to."""
        query = {"client_id": self.client_id, "redirect_uri": redirect_uri, "scope": "read:user user:email"}
        return f"{self.url}/login/oauth/authorize?{urlencode({**query, 'state': quest.state})}"

    async def identify(self, code: str, quest: Quest, redirect_uri: str, issuer: str | None) -> Identity:
        """The identity for the provider's ``code``."""
        try:
            async with AsyncOAuth2Client(
                self.client_id, self.client_secret, redirect_uri=redirect_uri, timeout=REQUEST_SECONDS
            ) as client:
                await client.fetch_token(f"{self.url}/login/oauth/access_token", code=code)
                user = (await client.get(f"{self.api_url}/user")).raise_for_status().json()
                emails = (await client.get(f"{self.api_url}/user/emails")).raise_for_status().json()
            subject, name = str(user["id"]), str(user.get("name") or user["login"])
            main: dict[str, Any] = next((one for one in emails if one.get("primary")), {})
        except (OAuthError, httpx.HTTPError, KeyError, ValueError) as error:
            raise _refused(self.name) from error
        email = str(main.get("email") or "")
        _check_domain(email, verified=main.get("verified") is True, domains=self.domains)
        return Identity(self.url, subject, email, name)


def providers_from(settings: Sequence[Mapping[str, Any]]) -> dict[str, Provider]:
    """The providers that ``CollabExtension.sign_in_providers`` names.

    Raises
    ------
    ValueError
        For settings that lack something, or have something that there is not.
    """
    made: dict[str, Provider] = {}
    for given in settings:
        options = dict(given)
        kind = options.pop("kind", "openid")
        classes = {"openid": OpenIDProvider, "github": GitHub}
        try:
            provider: Provider = classes[kind](**options)
        except (KeyError, TypeError) as error:
            raise ValueError(f"CollabExtension.sign_in_providers: {options.get('id', kind)}: {error}") from error
        made[provider.id] = provider
    return made


async def _get_json(url: str, name: str) -> dict[str, Any]:
    try:
        async with httpx.AsyncClient(timeout=REQUEST_SECONDS, follow_redirects=True) as client:
            answer: dict[str, Any] = (await client.get(url)).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise SignInRefused(f"{name} does not respond. Try again later.") from error
    return answer


def _check_party(claims: Mapping[str, Any], client_id: str) -> None:
    """Raise ``ValueError`` unless the token was issued to us (OpenID Connect Core 1.0, section 3.1.3.7, 4 and 5)."""
    audience, party = claims["aud"], claims.get("azp")
    if party is None and isinstance(audience, list) and len(audience) > 1:
        raise ValueError("the token is for several parties, and does not say to which it was issued")
    if party is not None and party != client_id:
        raise ValueError("the token was issued to another party")


def _check_domain(email: str, *, verified: bool, domains: Sequence[str]) -> None:
    if not email or not verified:
        raise SignInRefused("The provider does not confirm that your e-mail address is yours. Verify it there first.")
    if domains and email.rpartition("@")[2].lower() not in {domain.lower() for domain in domains}:
        raise SignInRefused(f"Only people of {', '.join(domains)} may sign in here.")


def _refused(name: str) -> SignInRefused:
    return SignInRefused(f"{name} did not send your identity. Try to sign in again.")

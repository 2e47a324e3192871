"""Signing in: with an account's password, or by a way through the pages of a provider who vouches for people."""

import json
import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError

from ..access import UserKind, hash_password, hashing
from ..errors import CollabError, SignInRefused
from ..people import check_password
from .guests import ComingHandler
from .identity import AccountIdentityProvider, begin_session, opens_server
from .page import PageView
from .services import Services

if TYPE_CHECKING:
    from .sign_in import Provider

__all__ = ["ACCOUNT_ROUTES", "AUTH_ROUTES"]

QUEST_COOKIE = "jupyter-collab-quest"
QUEST_DAYS = 15 / (24 * 60)
MAX_NEXT_CHARACTERS = 500


class SignInHandler(ComingHandler):
    """``sign-in``: with a password."""

    @allow_unauthenticated
    async def post(self) -> None:
        """Begin a session."""
        body = self.json_body("signIn")
        account = await self.services.accounts.sign_in(body["email"], body["password"], self.request.remote_ip or "")
        await begin_session(self, self.services, account)
        self.finish({"display_name": account.display_name})


class PasswordHandler(ComingHandler):
    """``password``: exchange one's own."""

    @allow_unauthenticated
    async def put(self) -> None:
        """End all sessions of the account, and begin a new one here."""
        body = self.json_body("changePassword")
        old, new = body["old"], body["new"]
        former = None if self.known is None else self.known.session
        if former is None or former.user.kind is not UserKind.ACCOUNT:
            raise SignInRefused("Sign in with your account first.")
        check_password(new)
        store = self.manager.store.accounts
        own = await store.get(former.user.username)
        account = await self.services.accounts.sign_in(own.email, old, self.request.remote_ip or "")
        await store.set_password(account.id, await hashing(hash_password, new))
        self.services.sessions.all_ended(former, await begin_session(self, self.services, account))
        self.set_status(204)
        self.finish()


class _AuthHandler(PageView):
    """Base of the two ends of a way through a provider's pages."""

    def initialize(self, services: Services) -> None:
        """Set by the route."""
        self.services = services
        self.back_to = self.home

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """The page, which says why nobody was signed in, and from which one can try again."""
        error = kwargs["exc_info"][1] if "exc_info" in kwargs else None
        known = error.log_message if isinstance(error, HTTPError) else None
        message = known or "That did not work. Try again later."
        self.show_page(problem={"message": message, "next": self.back_in_the_page})

    @property
    def back_in_the_page(self) -> str:
        """Where those come back to who may use nothing but the page."""
        return self.back_to if self.back_to.startswith(self.home) else self.home

    def provider(self, name: str) -> "Provider":
        """The provider of that id; a 404 if there is none."""
        found = self.services.providers.get(name)
        if found is None:
            raise HTTPError(404, "Nobody signs in here that way.")
        return found

    @property
    def home(self) -> str:
        """The page that this begins and ends at."""
        return url_path_join(self.base_url, "collab/")

    def redirect_uri(self, name: str) -> str:
        """The callback's address, as the provider must know it."""
        path = url_path_join(self.base_url, "collab/auth", name, "callback")
        public = self.services.access.public_url.rstrip("/")
        return (public or f"{self.request.protocol}://{self.request.host}") + path

    @property
    def quest_cookie(self) -> str:
        """The name of the quest's cookie."""
        return self.services.cookies.name(self, QUEST_COOKIE)

    @property
    def quest_path(self) -> str:
        """Where the quest's cookie is sent."""
        return url_path_join(self.base_url, "collab/auth/")

    @property
    def next(self) -> str:
        """Where in the page the query wants to be led in the end; nothing else will do.

        Where accounts may use the server itself that is anywhere on it.
        """
        wanted = self.get_query_argument("next", "")
        is_text = wanted.isascii() and wanted.isprintable()  # browsers drop tabs, and "/\t/" becomes "//"
        is_path = is_text and not any(part in wanted for part in ("\\", "..", "//"))
        root = self.base_url if isinstance(self.identity_provider, AccountIdentityProvider) else self.home
        is_there = is_path and wanted.startswith(root)
        return wanted if is_there and len(wanted) <= MAX_NEXT_CHARACTERS else self.home


class LoginHandler(_AuthHandler):
    """``{base_url}collab/auth/{provider}/login``; ``?next=`` is the path in the page that one comes back to."""

    @allow_unauthenticated
    async def get(self, name: str) -> None:
        """Send the browser to the provider."""
        self.back_to = self.next
        provider = self.provider(name)
        from .sign_in import Quest  # the extra is there if there is a provider

        quest = Quest.new()
        try:
            address = await provider.address(quest, self.redirect_uri(name))
        except CollabError as error:
            raise HTTPError(error.status, error.public) from error
        self.set_secure_cookie(
            self.quest_cookie,
            json.dumps({**asdict(quest), "provider": name, "next": self.back_to}),
            expires_days=QUEST_DAYS,
            path=self.quest_path,
            httponly=True,
            samesite="Lax",
            secure=self.services.cookies.are_secure(self),
        )
        self.redirect(address)


class CallbackHandler(_AuthHandler):
    """``{base_url}collab/auth/{provider}/callback``."""

    @allow_unauthenticated
    async def get(self, name: str) -> None:
        """Sign in the person whom the provider sends back."""
        provider = self.provider(name)
        from .sign_in import Quest  # the extra is there if there is a provider

        kept = self.get_secure_cookie(self.quest_cookie, max_age_days=QUEST_DAYS)
        self.clear_cookie(self.quest_cookie, path=self.quest_path)
        asked: dict[str, Any] = json.loads(kept) if kept else {}
        self.back_to = asked.pop("next", self.home)
        state = self.get_query_argument("state", "")
        if asked.pop("provider", None) != name or not secrets.compare_digest(asked["state"].encode(), state.encode()):
            raise HTTPError(400, "This answer belongs to no sign-in that was begun here. Sign in again.")
        if "error" in self.request.query_arguments:
            raise HTTPError(403, f"{provider.name} did not let you in. Sign in again.")
        code, issuer = self.get_query_argument("code", ""), self.get_query_argument("iss", None)
        try:
            await self.services.manager.start()
            identity = await provider.identify(code, Quest(**asked), self.redirect_uri(name), issuer)
            account = await self.services.accounts.of(identity)
        except CollabError as error:
            raise HTTPError(error.status, error.public) from error
        await begin_session(self, self.services, account)
        self.redirect(self.back_to if opens_server(self, account) else self.back_in_the_page)


ACCOUNT_ROUTES = (
    (r"/sign-in", SignInHandler),
    (r"/password", PasswordHandler),
)

AUTH_ROUTES = (
    (r"/collab/auth/([^/]+)/login", LoginHandler),
    (r"/collab/auth/([^/]+)/callback", CallbackHandler),
)

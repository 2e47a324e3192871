"""JupyterLab itself for chosen accounts, where the deployer sets ``ServerApp.identity_provider_class`` to this."""

from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.auth.identity import PasswordIdentityProvider
from jupyter_server.auth.identity import User as JupyterUser
from jupyter_server.auth.login import LoginFormHandler
from jupyter_server.auth.logout import LogoutHandler
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import ensure_async, url_path_join
from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler
from traitlets import default

from ..access import Session
from ..errors import CollabError, StoreError
from ..people import account_user
from ..store import AccountRecord
from .jupyter_server_internals import redirect_safely
from .principals import AccountUser
from .services import Services
from .session_cookies import SERVER_COOKIE
from .websocket import RoomWebSocketHandler

__all__ = ["SERVICES", "AccountIdentityProvider", "begin_session", "opens_server"]

SERVICES = "jupyter_collab_services"
"""Where the application's settings have the parts of this extension."""

LOGIN_PAGE = """\
{% extends "login.html" %}
{% block site %}
<div class="container text-center">
  {% if passwords %}
  <form action="{{ base_url }}login?next={{ next }}" method="post" class="navbar-form">
    {{ xsrf_form_html() | safe }}
    <label for="email_input">E-mail:</label>
    <input type="email" name="email" id="email_input" class="form-control" autocomplete="username" required>
    <label for="account_password_input">Password:</label>
    <input type="password" name="password" id="account_password_input" class="form-control"
           autocomplete="current-password" required>
    <button type="submit" class="btn btn-default">Sign in</button>
  </form>
  {% endif %}
  {% if refusal %}<p role="alert">{{ refusal }}</p>{% endif %}
  {% for one in providers %}
  <p><a href="{{ base_url }}collab/auth/{{ one.id }}/login?next={{ next }}">Sign in with {{ one.name }}</a></p>
  {% endfor %}
</div>
{{ super() }}
{% endblock %}
{% block token_message %}{% endblock %}
"""


LOGOUT_PAGE = """\
{% extends "page.html" %}
{% block site %}
<div class="container text-center">
  <form action="{{ base_url }}logout" method="post">
    {{ xsrf_form_html() | safe }}
    <p>Do you want to sign out?</p>
    <button type="submit" class="btn btn-default">Sign out</button>
  </form>
</div>
{% endblock %}
"""


class AccountIdentityProvider(PasswordIdentityProvider):
    """Lets in, besides those who have the server's own token or password, accounts that may use the server.

    All other accounts, and guests, are nobody here. The store is asked for each request: what is changed there, by
    ``jupyter collab users``, counts for the next one.
    """

    @default("login_handler_class")
    def _default_login_handler_class(self) -> type[JupyterHandler]:
        return AccountLoginHandler

    @default("logout_handler_class")
    def _default_logout_handler_class(self) -> type[JupyterHandler]:
        return AccountLogoutHandler

    @property
    def auth_enabled(self) -> bool:
        """Always: a server without a token or a password is open to accounts only, not to everybody."""
        return True

    def page_config_hook(self, handler: JupyterHandler, page_config: dict[str, Any]) -> dict[str, Any]:
        """JupyterLab's page without the server's token for accounts: who has that needs no account any more."""
        return {**page_config, "token": ""} if isinstance(handler.current_user, AccountUser) else page_config

    def get_user(self, handler: Any) -> Awaitable[JupyterUser | None]:
        """Who makes a request."""
        return self._find(handler)

    async def _find(self, handler: JupyterHandler) -> JupyterUser | None:
        user: JupyterUser | None = await ensure_async(super().get_user(handler))
        return user if user is not None else await self._account(handler)

    async def _account(self, handler: Any) -> AccountUser | None:
        services: Services | None = handler.settings.get(SERVICES)
        if services is None:
            return None
        try:
            session = await services.session_cookies.find(handler, SERVER_COOKIE)
            if session is None:
                return None
            if _is_watched(handler) and not await services.open_sockets.watch(handler, session):
                return None
            account = await services.accounts.server_user(session)
        except StoreError as error:
            raise HTTPError(503, error.public) from error
        return None if account is None else AccountUser(account_user(account), session)

    def update_user(self, handler: Any, user_data: Any) -> JupyterUser:
        """Change what a user is called; an account's is the store's, and a login's cookie must not outlive it."""
        if isinstance(handler.current_user, AccountUser):
            raise ValueError("The name of an account cannot be changed here.")
        changed: JupyterUser = super().update_user(handler, user_data)
        return changed


def _is_watched(handler: object) -> bool:
    """Whether this answers the handshake of a websocket; for those of rooms, :class:`.Rechecks` look after them."""
    return isinstance(handler, WebSocketHandler) and not isinstance(handler, RoomWebSocketHandler)


def opens_server(handler: JupyterHandler, account: AccountRecord) -> bool:
    """Whether sessions of ``account`` open the server itself."""
    return account.may_use_server and isinstance(handler.identity_provider, AccountIdentityProvider)


async def begin_session(handler: JupyterHandler, services: Services, account: AccountRecord) -> Session:
    """Begin a session of ``account``."""
    uses_server = opens_server(handler, account)
    return await services.session_cookies.begin(handler, account_user(account), uses_server=uses_server)


class AccountLoginHandler(LoginFormHandler):
    """``{base_url}login``: as jupyter_server's, with a form for accounts above it."""

    def _render(self, message: dict[str, str] | None = None, refusal: str = "") -> None:
        services: Services = self.settings[SERVICES]
        page = self.settings["jinja2_env"].from_string(LOGIN_PAGE)
        facts = {
            **self.template_namespace,
            "passwords": services.accounts.passwords,
            "providers": list(services.providers.values()),
            "next": quote(self.get_argument("next", default=self.base_url), safe=""),
            "message": message,
            "refusal": refusal,
        }
        self.write(page.render(**facts))

    @allow_unauthenticated
    async def post(self) -> None:
        """Sign in: with an account, if an address was typed; without use of the server that leads to the rooms."""
        email = self.get_body_argument("email", "")
        if not email:
            super().post()  # type: ignore[no-untyped-call]  # jupyter_server's is not typed
            return
        services: Services = self.settings[SERVICES]
        password = self.get_body_argument("password", "", strip=False)
        try:
            account = await services.accounts.sign_in(email, password, self.request.remote_ip or "")
            await begin_session(self, services, account)
        except CollabError as error:
            self.set_status(error.status)
            self._render(refusal=error.public)
            return
        rooms = url_path_join(self.base_url, "collab/")
        wanted = self.get_argument("next", default=self.base_url) if opens_server(self, account) else rooms
        redirect_safely(self, wanted)


class AccountLogoutHandler(LogoutHandler):
    """``{base_url}logout``: ends the session of an account, too, if its user wants that.

    A picture in somebody's text, or another site's page, can ask for this address in its viewer's name. So a request
    that does not come of going to it, as JupyterLab's menu does, is answered with a page on which there is a button.
    """

    @allow_unauthenticated
    async def get(self) -> None:
        """Sign out, or ask first."""
        if self._is_visited:
            await self._sign_out()
        else:
            self.write(self.settings["jinja2_env"].from_string(LOGOUT_PAGE).render(**self.template_namespace))

    @allow_unauthenticated
    async def post(self) -> None:
        """Sign out; jupyter_server checks the XSRF token."""
        await self._sign_out()

    @property
    def _is_visited(self) -> bool:
        """Whether the browser says that it was led here by its user, or by a page of this server.

        Browsers say it on ``https`` and on the own machine only.
        """
        headers = self.request.headers
        is_own = headers.get("Sec-Fetch-Site") in ("same-origin", "none")
        return is_own and headers.get("Sec-Fetch-Dest") == "document"

    async def _sign_out(self) -> None:
        await self.settings[SERVICES].session_cookies.end(self)
        super().get()  # type: ignore[no-untyped-call]  # jupyter_server's is not typed

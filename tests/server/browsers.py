"""Browsers of people without a login, for tests of the server."""

import json
from http.cookies import SimpleCookie
from typing import Any

from .conftest import Answer

__all__ = ["Browser"]


class Browser:
    """Somebody's browser, without a login: it keeps its cookie and sends it where its path says."""

    def __init__(self, client: Any, base_url: str) -> None:
        self._client = client
        self.base_url = base_url
        self.cookie = ""
        self.path = ""

    async def ask(self, method: str, path: str, json_body: object = None, *, below: str = "collab/api/") -> Answer:
        """One request; its cookie goes with it whatever the path, as an attacker would send it."""
        headers = {"X-Jupyter-Collab": "1", "Content-Type": "application/json", "Cookie": self.cookie}
        response = await self._client.fetch(
            f"{self.base_url}{below}{path}",
            method=method,
            body=None if json_body is None else json.dumps(json_body),
            headers=headers,
            raise_error=False,
            allow_nonstandard_methods=True,
            follow_redirects=False,
        )
        for line in response.headers.get_list("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                if name.startswith("jupyter-collab-session"):
                    self.cookie, self.path = f"{name}={morsel.value}", morsel["path"]
        is_json = "json" in response.headers.get("Content-Type", "") and response.body
        return Answer(response.code, json.loads(response.body) if is_json else response.body, response.headers)

"""All that a running server answers: an extension of it that lists its routes, and paths that lead to them."""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.routing import PathMatches, RuleRouter
from tornado.web import RequestHandler, authenticated
from tornado.websocket import WebSocketHandler

__all__ = ["LISTED_AT", "samples"]

LISTED_AT = "tests/routes"

VALUES_PER_PART = 4

ATOM = re.compile(r"(?:\\.|\[(?:\\.|[^\]\\])+\]|[^\\\[])(?:[*+?]|\{[^}]*\})?")
"""One character of a pattern, or one class of them, and how often."""

PLAIN = re.compile(r"[\w/:,;@%&=~-]|\\\W")
"""A part that stands for one character only."""

WORD = re.compile(r"[\w.-]*\w")

QUANTIFIER = re.compile(r"[*+?]|\{[^}]*\}|")


def samples(pattern: str, values: Sequence[str]) -> list[str]:
    """Paths that match ``pattern``, with those of ``values`` in its variable parts that fit there.

    Raises
    ------
    LookupError
        If there is none: then ``values`` lacks something.
    """
    choices = [_choices(part, values) for part in _parts(pattern.removeprefix("^").removesuffix("$"))]
    found = [path for path in map("".join, product(*choices)) if re.match(pattern, path)]
    if not found:
        raise LookupError(f"Nothing fits the route {pattern}: add a value.")
    return found


def _choices(part: str, values: Sequence[str]) -> list[str]:
    character = PLAIN.fullmatch(part)
    if character is not None:
        return [character[0].removeprefix("\\")]
    words = re.sub(r"^\((\?P<\w+>)?|\)$|\\", "", part).split("|")  # if it is a group of words, each is one
    fitting = [value for value in [*filter(WORD.fullmatch, words), *values] if re.fullmatch(part, value)]
    return fitting[:VALUES_PER_PART]


def _parts(pattern: str) -> Iterator[str]:
    """Its groups, each with what is in it, and the characters between them."""
    at = 0
    while at < len(pattern):
        end = _group_end(pattern, at) if pattern[at] == "(" else None
        if end is None:
            atom = ATOM.match(pattern, at)
            assert atom is not None, pattern
            end = atom.end()
        yield pattern[at:end]
        at = end


def _group_end(pattern: str, start: int) -> int:
    """Where the group that begins at ``start`` ends, with its quantifier."""
    depth = 0
    for token in re.finditer(r"\\.|\[(?:\\.|[^\]\\])+\]|[()]", pattern[start:]):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0:
            quantifier = QUANTIFIER.match(pattern, start + token.end())
            assert quantifier is not None
            return quantifier.end()
    raise ValueError(f"{pattern} has a group without an end")


class _RoutesHandler(JupyterHandler):
    """Tells the server's own user all routes, each with the methods that somebody wrote for it."""

    @authenticated
    def get(self) -> None:
        """A list of ``{"pattern", "methods", "is_websocket"}``."""
        routes = [
            {"pattern": pattern, "methods": _methods(handler), "is_websocket": issubclass(handler, WebSocketHandler)}
            for pattern, handler in _routes(self.application.default_router)
        ]
        self.finish({"routes": routes})


def _routes(router: RuleRouter) -> Iterator[tuple[str, type[RequestHandler]]]:
    for rule in router.rules:
        if isinstance(rule.target, RuleRouter):
            yield from _routes(rule.target)
        elif isinstance(rule.matcher, PathMatches):
            yield rule.matcher.regex.pattern, rule.target


def _methods(handler: type[RequestHandler]) -> list[str]:
    return [
        method
        for method in RequestHandler.SUPPORTED_METHODS
        if getattr(handler, method.lower()) is not getattr(RequestHandler, method.lower())
    ]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    app.web_app.add_handlers(".*$", [(url_path_join(app.base_url, LISTED_AT), _RoutesHandler)])

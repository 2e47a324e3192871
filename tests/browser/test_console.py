"""An error in the console of any page of a person fails the test in which they are."""

from collections.abc import Callable

import pytest

from tests.servers import RunningServer

from .people import Person, until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(page_server: RunningServer) -> RunningServer:
    """A server without JupyterLab."""
    return page_server


FAULTS = {
    "a wall of errors": "for (let i = 0; i < 100; i += 1) console.error(new RangeError('Position out of range'))",
    "an error behind other words": "console.error('CodeMirror plugin crashed:', new RangeError('no such line'))",
    "an error that quotes a harmless one": "console.error(new RangeError('TypeError: Failed to fetch'))",
    "an exception": "setTimeout(() => { throw new RangeError('Position out of range'); })",
    "a promise that nobody looks at": "void Promise.reject(new RangeError('Position out of range'))",
    "an error of another window": "window.open('about:blank').setTimeout('throw new RangeError(1)')",
}


def heard(person: Person) -> list[str]:
    """The errors so far; playwright tells of them only while it is asked for something."""
    person.page.evaluate("null")
    return person.console.errors


def open_blank(person: Person) -> None:
    """Open a page of the server on which nothing is, and where everything may be done."""
    person.page.route("**/blank", lambda route: route.fulfill(body="<html></html>", content_type="text/html"))
    person.page.goto(f"{person.server.url}blank")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_an_error_in_the_console_fails_the_test(
    person: Callable[..., Person], server: RunningServer, fault: str
) -> None:
    with pytest.raises(AssertionError, match="in the console: "), person("Ada") as ada:  # noqa: PT012  # it is the end that raises
        open_blank(ada)
        ada.page.evaluate(f"() => {{ {fault} }}")
        until(lambda: heard(ada))
    assert len(ada.console.errors) == (100 if fault == FAULTS["a wall of errors"] else 1)


def test_what_a_browser_says_while_the_server_refuses_or_is_away_is_no_fault(
    person: Callable[..., Person], server: RunningServer
) -> None:
    with person("Ada") as ada:
        open_blank(ada)
        said: list[str] = []
        ada.page.on("console", lambda message: said.append(message.text))
        ada.page.route("**/refused", lambda route: route.fulfill(status=403))
        ada.page.evaluate("void fetch('refused')")
        until(lambda: heard(ada) or said, lambda texts: len(texts) == 1)
        ada.go_offline()
        ada.page.evaluate("fetch('api').catch(error => console.error(String(error)))")
        ada.page.evaluate("void new WebSocket(location.href.replace('http', 'ws'))")
        until(lambda: heard(ada) or said, lambda texts: len(texts) == 4)


@pytest.mark.parametrize("is_meant", [False, True])
def test_a_server_that_fails_is_a_fault_unless_the_test_makes_it_fail(
    person: Callable[..., Person], server: RunningServer, is_meant: bool
) -> None:
    with person("Ada") as ada:
        open_blank(ada)
        if is_meant:
            ada.console.let_server_fail("This test plays a server that fails.")
        said: list[str] = []
        ada.page.on("console", lambda message: said.append(message.text))
        ada.page.route("**/failing", lambda route: route.fulfill(status=503))
        ada.page.evaluate("void fetch('failing')")
        until(lambda: heard(ada) or said, lambda texts: len(texts) == 1)
        errors = list(ada.console.errors)
        ada.console.errors.clear()
        assert len(errors) == (0 if is_meant else 1)

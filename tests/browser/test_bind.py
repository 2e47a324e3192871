"""Single cells of notebooks of one's own, shared: the text is everybody's, the runs are each one's own."""

from collections.abc import Callable

import nbformat
import pytest

from tests.servers import RunningServer

from .bound import open_notebook, read_notebook
from .people import Person, until
from .rooms import write_notebook

pytestmark = pytest.mark.browser


def test_two_people_share_one_cell_of_their_notebooks(person: Callable[..., Person], server: RunningServer) -> None:
    mine = write_notebook(server, "ada-cell.ipynb", "who = 'Ada'", "print(who)")
    theirs = write_notebook(server, "bob-cell.ipynb", "who = 'Bob'")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada = open_notebook(ada, mine)
        at_bob = open_notebook(bob, theirs)
        room = at_ada.share(1, "Who are you")
        index = at_bob.join(0, f"{server.url}lab?room={room}")
        assert at_bob.source(index) == "print(who)"

        at_bob.type(index, "\nprint('from bob')")
        until(lambda: at_ada.source(1), lambda text: text == "print(who)\nprint('from bob')")
        at_ada.type(1, " # and ada")
        until(lambda: at_bob.source(index), lambda text: text.endswith("print('from bob') # and ada"))
        until(lambda: at_bob.carets, lambda carets: carets == {"Ada"})
        ada.take_picture("shared")

        for notebook, own in ((at_ada, 1), (at_bob, index)):
            notebook.run(0)
            notebook.run(own)
        until(lambda: at_ada.output(1), lambda text: text == "Ada\nfrom bob")
        until(lambda: at_bob.output(index), lambda text: text == "Bob\nfrom bob")
        bob.take_picture("shared")

        at_bob.save()
        saved = read_notebook(server, theirs)
        nbformat.validate(nbformat.from_dict(saved))
        link = saved["cells"][index]["metadata"]["jupyter_collab"]
        assert (link["room"], len(link["base"])) == (room, 64)
        bob.page.goto("about:blank")
        at_ada.type(1, " # later")

        at_bob = open_notebook(bob, theirs)
        at_bob.wait_for_state(index, "shared")
        until(lambda: at_bob.source(index), lambda text: text.endswith("# and ada # later"))
        assert at_bob.badge(index).locator(".jc-BoundCell-notice").count() == 0

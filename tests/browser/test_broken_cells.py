"""A cell that cannot be made, or not be filled, says so and shows its text; all others are shown."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

import jupyter_collab
from tests.servers import RunningServer

from .people import Person, until
from .rooms import code_cell, notebook
from .test_commands_in_texts import text_cell

pytestmark = pytest.mark.browser

BREAK = """step => {
  const panes = [...jupyterapp.shell.widgets('main')].map(({ content }) => content);
  const { notebook } = panes.find(content => content?.notebook);
  const sabotage = (owner, name, modelOf) => {
    let prototype;
    for (let parent = owner; parent !== null; parent = Object.getPrototypeOf(parent)) {
      prototype = Object.hasOwn(parent, name) ? parent : prototype;
    }
    const former = prototype[name];
    prototype[name] = function (...args) {
      if (modelOf(this, args).sharedModel.getSource().includes('broken')) {
        throw new Error('an extension failed');
      }
      return former.apply(this, args);
    };
  };
  if (step === 'make') {
    sabotage(notebook.contentFactory, 'createCodeCell', (_, [options]) => options.model);
    sabotage(notebook.contentFactory, 'createMarkdownCell', (_, [options]) => options.model);
  } else {
    sabotage(notebook.widgets[0], 'initializeDOM', cell => cell.model);
  }
}"""
"""Break what makes cells, or what fills them, where their text says so: as an extension of JupyterLab could."""


@pytest.mark.parametrize("step", ["make", "show"])
def test_the_others_are_shown(person: Callable[..., Person], server: RunningServer, step: str) -> None:
    room = f"broken-{step}"
    server.create_room(f"{room}-before", content=notebook(code_cell("c0", "x"), text_cell("c1", "text")))
    cells = [code_cell("c0", "first"), code_cell("c1", "broken"), text_cell("c2", "broken"), code_cell("c3", "last")]
    server.create_room(room, content=notebook(*cells))
    with person("Ada") as ada, jupyter_collab.connect(room, url=server.url, token=server.token) as program:
        ada.open_room(f"{room}-before")
        ada.page.evaluate(BREAK, step)
        ada.run("jupyter-collab:open", {"room": room})
        root = ada.page.locator(".jc-Pane:visible")
        last = root.locator(".cm-content", has_text="last")
        last.wait_for()
        notes = root.get_by_text("Of this cell only the text can be shown")
        expect(notes).to_have_count(2)
        last.click()
        ada.page.keyboard.press("Control+End")
        ada.page.keyboard.type("!")
        until(lambda: program.cell("c3").source, "last!".__eq__)
        program.cell("c1").append(" but read")
        broken = root.get_by_text("broken but read")
        broken.wait_for()
        ada.take_picture(room)
        if step == "make":
            broken.click()
            ada.page.keyboard.press("Control+End")
            ada.page.keyboard.type(" and mended")
            until(lambda: program.cell("c1").source, "broken but read and mended".__eq__)
        program.delete_cell("c1")
        expect(notes).to_have_count(1)
        last.click()
        ada.page.keyboard.press("Control+End")
        ada.page.keyboard.type("?")
        until(lambda: program.cell("c3").source, "last!?".__eq__)

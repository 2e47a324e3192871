import type { CommandRegistry } from '@lumino/commands';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Menu } from '@lumino/widgets';

import { PREFIX } from './commands.js';
import type { NotebookView } from './notebook.js';

const ITEMS = [
  ['run-cell', 'run-all-above', 'run-all-below'],
  ['cut-cell', 'copy-cell', 'paste-cell-below', 'duplicate-below', 'delete-cell'],
  ['split-cell-at-cursor', 'merge-cells', 'merge-cell-above', 'merge-cell-below'],
  ['move-cell-up', 'move-cell-down'],
  ['change-cell-to-code', 'change-cell-to-markdown', 'change-cell-to-raw', 'clear-cell-output']
] as const;

/**
 * Gives the cells of a pane a context menu of their own: that of JupyterLab's notebooks would act on the notebook
 * around the pane, or on none. It acts on the cell on which it was opened, and on all that are selected with that.
 * With Shift one gets the browser's.
 */
export function addContextMenu(notebook: NotebookView, commands: CommandRegistry): IDisposable {
  const menu = new Menu({ commands });
  menu.addClass('jc-ContextMenu');
  ITEMS.forEach((group, index) => {
    if (index > 0) {
      menu.addItem({ type: 'separator' });
    }
    group.forEach(name => menu.addItem({ command: PREFIX + name, args: { isMenu: true } }));
  });
  const onMenu = (event: MouseEvent): void => {
    const { target } = event;
    const cell = target instanceof Node ? notebook.widgets.find(({ node }) => node.contains(target)) : undefined;
    if (event.shiftKey || cell === undefined) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    notebook.choose(cell);
    menu.open(event.clientX, event.clientY);
  };
  const { node } = notebook;
  node.addEventListener('contextmenu', onMenu);
  return new DisposableDelegate(() => {
    node.removeEventListener('contextmenu', onMenu);
    menu.dispose();
  });
}

import type { CommandRegistry } from '@lumino/commands';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Menu } from '@lumino/widgets';

import { PREFIX } from './commands.js';
import { focusIsNowhere, type NotebookView } from './notebook.js';

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
  let focused: Element | null = null;
  let chosen: string | null = null;
  const onMenu = (event: MouseEvent): void => {
    const { target } = event;
    const cell = target instanceof Node ? notebook.widgets.find(({ node }) => node.contains(target)) : undefined;
    if (event.shiftKey || cell === undefined) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    notebook.choose(cell);
    focused = document.activeElement;
    chosen = cell.model.id;
    menu.open(event.clientX, event.clientY);
  };
  menu.aboutToClose.connect(() =>
    queueMicrotask(() => {
      if (!notebook.isDisposed && focusIsNowhere()) {
        giveBack(focused, notebook);
      }
    })
  );
  const onActive = (): void => {
    if (menu.isAttached && chosen !== null && !notebook.has(chosen)) {
      // It would act on the cell that is the active one now.
      menu.close();
    }
  };
  notebook.activeCellChanged.connect(onActive);
  const { node } = notebook;
  node.addEventListener('contextmenu', onMenu);
  return new DisposableDelegate(() => {
    notebook.activeCellChanged.disconnect(onActive);
    node.removeEventListener('contextmenu', onMenu);
    menu.dispose();
  });
}

/** Gives the focus to what had it before the menu, if that was among the cells and is there; else to the cells. */
function giveBack(focused: Element | null, notebook: NotebookView): void {
  if (focused instanceof HTMLElement && notebook.node.contains(focused)) {
    focused.focus({ preventScroll: true });
  } else {
    notebook.activate();
  }
}

import type { CommandRegistry } from '@lumino/commands';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Menu } from '@lumino/widgets';

import { PREFIX } from './commands.js';

const ITEMS = [
  ['run-cell', 'run-all-above', 'run-all-below'],
  ['cut-cell', 'copy-cell', 'paste-cell-below', 'duplicate-below', 'delete-cell'],
  ['split-cell-at-cursor', 'merge-cells', 'merge-cell-above', 'merge-cell-below'],
  ['move-cell-up', 'move-cell-down'],
  ['change-cell-to-code', 'change-cell-to-markdown', 'change-cell-to-raw', 'clear-cell-output']
] as const;

/**
 * Gives the cells of a pane a context menu of their own: that of JupyterLab's notebooks would act on the notebook
 * around the pane, or on none. With Shift one gets the browser's.
 */
export function addContextMenu(node: HTMLElement, commands: CommandRegistry): IDisposable {
  const menu = new Menu({ commands });
  menu.addClass('jc-ContextMenu');
  ITEMS.forEach((group, index) => {
    if (index > 0) {
      menu.addItem({ type: 'separator' });
    }
    group.forEach(name => menu.addItem({ command: PREFIX + name, args: { isMenu: true } }));
  });
  const onMenu = (event: MouseEvent): void => {
    if (event.shiftKey || !(event.target instanceof Element) || event.target.closest('.jp-Cell') === null) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    menu.open(event.clientX, event.clientY);
  };
  node.addEventListener('contextmenu', onMenu);
  return new DisposableDelegate(() => {
    node.removeEventListener('contextmenu', onMenu);
    menu.dispose();
  });
}

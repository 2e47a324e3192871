import type { CommandRegistry } from '@lumino/commands';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

import { PREFIX } from './commands.js';

const COMMAND_MODE = '.jp-Notebook.jp-mod-commandMode:not(.jp-mod-readWrite) :focus';
const EDIT_MODE = '.jp-Notebook.jp-mod-editMode';
const ON_MARKDOWN = '.jp-Notebook.jp-mod-commandMode:not(.jp-mod-readWrite) .jp-MarkdownCell:focus';

const COMPLETING = '.jp-Notebook .jp-mod-completer-active';
const COMPLETABLE =
  `${EDIT_MODE} .jp-mod-completer-enabled` + ':not(.jp-mod-at-line-beginning):not(.jp-mod-completer-active)';
const INSPECTABLE =
  `${EDIT_MODE} .jp-InputArea-editor` +
  ':not(.jp-mod-has-primary-selection):not(.jp-mod-in-leading-whitespace):not(.jp-mod-completer-active)';

type Binding = readonly [command: string, selector: string, ...keys: string[]];

/** JupyterLab's defaults, for pages that bring no notebook of their own. */
const DEFAULTS: readonly Binding[] = [
  ['enter-edit-mode', '.jp-Notebook.jp-mod-commandMode .jp-Cell:focus', 'Enter'],
  ['enter-command-mode', EDIT_MODE, 'Escape'],
  ['enter-command-mode', EDIT_MODE, 'Ctrl M'],
  ['move-cursor-up', COMMAND_MODE, 'ArrowUp'],
  ['move-cursor-up', COMMAND_MODE, 'K'],
  ['move-cursor-down', COMMAND_MODE, 'ArrowDown'],
  ['move-cursor-down', COMMAND_MODE, 'J'],
  ['extend-marked-cells-above', COMMAND_MODE, 'Shift ArrowUp'],
  ['extend-marked-cells-above', COMMAND_MODE, 'Shift K'],
  ['extend-marked-cells-below', COMMAND_MODE, 'Shift ArrowDown'],
  ['extend-marked-cells-below', COMMAND_MODE, 'Shift J'],
  ['extend-marked-cells-top', COMMAND_MODE, 'Shift Home'],
  ['extend-marked-cells-bottom', COMMAND_MODE, 'Shift End'],
  ['select-all', COMMAND_MODE, 'Accel A'],
  ['insert-cell-above', COMMAND_MODE, 'A'],
  ['insert-cell-below', COMMAND_MODE, 'B'],
  ['delete-cell', COMMAND_MODE, 'D', 'D'],
  ['copy-cell', COMMAND_MODE, 'C'],
  ['cut-cell', COMMAND_MODE, 'X'],
  ['paste-cell-below', COMMAND_MODE, 'V'],
  ['undo-cell-action', COMMAND_MODE, 'Z'],
  ['redo-cell-action', COMMAND_MODE, 'Shift Z'],
  ['split-cell-at-cursor', EDIT_MODE, 'Ctrl Shift -'],
  ['merge-cells', COMMAND_MODE, 'Shift M'],
  ['merge-cell-above', COMMAND_MODE, 'Ctrl Backspace'],
  ['merge-cell-below', COMMAND_MODE, 'Ctrl Shift M'],
  ['move-cell-up', COMMAND_MODE, 'Ctrl Shift ArrowUp'],
  ['move-cell-down', COMMAND_MODE, 'Ctrl Shift ArrowDown'],
  ['change-cell-to-code', COMMAND_MODE, 'Y'],
  ['change-cell-to-markdown', COMMAND_MODE, 'M'],
  ['change-cell-to-raw', COMMAND_MODE, 'R'],
  ...[1, 2, 3, 4, 5, 6].map((level): Binding => [`change-cell-to-heading-${level}`, ON_MARKDOWN, `${level}`]),
  ['run-cell', COMMAND_MODE, 'Accel Enter'],
  ['run-cell', EDIT_MODE, 'Accel Enter'],
  ['run-cell-and-insert-below', COMMAND_MODE, 'Alt Enter'],
  ['run-cell-and-insert-below', EDIT_MODE, 'Alt Enter'],
  ['run-cell-and-select-next', EDIT_MODE, 'Shift Enter']
];

/** What JupyterLab binds to commands of its menus and completers instead, which do not know our pane. */
const ALWAYS: readonly Binding[] = [
  ['invoke-completer', COMPLETABLE, 'Tab'],
  ['select-completion', COMPLETING, 'Enter'],
  ['dismiss-completions', COMPLETING, 'Escape'],
  ['inspect', INSPECTABLE, 'Shift Tab'],
  ['run-cell-and-select-next', COMMAND_MODE, 'Shift Enter'],
  ['interrupt-kernel', COMMAND_MODE, 'I', 'I'],
  ['restart-kernel', COMMAND_MODE, '0', '0'],
  ['undo', COMMAND_MODE, 'Accel Z'],
  ['undo', EDIT_MODE, 'Accel Z'],
  ['redo', COMMAND_MODE, 'Accel Shift Z'],
  ['redo', EDIT_MODE, 'Accel Shift Z']
];

/**
 * Gives a pane's commands the keys of the notebook's: those that the viewer set for the notebook in JupyterLab, else
 * the defaults.
 *
 * @param commands - The pane's commands.
 * @param page - The commands of the page around it, if it has any.
 */
export function bindNotebookKeys(commands: CommandRegistry, page: CommandRegistry | null): void {
  const add = (command: string, selector: string, keys: readonly string[]): void => {
    // A notebook around the pane is in some mode too: its mode is not ours.
    commands.addKeyBinding({ command: PREFIX + command, selector: `.jc-Pane ${selector}`, keys: [...keys] });
  };
  const own = (page?.keyBindings ?? [])
    .map(({ command, selector, keys }) => ({
      command: command.replace(/^notebook:/, ''),
      selector,
      keys,
      full: command
    }))
    .filter(
      ({ command, full, keys }) => command !== full && keys.join('') !== '' && commands.hasCommand(PREFIX + command)
    );
  own.forEach(({ command, selector, keys }) => add(command, selector, keys));
  const rest = own.length > 0 ? ALWAYS : [...DEFAULTS, ...ALWAYS];
  rest.forEach(([command, selector, ...keys]) => add(command, selector, keys));
}

/** Registries of commands ignore the keys typed in an element with this attribute. */
const SUPPRESS = 'data-lm-suppress-shortcuts';

/**
 * Sends the keys typed in a node to a registry of commands before anybody else gets them.
 *
 * @param node - The node.
 * @param commands - The registry.
 * @param isEmbedded - Whether the node stands in a notebook: then no shortcut of the page works in it, for those of
 *   the
 *   notebook would match, and act on the cell around. Elsewhere the page gets the keys that the registry does not use.
 */
export function captureKeys(node: HTMLElement, commands: CommandRegistry, isEmbedded: boolean): IDisposable {
  const onKey = (event: KeyboardEvent): void => {
    const { target } = event;
    if (!(target instanceof Element) || !node.contains(target)) {
      return;
    }
    target.removeAttribute(SUPPRESS);
    // An untrusted event is one that a registry plays back, as the start of a sequence that did not come: it was
    // here.
    const isForControl = pressesControl(event, target);
    if (event.isTrusted && !isForControl) {
      commands.processKeydownEvent(event);
    }
    if (isEmbedded || isForControl) {
      // On the element itself: the shortcuts of a notebook match what has the focus, wherever in the notebook it is.
      target.setAttribute(SUPPRESS, 'true');
    }
  };
  window.addEventListener('keydown', onKey, true);
  return new DisposableDelegate(() => window.removeEventListener('keydown', onKey, true));
}

/** Whether a key presses the button or follows the link that has the focus; in a notebook it would open the cell. */
function pressesControl(event: KeyboardEvent, target: Element): boolean {
  const isBare = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
  return isBare && ['Enter', ' '].includes(event.key) && target.matches('button, a[href], summary');
}

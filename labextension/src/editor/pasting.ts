import { Prec, type Extension, type Transaction } from '@codemirror/state';
import { ViewPlugin, type ViewUpdate } from '@codemirror/view';
import type { IEditorExtensionFactory } from '@jupyterlab/codemirror';

import { RoomNotebook } from '../document/roomnotebook.js';

/** What is used of a text's undo manager. */
export interface IUndoSteps {
  /** What comes next does not belong to the step before. */
  stopCapturing(): void;
}

/**
 * Makes what is pasted or dropped a step of its own for undo, however soon before or after it one types.
 *
 * The step before ends before the text is told of the change, and the step itself ends after that: plugins are told in
 * the order of their precedence, the binding of the text in the middle.
 *
 * @param steps - The undo manager of the text, which may change.
 */
export function separatePastes(steps: () => IUndoSteps | null): Extension {
  const end = (update: ViewUpdate): void => {
    if (update.transactions.some(isPaste)) {
      steps()?.stopCapturing();
    }
  };
  const plugin = (): Extension => ViewPlugin.define(() => ({ update: end }));
  return [Prec.highest(plugin()), Prec.lowest(plugin())];
}

/** The extension for JupyterLab's registry of editor extensions: it does nothing in editors that show no room. */
export const pasteExtension: IEditorExtensionFactory = {
  name: 'jupyter-collab:pastes',
  factory: ({ model }) => {
    const cell = model.sharedModel as { notebook?: unknown; undoManager?: IUndoSteps | null };
    return cell.notebook instanceof RoomNotebook
      ? { instance: () => separatePastes(() => cell.undoManager ?? null), reconfigure: () => null }
      : null;
  }
};

function isPaste(transaction: Transaction): boolean {
  return ['input.paste', 'input.drop', 'move.drop'].some(event => transaction.isUserEvent(event));
}

import { EditorState, type ChangeSpec, type Extension, type Transaction } from '@codemirror/state';
import type { IEditorExtensionFactory } from '@jupyterlab/codemirror';

import { RoomNotebook } from '../document/roomnotebook.js';

/**
 * For texts with `\r`, which any client may write: only `\n` ends a line, and a viewer's edit leaves no other breaks.
 *
 * CodeMirror would count `\r\n` as one character where Yjs counts two, and edits and carets would go to wrong places.
 * Who types at the end of a line would then type behind its `\r`, were it not taken out.
 */
export const plainLineBreaks: Extension = [
  EditorState.lineSeparator.of('\n'),
  // The last filter is asked first.
  EditorState.transactionFilter.of(edit =>
    isTyped(edit) ? [edit, { changes: replace(edit.newDoc.toString(), /\r\n?/g, '\n'), sequential: true }] : edit
  ),
  EditorState.transactionFilter.of(edit =>
    isTyped(edit) ? [edit, { changes: replace(edit.startState.doc.toString(), /\r(?=\n)/g, '') }] : edit
  )
];

/** The extension for JupyterLab's registry of editor extensions: it does nothing in editors that show no room. */
export const lineBreakExtension: IEditorExtensionFactory = {
  name: 'jupyter-collab:line-breaks',
  factory: ({ model }) => {
    const { notebook } = model.sharedModel as { notebook?: unknown };
    return notebook instanceof RoomNotebook ? { instance: () => plainLineBreaks, reconfigure: () => null } : null;
  }
};

function isTyped(transaction: Transaction): boolean {
  return transaction.docChanged && (transaction.isUserEvent('input') || transaction.isUserEvent('delete'));
}

/** The changes that put `insert` in place of each match in `text`. */
function replace(text: string, pattern: RegExp, insert: string): ChangeSpec[] {
  return [...text.matchAll(pattern)].map(({ 0: match, index }) => ({ from: index, to: index + match.length, insert }));
}

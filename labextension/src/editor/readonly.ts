import { EditorState, type Extension } from '@codemirror/state';
import type { IEditorExtensionFactory } from '@jupyterlab/codemirror';
import type * as Y from 'yjs';

import { mayEdit } from '../rooms/editgate.js';

/** While a text may not be edited, its editor takes only what makes it the same as the text. */
export function onlyAllowedEdits(text: Y.Text): Extension {
  return EditorState.changeFilter.of(
    change => text.doc === null || mayEdit(text.doc) || change.newDoc.toString() === text.toString()
  );
}

/** The extension for JupyterLab's registry of editor extensions: it does nothing in editors that show no room. */
export const readOnlyExtension: IEditorExtensionFactory = {
  name: 'jupyter-collab:read-only',
  factory: ({ model }) => {
    const { ysource } = model.sharedModel as { ysource?: Y.Text };
    return ysource ? { instance: () => onlyAllowedEdits(ysource), reconfigure: () => null } : null;
  }
};

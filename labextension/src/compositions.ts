import { EditorExtensionRegistry, type IEditorExtensionFactory } from '@jupyterlab/codemirror';

import { RoomNotebook } from './document/roomnotebook.js';
import { holdWhileComposing } from './pane/composition.js';

/** The extension for JupyterLab's registry of editor extensions: it does nothing in editors that show no room. */
export const compositionExtension: IEditorExtensionFactory = {
  name: 'jupyter-collab:compositions',
  factory: ({ model }) => {
    const { notebook } = model.sharedModel as { notebook?: unknown };
    return notebook instanceof RoomNotebook
      ? EditorExtensionRegistry.createImmutableExtension(holdWhileComposing(notebook))
      : null;
  }
};

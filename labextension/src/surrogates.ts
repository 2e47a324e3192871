import { EditorExtensionRegistry, type IEditorExtensionFactory, ySyncAnnotation } from '@jupyterlab/codemirror';

import { wholeSurrogates } from './pane/surrogates.js';

const wholeEdits = wholeSurrogates(ySyncAnnotation);

/**
 * The extension for JupyterLab's registry that keeps edits from cutting characters, in all cells of notebooks: any of
 * them may come to be shared.
 */
export const surrogateExtension: IEditorExtensionFactory = {
  name: 'jupyter-collab:surrogates',
  factory: ({ model }) => {
    const { notebook } = model.sharedModel as { notebook?: unknown };
    return notebook ? EditorExtensionRegistry.createImmutableExtension(wholeEdits) : null;
  }
};

/** What the editors of rooms need beyond those of notebooks, for JupyterLab's registry of editor extensions. */
import { EditorExtensionRegistry, type IEditorExtensionFactory, ySyncAnnotation } from '@jupyterlab/codemirror';

import { RoomNotebook } from '../document/roomnotebook.js';
import { caretExtension } from './carets.js';
import { holdWhileComposing } from './composition.js';
import { lineBreakExtension } from './linebreaks.js';
import { pasteExtension } from './pasting.js';
import { readOnlyExtension } from './readonly.js';
import { wholeSurrogates } from './surrogates.js';

/** Holds others' changes back while an input method composes; it does nothing in editors that show no room. */
const compositionExtension: IEditorExtensionFactory = {
  name: 'jupyter-collab:compositions',
  factory: ({ model }) => {
    const { notebook } = model.sharedModel as { notebook?: unknown };
    return notebook instanceof RoomNotebook
      ? EditorExtensionRegistry.createImmutableExtension(holdWhileComposing(notebook))
      : null;
  }
};

const wholeEdits = wholeSurrogates(ySyncAnnotation);

/** Keeps edits from cutting characters, in all cells of notebooks: any of them may come to be shared. */
const surrogateExtension: IEditorExtensionFactory = {
  name: 'jupyter-collab:surrogates',
  factory: ({ model }) => {
    const { notebook } = model.sharedModel as { notebook?: unknown };
    return notebook ? EditorExtensionRegistry.createImmutableExtension(wholeEdits) : null;
  }
};

/** All of them. */
export const roomExtensions: readonly IEditorExtensionFactory[] = [
  caretExtension,
  compositionExtension,
  lineBreakExtension,
  pasteExtension,
  readOnlyExtension,
  surrogateExtension
];

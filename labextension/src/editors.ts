import type { IEditorExtensionFactory } from '@jupyterlab/codemirror';

import { caretExtension } from './carets.js';
import { compositionExtension } from './compositions.js';
import { lineBreakExtension } from './linebreaks.js';
import { pasteExtension } from './pasting.js';
import { readOnlyExtension } from './readonly.js';
import { surrogateExtension } from './surrogates.js';

/** What the editors of rooms need beyond those of notebooks, for JupyterLab's registry of editor extensions. */
export const roomExtensions: readonly IEditorExtensionFactory[] = [
  caretExtension,
  compositionExtension,
  lineBreakExtension,
  pasteExtension,
  readOnlyExtension,
  surrogateExtension
];

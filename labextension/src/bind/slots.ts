import { Compartment, EditorState, Prec, type Extension } from '@codemirror/state';
import { ViewPlugin, type EditorView } from '@codemirror/view';
import { EditorExtensionRegistry, type IEditorExtensionFactory } from '@jupyterlab/codemirror';

/** What the editors of one cell have more than others, and where these are now. */
interface ISlot {
  extension: Extension;
  readonly editors: Map<EditorView, Compartment>;
}

const slots = new WeakMap<object, ISlot>();

/** Gives all editors of a cell, those to come too, an extension in place of the one that they were given before. */
export function extendEditors(cell: object, extension: Extension): void {
  const slot = slotOf(cell);
  slot.extension = extension;
  for (const [view, compartment] of slot.editors) {
    view.dispatch({ effects: compartment.reconfigure(extension) });
  }
}

/** Keeps a person from typing. */
export const readOnly: Extension = Prec.highest(EditorState.readOnly.of(true));

/** The extension for JupyterLab's registry of editor extensions: it makes room for `extendEditors` in cells. */
export const slotExtension: IEditorExtensionFactory = {
  name: 'jupyter-collab:bound-cells',
  factory: ({ model }) => {
    const cell = model.sharedModel as { notebook?: unknown };
    if (!cell.notebook) {
      return null;
    }
    const slot = slotOf(cell);
    const compartment = new Compartment();
    const place = ViewPlugin.define(view => {
      slot.editors.set(view, compartment);
      return { destroy: () => void slot.editors.delete(view) };
    });
    return EditorExtensionRegistry.createImmutableExtension([compartment.of(slot.extension), place]);
  }
};

function slotOf(cell: object): ISlot {
  const slot = slots.get(cell) ?? { extension: [], editors: new Map() };
  slots.set(cell, slot);
  return slot;
}

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { slotExtension } from '../bind/slots.js';
import { addBindCommands, addBindToPalette, tellOfSplits } from './bindcommands.js';
import { BoundNotebooks } from './boundnotebooks.js';
import { ICollab } from './collab.js';
import { CommandIDs } from './roomcommands.js';

/** Cells of notebooks of one's own that are shared, one by one. */
export const bindPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-collab:bind',
  description: 'Shares single cells of notebooks.',
  autoStart: true,
  requires: [ICollab, IEditorExtensionRegistry],
  optional: [INotebookTracker, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    collab: ICollab,
    editorExtensions: IEditorExtensionRegistry,
    tracker: INotebookTracker | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    if (tracker === null) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('jupyter_collab');
    editorExtensions.addExtension(slotExtension);
    const openRoom = (room: string): void => void app.commands.execute(CommandIDs.open, { room });
    const notebooks = new BoundNotebooks({ join: collab.join, openRoom, trans });
    tracker.forEach(panel => notebooks.follow(panel));
    tracker.widgetAdded.connect((_, panel) => notebooks.follow(panel));
    addBindCommands(app.commands, tracker, notebooks, { api: collab.api, join: collab.join, trans });
    tellOfSplits(app.commands, tracker, notebooks, trans);
    if (palette) {
      addBindToPalette(palette, trans);
    }
  }
};

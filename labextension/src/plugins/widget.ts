import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type * as sharedEditor from '../widget/shared_editor.js';
import { ICollab } from './collab.js';
import { isRole } from './roles.js';

/** Rooms in the outputs of cells, through ipywidgets. */
export const widgetPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-collab:widget',
  description: 'Shows shared rooms in the outputs of cells.',
  autoStart: true,
  requires: [ICollab, IRenderMimeRegistry],
  optional: [ITranslator],
  activate: async (
    app: JupyterFrontEnd,
    collab: ICollab,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null
  ) => {
    const widgets = await loadWidgets();
    if (widgets === null) {
      return;
    }
    const registry = await app.resolveOptionalService(widgets.IJupyterWidgetRegistry);
    registry?.registerWidget(
      widgets.widgetRegistration({
        createPane: ({ room, cell, role }) =>
          collab.createPane(room, {
            cell: cell ?? undefined,
            role: isRole(role) ? role : undefined,
            embedded: true
          }),
        rendermime,
        translator: translator ?? nullTranslator
      })
    );
  }
};

/** What needs ipywidgets' own extension: `null` in a JupyterLab without it, where all else is to work. */
async function loadWidgets(): Promise<typeof sharedEditor | null> {
  try {
    return await import('../widget/shared_editor.js');
  } catch {
    return null;
  }
}

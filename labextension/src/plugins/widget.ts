import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { widgetRegistration } from '../widget/shared_editor.js';
import { ICollab } from './collab.js';
import { isRole } from './roles.js';

/** Rooms in the outputs of cells, through ipywidgets. */
export const widgetPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-collab:widget',
  description: 'Shows shared rooms in the outputs of cells.',
  autoStart: true,
  requires: [ICollab, IRenderMimeRegistry],
  optional: [IJupyterWidgetRegistry, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    collab: ICollab,
    rendermime: IRenderMimeRegistry,
    registry: IJupyterWidgetRegistry | null,
    translator: ITranslator | null
  ) => {
    registry?.registerWidget(
      widgetRegistration({
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

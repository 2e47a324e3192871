import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';

import { widgetRegistration } from '../widget/shared_editor.js';
import { ICollab } from './collab.js';
import { isRole } from './roles.js';

/** Rooms in the outputs of cells, through ipywidgets. */
export const widgetPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-collab:widget',
  description: 'Shows shared rooms in the outputs of cells.',
  autoStart: true,
  requires: [ICollab],
  optional: [IJupyterWidgetRegistry],
  activate: (_app: JupyterFrontEnd, collab: ICollab, registry: IJupyterWidgetRegistry | null) => {
    registry?.registerWidget(
      widgetRegistration(({ room, cell, role }) =>
        collab.createPane(room, {
          cell: cell ?? undefined,
          role: isRole(role) ? role : undefined,
          embedded: true
        })
      )
    );
  }
};

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { roomIcon } from './icons.js';
import { IRoomsToken } from './opener.js';
import { CommandIDs, PANEL_ID } from './roomcommands.js';
import type { IRooms } from './rooms.js';
import { RoomsPanel } from './roomspanel.js';
import { followSettings } from './settings.js';

/** The list of rooms in the left side area. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-collab:panel',
  description: 'Lists shared rooms in the side area.',
  autoStart: true,
  requires: [IRoomsToken],
  optional: [ILayoutRestorer, ITranslator, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    rooms: IRooms,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null,
    settings: ISettingRegistry | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_collab');
    const panel = new RoomsPanel(rooms, trans);
    panel.id = PANEL_ID;
    panel.title.icon = roomIcon;
    panel.title.caption = trans.__('Rooms');
    app.shell.add(panel, 'left', { rank: 150, type: 'Rooms' });
    restorer?.add(panel, panel.id);
    const inUse = '.jc-RoomsPanel-item[data-deleted="false"]';
    const inBin = '.jc-RoomsPanel-item[data-deleted="true"]';
    const items = [
      [CommandIDs.open, inUse],
      [CommandIDs.copyLink, inUse],
      [CommandIDs.rename, inUse],
      [CommandIDs.remove, inUse],
      [CommandIDs.restore, inBin],
      [CommandIDs.purge, inBin]
    ] as const;
    items.forEach(([command, selector], rank) => app.contextMenu.addItem({ command, selector, rank }));
    void followSettings(settings, ({ refreshSeconds }) => {
      panel.refreshSeconds = refreshSeconds;
    });
  }
};

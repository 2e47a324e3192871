import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';

import { ICollab } from './collab.js';
import { isRole } from './roles.js';
import { addCommands, addToLauncher, addToPalette, CommandIDs } from './roomcommands.js';
import { Rooms, type IRooms } from './rooms.js';
import { linkTo, Tabs } from './tabs.js';

export const IRoomsToken = new Token<IRooms>('jupyter-collab:IRooms', 'What one does to rooms.');

/** Rooms as tabs: commands, launcher, palette, address, and what was open before a reload. */
export const openerPlugin: JupyterFrontEndPlugin<IRooms> = {
  id: 'jupyter-collab:opener',
  description: 'Opens shared rooms in tabs.',
  autoStart: true,
  provides: IRoomsToken,
  requires: [ICollab],
  optional: [ILabShell, ILayoutRestorer, ICommandPalette, ILauncher, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    collab: ICollab,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_collab');
    const tabs = new Tabs(app, collab, labShell, trans);
    const rooms = new Rooms(collab.api, collab.languages, id => tabs.open(id), trans);
    addCommands(app, tabs, rooms, trans);
    void restorer?.restore(tabs.tracker, { command: CommandIDs.open, args: tab => tab.args, name: tab => tab.id });
    if (launcher) {
      addToLauncher(launcher, trans);
    }
    if (palette) {
      addToPalette(palette, trans);
    }
    openFromRunning(app, tabs);
    void app.restored.then(() => openFromAddress(tabs));
    return rooms;
  }
};

/** What the path of the session of a room's kernel begins with; no file has such a path. */
const SESSION_PREFIX = 'collab:';

/** Opens the room whose kernel is chosen among all that runs: JupyterLab takes its session for one of a file. */
function openFromRunning(app: JupyterFrontEnd, tabs: Tabs): void {
  app.commands.commandExecuted.connect((_, { id, args, result }) => {
    const path = args['path'];
    if (typeof path !== 'string' || !path.startsWith(SESSION_PREFIX)) {
      return;
    }
    if (id === 'docmanager:open') {
      tabs.open(path.slice(SESSION_PREFIX.length));
    }
    // There is no such file, which is no news to anybody.
    result.catch(() => undefined);
  });
}

/** Opens the room that the page's address names, as `?room=ID`, with `&role=` if one wants less than one may. */
function openFromAddress(tabs: Tabs): void {
  const address = new URL(window.location.href);
  const room = address.searchParams.get('room');
  const given = address.searchParams.get('role');
  if (room === null || room === '') {
    return;
  }
  const role = isRole(given) ? given : undefined;
  if (!tabs.hasTabs) {
    window.location.assign(linkTo(room, role));
    return;
  }
  tabs.open(room, role);
  // From now on the layout says what is open: a reload must not bring back a tab that was closed.
  address.searchParams.delete('room');
  address.searchParams.delete('role');
  window.history.replaceState(window.history.state, '', address);
}

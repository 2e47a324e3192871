import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, type ICommandPalette } from '@jupyterlab/apputils';
import type { ILauncher } from '@jupyterlab/launcher';
import type { TranslationBundle } from '@jupyterlab/translation';
import { markdownIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { roomIcon } from './icons.js';
import { loudly } from './loudly.js';
import { isRole } from './roles.js';
import type { IRooms } from './rooms.js';
import { RoomsPanel } from './roomspanel.js';
import { linkTo, type Tabs } from './tabs.js';

/** The id of the panel with the list of rooms. */
export const PANEL_ID = 'jupyter-collab-rooms';

/**
 * The commands on rooms. Those about one room take `{"room": id}`; without it they act on the room whose context menu
 * is open or, called from the palette, on that of the current tab.
 */
export const CommandIDs = {
  open: 'jupyter-collab:open',
  newNotebook: 'jupyter-collab:new-notebook',
  newNote: 'jupyter-collab:new-note',
  rename: 'jupyter-collab:rename',
  remove: 'jupyter-collab:delete',
  restore: 'jupyter-collab:restore',
  purge: 'jupyter-collab:delete-permanently',
  copyLink: 'jupyter-collab:copy-link',
  workOffline: 'jupyter-collab:work-offline'
} as const;

/** The room that a command is about. */
interface ITarget {
  readonly id: string;
  readonly title: string;
}

type Args = ReadonlyPartialJSONObject;

export function addCommands(app: JupyterFrontEnd, tabs: Tabs, rooms: IRooms, trans: TranslationBundle): void {
  addOpening(app, tabs, trans);
  addMaking(app.commands, rooms, trans);
  addManaging(app, tabs, rooms, trans);
  app.commands.addCommand(CommandIDs.workOffline, {
    label: trans.__('Work Offline in This Room'),
    isEnabled: () => tabs.current !== null,
    isToggleable: true,
    isToggled: () => tabs.isOffline,
    execute: () => {
      tabs.toggleOffline();
      app.commands.notifyCommandChanged(CommandIDs.workOffline);
    }
  });
}

export function addToLauncher(launcher: ILauncher, trans: TranslationBundle): void {
  const category = trans.__('Rooms');
  launcher.add({ command: CommandIDs.newNotebook, category, rank: 1 });
  launcher.add({ command: CommandIDs.newNote, category, rank: 2 });
}

export function addToPalette(palette: ICommandPalette, trans: TranslationBundle): void {
  const category = trans.__('Rooms');
  const { open, newNotebook, newNote, rename, copyLink, workOffline } = CommandIDs;
  for (const command of [open, newNotebook, newNote, rename, copyLink, workOffline]) {
    palette.addItem({ command, category, args: { isPalette: true } });
  }
}

function addOpening(app: JupyterFrontEnd, tabs: Tabs, trans: TranslationBundle): void {
  app.commands.addCommand(CommandIDs.open, {
    label: args => (args.isPalette ? trans.__('Show the List of Rooms') : trans.__('Open')),
    execute: args => {
      const room = args.isPalette ? null : targetOf(args, app, tabs);
      if (room === null) {
        app.shell.activateById(PANEL_ID);
      } else {
        tabs.open(room.id, isRole(args.role) ? args.role : undefined);
      }
    }
  });
}

function addMaking(commands: CommandRegistry, rooms: IRooms, trans: TranslationBundle): void {
  commands.addCommand(CommandIDs.newNotebook, {
    label: args => (args.isPalette ? trans.__('New Shared Notebook') : trans.__('Shared notebook')),
    caption: trans.__('Make a room with a notebook that others can join'),
    icon: args => (args.isPalette ? undefined : roomIcon),
    execute: () => loudly(rooms.create('notebook'))
  });
  commands.addCommand(CommandIDs.newNote, {
    label: args => (args.isPalette ? trans.__('New Shared Note') : trans.__('Shared note')),
    caption: trans.__('Make a room with a text that others can join'),
    icon: args => (args.isPalette ? undefined : markdownIcon),
    execute: () => loudly(rooms.create('note'))
  });
}

function addManaging(app: JupyterFrontEnd, tabs: Tabs, rooms: IRooms, trans: TranslationBundle): void {
  const add = (id: string, label: string, run: (room: ITarget) => void | Promise<void>): void => {
    app.commands.addCommand(id, {
      label: args => (args.isPalette ? trans.__('%1 (Current Room)', label) : label),
      isEnabled: args => !args.isPalette || tabs.current !== null,
      execute: async args => {
        const room = targetOf(args, app, tabs);
        if (room !== null) {
          await loudly(run(room));
        }
      }
    });
  };
  add(CommandIDs.rename, trans.__('Rename…'), ({ id, title }) => rooms.rename(id, title));
  add(CommandIDs.remove, trans.__('Delete'), ({ id, title }) => rooms.remove(id, title));
  add(CommandIDs.restore, trans.__('Restore'), ({ id }) => rooms.restore(id));
  add(CommandIDs.purge, trans.__('Delete for Good…'), ({ id, title }) => rooms.purge(id, title));
  add(CommandIDs.copyLink, trans.__('Copy Link'), ({ id }) => Clipboard.copyToSystem(linkTo(id)));
}

function targetOf(args: Args, app: JupyterFrontEnd, tabs: Tabs): ITarget | null {
  if (typeof args.room === 'string') {
    return { id: args.room, title: typeof args.title === 'string' ? args.title : args.room };
  }
  if (args.isPalette) {
    // What was under the last context menu is long forgotten.
    return tabs.current;
  }
  const node = app.contextMenuHitTest(candidate => RoomsPanel.roomOf(candidate) !== null);
  return node === undefined ? null : RoomsPanel.roomOf(node);
}

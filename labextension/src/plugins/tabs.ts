import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Clipboard, ICommandPalette, MainAreaWidget, Notification, WidgetTracker } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { markdownIcon } from '@jupyterlab/ui-components';
import { Token, type PartialJSONObject, type ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { roomIcon } from './icons.js';
import type { RoomPane } from '../pane/pane.js';
import type { Room } from '../room.js';
import type { Role } from '../protocol.js';
import { ICollab } from './collab.js';
import { isRole } from './roles.js';
import { Rooms, type IRooms } from './rooms.js';
import { RoomsPanel } from './roomspanel.js';

/** The commands on rooms. Those about one room take `{"room": id}`, or act on the room whose context menu is open. */
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

export const IRoomsToken = new Token<IRooms>('jupyter-collab:IRooms', 'What one does to rooms.');

/** Rooms as tabs: commands, launcher, palette, address, and what was open before a reload. */
export const tabsPlugin: JupyterFrontEndPlugin<IRooms> = {
  id: 'jupyter-collab:tabs',
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
    void restorer?.restore(tabs.tracker, {
      command: CommandIDs.open,
      args: tab => tab.args,
      name: tab => tab.id
    });
    addToLauncher(launcher, trans);
    addToPalette(palette, trans);
    void app.restored.then(() => openFromAddress(tabs));
    return rooms;
  }
};

/** A tab with a room. */
class RoomTab extends MainAreaWidget<RoomPane> {
  /**
   * @param args - The arguments of the command that opens it.
   */
  constructor(
    readonly args: ReadonlyPartialJSONObject,
    content: RoomPane,
    private readonly _trans: TranslationBundle
  ) {
    super({ content });
    this.addClass('jc-RoomTab');
    this.toolbar.hide();
    this.title.icon = roomIcon;
    this.title.closable = true;
    content.room.titleChanged.connect(this._setTitle, this);
    this._setTitle();
  }

  private _setTitle(): void {
    const { room } = this.content;
    this.title.label = room.title || room.id;
    this.title.caption = this._trans.__('Room: %1', this.title.label);
  }
}

/** The tabs with rooms. */
class Tabs {
  readonly tracker = new WidgetTracker<RoomTab>({ namespace: 'jupyter-collab' });

  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _collab: ICollab,
    private readonly _labShell: ILabShell | null,
    private readonly _trans: TranslationBundle
  ) {}

  /** Whether this page has tabs: Notebook 7 has one page for each document instead. */
  get hasTabs(): boolean {
    return this._labShell !== null;
  }

  /** Shows a room, in the tab that it has or in a new one. */
  open(room: string, role?: Role): void {
    if (!this.hasTabs) {
      window.open(linkTo(room, role), '_blank', 'noopener');
      return;
    }
    const id = `jupyter-collab-room:${room}${role === undefined ? '' : `:${role}`}`;
    let tab = this.tracker.find(candidate => candidate.id === id);
    if (tab === undefined) {
      tab = new RoomTab(argsFor(room, role), this._collab.createPane(room, { role }), this._trans);
      tab.id = id;
      this._app.shell.add(tab, 'main');
      void this.tracker.add(tab);
    }
    this._app.shell.activateById(id);
  }

  /** Whether the viewer chose to be offline in the room of the current tab. */
  get isOffline(): boolean {
    const room = this.tracker.currentWidget?.content.room;
    return room !== undefined && this._offline.has(room);
  }

  /** Leaves the room of the current tab, keeping what is typed, or joins it again. */
  toggleOffline(): void {
    const room = this.tracker.currentWidget?.content.room;
    if (room === undefined) {
      return;
    }
    if (this._offline.delete(room)) {
      room.goOnline();
    } else {
      this._offline.add(room);
      room.goOffline();
    }
  }

  private readonly _offline = new WeakSet<Room>();
}

function argsFor(room: string, role: Role | undefined): PartialJSONObject {
  return role === undefined ? { room } : { room, role };
}

/** The address that opens a room. */
function linkTo(room: string, role?: Role): string {
  const base = URLExt.join(PageConfig.getBaseUrl(), 'lab');
  return base + URLExt.objectToQueryString(argsFor(room, role));
}

function addCommands(app: JupyterFrontEnd, tabs: Tabs, rooms: IRooms, trans: TranslationBundle): void {
  const { commands } = app;
  /** The room that a command is about. */
  const target = (args: ReadonlyPartialJSONObject): { id: string; title: string } | null => {
    if (typeof args.room === 'string') {
      return { id: args.room, title: typeof args.title === 'string' ? args.title : args.room };
    }
    const node = app.contextMenuHitTest(candidate => RoomsPanel.roomOf(candidate) !== null);
    return node === undefined ? null : RoomsPanel.roomOf(node);
  };
  const add = (id: string, label: string, run: (room: { id: string; title: string }) => unknown): void => {
    commands.addCommand(id, {
      label,
      execute: async args => {
        const room = target(args);
        if (room !== null) {
          await loudly(run(room));
        }
      }
    });
  };
  commands.addCommand(CommandIDs.open, {
    label: args => (args.isPalette ? trans.__('Show the List of Rooms') : trans.__('Open')),
    execute: async args => {
      const id = target(args)?.id;
      if (id === undefined) {
        app.shell.activateById(PANEL_ID);
      } else {
        tabs.open(id, isRole(args.role) ? args.role : undefined);
      }
    }
  });
  commands.addCommand(CommandIDs.newNotebook, {
    label: args => (args.isPalette ? trans.__('New Shared Notebook') : trans.__('Shared notebook')),
    caption: trans.__('Make a room with a notebook that others can join'),
    icon: roomIcon,
    execute: () => loudly(rooms.create('notebook'))
  });
  commands.addCommand(CommandIDs.newNote, {
    label: args => (args.isPalette ? trans.__('New Shared Note') : trans.__('Shared note')),
    caption: trans.__('Make a room with a text that others can join'),
    icon: args => (args.isPalette ? undefined : markdownIcon),
    execute: () => loudly(rooms.create('note'))
  });
  add(CommandIDs.rename, trans.__('Rename…'), ({ id, title }) => rooms.rename(id, title));
  add(CommandIDs.remove, trans.__('Delete'), ({ id, title }) => rooms.remove(id, title));
  add(CommandIDs.restore, trans.__('Restore'), ({ id }) => rooms.restore(id));
  add(CommandIDs.purge, trans.__('Delete for Good…'), ({ id, title }) => rooms.purge(id, title));
  add(CommandIDs.copyLink, trans.__('Copy Link'), ({ id }) => Clipboard.copyToSystem(linkTo(id)));
  commands.addCommand(CommandIDs.workOffline, {
    label: trans.__('Work Offline in This Room'),
    isEnabled: () => tabs.tracker.currentWidget !== null,
    isToggleable: true,
    isToggled: () => tabs.isOffline,
    execute: () => tabs.toggleOffline()
  });
}

/** The id of the panel with the list of rooms. */
export const PANEL_ID = 'jupyter-collab-rooms';

/** Shows an error's message where nobody else would. */
async function loudly(work: unknown): Promise<void> {
  try {
    await work;
  } catch (error) {
    Notification.error(error instanceof Error ? error.message : String(error));
  }
}

function addToLauncher(launcher: ILauncher | null, trans: TranslationBundle): void {
  const category = trans.__('Rooms');
  launcher?.add({ command: CommandIDs.newNotebook, category, rank: 1 });
  launcher?.add({ command: CommandIDs.newNote, category, rank: 2 });
}

function addToPalette(palette: ICommandPalette | null, trans: TranslationBundle): void {
  const category = trans.__('Rooms');
  for (const command of [CommandIDs.open, CommandIDs.newNotebook, CommandIDs.newNote, CommandIDs.workOffline]) {
    palette?.addItem({ command, category, args: { isPalette: true } });
  }
}

/** Opens the room that the page's address names, as `?room=ID`, with `&role=` if one wants less than one may. */
function openFromAddress(tabs: Tabs): void {
  const address = new URL(window.location.href);
  const room = address.searchParams.get('room');
  const role = address.searchParams.get('role');
  if (room === null || room === '') {
    return;
  }
  const wanted = isRole(role) ? role : undefined;
  if (!tabs.hasTabs) {
    window.location.assign(linkTo(room, wanted));
    return;
  }
  tabs.open(room, wanted);
  // From now on the layout says what is open: a reload must not bring back a tab that was closed.
  address.searchParams.delete('room');
  address.searchParams.delete('role');
  window.history.replaceState(window.history.state, '', address);
}

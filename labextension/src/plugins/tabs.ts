import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { RoomPane } from '../pane/pane.js';
import type { Room } from '../rooms/room.js';
import type { Role } from '../wire/protocol.js';
import type { ICollab } from './collab.js';
import { roomIcon } from './icons.js';

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
export class Tabs {
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

  /** The room of the current tab, or `null` if that shows something else. */
  get current(): Room | null {
    const tab = this.tracker.currentWidget;
    return tab !== null && tab === this._labShell?.currentWidget ? tab.content.room : null;
  }

  /** Whether the viewer chose to be offline in the room of the current tab. */
  get isOffline(): boolean {
    return this.current !== null && this._offline.has(this.current);
  }

  /** Leaves the room of the current tab, keeping what is typed, or joins it again. */
  toggleOffline(): void {
    const room = this.current;
    if (room === null) {
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
export function linkTo(room: string, role?: Role): string {
  const base = URLExt.join(PageConfig.getBaseUrl(), 'lab');
  return base + URLExt.objectToQueryString(argsFor(room, role));
}

import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { BrowserPersistence } from '../lib/keep/indexeddb.js';
import { keeperOf } from '../lib/keep/keeper.js';
import { RoomPane } from '../lib/pane/pane.js';
import { RoomsApi } from '../lib/rest/roomsapi.js';
import { Room } from '../lib/rooms/room.js';
import { element } from '../lib/ui/dom.js';
import { makeEditors, type IEditors } from './editors.js';
import type { IMe } from './pageapi.js';
import { addressOf } from './place.js';
import { TouchBar } from './touchbar.js';
import type { IPage, View } from './view.js';
import { trans } from './words.js';

/** A room, filling the window. */
export class RoomView implements View {
  constructor(page: IPage, me: IMe, id: string) {
    editors ??= makeEditors();
    const browser = new BrowserPersistence();
    const persistence = { open: (room: string) => browser.open(room, keeperOf(me)) };
    this._room = new Room({ id, server: page.server, persistence });
    this._pane = new RoomPane({
      ...editors,
      room: this._room,
      api: new RoomsApi(page.server),
      lead: homeLink(page),
      // Nothing could run here anyway: the page forbids all scripts but its own.
      mayTrust: false,
      // So does it forbid pictures of other hosts.
      mayLoad: false,
      mayCreate: me.may_create
    });
    // JupyterLab's completer keeps within the first widget of the main area; without one it keeps within the editor
    // itself, which is too low for it in most cells.
    this._node = element('div', 'jc-Room jp-MainAreaWidget');
    this._bar = new TouchBar(this._pane);
    page.node.replaceChildren(this._node);
    Widget.attach(this._pane, this._node);
    this._node.append(this._bar.node);
    this._pane.node.addEventListener('click', openElsewhere, true);
    this._room.titleChanged.connect(this._nameWindow, this);
    this._nameWindow();
    window.addEventListener('resize', this._onResize);
    this._pane.activate();
  }

  get isDisposed(): boolean {
    return this._pane.isDisposed;
  }

  dispose(): void {
    window.removeEventListener('resize', this._onResize);
    this._bar.dispose();
    this._pane.dispose();
    this._room.dispose();
    this._node.remove();
  }

  private _nameWindow(): void {
    document.title = this._room.title;
  }

  private readonly _onResize = (): void => {
    MessageLoop.sendMessage(this._pane, Widget.ResizeMessage.UnknownSize);
  };

  private readonly _room: Room;
  private readonly _pane: RoomPane;
  private readonly _bar: TouchBar;
  private readonly _node: HTMLElement;
}

/** One set for all rooms that are shown one after the other. */
let editors: IEditors | null = null;

function homeLink(page: IPage): HTMLElement {
  const label = trans.__('Your rooms');
  const href = addressOf({ kind: 'home' }, page.baseUrl);
  const link = element('a', 'jc-Button jc-mod-icon jc-Room-home', { href, 'aria-label': label, title: label }, '‹');
  link.addEventListener('click', event => {
    event.preventDefault();
    page.go({ kind: 'home' });
  });
  return link;
}

/** Links in texts and outputs do not lead away from the room, nor tell where they were. */
function openElsewhere(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('.jp-Cell a[href]') : null;
  if (link !== null && link.getAttribute('href')?.startsWith('#') === false) {
    link.setAttribute('target', '_blank');
    link.setAttribute('rel', 'noopener noreferrer');
  }
}

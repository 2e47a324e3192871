import { Dialog, showDialog } from '@jupyterlab/apputils';
import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  closeIcon,
  editIcon,
  markdownIcon,
  notebookIcon,
  refreshIcon,
  undoIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Poll, Debouncer } from '@lumino/polling';
import { Widget } from '@lumino/widgets';

import { paintAvatar } from '../pane/people.js';
import type { IConnectedUser, IRoomInfo } from '../rest/roomsapi.js';
import { button, element } from '../ui/dom.js';
import { messageOf } from '../ui/errors.js';
import { named } from '../ui/named.js';
import type { IRooms } from './rooms.js';

/** How many avatars are shown beside a room. */
const MAX_AVATARS = 4;

/** The list of rooms in the side area: who is in each, and all that one does to rooms. */
export class RoomsPanel extends Widget {
  constructor(
    private readonly _rooms: IRooms,
    private readonly _trans: TranslationBundle
  ) {
    super({ node: element('section', 'jc-RoomsPanel', { 'aria-label': _trans.__('Rooms') }) });
    this._search = element('input', 'jc-RoomsPanel-search', {
      type: 'search',
      placeholder: _trans.__('Search rooms'),
      'aria-label': _trans.__('Search rooms')
    });
    this._search.addEventListener('input', () => void this._searchSoon.invoke());
    this._bin = element(
      'details',
      'jc-RoomsPanel-bin',
      {},
      element('summary', '', {}, _trans.__('Bin')),
      this._deleted
    );
    this._bin.addEventListener('toggle', () => void this.refresh());
    this.node.append(this._buttons(), this._search, this._message, this._list, this._more, this._bin);
    this._poll = new Poll({
      auto: false,
      factory: () => this._load(),
      frequency: { interval: 10_000, backoff: true, max: 120_000 },
      name: 'jupyter-collab:rooms',
      // Who does not look at the list asks nothing of the server.
      standby: () => (this.isVisible ? 'when-hidden' : true)
    });
    _rooms.changed.connect(() => void this.refresh(), this);
  }

  /** How often the list is asked for while it is visible, in seconds. */
  set refreshSeconds(seconds: number) {
    this._poll.frequency = { ...this._poll.frequency, interval: seconds * 1000 };
  }

  /** The room that a node of this panel is about, and whether it lies in the bin. */
  static roomOf(node: HTMLElement): { id: string; title: string; isDeleted: boolean } | null {
    const item = node.closest<HTMLElement>('.jc-RoomsPanel-item');
    const { room, title, deleted } = item?.dataset ?? {};
    return room === undefined ? null : { id: room, title: title ?? room, isDeleted: deleted === 'true' };
  }

  /** Asks the server for the list now, if the panel can be seen. */
  async refresh(): Promise<void> {
    if (this.isVisible) {
      await this._poll.refresh();
    }
  }

  override dispose(): void {
    this._poll.dispose();
    this._searchSoon.dispose();
    super.dispose();
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._wake();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._wake();
  }

  protected override onActivateRequest(msg: Message): void {
    super.onActivateRequest(msg);
    this._search.focus();
  }

  private _wake(): void {
    if (this.isVisible) {
      void this._poll.start();
      void this._poll.refresh();
    }
  }

  private _buttons(): HTMLElement {
    const trans = this._trans;
    return element(
      'div',
      'jc-RoomsPanel-buttons',
      {},
      adder(trans.__('Notebook'), trans.__('New notebook'), () => this._try(this._rooms.create('notebook'))),
      adder(trans.__('Note'), trans.__('New note'), () => this._try(this._rooms.create('note'))),
      button({ icon: refreshIcon, label: trans.__('Refresh the list'), onClick: () => void this.refresh() })
    );
  }

  private async _load(): Promise<void> {
    const search = this._search.value.trim();
    try {
      const [live, deleted] = await Promise.all([
        this._rooms.api.list({ search, limit: 100 }),
        this._bin.open ? this._rooms.api.list({ search, deleted: true, limit: 100 }) : null
      ]);
      this._show(live.rooms, live.total);
      if (deleted !== null) {
        this._deleted.replaceChildren(...deleted.rooms.map(room => this._item(room)));
        this._deleted.dataset.empty = deleted.rooms.length === 0 ? this._trans.__('The bin is empty') : '';
      }
    } catch (error) {
      this._say(messageOf(error));
      // The poll waits longer after a failure.
      throw error;
    }
  }

  private _show(rooms: readonly IRoomInfo[], total: number): void {
    const trans = this._trans;
    const focused = RoomsPanel.roomOf(document.activeElement as HTMLElement)?.id;
    const part = (document.activeElement as HTMLElement | null)?.dataset.part;
    this._list.replaceChildren(...rooms.map(room => this._item(room)));
    if (focused !== undefined && part !== undefined) {
      const item = this._list.querySelector<HTMLElement>(`[data-room="${CSS.escape(focused)}"] [data-part="${part}"]`);
      item?.focus();
    }
    const nothing =
      this._search.value.trim() === '' ? trans.__('No rooms yet. Make one above.') : trans.__('No room found.');
    this._say(rooms.length === 0 ? nothing : '');
    const rest = total - rooms.length;
    this._more.textContent = rest > 0 ? trans._n('%1 more: search for it', '%1 more: search for them', rest) : '';
  }

  private _item(room: IRoomInfo): HTMLElement {
    const trans = this._trans;
    const isDeleted = room.deleted_at !== null;
    const open = element('button', 'jc-RoomsPanel-open', { type: 'button', 'data-part': 'open' });
    const icon = room.kind === 'note' ? markdownIcon : notebookIcon;
    const kind = room.kind === 'note' ? trans.__('Note') : trans.__('Notebook');
    const changed = Time.formatHuman(room.deleted_at ?? room.changed_at, 'short');
    open.append(
      icon.element({ tag: 'span', className: 'jc-RoomsPanel-icon', title: kind }),
      element('span', 'jc-RoomsPanel-title', {}, room.title || room.id),
      element('span', 'jc-RoomsPanel-time', { title: Time.format(room.changed_at) }, changed)
    );
    const people = room.people.filter(person => person.visible);
    const names = people.map(person => named(person.display_name || person.name, person.kind === 'guest', trans));
    open.title = names.length === 0 ? room.title : trans.__('%1: %2', room.title, names.join(', '));
    open.append(this._people(people));
    if (isDeleted) {
      open.disabled = true;
    } else {
      open.addEventListener('click', () => this._rooms.open(room.id));
    }
    return element(
      'li',
      'jc-RoomsPanel-item',
      { 'data-room': room.id, 'data-title': room.title, 'data-deleted': `${isDeleted}` },
      open,
      ...this._actions(room, isDeleted)
    );
  }

  private _people(people: readonly IConnectedUser[]): HTMLElement {
    const avatars = people.slice(0, MAX_AVATARS).map(person => {
      const title = named(person.display_name, person.kind === 'guest', this._trans);
      const avatar = element('span', 'jc-Avatar', { title, 'data-name': person.display_name });
      paintAvatar(avatar, {
        initials: person.initials ?? person.name.slice(0, 1).toUpperCase(),
        avatarUrl: person.avatar_url,
        color: person.color ?? ''
      });
      return avatar;
    });
    const rest = people.length - avatars.length;
    if (rest > 0) {
      avatars.push(element('span', 'jc-Avatar jc-mod-more', {}, `+${rest}`));
    }
    return element('span', 'jc-RoomsPanel-people', {}, ...avatars);
  }

  private _actions(room: IRoomInfo, isDeleted: boolean): HTMLElement[] {
    const trans = this._trans;
    const action = (part: string, icon: LabIcon, label: string, run: () => Promise<void>): HTMLElement => {
      const control = button({ icon, label, className: 'jc-RoomsPanel-action', onClick: () => this._try(run()) });
      control.dataset.part = part;
      return control;
    };
    if (room.role !== 'owner') {
      return [];
    }
    if (isDeleted) {
      return [
        action('restore', undoIcon, trans.__('Restore “%1”', room.title), () => this._rooms.restore(room.id)),
        action('purge', closeIcon, trans.__('Delete “%1” for good', room.title), () =>
          this._rooms.purge(room.id, room.title)
        )
      ];
    }
    return [
      action('rename', editIcon, trans.__('Rename “%1”', room.title), () => this._rooms.rename(room.id, room.title)),
      action('delete', closeIcon, trans.__('Put “%1” into the bin', room.title), () =>
        this._rooms.remove(room.id, room.title)
      )
    ];
  }

  private _try(work: Promise<unknown>): void {
    work.catch((error: Error) => {
      void showDialog({
        title: this._trans.__('That did not work'),
        body: error.message,
        buttons: [Dialog.okButton()]
      });
    });
  }

  private _say(message: string): void {
    this._message.textContent = message;
  }

  private readonly _search: HTMLInputElement;
  private readonly _message = element('p', 'jc-RoomsPanel-message', { role: 'status' });
  private readonly _list = element('ul', 'jc-RoomsPanel-list');
  private readonly _more = element('p', 'jc-RoomsPanel-message');
  private readonly _bin: HTMLDetailsElement;
  private readonly _deleted = element('ul', 'jc-RoomsPanel-list');
  private readonly _poll: Poll;
  private readonly _searchSoon = new Debouncer(() => this.refresh(), 200);
}

function adder(label: string, title: string, onClick: () => void): HTMLElement {
  const control = button({ label, onClick });
  control.prepend(addIcon.element({ tag: 'span' }));
  control.title = title;
  control.setAttribute('aria-label', title);
  return control;
}

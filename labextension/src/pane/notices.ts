import { Clipboard, Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { RoomsApi } from '../rest/roomsapi.js';
import { element } from '../ui/dom.js';
import { messageOf } from '../ui/errors.js';
import { named } from '../ui/named.js';
import { type IPerson, othersIn } from '../wire/presence.js';
import { Deletions, type IDeletionsHost } from './deletions.js';
import type { NotebookView } from './notebook.js';
import { connectingState, emptyState, goneState, mendedBanner, refusedState, unsentBanner } from './states.js';

/** The pane that the notices belong to. */
export interface INoticesHost extends IDeletionsHost {
  readonly isDocumentShown: boolean;
  readonly isCellGone: boolean;
}

/** What the pane has to say: banners over the cells, what stands in their place, and what only screen readers get. */
export class Notices {
  readonly node: HTMLElement;

  constructor(
    private readonly _host: INoticesHost,
    private readonly _api: RoomsApi,
    private readonly _mayCreate: boolean,
    private readonly _trans: TranslationBundle
  ) {
    this._deletions = new Deletions(_host, news => (this._live.textContent = news), _trans);
    this.node = element(
      'div',
      'jc-Notices',
      {},
      this._banner,
      this._mended,
      this._deletions.node,
      this._state,
      this._message,
      this._live
    );
    this._message.hidden = true;
  }

  /** Shows what follows from the state of the room, and from which cells there are. */
  refresh(): void {
    this.showUnsent();
    this._deletions.refresh();
    this._showState();
    this.announcePeople();
  }

  /** Shows the text that the room does not have. */
  showUnsent(): void {
    const { room, whyNotEdit } = this._host;
    const shown = room.unsent === null ? '' : JSON.stringify([room.unsent, whyNotEdit, room.status.kind]);
    if (shown === this._shownUnsent) {
      return;
    }
    this._shownUnsent = shown;
    if (room.unsent === null) {
      this._banner.replaceChildren();
      return;
    }
    const actions = {
      restore: () => room.restoreUnsent(),
      copy: (text: string) => {
        Clipboard.copyToSystem(text);
        this.announce(this._trans.__('Copied'));
      },
      discard: () => void this._discard(),
      mayDiscard: room.status.kind !== 'refused'
    };
    this._banner.replaceChildren(unsentBanner(room.unsent, actions, whyNotEdit, this._trans));
  }

  /** Shows what the server took out of the room, until the viewer has read it. */
  showMended(): void {
    const { mended } = this._host.room;
    if (mended !== this._shownMended) {
      this._shownMended = mended;
      this._mended.replaceChildren(mendedBanner(mended, () => this._mended.replaceChildren(), this._trans));
    }
  }

  /** Tells screen readers who came and who went. */
  announcePeople(): void {
    const { people, status } = this._host.room;
    const now = othersIn(people);
    const before = this._present;
    const { kind } = status;
    // Without a connection nobody is seen: that is no news about them.
    this._present = kind === 'connecting' || kind === 'offline' || kind === 'refused' ? null : now;
    if (before === null || this._present === null) {
      return;
    }
    const trans = this._trans;
    const nameOf = ({ name, isGuest }: IPerson): string => named(name, isGuest, trans);
    const came = [...now].filter(([user]) => !before.has(user)).map(([, who]) => trans.__('%1 joined', nameOf(who)));
    const went = [...before].filter(([user]) => !now.has(user)).map(([, who]) => trans.__('%1 left', nameOf(who)));
    const news = [...came, ...went].join(', ');
    if (news !== '') {
      this._live.textContent = news;
    }
  }

  /** Says something for a while. */
  announce(message: string): void {
    this._message.textContent = message;
    this._message.hidden = false;
    clearTimeout(this._timer);
    this._timer = setTimeout(() => (this._message.hidden = true), 6000);
  }

  dispose(): void {
    this._deletions.dispose();
    clearTimeout(this._timer);
  }

  private async _discard(): Promise<void> {
    const trans = this._trans;
    const result = await showDialog({
      title: trans.__('Discard your unsent text?'),
      body: trans.__('It is kept nowhere else.'),
      buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Discard') })],
      defaultButton: 0
    });
    if (result.button.accept && !this._host.room.isDisposed) {
      this._host.room.discardUnsent();
    }
  }

  private _showState(): void {
    const { room, notebook, whyNotEdit, isDocumentShown, isCellGone } = this._host;
    const { status } = room;
    const state = ((): string => {
      if (status.kind === 'refused') {
        return `refused ${status.reason} ${status.message}`;
      }
      if (!isDocumentShown) {
        return `loading ${status.message}`;
      }
      if (isCellGone) {
        return 'gone';
      }
      return notebook.widgets.length === 0 ? `empty ${whyNotEdit === null}` : '';
    })();
    if (state === this._shownState) {
      return;
    }
    this._shownState = state;
    this._state.replaceChildren(...this._stateNodes(state.split(' ')[0]));
  }

  private _stateNodes(state: string): HTMLElement[] {
    const { room, notebook, whyNotEdit } = this._host;
    switch (state) {
      case 'refused': {
        const mend = this._mayCreate ? (): void => void this._mend() : null;
        const actions = { mend, retry: () => room.goOnline() };
        return [refusedState(room.status, room.id, actions, this._trans)];
      }
      case 'loading':
        return [connectingState(room.status.message, this._trans)];
      case 'gone':
        return [goneState(this._trans)];
      case 'empty':
        return [emptyState(whyNotEdit, () => addFirstCell(notebook), this._trans)];
      default:
        return [];
    }
  }

  /** Makes the room, or takes it out of the bin, and joins it. */
  private async _mend(): Promise<void> {
    const { room } = this._host;
    try {
      if (room.status.reason === 'room_deleted') {
        await this._api.restore(room.id);
      } else {
        await this._api.create({ id: room.id });
      }
    } catch (error) {
      this.announce(messageOf(error));
      return;
    }
    room.goOnline();
  }

  private readonly _banner = element('div', 'jc-Notices-banner');
  private readonly _mended = element('div', 'jc-Notices-mended', { role: 'status' });
  private readonly _state = element('div', 'jc-Notices-state');
  private readonly _message = element('div', 'jc-Notices-message', { role: 'status' });
  private readonly _live = element('div', 'jc-Live', { 'aria-live': 'polite' });
  private readonly _deletions: Deletions;
  private _shownUnsent = '';
  private _shownMended = '';
  private _shownState = '';
  private _present: Map<string, IPerson> | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

function addFirstCell(notebook: NotebookView): void {
  notebook.model?.sharedModel.insertCell(0, { cell_type: 'code' });
  notebook.activeCellIndex = 0;
  void notebook.type();
}

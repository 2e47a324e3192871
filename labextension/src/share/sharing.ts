import type { TranslationBundle } from '@jupyterlab/translation';

import type { Room } from '../rooms/room.js';
import { button, element } from '../ui/dom.js';
import { messageOf } from '../ui/errors.js';
import { refill } from '../ui/sheet.js';
import type { IWaiting } from '../wire/protocol.js';
import { openShareDialog } from './dialog.js';
import { isGuest } from './model.js';
import { roleName } from './wording.js';

/** What a pane has of sharing: a button that opens the dialog, and a notice of who waits to be let in. */
export class Sharing {
  readonly button: HTMLButtonElement;
  readonly notice = element('section', 'jc-Waiting', { hidden: '' });

  constructor(
    private readonly _room: Room,
    private readonly _announce: (message: string) => void,
    private readonly _trans: TranslationBundle
  ) {
    const open = (): void => this._open();
    this.button = button({ label: _trans.__('Share'), className: 'jc-ShareButton', onClick: open });
    this.notice.setAttribute('aria-label', _trans.__('People who wait for approval'));
    _room.membersChanged.connect(this._showWaiting, this);
  }

  /** Shows everything as it is now. */
  refresh(): void {
    const whyNot = this._whyNot();
    this.button.setAttribute('aria-disabled', `${whyNot !== null}`);
    this.button.title = whyNot ?? this._trans.__('Invite people, and say what they may do');
    this._showWaiting();
  }

  dispose(): void {
    this._room.membersChanged.disconnect(this._showWaiting, this);
  }

  private _open(): void {
    const whyNot = this._whyNot();
    if (whyNot === null) {
      openShareDialog(this._room, this._trans);
    } else {
      this._announce(whyNot);
    }
  }

  private _whyNot(): string | null {
    const { _room: room, _trans: trans } = this;
    if (room.status.kind === 'refused') {
      return trans.__('You are not in this room');
    }
    if (room.role === null) {
      return trans.__('The room is being joined');
    }
    if (room.capabilities.has('manage')) {
      return null;
    }
    const owners = room.people.filter(({ role }) => role === 'owner').map(({ name }) => name);
    return owners.length === 0
      ? trans.__('Only owners may invite people to this room')
      : trans.__('Only owners may invite people to this room. Ask %1.', [...new Set(owners)].join(', '));
  }

  private _showWaiting(): void {
    const { people, total } = this._room.waiting;
    const shown = JSON.stringify([people, total]);
    if (shown === this._shown) {
      return;
    }
    this._shown = shown;
    this.notice.hidden = total === 0;
    const [first] = people;
    refill(this.notice, ...(total === 0 ? [] : [this._words(first, total), this._actions(first)]));
  }

  private _words(first: IWaiting, total: number): HTMLElement {
    const trans = this._trans;
    const named = isGuest(first) ? trans.__('%1 (guest)', first.display_name) : first.display_name;
    const words = [trans.__('%1 asks to join: %2.', named, roleName(first.role, trans))];
    if (total > 1) {
      words.push(trans._n('%1 more waits.', '%1 more wait.', total - 1));
    }
    return element('span', 'jc-Waiting-words', { role: 'status' }, words.join(' '));
  }

  private _actions({ principal, role, display_name }: IWaiting): HTMLElement {
    const trans = this._trans;
    const api = this._room.shareApi;
    const admit = button({
      label: trans.__('Admit'),
      className: 'jc-mod-accept',
      onClick: () => void this._try(() => api.setRole(principal, role))
    });
    const refuse = button({ label: trans.__('Refuse'), onClick: () => void this._try(() => api.remove(principal)) });
    admit.setAttribute('aria-label', trans.__('Admit %1', display_name));
    refuse.setAttribute('aria-label', trans.__('Refuse %1', display_name));
    const all = button({ label: trans.__('All…'), onClick: () => this._open() });
    all.setAttribute('aria-label', trans.__('Show all people who wait'));
    admit.dataset.focus = 'admit';
    return element('span', 'jc-Waiting-actions', {}, admit, refuse, all);
  }

  private async _try(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this._announce(messageOf(error));
    }
  }

  private _shown = '[[],0]';
}

import type { TranslationBundle } from '@jupyterlab/translation';

import { button, element, setText } from '../ui/dom.js';
import type { Binding } from './binding.js';

/** What one can do at a bound cell. */
export interface IBadgeActions {
  /** Shows the whole room. */
  openRoom(): void;
  /** Ends the binding. */
  stopSharing(): void;
  /** Inserts the texts that the room does not have, as cells of the notebook. */
  insertKept(): void;
}

/** The line below a bound cell's text: the room, who is there, and what there is to decide. */
export class Badge {
  readonly node: HTMLElement;

  constructor(
    private readonly _binding: Binding,
    private readonly _actions: IBadgeActions,
    private readonly _trans: TranslationBundle
  ) {
    const openRoom = button({ label: '', className: 'jc-BoundCell-room', onClick: () => _actions.openRoom() });
    openRoom.title = _trans.__('Open the room');
    this._room = openRoom;
    this.node = element(
      'div',
      'jc-BoundCell',
      { role: 'group', 'aria-label': _trans.__('Shared cell') },
      this._room,
      this._state,
      this._notices
    );
    this.refresh();
  }

  refresh(): void {
    const { room, state, kept } = this._binding;
    this.node.dataset.state = state;
    setText(this._room, room.title);
    setText(this._state, this._describe());
    const key = `${state} ${kept.length}`;
    if (key !== this._shownNotices) {
      this._shownNotices = key;
      this._notices.replaceChildren(...this._noticeNodes());
    }
  }

  private _describe(): string {
    const { _trans: trans } = this;
    const { room, state } = this._binding;
    switch (state) {
      case 'joining':
        return room.status.kind === 'offline'
          ? trans.__('Offline: not yet compared with the room')
          : trans.__('Joining…');
      case 'shared':
      case 'elsewhere':
        return this._describePeople();
      case 'read-only':
        return trans.__('You may look, but not edit');
      case 'offline':
        return trans.__('Offline: your edits are kept, and merged later');
      case 'missing':
        return trans.__('The room does not have this cell any more; it is yours alone now');
      case 'refused':
        return trans.__('Not in step with the room: %1', room.status.message || room.status.reason || '');
    }
  }

  private _describePeople(): string {
    const names = new Set(this._binding.room.people.filter(({ isMe }) => !isMe).map(({ name }) => name));
    return names.size === 0
      ? this._trans.__('Shared; nobody else is here now')
      : this._trans.__('Shared with %1', [...names].join(', '));
  }

  private _noticeNodes(): HTMLElement[] {
    const { _trans: trans, _actions: actions, _binding: binding } = this;
    const nodes: HTMLElement[] = [];
    if (binding.kept.length > 0) {
      const words = trans.__('This notebook had another text than the room.');
      const insert = button({ label: trans.__('Insert it as a cell below'), onClick: () => actions.insertKept() });
      const drop = button({ label: trans.__('Discard it'), onClick: () => binding.dropKept() });
      nodes.push(notice(words, insert, drop));
    }
    const stop = button({ label: trans.__('Stop sharing'), onClick: () => actions.stopSharing() });
    if (binding.state === 'missing') {
      const putBack = button({ label: trans.__('Put it back'), onClick: () => binding.putBack() });
      nodes.push(notice('', ...(binding.room.status.readOnly ? [] : [putBack]), stop));
    } else if (binding.state === 'refused') {
      nodes.push(notice('', stop));
    }
    return nodes;
  }

  private readonly _room: HTMLElement;
  private readonly _state = element('span', 'jc-BoundCell-state', { role: 'status' });
  private readonly _notices = element('div', 'jc-BoundCell-notices');
  private _shownNotices = '';
}

function notice(words: string, ...buttons: HTMLElement[]): HTMLElement {
  return element('div', 'jc-BoundCell-notice', { role: 'status' }, ...(words ? [words] : []), ...buttons);
}

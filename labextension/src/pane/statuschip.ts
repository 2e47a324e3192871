import type { TranslationBundle } from '@jupyterlab/translation';

import type { IRoomStatus } from '../rooms/room.js';
import { element, setText } from '../ui/dom.js';

/** Says in a few words whether what one sees is what the server has. */
export class StatusChip {
  readonly node = element('span', 'jc-Chip', { role: 'status' });

  constructor(private readonly _trans: TranslationBundle) {}

  show(status: IRoomStatus): void {
    const text = this._text(status);
    this.node.dataset.status = kindOf(status);
    this.node.title = status.message || text;
    setText(this.node, text);
  }

  private _offline({ pending, isKept }: IRoomStatus): string {
    return isKept
      ? this._trans._n('Offline: %1 edit kept', 'Offline: %1 edits kept', pending)
      : this._trans._n(
          'Offline: %1 edit, until you close this page',
          'Offline: %1 edits, until you close this page',
          pending
        );
  }

  private _text(status: IRoomStatus): string {
    const trans = this._trans;
    switch (status.kind) {
      case 'connecting':
        return trans.__('Connecting…');
      case 'synced':
        return status.readOnly
          ? trans.__('Read-only')
          : status.hasUnsent
            ? trans.__('Unsent text')
            : trans.__('Synced');
      case 'saving':
        return trans.__('Saving…');
      case 'offline':
        return status.pending === 0 ? trans.__('Offline') : this._offline(status);
      case 'not-saved':
        return status.message === '' ? trans.__('Not saved') : trans.__('Not saved: %1', status.message);
      case 'refused':
        return trans.__('Not connected');
    }
  }
}

/** The kind of status that is shown: nobody is told that all is in sync while some of their text is not in the room. */
function kindOf({ kind, readOnly, hasUnsent }: IRoomStatus): string {
  return kind !== 'synced' ? kind : readOnly ? 'read-only' : hasUnsent ? 'unsent' : 'synced';
}

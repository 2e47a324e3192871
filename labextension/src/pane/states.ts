import type { TranslationBundle } from '@jupyterlab/translation';

import type { IUnsentText } from '../keep/unsent.js';
import type { IRoomStatus } from '../rooms/room.js';
import { button, element } from '../ui/dom.js';

/** What the viewer may do with text that the room did not take. */
export interface IUnsentActions {
  restore(): void;
  copy(text: string): void;
  discard(): void;
  /** Without a place in the room the text can only be copied. */
  readonly mayDiscard: boolean;
}

/** The banner that offers text back which the room did not take. */
export function unsentBanner(
  unsent: IUnsentText,
  actions: IUnsentActions,
  whyNotEdit: string | null,
  trans: TranslationBundle
): HTMLElement {
  const text = unsent.cells.map(cell => cell.source).join('\n\n');
  const lines = unsent.cells.reduce((sum, cell) => sum + cell.source.split('\n').length, 0);
  const kept = trans._n(
    '%1 line of yours did not reach the room; it is kept here.',
    '%1 lines of yours did not reach the room; they are kept here.',
    lines
  );
  const restore = button({
    label: trans.__('Put back'),
    className: 'jc-mod-accept',
    onClick: () => actions.restore()
  });
  const discard = button({ label: trans.__('Discard'), onClick: () => actions.discard() });
  discard.hidden = !actions.mayDiscard;
  restore.title = whyNotEdit ?? trans.__('Put it back into the room, beside the cells where you typed it');
  restore.disabled = whyNotEdit !== null;
  return element(
    'section',
    'jc-Banner jc-Unsent',
    { 'aria-label': trans.__('Text that was not sent'), 'data-reason': unsent.reason },
    element('p', '', {}, element('strong', '', {}, kept), ' ', whyUnsent(unsent.reason, trans)),
    element(
      'details',
      'jc-Banner-text',
      {},
      element('summary', '', {}, trans.__('Show it')),
      element('pre', '', { tabindex: '0' }, text)
    ),
    element(
      'div',
      'jc-Banner-actions',
      {},
      restore,
      button({ label: trans.__('Copy'), onClick: () => actions.copy(text) }),
      discard
    )
  );
}

/** The banner that says what the server took out of the room when it opened it. */
export function mendedBanner(what: string, onDismiss: () => void, trans: TranslationBundle): HTMLElement {
  return element(
    'section',
    'jc-Banner jc-Mended',
    { 'aria-label': trans.__('The room was mended') },
    element('p', '', {}, element('strong', '', {}, trans.__('The room was mended.')), ' ', what),
    element('div', 'jc-Banner-actions', {}, button({ label: trans.__('Dismiss'), onClick: onDismiss }))
  );
}

function whyUnsent(reason: string, trans: TranslationBundle): string {
  switch (reason) {
    case 'epoch_mismatch':
      return trans.__('The room has been created again since then.');
    case 'diverged':
      return trans.__('This page’s copy differed from the room. It now shows the room’s content.');
    case 'cell_removed':
      return trans.__('Somebody’s program removed its cell from the room.');
    case 'permission_denied':
      return trans.__('You may no longer edit this room.');
    case 'removed':
    case 'not_a_member':
      return trans.__('You are no longer in this room.');
    case 'room_deleted':
      return trans.__('The room is in the bin.');
    case 'room_too_large':
      return trans.__('The room would be too large.');
    case 'message_too_large':
      return trans.__('It was too large to send at once.');
    default:
      return trans.__('The server did not accept it.');
  }
}

/** What the viewer may do about a room that they could not join. */
export interface IRefusedActions {
  /** Makes the room, or takes it out of the bin, and joins it; `null` where that is not offered. */
  mend: (() => void) | null;
  retry(): void;
}

/** What stands in place of the cells while there are none to show; `why` is what the server said, if anything. */
export function connectingState(why: string, trans: TranslationBundle): HTMLElement {
  return state('loading', trans.__('Joining the room…'), why);
}

/** What stands in place of the cells of a room without any. */
export function emptyState(whyNotEdit: string | null, addCell: () => void, trans: TranslationBundle): HTMLElement {
  const node = state('empty', trans.__('Nothing here yet'), trans.__('This room has no cells.'));
  if (whyNotEdit === null) {
    node.append(button({ label: trans.__('Add a cell'), className: 'jc-mod-accept', onClick: addCell }));
  }
  return node;
}

/** What stands in place of a cell that was to be shown alone and is gone. */
export function goneState(trans: TranslationBundle): HTMLElement {
  return state('gone', trans.__('This cell is gone'), trans.__('Somebody removed it from the room.'));
}

/** What stands in place of the cells of a room that could not be joined: why, and what can be done. */
export function refusedState(
  status: IRoomStatus,
  roomId: string,
  actions: IRefusedActions,
  trans: TranslationBundle
): HTMLElement {
  const { mend } = actions;
  const offer = (node: HTMLElement, label = ''): HTMLElement => {
    if (mend !== null && label !== '') {
      node.append(button({ label, className: 'jc-mod-accept', onClick: mend }));
    }
    node.append(button({ label: trans.__('Try again'), onClick: () => actions.retry() }));
    return node;
  };
  switch (status.reason) {
    case 'room_not_found': {
      const advice = mend ? trans.__('You can create it now.') : trans.__('Ask the person who sent you here.');
      return offer(state('refused', trans.__('There is no room “%1”', roomId), advice), trans.__('Create the room'));
    }
    case 'room_deleted': {
      const advice = mend ? trans.__('You can restore it.') : trans.__('Only its owners can restore it.');
      return offer(state('refused', trans.__('This room is in the bin'), advice), trans.__('Restore the room'));
    }
    case 'removed': {
      // Nothing that one can do here leads in again.
      const words = trans.__('Only an owner can let you in again. If one does, open the room again.');
      return state('refused', trans.__('An owner has removed you from this room'), words);
    }
    default:
      return offer(state('refused', trans.__('You could not join this room'), status.message));
  }
}

function state(name: string, title: string, text: string): HTMLElement {
  const node = element('div', 'jc-State', { 'data-state': name }, element('h2', '', {}, title));
  if (text !== '') {
    node.append(element('p', '', {}, text));
  }
  return node;
}

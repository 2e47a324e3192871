import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { roomOfLink } from '../bind/cellsharing.js';
import type { OwnCell } from '../bind/metadata.js';
import type { RoomsApi, IRoomInfo } from '../rest/roomsapi.js';
import { element } from '../ui/dom.js';

/** Where a cell is to be shared: in a room of this id or, where it is `null`, in a new one. */
export interface IPlace {
  readonly room: string | null;
  readonly title: string;
}

/** How many rooms one can choose from; the others are joined by their link. */
const MAX_ROOMS = 50;

/** Asks where to share a cell; `null` if nowhere. */
export async function askPlace(api: RoomsApi, title: string, trans: TranslationBundle): Promise<IPlace | null> {
  const { rooms } = await api.list({ limit: MAX_ROOMS });
  const body = new PlaceForm(rooms.filter(mayEdit), title, trans);
  const result = await showDialog({
    title: trans.__('Share this cell'),
    body,
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Share') })],
    focusNodeSelector: 'input'
  });
  return result.button.accept ? result.value : null;
}

/** Asks for the link to a room; `null` if there is none. */
export async function askLink(trans: TranslationBundle): Promise<string | null> {
  const { value } = await InputDialog.getText({
    title: trans.__('Join a shared cell'),
    label: trans.__('The link that you were sent, or the name of the room'),
    okLabel: trans.__('Join')
  });
  if (value === null || value.trim() === '') {
    return null;
  }
  const room = roomOfLink(value);
  if (room === null) {
    throw new Error(trans.__('This is not a link to a room: %1', value));
  }
  return room;
}

/** Asks which cell of a room it is to be, if there are several; `null` if none. */
export async function askCell(cells: readonly OwnCell[], trans: TranslationBundle): Promise<OwnCell | null> {
  if (cells.length === 0) {
    throw new Error(trans.__('There is no cell in this room'));
  }
  if (cells.length === 1) {
    return cells[0];
  }
  const items = cells.map((cell, index) => `${index + 1}: ${cell.getSource().split('\n', 1)[0].slice(0, 80)}`);
  const { value } = await InputDialog.getItem({ title: trans.__('Which cell of the room?'), items });
  return value === null ? null : (cells[items.indexOf(value)] ?? null);
}

function mayEdit({ role }: IRoomInfo): boolean {
  return role !== 'viewer' && role !== 'runner';
}

/** A new room with a title, or one that there is. */
class PlaceForm extends Widget implements Dialog.IBodyWidget<IPlace> {
  constructor(rooms: readonly IRoomInfo[], title: string, trans: TranslationBundle) {
    super();
    this.addClass('jc-PlaceForm');
    this._title.value = title;
    this._room.append(element('option', '', { value: '' }, trans.__('A new room')));
    this._room.append(...rooms.map(room => element('option', '', { value: room.id }, room.title || room.id)));
    const titleLabel = element('label', '', {}, trans.__('Title'), this._title);
    this._room.addEventListener('change', () => (titleLabel.hidden = this._room.value !== ''));
    const words = trans.__('Everyone in the room sees its text change. Each runs it in a kernel of their own.');
    this.node.append(element('p', '', {}, words), element('label', '', {}, trans.__('In'), this._room), titleLabel);
  }

  getValue(): IPlace {
    return { room: this._room.value || null, title: this._title.value.trim() };
  }

  private readonly _room = element('select', 'jc-PlaceForm-room');
  private readonly _title = element('input', 'jc-PlaceForm-title', { type: 'text' });
}

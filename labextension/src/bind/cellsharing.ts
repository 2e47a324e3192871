import type { YNotebook } from '@jupyter/ydoc';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID, type PartialJSONObject } from '@lumino/coreutils';

import type { RoomsApi } from '../rest/roomsapi.js';
import type { RoomHandle } from '../rooms/manager.js';
import type { Room } from '../rooms/room.js';
import type { NotebookBinder } from './binder.js';
import { hashOf, metadataWithoutLink, type ILink, type OwnCell } from './metadata.js';

/** What sharing needs of the page. */
export interface ISharingHost {
  readonly api: RoomsApi;
  readonly trans: TranslationBundle;

  join(room: string): RoomHandle;
}

/** Makes a room with a copy of a cell in it, and binds the cell to that; answers the room's id. */
export async function shareInNewRoom(
  { api }: ISharingHost,
  binder: NotebookBinder,
  cell: OwnCell,
  title: string
): Promise<string> {
  const copy = copyOf(cell);
  const metadata = languageOf(binder.notebook);
  const room = await api.create({ title, content: { nbformat: 4, nbformat_minor: 5, metadata, cells: [copy] } });
  binder.bind(cell, linkTo(room.id, copy));
  return room.id;
}

/** Puts a copy of a cell at the end of a room, and binds the cell to that. */
export async function shareInRoom(
  host: ISharingHost,
  binder: NotebookBinder,
  cell: OwnCell,
  roomId: string
): Promise<void> {
  await visit(host, roomId, async room => {
    if (room.status.readOnly) {
      throw new Error(host.trans.__('You may not edit in the room “%1”', room.title));
    }
    const copy = copyOf(cell);
    room.sharedModel.addCell(copy);
    await room.whenSaved();
    binder.bind(cell, linkTo(roomId, copy));
  });
}

/**
 * Binds a cell of a notebook to a cell of a room: the given one if it is empty, else a new one behind it.
 *
 * @param choose - Says which cell of the room it is to be; `null` if none.
 * @returns The bound cell, or `null` if none was chosen.
 */
export async function joinCell(
  host: ISharingHost,
  binder: NotebookBinder,
  after: OwnCell | null,
  roomId: string,
  choose: (cells: readonly OwnCell[]) => Promise<OwnCell | null>
): Promise<OwnCell | null> {
  return visit(host, roomId, async room => {
    const chosen = await choose(room.sharedModel.cells);
    if (chosen === null) {
      return null;
    }
    const own = emptyLike(chosen, after) ?? insertAfter(binder.notebook, after, chosen);
    binder.bind(own, { room: roomId, cell: chosen.id });
    return own;
  });
}

/** The room that a link, or its bare name, leads to; `null` if it is neither. */
export function roomOfLink(text: string): string | null {
  const trimmed = text.trim();
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(trimmed)) {
    return trimmed;
  }
  try {
    return new URL(trimmed).searchParams.get('room');
  } catch {
    return null;
  }
}

/** Joins a room for as long as something is done in it. */
async function visit<T>(host: ISharingHost, roomId: string, act: (room: Room) => T | Promise<T>): Promise<T> {
  const handle = host.join(roomId);
  try {
    await whenJoined(handle.room, host.trans);
    return await act(handle.room);
  } finally {
    handle.dispose();
  }
}

/** Waits until a room's document is the one that everybody has. */
function whenJoined(room: Room, trans: TranslationBundle): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const { kind, reason, message } = room.status;
      // A server that said hello has the document on its way.
      if (kind === 'connecting' || (kind === 'offline' && room.role !== null)) {
        return;
      }
      room.statusChanged.disconnect(look);
      if (kind === 'offline' || kind === 'refused') {
        reject(new Error(message || reason || trans.__('The room cannot be reached')));
      } else {
        resolve();
      }
    };
    room.statusChanged.connect(look);
    look();
  });
}

/** A cell as a room is to have it: under an id of its own, with neither outputs nor link. */
function copyOf(cell: OwnCell): Copy {
  const copy = { id: UUID.uuid4(), source: cell.getSource(), metadata: metadataWithoutLink(cell) };
  const { cell_type } = cell;
  return { ...copy, cell_type, ...(cell_type === 'code' && { outputs: [], execution_count: null }) };
}

type Copy = {
  id: string;
  cell_type: 'code' | 'markdown' | 'raw';
  source: string;
  metadata: PartialJSONObject;
};

function linkTo(room: string, copy: { id: string; source: string }): ILink {
  return { room, cell: copy.id, base: hashOf(copy.source) };
}

/** What says in which language the cells of a notebook are. */
function languageOf(notebook: YNotebook): PartialJSONObject {
  const { kernelspec, language_info } = notebook.getMetadata() as PartialJSONObject;
  return { ...(kernelspec && { kernelspec }), ...(language_info && { language_info }) };
}

function emptyLike(chosen: OwnCell, cell: OwnCell | null): OwnCell | null {
  return cell?.cell_type === chosen.cell_type && cell.getSource() === '' ? cell : null;
}

function insertAfter(notebook: YNotebook, after: OwnCell | null, like: OwnCell): OwnCell {
  const index = after === null ? notebook.cells.length : notebook.cells.indexOf(after) + 1;
  notebook.insertCell(index, { cell_type: like.cell_type, source: '', metadata: {} });
  return notebook.cells[index];
}

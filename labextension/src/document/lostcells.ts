import * as Y from 'yjs';

import { crc32 } from '../text/crc.js';
import { type IPiece, piecesOf } from './units.js';

/** A cell that somebody took out of the document, with the text that it had. */
export interface ILostCell {
  readonly id: string;
  readonly cell_type: string;
  readonly source: string;
}

/**
 * The cells that go from the bag, with text that nobody meant to delete: no server lets that happen, but an old one, or
 * one that was tampered with.
 *
 * @param event - What happened to the bag, while its transaction is not over: then what goes can still be read.
 */
export function lostCells(event: Y.YEvent<Y.Array<unknown>>): ILostCell[] {
  const { transaction } = event;
  if (transaction.beforeState.size === 0 || transaction.deleteSet.clients.size === 0) {
    // Not even look at what changed, which takes long for a whole document that comes at once.
    return [];
  }
  const cells = [...event.changes.deleted].flatMap(item => item.content.getContent() as unknown[]);
  return cells
    .filter(cell => cell instanceof Y.Map)
    .map(cell => read(cell, transaction))
    .filter(cell => cell !== null);
}

function read(cell: Y.Map<unknown>, transaction: Y.Transaction): ILostCell | null {
  const [id, cell_type, deleted, dropped] = ['id', 'cell_type', 'deleted', 'dropped'].map(key =>
    lastValue(cell, key, transaction)
  );
  const source = lastSource(cell, transaction);
  const wasDeleted = deleted !== undefined && dropped === crc32(source);
  return source === '' || wasDeleted ? null : { id: String(id), cell_type: String(cell_type), source };
}

/** A value that a map has until a transaction deletes it. */
function lastValue(map: Y.Map<unknown>, key: string, { deleteSet }: Y.Transaction): unknown {
  const item = map._map.get(key);
  return item && Y.isDeleted(deleteSet, item.id) ? item.content.getContent()[0] : undefined;
}

function lastSource(cell: Y.Map<unknown>, transaction: Y.Transaction): string {
  const text = lastValue(cell, 'source', transaction);
  const pieces = text instanceof Y.Text ? [...piecesOf(text)] : [];
  const goes = ({ run: [client, clock] }: IPiece): boolean =>
    Y.isDeleted(transaction.deleteSet, Y.createID(client, clock));
  return pieces
    .filter(goes)
    .map(piece => piece.text)
    .join('');
}

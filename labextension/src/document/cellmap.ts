/** One cell of a room, as the document has it: the keys of its map, and what may be read from them. */
import * as Y from 'yjs';

import { crc32 } from '../text/crc.js';
import { isOrderKey } from './orderkeys.js';

export type CellMap = Y.Map<unknown>;

export type CellType = 'code' | 'markdown' | 'raw';

/** The mark of a deleted cell. */
export interface IDeletion {
  /** Milliseconds since 1970, by the clock of the one who deleted it. */
  readonly at: number;
  /** Who deleted it, as others see them. */
  readonly by: string;
  /** The id of the cell that it was merged into. */
  readonly into?: string;
}

const ID = /^[A-Za-z0-9_-]{1,64}$/;

export function isCellId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

/** The order key of a cell; `null` if it has none that counts. */
export function posOf(cell: CellMap): string | null {
  const pos = cell.get('pos');
  return isOrderKey(pos) ? pos : null;
}

/** The type of a cell: what is of no known type is shown as raw text. */
export function typeOf(cell: CellMap): CellType {
  const type = cell.get('cell_type');
  if (type === 'code') {
    return cell.get('outputs') instanceof Y.Array ? 'code' : 'raw';
  }
  return type === 'markdown' ? 'markdown' : 'raw';
}

/** The text of a cell; `null` if what is there is no cell. */
export function textOf(cell: CellMap): Y.Text | null {
  const source = cell.get('source');
  return source instanceof Y.Text ? source : null;
}

/** Who put outputs into the cell, or the number before it, that no run here made; `null` if nobody did. */
export function putterOf(cell: CellMap): { name: string; isGuest: boolean } | null {
  const put = cell.get('put');
  const { by, kind } = (typeof put === 'object' && put !== null ? put : {}) as Record<string, unknown>;
  return typeof by === 'string' ? { name: by, isGuest: kind === 'guest' } : null;
}

/** The mark of a deleted cell; `null` if the cell is there. */
export function deletionOf(cell: CellMap): IDeletion | null {
  if (!cell.has('deleted')) {
    return null;
  }
  const mark = cell.get('deleted');
  const { at, by, into } = (typeof mark === 'object' && mark !== null ? mark : {}) as Record<string, unknown>;
  return {
    at: typeof at === 'number' ? at : 0,
    by: typeof by === 'string' ? by : '',
    ...(typeof into === 'string' ? { into } : {})
  };
}

/** Whether a deleted cell holds text that whoever deleted it did not know. */
export function isLate(cell: CellMap): boolean {
  const text = cell.has('deleted') ? (textOf(cell)?.toString() ?? '') : '';
  return text !== '' && crc32(text) !== cell.get('dropped');
}

/** Marks a cell as deleted, with all the text that it has now. */
export function markDeleted(cell: CellMap, deletion: IDeletion): void {
  cell.set('deleted', { ...deletion });
  cell.set('dropped', crc32(textOf(cell)?.toString() ?? ''));
}

/** Whether a value in the bag can be shown as a cell. */
export function isCell(value: unknown): value is CellMap {
  return value instanceof Y.Map && textOf(value) !== null && value.get('metadata') instanceof Y.Map;
}

/** The number that names a cell's map in all replicas. */
export function nameOf(cell: CellMap): string {
  const id = cell._item?.id;
  return id ? `${id.client}-${id.clock}` : '';
}

/** Whether a cell is deleted, and all its text with it: none went into another cell, and none came since. */
export function isFree(cell: CellMap): boolean {
  return isDeletedAlone(cell) && !isLate(cell);
}

/** Whether a cell is deleted, and did not go into another one. */
export function isDeletedAlone(cell: CellMap): boolean {
  const deletion = deletionOf(cell);
  return deletion !== null && deletion.into === undefined;
}

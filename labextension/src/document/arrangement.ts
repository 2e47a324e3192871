import type { SharedCell } from '@jupyter/ydoc';
import { UUID } from '@lumino/coreutils';
import * as Y from 'yjs';

import {
  type CellMap,
  type CellType,
  isCell,
  isCellId,
  markDeleted,
  nameOf,
  posOf,
  textOf,
  typeOf
} from './cellmap.js';
import { keyBetween, keysBetween } from './orderkeys.js';

/**
 * The cells of a room as the document has them: a bag of maps that only grows. Which of them are there, and in which
 * order, is said by their values, so that everything that people do to a cell at once takes effect.
 */
export class Arrangement {
  constructor(readonly doc: Y.Doc) {
    this.bag = doc.getArray('cells');
    this._note(this.all);
    this.bag.observe(this._onBag);
  }

  readonly bag: Y.Array<unknown>;

  /** All cells that were ever made, deleted ones too, as they lie in the bag. */
  get all(): CellMap[] {
    return this.bag.toArray().filter(isCell);
  }

  /** The cells that are there, in order. */
  get live(): CellMap[] {
    return inOrder(this.all.filter(cell => !cell.has('deleted')));
  }

  /**
   * The cells by id. Of two that claim one id the one has it that came here first, until the server gives the other one
   * another id: whoever writes a cell chooses where it lies in the bag.
   */
  get byId(): Map<string, CellMap> {
    const holders = new Map<string, CellMap>();
    for (const cell of this.all) {
      const id = cell.get('id');
      const holder = isCellId(id) ? holders.get(id) : null;
      if (isCellId(id) && (!holder || this._arrivalOf(cell) < this._arrivalOf(holder))) {
        holders.set(id, cell);
      }
    }
    return holders;
  }

  /** The ids that cells are known by, where these are not those of the document. */
  get madeUpIds(): Map<CellMap, string> {
    const holders = new Set(this.byId.values());
    return new Map(this.all.filter(cell => !holders.has(cell)).map(cell => [cell, `cell-${nameOf(cell)}`]));
  }

  /** The cell that has an id; `null` if there never was one. */
  find(id: string): CellMap | null {
    return this.byId.get(id) ?? null;
  }

  /** Puts a new cell into the document; what JupyterLab calls trust is left out. */
  make(content: SharedCell.Cell, pos: string): CellMap {
    const { source = '', id } = content;
    const cell: CellMap = new Y.Map<unknown>();
    this.bag.push([cell]);
    cell.set('id', isCellId(id) && this._isFree(id, cell) ? id : UUID.uuid4());
    cell.set('pos', pos);
    cell.set('cell_type', knownType(content.cell_type));
    cell.set('metadata', new Y.Map());
    cell.set('outputs', new Y.Array());
    cell.set('execution_count', ('execution_count' in content ? content.execution_count : null) ?? null);
    if ('attachments' in content && content.attachments !== undefined) {
      cell.set('attachments', content.attachments);
    }
    // Last, so that a text which is too large for one message can follow a cell that is whole: see `pieces.ts`.
    cell.set('source', new Y.Text(typeof source === 'string' ? source : source.join('')));
    return cell;
  }

  /**
   * Keys for cells that are to come to a place in a list.
   *
   * @param order - The list, without these cells; the order that is shown.
   */
  keysAt(order: readonly CellMap[], index: number, count: number): string[] {
    const client = this.doc.clientID;
    const after = this._keyBefore(order, index);
    let before = index < order.length ? posOf(order[index]) : null;
    if (after !== null && before !== null && before < after) {
      // What is shown is behind what the document says.
      before = this._keyAbove(after);
    } else if (after !== null && before === after) {
      before = this._pushOn(order, index, after);
    }
    return keysBetween(after, before, count, client);
  }

  setType(cell: CellMap, type: CellType): void {
    if (typeOf(cell) === type) {
      return;
    }
    const outputs = cell.get('outputs');
    if (!(outputs instanceof Y.Array)) {
      cell.set('outputs', new Y.Array());
    } else if (outputs.length > 0) {
      outputs.delete(0, outputs.length);
    }
    if (type !== 'code' && cell.get('execution_count') !== null) {
      cell.set('execution_count', null);
    }
    cell.set('cell_type', type);
  }

  remove(cell: CellMap, by: string, into?: string): void {
    markDeleted(cell, { at: Date.now(), by, ...(into === undefined ? {} : { into }) });
  }

  restore(cell: CellMap): void {
    cell.delete('deleted');
    cell.delete('dropped');
  }

  dispose(): void {
    this.bag.unobserve(this._onBag);
  }

  private readonly _onBag = ({ changes }: Y.YArrayEvent<unknown>): void =>
    this._note([...changes.added].flatMap(item => item.content.getContent()));

  private _note(values: readonly unknown[]): void {
    for (const value of values) {
      if (value instanceof Y.Map) {
        this._arrivals.set(value, this._arrived++);
      }
    }
  }

  private _arrivalOf(cell: CellMap): number {
    return this._arrivals.get(cell) ?? Infinity;
  }

  private readonly _arrivals = new WeakMap<CellMap, number>();
  private _arrived = 0;

  private _isFree(id: string, except: CellMap): boolean {
    return !this.all.some(cell => cell !== except && cell.get('id') === id);
  }

  /** The key of the cell before a place; cells before it that have none get one. */
  private _keyBefore(order: readonly CellMap[], index: number): string | null {
    let last: string | null = null;
    for (const cell of order.slice(0, index)) {
      const pos = posOf(cell);
      if (pos === null) {
        cell.set('pos', (last = keyBetween(last, null, this.doc.clientID)));
      } else {
        last = pos;
      }
    }
    return last;
  }

  /** The least key in the document that is greater than one. */
  private _keyAbove(key: string): string | null {
    const above = this.all.map(posOf).filter((pos): pos is string => pos !== null && pos > key);
    return above.reduce<string | null>((least, pos) => (least === null || pos < least ? pos : least), null);
  }

  /** Gives the cells from a place on that all have one key new ones behind it; says the first of these. */
  private _pushOn(order: readonly CellMap[], index: number, key: string): string {
    let end = index;
    while (end < order.length && posOf(order[end]) === key) {
      end += 1;
    }
    const keys = keysBetween(key, this._keyAbove(key), end - index, this.doc.clientID);
    keys.forEach((pos, offset) => order[index + offset].set('pos', pos));
    return keys[0];
  }
}

/** Cells in the order of the notebook; those without a key come last, as they come. */
export function inOrder(cells: readonly CellMap[]): CellMap[] {
  const keyed: { cell: CellMap; pos: string; id: string }[] = [];
  const unkeyed: CellMap[] = [];
  for (const cell of cells) {
    const pos = posOf(cell);
    if (pos === null) {
      unkeyed.push(cell);
    } else {
      keyed.push({ cell, pos, id: String(cell.get('id')) });
    }
  }
  keyed.sort((a, b) => compare(a.pos, b.pos) || compare(a.id, b.id));
  return [...keyed.map(({ cell }) => cell), ...unkeyed];
}

export function knownType(type: string): CellType {
  return type === 'code' || type === 'markdown' ? type : 'raw';
}

/** The text of a cell, as it is. */
export function sourceOf(cell: CellMap): string {
  return textOf(cell)?.toString() ?? '';
}

/** By UTF-16 units, as every replica does. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import type * as Y from 'yjs';

import type { Arrangement } from './arrangement.js';
import { sourceOf } from './arrangement.js';
import { type CellMap, deletionOf, textOf } from './cellmap.js';

/**
 * The empty cell that came because the notebook would have been without any.
 *
 * Several people may each empty the notebook at once, and each page adds such a cell: all but one are too many.
 */
export class Filler {
  constructor(private readonly _cells: Arrangement) {}

  /** Somebody at this page did something: before it these cells were there, and after it those. */
  note(before: readonly CellMap[], after: readonly CellMap[]): void {
    const [cell] = after;
    if (after.length === 1 && !before.includes(cell) && sourceOf(cell) === '') {
      this._cell = cell;
    }
  }

  /** The cell, if others added theirs without knowing of it, and nobody typed in it; it is returned just once. */
  takeNeedless(): CellMap | null {
    const cell = this._cell;
    if (cell === null) {
      return null;
    }
    const isTouched = deletionOf(cell) !== null || textOf(cell)?._start !== null;
    const isNeedless = !isTouched && this._hasOther(cell);
    this._cell = isTouched || isNeedless ? null : cell;
    return isNeedless ? cell : null;
  }

  /**
   * Whether there is a cell instead of which this one came. Of cells that came at once all pages choose the same: one
   * with text, or the first in the bag; a cell that was added by somebody who knew this one did not come at once.
   */
  private _hasOther(cell: CellMap): boolean {
    const { all } = this._cells;
    const place = all.indexOf(cell);
    const isThere = (other: CellMap): boolean => deletionOf(other) === null;
    if (all.slice(0, place).some(isThere)) {
      return true;
    }
    const known = new Set([lastId(cell)]);
    for (const other of all.slice(place + 1)) {
      const origin = other._item?.origin ?? null;
      if (origin !== null && known.has(nameOfId(origin))) {
        known.add(lastId(other));
      } else if (isThere(other) && sourceOf(other) !== '') {
        return true;
      }
    }
    return false;
  }

  private _cell: CellMap | null = null;
}

/** The unit of the bag that the next cell added behind one names. */
function lastId({ _item: item }: CellMap): string {
  return item === null ? '' : nameOfId(item.lastId);
}

function nameOfId({ client, clock }: Y.ID): string {
  return `${client} ${clock}`;
}

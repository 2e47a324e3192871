import * as Y from 'yjs';

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
    const isNeedless = !isTouched && this._cells.live.some(other => this._isInstead(other, cell));
    this._cell = isTouched || isNeedless ? null : cell;
    return isNeedless ? cell : null;
  }

  /** Of cells that came at once all pages choose the same: one with text, or the first in the bag. */
  private _isInstead(other: CellMap, cell: CellMap): boolean {
    const { all } = this._cells;
    const isFirst = all.indexOf(other) < all.indexOf(cell);
    return other !== cell && (isFirst || (sourceOf(other) !== '' && !this._followed(other, cell)));
  }

  /** Whether a cell was added by somebody who knew another one. */
  private _followed(cell: CellMap, other: CellMap): boolean {
    for (let at: CellMap | undefined = cell; at !== undefined; at = this._before(at)) {
      if (at === other) {
        return true;
      }
    }
    return false;
  }

  /** The cell that was the last one when one was added. */
  private _before({ _item: added }: CellMap): CellMap | undefined {
    const origin = added?.origin ?? null;
    return this._cells.all.find(({ _item: item }) => item !== null && Y.compareIDs(item.lastId, origin));
  }

  private _cell: CellMap | null = null;
}

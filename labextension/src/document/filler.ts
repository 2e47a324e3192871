import type * as Y from 'yjs';

import type { Arrangement } from './arrangement.js';
import { sourceOf } from './arrangement.js';
import { type CellMap, deletionOf, textOf } from './cellmap.js';

/** Says of a cell that it came because the notebook would have been without any. */
const FILLER = 'filler';

/**
 * The empty cells that came because the notebook would have been without any.
 *
 * Several people may each empty the notebook at once, and each page adds such a cell: all but one are too many. Each
 * page looks after those that were made here, before a reload too: only here is known whether somebody types in them.
 */
export class Filler {
  /** @param _isOwn - Whether what a Yjs client wrote is this page's own. */
  constructor(
    private readonly _cells: Arrangement,
    private readonly _isOwn: (client: number) => boolean
  ) {}

  /** Somebody at this page did something: before it these cells were there, and after it those. */
  note(before: readonly CellMap[], after: readonly CellMap[]): void {
    const [cell] = after;
    if (after.length === 1 && !before.includes(cell) && sourceOf(cell) === '') {
      cell.set(FILLER, true);
    }
  }

  /** Cells came. */
  look(): void {
    const isMine = (cell: CellMap): boolean => cell._item !== null && this._isOwn(cell._item.id.client);
    this._mine = this._cells.all.filter(cell => cell.has(FILLER) && isMine(cell) && !isTouched(cell));
  }

  /** The cells in place of which others added theirs without knowing of them, and in which nobody typed. */
  takeNeedless(): CellMap[] {
    this._mine = this._mine.filter(cell => !isTouched(cell));
    return this._mine.filter(cell => this._hasOther(cell));
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

  private _mine: CellMap[] = [];
}

/** Whether a cell is a filler in which nobody typed anything. */
export function isUnused(cell: CellMap): boolean {
  return cell.has(FILLER) && textOf(cell)?._start === null;
}

function isTouched(cell: CellMap): boolean {
  return deletionOf(cell) !== null || textOf(cell)?._start !== null;
}

/** The unit of the bag that the next cell added behind one names. */
function lastId({ _item: item }: CellMap): string {
  return item === null ? '' : nameOfId(item.lastId);
}

function nameOfId({ client, clock }: Y.ID): string {
  return `${client} ${clock}`;
}

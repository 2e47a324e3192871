import type * as Y from 'yjs';

import { type Arrangement, sourceOf } from './arrangement.js';
import { type CellMap, deletionOf, textOf } from './cellmap.js';
import type { ILateText } from './latetext.js';
import type { IPlace, Lineage } from './lineage.js';
import type { IMove } from './moves.js';
import { type IGap, indexOfUnit, type Unit } from './units.js';

/** Where text goes. */
export interface ITarget {
  readonly cell: CellMap;
  readonly index: number;
}

/** Where places in cells' texts are after merges and splits, as the lineage has it. */
export class Places {
  constructor(
    private readonly _cells: Arrangement,
    private readonly _lineage: Lineage
  ) {}

  /**
   * Where a place in a cell's text is now: behind the character that was before it or, if that is gone, before the one
   * that was behind it; `null` if none is known.
   */
  follow(cell: CellMap, { behind, before }: IGap): ITarget | null {
    const [left, right] = [behind, before].map(unit => unit && this._lineage.find(cell, unit));
    if (left !== null && isShown(left)) {
      return { cell: left.cell, index: left.index + 1 };
    }
    const beside = right !== null && isShown(right) ? right : (left ?? right);
    if (beside !== null) {
      return beside;
    }
    const into = deletionOf(cell)?.into;
    const merge = this._lineage.moves(cell).find(({ to }) => to === into);
    return merge === undefined ? { cell, index: 0 } : this._ofCopies(merge);
  }

  /**
   * Where late text of a cell goes; `null` if it stays.
   *
   * @param move - The record that the text is late for.
   */
  forLate(cell: CellMap, { behind, before, isAfterCut }: IBeside, move: IMove): ITarget | null {
    const isThere = deletionOf(cell) === null;
    const places: (ITarget | null)[] = [
      isAfterCut ? null : this.beside(cell, behind, 1),
      this.beside(cell, before, 0),
      isThere ? null : this.beside(cell, behind, 1),
      behind === null && before === null ? this._ofCopies(move) : null,
      isThere ? null : this._endOf(deletionOf(cell)?.into)
    ];
    // Text that everybody sees does not go where nobody does, and hidden text does not stay.
    const isBetter = ({ cell: other }: ITarget): boolean => (isThere ? deletionOf(other) === null : other !== cell);
    return places.find(place => place !== null && isBetter(place)) ?? null;
  }

  /** The place beside a character, wherever that is now; `null` if it is where it was. */
  beside(cell: CellMap, unit: Unit | null, offset: number): ITarget | null {
    const found = unit && this._lineage.find(cell, unit);
    const text = textOf(cell) as Y.Text;
    const isHere = unit !== null && found?.cell === cell && indexOfUnit(text, unit)?.isDeleted === false;
    return found === null || isHere ? null : { cell: found.cell, index: found.index + (found.isDeleted ? 0 : offset) };
  }

  /** The place of a record's copies. */
  private _ofCopies(move: IMove): ITarget | null {
    const target = this._cells.find(move.to);
    const found = target && this._lineage.find(target, move.at);
    const isBehind = move.chars.length === 0 && move.ahead !== true && found?.isDeleted === false;
    return found && { cell: found.cell, index: found.index + (isBehind ? 1 : 0) };
  }

  private _endOf(id: string | undefined): ITarget | null {
    const cell = id === undefined ? null : this._cells.find(id);
    return cell && { cell, index: sourceOf(cell).length };
  }
}

type IBeside = Pick<ILateText, 'behind' | 'before' | 'isAfterCut'>;

/** Whether a character is there, in a cell that is there. */
function isShown({ cell, isDeleted }: IPlace): boolean {
  return !isDeleted && deletionOf(cell) === null;
}

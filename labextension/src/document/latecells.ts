import { isEqual } from '../text/json.js';
import type { Arrangement } from './arrangement.js';
import { type CellMap, type CellType, deletionOf, isLate, markDeleted, textOf, typeOf } from './cellmap.js';
import { movesOf } from './moves.js';
import type { Tombstones } from './tombstones.js';
import { piecesOf, type Run, UnitSet } from './units.js';

/** A deleted cell with text that was typed by somebody who did not know that it is deleted. */
export interface ILateCell {
  readonly id: string;
  readonly cell_type: CellType;
  /** The text that would come back: all of it or, of a merged cell, what did not go into another one. */
  readonly source: string;
  /** Who deleted the cell, and when, in milliseconds since 1970 by their clock. */
  readonly by: string;
  readonly at: number;
  /** The cell that it was merged into; `null` if it was just deleted. */
  readonly into: string | null;
}

/** The late text in a room's document. */
export class LateCells {
  constructor(
    private readonly _cells: Arrangement,
    private readonly _tombstones: Tombstones
  ) {}

  /** The cells with late text, as they were when `read` was called last. */
  get cells(): readonly ILateCell[] {
    return this._late;
  }

  /** Looks again; says whether something changed. */
  read(): boolean {
    const late = this._cells.all
      .filter(isLate)
      .map(describe)
      .filter(({ source }) => source !== '');
    const isSame = isEqual(late, this._late);
    this._late = late;
    return !isSame;
  }

  /** Takes out of a merged cell what went into others, so that only the late text comes back. */
  clearMoved(cell: CellMap): void {
    const text = textOf(cell);
    if (text !== null && deletionOf(cell)?.into !== undefined) {
      this._tombstones.takeOut(text, movedRuns(cell));
    }
  }

  /** From now on the text that the cell has is known to be deleted; also what did not go into another one. */
  dismiss(cell: CellMap): void {
    const { at = 0, by = '' } = deletionOf(cell) ?? {};
    markDeleted(cell, { at, by });
  }

  private _late: readonly ILateCell[] = [];
}

function describe(cell: CellMap): ILateCell {
  const { at = 0, by = '', into = null } = deletionOf(cell) ?? {};
  const source = into === null ? (textOf(cell)?.toString() ?? '') : unmovedText(cell);
  return { id: String(cell.get('id')), cell_type: typeOf(cell), source, by, at, into };
}

function movedRuns(cell: CellMap): Run[] {
  return movesOf(cell).flatMap(({ chars }) => chars);
}

function unmovedText(cell: CellMap): string {
  const [text, moved] = [textOf(cell), new UnitSet(movedRuns(cell))];
  let source = '';
  for (const piece of text === null ? [] : piecesOf(text)) {
    let offset = 0;
    for (const { run, isIn } of moved.partition(piece.run)) {
      source += isIn || piece.isDeleted ? '' : piece.text.slice(offset, offset + run[2]);
      offset += run[2];
    }
  }
  return source;
}

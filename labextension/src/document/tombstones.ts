import type * as Y from 'yjs';

import { type CellMap, deletionOf, textOf } from './cellmap.js';
import type { Lineage } from './lineage.js';
import type { IMove } from './moves.js';
import { type DeleteSet, deleteUnits, piecesOf, presentRuns, type Run, runsOf, UnitSet } from './units.js';

/**
 * What was deleted in texts, and what only went elsewhere: who merges or splits a cell copies characters that others
 * delete at the same moment, and the copies have to go then, too.
 */
export class Tombstones {
  /** What was done here deleted characters. */
  note(deletions: DeleteSet): void {
    this._deleted.add(this._moved.select(runsOf(deletions), false));
  }

  /**
   * Others deleted characters, perhaps in an edit with a record: Yjs deletes at once what an update says, also when the
   * rest of it has to wait for another one.
   */
  noteEarly(deletions: DeleteSet): void {
    this._early.add(runsOf(deletions));
  }

  /** Takes a document that comes from an earlier page: what is deleted in it, and went nowhere, is deleted for good. */
  noteKept(texts: Iterable<Y.Text>, lineage: Lineage): void {
    const moved = new UnitSet(lineage.misplaced());
    for (const text of texts) {
      this._deleted.add(moved.select(deletedRuns(text), false));
    }
  }

  /** Takes over what is known of another document of the same history, as far as it is deleted in these texts. */
  takeOver(former: Tombstones, texts: Iterable<Y.Text>): void {
    for (const text of texts) {
      this._deleted.add(former._deleted.select(deletedRuns(text)));
    }
  }

  /** Deletes characters of a text which are in another place now; says how many were there. */
  takeOut(text: Y.Text, runs: readonly Run[]): number {
    this._moved.add(runs);
    return deleteUnits(text, runs);
  }

  /** What had been deleted in a text before an edit of somebody else's that made these `deletions`. */
  before(text: Y.Text, deletions: DeleteSet): Run[] {
    return this._early.select(new UnitSet(runsOf(deletions)).select(deletedRuns(text), false), false);
  }

  /**
   * Deletes the copies of those characters of a record that were deleted by somebody who did not know of it.
   *
   * @param gone - What had been deleted in the cell before the record came.
   */
  follow(lineage: Lineage, cell: CellMap, move: IMove, gone: readonly Run[]): void {
    const others = lineage.moves(cell).filter(({ op }) => op !== move.op);
    // What others deleted because it is in another place, too, was not meant to go.
    const moved = new UnitSet([
      ...lineage.superfluousIn(cell),
      ...others.flatMap(({ chars }) => chars),
      ...[...others, move].flatMap(({ cut = [] }) => cut)
    ]);
    const known = new UnitSet([...lineage.among(cell, move.chars, this._deleted), ...moved.select(gone, false)]);
    const deleted = known.select(move.chars);
    this._deleted.add(deleted);
    for (const copies of lineage.descendants(cell, deleted)) {
      deleteUnits(copies.text, copies.runs);
      // Somebody may be moving them on.
      this._deleted.add(copies.runs);
    }
  }

  /** Deletes those characters of a cell that came back of which a copy was deleted. */
  repeat(lineage: Lineage, cell: CellMap): void {
    const text = deletionOf(cell) === null ? textOf(cell) : null;
    if (text !== null) {
      deleteUnits(text, lineage.among(cell, presentRuns(text), this._deleted));
    }
  }

  private readonly _early = new UnitSet();
  private readonly _moved = new UnitSet();
  /** What is known to be deleted for good: all that was deleted here, and some of what others deleted. */
  private readonly _deleted = new UnitSet();
}

function deletedRuns(text: Y.Text): Run[] {
  return [...piecesOf(text)].filter(({ isDeleted }) => isDeleted).map(({ run }) => run);
}

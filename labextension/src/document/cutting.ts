import type * as Y from 'yjs';

import { sourceOf } from './arrangement.js';
import type { CellActions, IPart } from './cellactions.js';
import { type CellMap, deletionOf, textOf } from './cellmap.js';
import type { IIntention } from './history.js';
import { spansOf } from './textparts.js';

/** What was done to cells in a step that is not over. */
export interface IStep {
  /** The cells that came with it, each with what it takes to undo that. */
  readonly made: ReadonlyMap<CellMap, IIntention>;
  readonly intentions: IIntention[];
}

/**
 * Knows a split by what JupyterLab's actions do: they put pieces of a cell's text into new cells beside it, and give
 * the cell the text that is left.
 */
export class Cutting {
  constructor(private readonly _actions: CellActions) {}

  /**
   * A cell is to have another text.
   *
   * @param order - The cells as the step leaves them.
   * @returns Whether the rest of its text is in cells that came with the step, and so the cell was split; else nothing
   *   was done.
   */
  cut(cell: CellMap, source: string, order: readonly CellMap[], step: IStep): boolean {
    const place = order.indexOf(cell);
    const isOld = (other: CellMap): boolean => !step.made.has(other);
    const [before, behind] = [order.slice(0, Math.max(place, 0)), order.slice(place + 1)];
    const end = behind.findIndex(isOld);
    const above = before.slice(before.map(isOld).lastIndexOf(true) + 1);
    const below = end < 0 ? behind : behind.slice(0, end);
    return place >= 0 && (this._cutAbove(cell, above, source, step) || this._cutBelow(cell, below, source, step));
  }

  private _cutAbove(cell: CellMap, pieces: readonly CellMap[], source: string, step: IStep): boolean {
    const whole = sourceOf(cell);
    const texts = pieces.map(sourceOf);
    const spans = pieces.length > 0 ? spansOf(whole, [...texts, source]) : null;
    if (spans === null) {
      return false;
    }
    const { start, end } = spans[pieces.length];
    textOf(cell)?.delete(end, whole.length - end);
    forgetMade(pieces, step);
    this._actions.split(
      cell,
      pieces.map((piece, index) => ({ cell: piece, ...spans[index] })),
      start
    );
    // The split brings their texts once more, so that the document says where each character went.
    pieces.forEach((piece, index) => textOf(piece)?.delete(texts[index].length, texts[index].length));
    return true;
  }

  /** The document can only say of the last piece that it is the cell's; but undo merges these, too. */
  private _cutBelow(cell: CellMap, pieces: readonly CellMap[], source: string, step: IStep): boolean {
    const whole = sourceOf(cell);
    const spans = pieces.length > 0 ? spansOf(whole, [source, ...pieces.map(sourceOf)]) : null;
    if (spans === null) {
      return false;
    }
    const [{ start, end }] = spans;
    const text = textOf(cell) as Y.Text;
    text.delete(end, whole.length - end);
    text.delete(0, start);
    forgetMade(pieces, step);
    const parts = pieces.map((piece, index): IPart => {
      return { cell: piece, separator: whole.slice(spans[index].end, spans[index + 1].start) };
    });
    step.intentions.push({ undo: () => this._merge(cell, parts) });
    return true;
  }

  private _merge(cell: CellMap, pieces: readonly IPart[]): boolean {
    const present = deletionOf(cell) === null ? pieces.filter(piece => deletionOf(piece.cell) === null) : [];
    if (present.length > 0) {
      this._actions.merge(cell, [], present);
    }
    return present.length > 0;
  }
}

/** The coming of the pieces is a part of the split, and undone with it. */
function forgetMade(pieces: readonly CellMap[], { made, intentions }: IStep): void {
  const forgotten = new Set(pieces.map(piece => made.get(piece)));
  intentions.splice(0, intentions.length, ...intentions.filter(intention => !forgotten.has(intention)));
}

import * as Y from 'yjs';

import type { Arrangement } from './arrangement.js';
import { type CellMap, type CellType, deletionOf, textOf, typeOf } from './cellmap.js';
import type { Tombstones } from './tombstones.js';
import type { IIntention } from './history.js';
import { nextUnit } from './moves.js';
import type { Relocation } from './relocation.js';
import { deleteUnits, presentRuns, type Run, runsBetween, type Unit, UnitSet } from './units.js';

/** Who does things to cells at this page, and what is made of it. */
export interface IActor {
  /** The display name that others see. */
  author(): string;
  /** Something was done to cells. */
  note(intention: IIntention): void;
  /** A cell stays though its making was undone: others wrote in it. */
  tellKept(cell: CellMap): void;
}

/** A cell that is to become part of another one, and what is to stand between the two texts. */
export interface IPart {
  readonly cell: CellMap;
  readonly separator: string;
}

/** A piece of a text that is to be a cell of its own. */
export interface ISlice {
  readonly cell: CellMap;
  readonly start: number;
  readonly end: number;
}

/** What a person at this page does to cells, each with what it takes to undo it. */
export class CellActions {
  constructor(
    private readonly _cells: Arrangement,
    private readonly _relocation: Relocation,
    private readonly _tombstones: Tombstones,
    private readonly _actor: IActor
  ) {}

  /** Takes note that a cell was made. */
  noteMade(cell: CellMap): void {
    this._actor.note({ undo: () => this._unmake(cell, new UnitSet()) });
  }

  move(cell: CellMap, to: string): void {
    const from = cell.get('pos');
    cell.set('pos', to);
    this._actor.note({
      undo: () => {
        if (cell.get('pos') !== to || typeof from !== 'string') {
          return false;
        }
        this.move(cell, from);
        return true;
      }
    });
  }

  setType(cell: CellMap, to: CellType): void {
    const from = typeOf(cell);
    if (from === to) {
      return;
    }
    const former = { outputs: copyOutputs(cell), count: cell.get('execution_count') };
    this._cells.setType(cell, to);
    this._actor.note({
      undo: () => {
        if (typeOf(cell) !== to) {
          return false;
        }
        this.setType(cell, from);
        restoreOutputs(cell, former);
        return true;
      }
    });
  }

  remove(cell: CellMap): void {
    this._remove(cell, new UnitSet(this._relocation.typedIn(cell)));
  }

  restore(cell: CellMap): void {
    this._restore(cell, new UnitSet());
  }

  /**
   * Merges cells: the text of others comes into one that stays.
   *
   * @param before - Those whose text comes before that of the primary cell, in order; after each its separator.
   * @param after - Those whose text comes behind it, in order; before each its separator.
   */
  merge(primary: CellMap, before: readonly IPart[], after: readonly IPart[]): void {
    const id = String(primary.get('id'));
    const own = presentRuns(textOf(primary) as Y.Text);
    this._copyInto(primary, before, true);
    this._copyInto(primary, after, false);
    const parts = [...before, ...after].map(({ cell }) => cell);
    parts.forEach(cell => this._cells.remove(cell, this._actor.author(), id));
    const again = (): boolean => this._mergeAgain(primary, before, after);
    this._actor.note({ undo: () => this._unmerge(primary, parts, own, again) });
  }

  /**
   * Splits a cell: pieces of its text go to cells that were made for them.
   *
   * @param slices - The pieces, in order, each with the cell that it goes to.
   * @param stays - Where the text begins that stays.
   */
  split(cell: CellMap, slices: readonly ISlice[], stays: number): void {
    this._relocation.renew(cell);
    const text = textOf(cell) as Y.Text;
    const whole = text.toString();
    const [next] = runsBetween(text, stays, stays + 1);
    const split = { taken: true, ...(next === undefined ? {} : { tail: [next[0], next[1]] as const }) };
    for (const [place, { cell: piece, start, end }] of slices.entries()) {
      const cut = runsBetween(text, end, slices[place + 1]?.start ?? stays);
      const at = nextUnit(this._cells.doc);
      textOf(piece)?.insert(0, whole.slice(start, end));
      if (start < end) {
        const chars = runsBetween(text, start, end);
        this._relocation.record(cell, { to: String(piece.get('id')), chars, at, cut, ...split });
      }
    }
    this._tombstones.takeOut(text, runsBetween(text, 0, stays));
    const parts = slices.map(({ cell: piece, end }, place) => {
      return { cell: piece, separator: whole.slice(end, slices[place + 1]?.start ?? stays) };
    });
    this._actor.note({ undo: () => this._mergeAgain(cell, parts, []) });
  }

  /** Copies the text of cells into another one, and notes in them where it went. */
  private _copyInto(primary: CellMap, parts: readonly IPart[], ahead: boolean): void {
    parts.forEach(({ cell }) => this._relocation.renew(cell));
    const text = textOf(primary) as Y.Text;
    // The records are written behind the copies: their names count what this page writes.
    const [client, clock] = nextUnit(this._cells.doc);
    let all = '';
    const places = parts.map(({ cell, separator }) => {
      const source = textOf(cell) as Y.Text;
      const chars = runsBetween(source, 0, source.length);
      const start = clock + all.length;
      all += ahead ? source.toString() + separator : separator + source.toString();
      const sep: Run = [client, start + (ahead ? source.length : 0), separator.length];
      // Of no characters the place is the separator's unit on that side.
      const at: Unit = [client, ahead ? start : start + separator.length - (chars.length === 0 ? 1 : 0)];
      return { cell, move: { to: String(primary.get('id')), chars, at, ahead, ...(separator === '' ? {} : { sep }) } };
    });
    text.insert(ahead ? 0 : text.length, all);
    this._relocation.recordMerges(places.filter(({ move }) => move.chars.length > 0 || move.sep !== undefined));
  }

  private _unmerge(primary: CellMap, parts: readonly CellMap[], own: readonly Run[], again: () => boolean): boolean {
    const merged = parts.filter(cell => this._isIn(cell, primary));
    if (merged.length === 0 || deletionOf(primary) !== null) {
      return false;
    }
    const brought = new Map(parts.map(cell => [cell, this._relocation.broughtFrom(cell, primary)]));
    for (const cell of merged) {
      const others = [...brought].flatMap(([part, { copies, separators }]) => {
        return part === cell ? separators : [...copies, ...separators];
      });
      this._relocation.moveBack(primary, cell, new UnitSet([...own, ...others]));
      this._cells.restore(cell);
    }
    this._relocation.dropDoubled();
    deleteUnits(
      textOf(primary) as Y.Text,
      merged.flatMap(cell => brought.get(cell)?.separators ?? [])
    );
    this._actor.note({ undo: again });
    return true;
  }

  /** Whether a cell is merged into another one; somebody may have brought it back, without what went there. */
  private _isIn(cell: CellMap, primary: CellMap): boolean {
    const deletion = deletionOf(cell);
    return deletion === null ? this._relocation.hasCopies(cell, primary) : deletion.into === primary.get('id');
  }

  private _mergeAgain(primary: CellMap, before: readonly IPart[], after: readonly IPart[]): boolean {
    const isThere = ({ cell }: IPart): boolean => deletionOf(cell) === null;
    const [first, second] = [before.filter(isThere), after.filter(isThere)];
    if (deletionOf(primary) !== null || first.length + second.length === 0) {
      return false;
    }
    this.merge(primary, first, second);
    return true;
  }

  /**
   * Takes back that a cell was made or brought back here: it goes, unless others wrote in it meanwhile.
   *
   * @param known - What there was in it when it was deleted here, if it was: that may go again.
   */
  private _unmake(cell: CellMap, known: UnitSet): boolean {
    if (deletionOf(cell) !== null) {
      return false;
    }
    if (this._relocation.isAllOwn(cell, known)) {
      this._remove(cell, known);
    } else {
      this._actor.tellKept(cell);
    }
    return true;
  }

  private _remove(cell: CellMap, known: UnitSet): void {
    this._cells.remove(cell, this._actor.author());
    this._actor.note({
      undo: () => {
        // What somebody merged into another cell meanwhile is there.
        if (deletionOf(cell) === null || deletionOf(cell)?.into !== undefined) {
          return false;
        }
        this._restore(cell, known);
        return true;
      }
    });
  }

  private _restore(cell: CellMap, known: UnitSet): void {
    this._cells.restore(cell);
    this._relocation.dropDoubled();
    this._actor.note({ undo: () => this._unmake(cell, known) });
  }
}

interface IFormerOutputs {
  readonly outputs: unknown[];
  readonly count: unknown;
}

function copyOutputs(cell: CellMap): Y.Map<unknown>[] {
  const outputs = cell.get('outputs');
  return outputs instanceof Y.Array
    ? outputs.map((output: unknown) => (output instanceof Y.Map ? (output.clone() as Y.Map<unknown>) : new Y.Map()))
    : [];
}

/** Puts outputs back that went with the type. */
function restoreOutputs(cell: CellMap, { outputs, count }: IFormerOutputs): void {
  const present = cell.get('outputs');
  if (typeOf(cell) === 'code' && present instanceof Y.Array && present.length === 0 && outputs.length > 0) {
    present.insert(0, outputs);
    cell.set('execution_count', count);
  }
}

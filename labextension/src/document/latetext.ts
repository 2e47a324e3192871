import type * as Y from 'yjs';

import type { IMove } from './moves.js';
import { common, indexOfUnit, piecesOf, placesOf, type Run, type Unit, UnitSet } from './units.js';

/** Own text that the one who moved the characters around it did not know. */
export interface ILateText {
  text: string;
  readonly runs: Run[];
  /** The moved characters beside it. */
  readonly behind: Unit | null;
  before: Unit | null;
  /** Whether a line break that a split took out is before it: then it is on the side of what comes next. */
  readonly isAfterCut: boolean;
}

/** Gathers late text as one goes through a cell's characters. */
export class LateTexts {
  readonly texts: ILateText[] = [];

  /** There is a moved character. */
  pass([client, clock, length]: Run): void {
    this._last = null;
    this._behind = [client, clock + length - 1];
    this._isAfterCut = false;
    for (const text of this._open.splice(0)) {
      text.before = [client, clock];
    }
  }

  /** There are deleted characters. */
  cut(hasCut: boolean): void {
    if (hasCut) {
      this._last = null;
      this._isAfterCut = true;
    }
  }

  add(run: Run, text: string): void {
    if (this._last !== null) {
      this._last.runs.push(run);
      this._last.text += text;
      return;
    }
    this._last = { text, runs: [run], behind: this._behind, before: null, isAfterCut: this._isAfterCut };
    this._open.push(this._last);
    this.texts.push(this._last);
  }

  private _last: ILateText | null = null;
  private _behind: Unit | null = null;
  private _isAfterCut = false;
  private readonly _open: ILateText[] = [];
}

/**
 * The part of a text that a record is about, in units, deleted ones too: of a split all that comes before what stayed,
 * else from the first character that moved to the last.
 */
export function reachOf(text: Y.Text, { chars, tail }: IMove): [start: number, end: number] {
  const moved = new UnitSet(chars);
  let [start, end, place] = [Infinity, 0, 0];
  for (const { run } of piecesOf(text)) {
    if (tail !== undefined && common(run, [...tail, 1]) !== null) {
      return [0, place + tail[1] - run[1]];
    }
    for (const part of moved.partition(run)) {
      if (part.isIn) {
        [start, end] = [Math.min(start, place), place + part.run[2]];
      }
      place += part.run[2];
    }
  }
  return [start, end];
}

/** Text on the wrong side of what a merge brought in, and the place where it was typed. */
export interface IStrayText {
  readonly run: Run;
  readonly text: string;
  readonly index: number;
}

/** Those characters of a record that are in a set, with the others of it beside them. */
export function torn(text: Y.Text, { chars }: IMove, units: UnitSet): ILateText[] {
  const listed = new UnitSet(chars);
  const late = new LateTexts();
  for (const { run } of piecesOf(text)) {
    for (const part of units.partition(run)) {
      if (part.isIn) {
        late.add(part.run, '');
      } else {
        listed.select([part.run]).forEach(passed => late.pass(passed));
      }
    }
  }
  return late.texts;
}

/** What merges put into a text: one of them behind the text that was there or, if it is `ahead`, before it. */
export interface IBrought {
  readonly units: UnitSet;
  readonly ahead: boolean;
  /** What merges put on the other side of that text. */
  readonly opposite: readonly Run[];
  /** What stands where it does on purpose. */
  readonly placed: UnitSet;
}

/** What stands beyond that which a merge brought though it was typed where that came later; in the text's order. */
export function strayTexts(text: Y.Text, { units, ahead, opposite, placed }: IBrought): IStrayText[] {
  const pieces = ahead ? [...piecesOf(text)].reverse() : [...piecesOf(text)];
  const start = pieces.findIndex(({ run }) => units.select([run]).length > 0);
  if (start === -1) {
    return [];
  }
  const passed = new UnitSet(pieces.slice(0, start).map(({ run }) => run));
  const ends = placesOf(text, opposite).map(({ run, index }) => (ahead ? index : index + run[2]));
  const [least, most] = ahead ? [0, Math.min(...ends, text.length)] : [Math.max(...ends, 0), Infinity];
  const stray: (IStrayText & { readonly isDeleted: boolean })[] = [];
  for (const { run, isDeleted, text: characters, origin, rightOrigin } of pieces.slice(start)) {
    const index = placed.select([run]).length > 0 ? null : indexBeside(ahead ? rightOrigin : origin);
    if (index !== null) {
      stray.push({ run, text: characters, index: Math.min(Math.max(index, least), most), isDeleted });
    }
  }
  const there = stray.filter(({ isDeleted }) => !isDeleted);
  return ahead ? there.reverse() : there;

  /** Where text belongs that was typed beside a character; `null` if it is there. */
  function indexBeside(id: Y.ID | null): number | null {
    if (id === null) {
      return ahead ? text.length : 0;
    }
    const unit: Run = [id.client, id.clock, 1];
    if (passed.select([unit]).length > 0) {
      const found = indexOfUnit(text, [id.client, id.clock]);
      return found && found.index + (ahead || found.isDeleted ? 0 : 1);
    }
    return stray.find(({ run }) => common(run, unit) !== null)?.index ?? null;
  }
}

import type * as Y from 'yjs';

import type { IMove } from './moves.js';
import { common, piecesOf, type Run, type Unit, UnitSet } from './units.js';

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

/** What is known of a cell in which text may be late. */
interface ILateIn {
  /** All records of the cell. */
  readonly moves: readonly IMove[];
  /** Whether the whole cell went into another one. */
  readonly isMerged: boolean;
  /** Whether what a Yjs client wrote is this page's own. */
  readonly isOwn: (client: number) => boolean;
}

/** The own text in a cell's text that is late for a record. */
export function lateTextsIn(text: Y.Text, move: IMove, { moves, isMerged, isOwn }: ILateIn): ILateText[] {
  const moved = new UnitSet(moves.flatMap(({ chars }) => chars));
  const cut = new UnitSet(moves.flatMap(candidate => candidate.cut ?? []));
  const late = new LateTexts();
  const [start, end] = isMerged ? [0, Infinity] : reachOf(text, move);
  let place = 0;
  for (const piece of piecesOf(text)) {
    let offset = 0;
    for (const { run, isIn } of moved.partition(piece.run)) {
      if (isIn) {
        late.pass(run);
      } else if (piece.isDeleted) {
        late.cut(cut.select([run]).length > 0);
      } else if (isOwn(run[0]) && place >= start && place < end) {
        late.add(run, piece.text.slice(offset, offset + run[2]));
      }
      place += run[2];
      offset += run[2];
    }
  }
  return late.texts;
}

/**
 * The part of a text that a record is about, in units, deleted ones too: of a split all that comes before what stayed,
 * else from the first character that moved to the last.
 */
function reachOf(text: Y.Text, { chars, tail }: IMove): [start: number, end: number] {
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

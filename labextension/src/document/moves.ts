/** The records by which a cell says where its characters went: `moved.<op>`, see `docs/wire.md`. */
import { UUID } from '@lumino/coreutils';
import * as Y from 'yjs';

import type { CellMap } from './cellmap.js';
import { common, type Run, type Unit, unitsIn, type UnitSet } from './units.js';

const PREFIX = 'moved.';

/** Characters that were copied to another cell. */
export interface IMove {
  readonly op: string;
  /** The id of the cell that they went to. */
  readonly to: string;
  /** The characters, in the order of the text. */
  readonly chars: readonly Run[];
  /** The first copy; the others follow it. Of no characters: the unit behind which they would be. */
  readonly at: Unit;
  /** Of a split: the first character that stayed, if any did. */
  readonly tail?: Unit;
  /** Of a split: the line breaks that went with it. */
  readonly cut?: readonly Run[];
  /** Whether the characters were deleted where they were. A merge leaves them in the cell that goes. */
  readonly taken?: boolean;
  /** Whether a page let its own text follow that of others. Where it may stay, no more text follows that. */
  readonly follows?: boolean;
  /** Of a merge: whether the copies come before the text that was there, or behind it. */
  readonly ahead?: boolean;
  /** Of a merge: what was put between the copies and the text that was there. */
  readonly sep?: Run;
}

/** Characters of a cell, and the first of those that stand for them. */
export type INaming = Pick<IMove, 'chars' | 'at'>;

export function isMoveKey(key: string): boolean {
  return key.startsWith(PREFIX) && key[PREFIX.length] >= LEAST;
}

export function opOf(key: string): string {
  return key.slice(PREFIX.length);
}

/** The records of a cell that an honest page may have written; of those that list one character the first counts. */
export function movesOf(cell: CellMap): IMove[] {
  const moves: IMove[] = [];
  // Not `keys()`, which is slow: most cells have no record.
  for (const key of cell._map.keys()) {
    const move = isMoveKey(key) ? readMove(opOf(key), cell.get(key)) : null;
    if (move !== null && isOfWriter(move, cell._map.get(key)?.id)) {
      moves.push(move);
    }
  }
  return moves.sort((a, b) => (a.op < b.op ? -1 : 1));
}

/**
 * Whether the copies are its writer's own, and older than the record, and the characters older than the copies: so
 * nobody can make a record of what others type, or of what is still to be typed.
 */
function isOfWriter(move: IMove, writer: Y.ID | undefined): boolean {
  const { chars, at } = move;
  const written: Run[] = [[...at, unitsIn(chars)], ...separatorsOf([move])];
  const isWriters = ([client, clock, length]: Run): boolean =>
    client === writer?.client && clock + length <= writer.clock;
  const isOlder = ([client, clock, length]: Run): boolean => client !== at[0] || clock + length <= at[1];
  return written.every(isWriters) && isBeside(move) && chars.every(isOlder) && !hasDoubles(chars);
}

/** Whether the separator is right beside the copies, on the side of the text that was there. */
function isBeside({ chars, at, ahead, sep }: IMove): boolean {
  if (sep === undefined) {
    return true;
  }
  // Of no characters the place is the separator's unit on that side.
  const start = ahead === true ? at[1] + unitsIn(chars) : at[1] - sep[2] + (chars.length === 0 ? 1 : 0);
  return sep[0] === at[0] && sep[1] === start;
}

/** Whether a unit is in several runs. */
function hasDoubles(runs: readonly Run[]): boolean {
  const sorted = [...runs].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return sorted.some((run, index) => index > 0 && common(run, sorted[index - 1]) !== null);
}

/**
 * Writes a record. It stays for good: others may have acted on it.
 *
 * @param op - What names it, if it is to count in place of one that lists the same characters.
 */
export function writeMove(cell: CellMap, move: Omit<IMove, 'op'>, op = UUID.uuid4()): void {
  cell.set(PREFIX + op, { ...move });
}

/** Whether a record is of a merge, or of text that followed one: a split takes characters out, and follows nothing. */
export function isOfMerge({ taken, follows }: IMove): boolean {
  return taken !== true || follows === true;
}

/** What the records of merges put between texts. */
export function separatorsOf(moves: readonly IMove[]): Run[] {
  return moves.flatMap(({ sep }) => (sep === undefined ? [] : [sep]));
}

/** The name of a record that counts in place of others; no two are the same. */
export function opBefore(moves: readonly IMove[]): string {
  return LEAST + leastsIn(moves[0]?.op ?? '') + UUID.uuid4();
}

/** Whether a record was written by somebody who knew another one, to count in place of that. */
export function isInPlaceOf(move: IMove, other: IMove): boolean {
  return leastsIn(move.op).length > leastsIn(other.op).length;
}

/** Nothing that a name may have comes before it. */
const LEAST = '!';

function leastsIn(op: string): string {
  return (/^!*/.exec(op) as RegExpExecArray)[0];
}

/** The copies of those characters of a record that are also in a set. */
export function copiesOf({ chars, at }: INaming, units: UnitSet): Run[] {
  const copies: Run[] = [];
  let offset = 0;
  for (const listed of chars) {
    for (const { run, isIn } of units.partition(listed)) {
      if (isIn) {
        copies.push([at[0], at[1] + offset + run[1] - listed[1], run[2]]);
      }
    }
    offset += listed[2];
  }
  return copies;
}

/** The characters of a record whose copies are in a set. */
export function originalsOf({ chars, at }: IMove, copies: UnitSet): Run[] {
  const originals: Run[] = [];
  let place = at[1];
  for (const [client, clock, length] of chars) {
    for (const { run, isIn } of copies.partition([at[0], place, length])) {
      if (isIn) {
        originals.push([client, clock + run[1] - place, run[2]]);
      }
    }
    place += length;
  }
  return originals;
}

/** The clock that this page's next character has. */
export function nextUnit(doc: Y.Doc): Unit {
  return [doc.clientID, Y.getState(doc.store, doc.clientID)];
}

function readMove(op: string, value: unknown): IMove | null {
  const record = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const { to, chars, at, tail, cut, taken, follows, ahead, sep } = record;
  if (typeof to !== 'string' || !isRuns(chars) || !isUnit(at)) {
    return null;
  }
  const split = { cut: isRuns(cut) ? cut : [], ...(isUnit(tail) ? { tail } : {}) };
  const merge = typeof ahead === 'boolean' ? { ahead, ...(isRun(sep) ? { sep } : {}) } : {};
  return { op, to, chars, at, ...split, ...merge, taken: taken === true, follows: follows === true };
}

/** Client ids and clocks are less, and so are their sums exact. */
const MOST = 2 ** 52;

function isRuns(value: unknown): value is Run[] {
  return Array.isArray(value) && value.every(isRun);
}

function isRun(value: unknown): value is Run {
  return Array.isArray(value) && value.length === 3 && value.every(isCount) && value[2] > 0;
}

function isUnit(value: unknown): value is Unit {
  return Array.isArray(value) && value.length === 2 && value.every(isCount);
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < MOST;
}

/** The records by which a cell says where its characters went: `moved.<op>`, see `docs/wire.md`. */
import { UUID } from '@lumino/coreutils';
import * as Y from 'yjs';

import type { CellMap } from './cellmap.js';
import { type Run, unitsIn } from './units.js';

const PREFIX = 'moved.';

/** Characters that were copied to another cell. */
export interface IMove {
  readonly op: string;
  /** The id of the cell that they went to. */
  readonly to: string;
  /** The characters, in the order of the text. */
  readonly chars: readonly Run[];
  /** The first copy; the others follow it. Of no characters: the unit behind which they would be. */
  readonly at: readonly [client: number, clock: number];
  /** Of a split: the first character that stayed, if any did. */
  readonly tail?: readonly [client: number, clock: number];
  /** Of a split: the line breaks that went with it. */
  readonly cut?: readonly Run[];
  /** Whether the page that typed the characters moved them, and deleted them where they were. */
  readonly isOwn?: boolean;
}

export function isMoveKey(key: string): boolean {
  return key.startsWith(PREFIX);
}

export function opOf(key: string): string {
  return key.slice(PREFIX.length);
}

/** The records of a cell that make sense; the one that wins where two list the same characters comes first. */
export function movesOf(cell: CellMap): IMove[] {
  const moves: IMove[] = [];
  for (const key of cell.keys()) {
    const move = isMoveKey(key) ? readMove(opOf(key), cell.get(key)) : null;
    if (move !== null) {
      moves.push(move);
    }
  }
  return moves.sort((a, b) => (a.op < b.op ? -1 : 1));
}

/** Writes a record; says its `op`. */
export function writeMove(cell: CellMap, move: Omit<IMove, 'op'>): string {
  const op = UUID.uuid4();
  cell.set(PREFIX + op, { ...move });
  return op;
}

export function dropMove(cell: CellMap, op: string): void {
  cell.delete(PREFIX + op);
}

/** The copies of those characters of a record that are also in a run. */
export function copiesOf(move: IMove, run: Run): Run[] {
  const copies: Run[] = [];
  let offset = 0;
  for (const listed of move.chars) {
    const start = Math.max(listed[1], run[1]);
    const end = Math.min(listed[1] + listed[2], run[1] + run[2]);
    if (listed[0] === run[0] && start < end) {
      copies.push([move.at[0], move.at[1] + offset + start - listed[1], end - start]);
    }
    offset += listed[2];
  }
  return copies;
}

/** The clock that this page's next character has. */
export function nextUnit(doc: Y.Doc): readonly [client: number, clock: number] {
  return [doc.clientID, Y.getState(doc.store, doc.clientID)];
}

function readMove(op: string, value: unknown): IMove | null {
  const record = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const { to, chars, at, tail, cut, isOwn } = record;
  if (typeof to !== 'string' || !isRuns(chars) || !isUnit(at)) {
    return null;
  }
  const isBounded = unitsIn(chars) <= MAX_UNITS;
  if (!isBounded) {
    return null;
  }
  const more = { cut: isRuns(cut) ? cut : [], isOwn: isOwn === true };
  return { op, to, chars, at, ...(isUnit(tail) ? { tail } : {}), ...more };
}

const MAX_UNITS = 100_000_000;

function isRuns(value: unknown): value is Run[] {
  return Array.isArray(value) && value.every(isRun);
}

function isRun(value: unknown): value is Run {
  return Array.isArray(value) && value.length === 3 && value.every(isCount) && value[2] > 0;
}

function isUnit(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isCount);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

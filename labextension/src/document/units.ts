/** The units (UTF-16) of a text as Yjs names them, each by the client that wrote it and that client's clock. */
import * as Y from 'yjs';

/** The client that wrote the units, the clock of the first, and how many there are. */
export type Run = readonly [client: number, clock: number, length: number];

export interface IPiece {
  readonly run: Run;
  readonly isDeleted: boolean;
  readonly text: string;
}

/** All units that were ever written in a text, in its order, deleted ones too. */
export function* piecesOf(text: Y.Text): Generator<IPiece> {
  for (let item = text._start; item !== null; item = item.right) {
    if (item.content instanceof Y.ContentString || item.content instanceof Y.ContentDeleted) {
      const str = item.content instanceof Y.ContentString ? item.content.str : '';
      yield { run: [item.id.client, item.id.clock, item.length], isDeleted: item.deleted, text: str };
    }
  }
}

/** How many units of a text somebody wrote for whom `isOwn` does not hold. */
export function foreignUnits(text: Y.Text, isOwn: (client: number) => boolean): number {
  let units = 0;
  for (const { run, isDeleted } of piecesOf(text)) {
    units += isDeleted || isOwn(run[0]) ? 0 : run[2];
  }
  return units;
}

/** The names of the units between two places of a text. */
export function runsBetween(text: Y.Text, start: number, end: number): Run[] {
  const runs: Run[] = [];
  let index = 0;
  for (const { run, isDeleted } of piecesOf(text)) {
    if (!isDeleted) {
      const [from, to] = [Math.max(start - index, 0), Math.min(end - index, run[2])];
      if (from < to) {
        append(runs, [run[0], run[1] + from, to - from]);
      }
      index += run[2];
    }
  }
  return runs;
}

/** How many units there are in runs. */
export function unitsIn(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run[2], 0);
}

/** The units that two runs have in common; `null` if there are none. */
export function common(a: Run, b: Run): Run | null {
  const [start, end] = [Math.max(a[1], b[1]), Math.min(a[1] + a[2], b[1] + b[2])];
  return a[0] === b[0] && start < end ? [a[0], start, end - start] : null;
}

/** The parts of a run, in order: those that are in one of the others, and those that are not. */
export function partition(run: Run, others: readonly Run[]): { run: Run; isListed: boolean }[] {
  const [client, clock, length] = run;
  const listed = others.map(other => common(run, other)).filter(part => part !== null);
  listed.sort((a, b) => a[1] - b[1]);
  const parts: { run: Run; isListed: boolean }[] = [];
  let place = clock;
  for (const part of listed) {
    const end = part[1] + part[2];
    if (part[1] > place) {
      parts.push({ run: [client, place, part[1] - place], isListed: false });
    }
    if (end > place) {
      const start = Math.max(place, part[1]);
      parts.push({ run: [client, start, end - start], isListed: true });
      place = end;
    }
  }
  if (place < clock + length) {
    parts.push({ run: [client, place, clock + length - place], isListed: false });
  }
  return parts;
}

/** Deletes units of a text, as far as they are there. */
export function deleteUnits(text: Y.Text, runs: readonly Run[]): void {
  const ranges: { index: number; length: number }[] = [];
  let index = 0;
  for (const { run, isDeleted } of piecesOf(text)) {
    if (!isDeleted) {
      for (const part of partition(run, runs)) {
        if (part.isListed) {
          ranges.push({ index, length: part.run[2] });
        }
        index += part.run[2];
      }
    }
  }
  ranges.reverse().forEach(range => text.delete(range.index, range.length));
}

/** The place of a unit in a text, whether it is there or deleted; `null` if the text never had it. */
export function indexOfUnit(text: Y.Text, client: number, clock: number): { index: number; isDeleted: boolean } | null {
  let index = 0;
  for (const { run, isDeleted } of piecesOf(text)) {
    if (common(run, [client, clock, 1]) !== null) {
      return { index: isDeleted ? index : index + clock - run[1], isDeleted };
    }
    index += isDeleted ? 0 : run[2];
  }
  return null;
}

function append(runs: Run[], run: Run): void {
  const last = runs[runs.length - 1];
  if (last !== undefined && last[0] === run[0] && last[1] + last[2] === run[1]) {
    runs[runs.length - 1] = [last[0], last[1], last[2] + run[2]];
  } else {
    runs.push(run);
  }
}

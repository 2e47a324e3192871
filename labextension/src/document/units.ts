/** The units (UTF-16) of a text as Yjs names them, each by the client that wrote it and that client's clock. */
import * as Y from 'yjs';

/** The client that wrote the units, the clock of the first, and how many there are. */
export type Run = readonly [client: number, clock: number, length: number];

/** The name of one unit. */
export type Unit = readonly [client: number, clock: number];

/** The form in which Yjs holds the names of units. */
export type DeleteSet = Y.Transaction['deleteSet'];

export function runsOf(units: DeleteSet): Run[] {
  return [...units.clients].flatMap(([client, items]) => items.map(({ clock, len }): Run => [client, clock, len]));
}

export function toDeleteSet(runs: readonly Run[]): DeleteSet {
  const units = Y.createDeleteSet();
  for (const client of new Set(runs.map(([who]) => who))) {
    const own = joined(runs.filter(([who]) => who === client));
    units.clients.set(
      client,
      own.map(([, clock, length]) => ({ clock, len: length }))
    );
  }
  return units;
}

/** The name of a unit as Yjs has it. */
type IUnitId = Pick<Y.ID, 'client' | 'clock'>;

export interface IPiece {
  readonly run: Run;
  readonly isDeleted: boolean;
  readonly text: string;
  /** The units between which they were written, deleted ones too. */
  readonly origin: IUnitId | null;
  readonly rightOrigin: IUnitId | null;
}

/** All units that were ever written in a text, in its order, deleted ones too. */
export function* piecesOf(text: Y.Text): Generator<IPiece> {
  for (let item = text._start; item !== null; item = item.right) {
    if (item.content instanceof Y.ContentString || item.content instanceof Y.ContentDeleted) {
      const str = item.content instanceof Y.ContentString ? item.content.str : '';
      const { id, length, deleted: isDeleted, origin, rightOrigin } = item;
      yield { run: [id.client, id.clock, length], isDeleted, text: str, origin, rightOrigin };
    }
  }
}

/** The units that a text has. */
export function presentRuns(text: Y.Text): Run[] {
  return [...piecesOf(text)].filter(({ isDeleted }) => !isDeleted).map(({ run }) => run);
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

/** A place in a text, by the units beside it; at its start and its end one is missing. */
export interface IGap {
  readonly behind: Unit | null;
  readonly before: Unit | null;
}

/** The units beside a place of a text. */
export function gapAt(text: Y.Text, index: number): IGap {
  const unit = (assoc: number): Unit | null => {
    const { item } = Y.createRelativePositionFromTypeIndex(text, index, assoc);
    return item && [item.client, item.clock];
  };
  return { behind: unit(-1), before: unit(0) };
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

/** A part of a run, and whether a set of units has it. */
export interface IPart {
  readonly run: Run;
  readonly isIn: boolean;
}

/** A set of units. */
export class UnitSet {
  constructor(runs: Iterable<Run> = []) {
    this.add(runs);
  }

  add(runs: Iterable<Run>): void {
    const changed = new Set<number>();
    for (const run of runs) {
      const known = this._runs.get(run[0]) ?? [];
      known.push(run);
      this._runs.set(run[0], known);
      changed.add(run[0]);
    }
    for (const client of changed) {
      this._runs.set(client, joined(this._runs.get(client) ?? []));
    }
  }

  /** The parts of a run, in order: those that are in the set, and those that are not. */
  partition(run: Run): IPart[] {
    const [client, clock, length] = run;
    const known = this._runs.get(client) ?? [];
    const parts: IPart[] = [];
    let place = clock;
    for (let index = firstBehind(known, clock); index < known.length && known[index][1] < clock + length; index += 1) {
      // By the loop's conditions the two have units in common.
      const part = common(run, known[index]) as Run;
      if (part[1] > place) {
        parts.push({ run: [client, place, part[1] - place], isIn: false });
      }
      parts.push({ run: part, isIn: true });
      place = part[1] + part[2];
    }
    if (place < clock + length) {
      parts.push({ run: [client, place, clock + length - place], isIn: false });
    }
    return parts;
  }

  /** Those units of runs that are in the set, in the order of the runs; or those that are not. */
  select(runs: Iterable<Run>, isIn = true): Run[] {
    return [...runs].flatMap(run =>
      this.partition(run)
        .filter(part => part.isIn === isIn)
        .map(part => part.run)
    );
  }

  /** Of each client the runs in the order of their clocks, none beside another. */
  private readonly _runs = new Map<number, Run[]>();
}

/** Those of some units that a text has, in its order, each with its place. */
export function placesOf(text: Y.Text, runs: Iterable<Run>): { run: Run; index: number }[] {
  const units = new UnitSet(runs);
  const places: { run: Run; index: number }[] = [];
  let index = 0;
  for (const present of presentRuns(text)) {
    for (const { run, isIn } of units.partition(present)) {
      if (isIn) {
        places.push({ run, index });
      }
      index += run[2];
    }
  }
  return places;
}

/** Deletes units of a text, as far as they are there; says how many were. */
export function deleteUnits(text: Y.Text, runs: Iterable<Run>): number {
  const places = placesOf(text, runs);
  places.reverse().forEach(({ run, index }) => text.delete(index, run[2]));
  return unitsIn(places.map(({ run }) => run));
}

/** The place of a unit in a text, whether it is there or deleted; `null` if the text never had it. */
export function indexOfUnit(text: Y.Text, [client, clock]: Unit): { index: number; isDeleted: boolean } | null {
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

/** The runs of one client in the order of their clocks; what lies together is one. */
function joined(runs: Run[]): Run[] {
  const result: Run[] = [];
  for (const run of runs.sort((a, b) => a[1] - b[1])) {
    const last = result[result.length - 1];
    const end = last === undefined ? -1 : last[1] + last[2];
    if (last !== undefined && run[1] <= end) {
      result[result.length - 1] = [run[0], last[1], Math.max(end, run[1] + run[2]) - last[1]];
    } else {
      result.push(run);
    }
  }
  return result;
}

/** The first of ordered runs that does not end before a clock. */
function firstBehind(runs: readonly Run[], clock: number): number {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle][1] + runs[middle][2] <= clock) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

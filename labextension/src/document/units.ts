/** The characters of a text as Yjs names them: runs of UTF-16 units, each run with the id of its first. */
import * as Y from 'yjs';

/** The client that wrote the units, the clock of the first, and how many there are. */
export type Run = readonly [client: number, clock: number, length: number];

interface IRunOf {
  readonly run: Run;
  readonly isDeleted: boolean;
  readonly text: string;
}

/** All units that were ever written in a text, in its order, deleted ones too as far as Yjs still has them. */
export function* runsOf(text: Y.Text): Generator<IRunOf> {
  for (let item = text._start; item !== null; item = item.right) {
    if (item.content instanceof Y.ContentString || item.content instanceof Y.ContentDeleted) {
      const isDeleted = item.deleted;
      const str = item.content instanceof Y.ContentString ? item.content.str : '';
      yield { run: [item.id.client, item.id.clock, item.length], isDeleted, text: str };
    }
  }
}

/** How many units of a text somebody wrote for whom `isOwn` does not hold. */
export function foreignUnits(text: Y.Text, isOwn: (client: number) => boolean): number {
  let units = 0;
  for (const { run, isDeleted } of runsOf(text)) {
    units += isDeleted || isOwn(run[0]) ? 0 : run[2];
  }
  return units;
}

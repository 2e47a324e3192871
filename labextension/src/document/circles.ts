import type { Arrangement } from './arrangement.js';
import { type CellMap, deletionOf } from './cellmap.js';
import type { Lineage } from './lineage.js';

/** From how many cells to the next it is looked for a circle at once. */
const MAX_STEPS = 50;

/** Of cells that several merged into each other, so that none is left, one stays. */
export function breakCircle(cells: Arrangement, lineage: Lineage, cell: CellMap): void {
  const links: { cell: CellMap; op: string }[] = [];
  for (let at: CellMap | null = cell; at !== null && links.length < MAX_STEPS;) {
    const known = links.findIndex(link => link.cell === at);
    if (known !== -1) {
      const last = links.slice(known).reduce((a, b) => (a.op > b.op ? a : b));
      cells.restore(last.cell);
      return;
    }
    const into: string | undefined = deletionOf(at)?.into;
    const move = lineage.moves(at).find(({ to }) => to === into);
    if (into === undefined || move === undefined) {
      return;
    }
    links.push({ cell: at, op: move.op });
    at = cells.find(into);
  }
}

/** What merges brought into a cell: copies of the characters of others, and what separates them. */
import type * as Y from 'yjs';

import { type CellMap, textOf } from './cellmap.js';
import type { Lineage } from './lineage.js';
import { type IMove, isOfMerge, separatorsOf } from './moves.js';
import { presentRuns, type Run, unitsIn, UnitSet } from './units.js';

/** All that merges put into a cell. */
export function broughtBy(merges: readonly IMove[]): Run[] {
  return [...copiesIn(merges.filter(({ chars }) => chars.length > 0)), ...separatorsOf(merges)];
}

/** What merges brought from one cell into another. */
export function broughtFrom(lineage: Lineage, from: CellMap, to: CellMap): { copies: Run[]; separators: Run[] } {
  const moves = lineage.moves(from).filter(move => move.to === to.get('id') && isOfMerge(move));
  const copies = copiesIn(moves.filter(({ chars }) => chars.length > 0));
  return {
    copies: withReturned(lineage, to, copies),
    separators: withReturned(lineage, to, separatorsOf(moves))
  };
}

/** Characters of a cell, and those that were copied from them and came back into it by way of other cells. */
function withReturned(lineage: Lineage, cell: CellMap, runs: readonly Run[]): Run[] {
  const text = textOf(cell);
  const copies = [...lineage.descendants(cell, runs)];
  return [...runs, ...copies.flatMap(copy => (copy.text === text ? copy.runs : []))];
}

function copiesIn(moves: readonly IMove[]): Run[] {
  return moves.map(({ at, chars }): Run => [...at, unitsIn(chars)]);
}

/** The range in a text from the first of some units that are there to the last, and on to the first of others. */
export function extentOf(text: Y.Text, runs: readonly Run[], others: UnitSet): [start: number, end: number] {
  const units = new UnitSet(runs);
  let [start, end, index, isOpen] = [Infinity, 0, 0, false];
  for (const present of presentRuns(text)) {
    for (const { run, isIn } of units.partition(present)) {
      isOpen = isIn || (isOpen && others.select([run]).length === 0);
      index += run[2];
      if (isIn) {
        start = Math.min(start, index - run[2]);
      }
      if (isOpen) {
        end = index;
      }
    }
  }
  return [start, end];
}

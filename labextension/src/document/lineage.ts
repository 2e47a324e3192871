import type * as Y from 'yjs';

import type { Arrangement } from './arrangement.js';
import { type CellMap, deletionOf, textOf } from './cellmap.js';
import { copiesOf, type IMove, isInPlaceOf, movesOf, originalsOf, separatorsOf } from './moves.js';
import { indexOfUnit, presentRuns, type Run, type Unit, unitsIn, UnitSet } from './units.js';

/** How far a character is followed from cell to cell: what records that two made together could make endless. */
const MAX_STEPS = 200;

/** How often a record may be found to have copies that do not count, for the same reason. */
const MAX_FINDINGS = 100_000;

/** A place in a cell. */
export interface IPlace {
  readonly cell: CellMap;
  readonly index: number;
  /** The character that was looked for is not there any more. */
  readonly isDeleted: boolean;
}

/** Units that do not count, of a record's characters or of its separator. */
interface IVoid {
  readonly link: ILink;
  readonly units: readonly Run[];
}

/** A record, where it is, and what of it does not count. */
interface ILink {
  readonly cell: CellMap;
  readonly move: IMove;
  /** Those of its characters whose copies do not count. */
  readonly void: UnitSet;
  /** Whether another merge put the same text behind a separator of its own. */
  isSeparatorVoid: boolean;
}

/**
 * What became of characters by merges and splits, as the records in the cells have it.
 *
 * A copy is a character by itself, which may be copied again. So the copies of a character are a tree. Where several
 * records list a character, the first of them counts; the copies that come from the others do not. As records only
 * come and never go, the copy at the end of the path that counts is one that nobody has ever taken for superfluous.
 */
export class Lineage {
  constructor(cells: Arrangement) {
    this._byId = cells.byId;
    for (const cell of cells.all) {
      const links = movesOf(cell).map(move => ({ cell, move, void: new UnitSet(), isSeparatorVoid: false }));
      if (links.length > 0) {
        this._links.set(cell, links);
      }
      links.forEach(link => add(this._into, link.move.to, link));
    }
    this._findVoid();
  }

  /** The cells that have records. */
  get cells(): Iterable<CellMap> {
    return this._links.keys();
  }

  /** The records of a cell; of those that list one character the first counts. */
  moves(cell: CellMap): IMove[] {
    return (this._links.get(cell) ?? []).map(({ move }) => move);
  }

  /** For each cell the copies in it that do not count, with the separators of merges that do not. */
  *superfluous(): Iterable<{ cell: CellMap; move: IMove; copies: Run[] }> {
    for (const links of this._links.values()) {
      for (const link of links) {
        const cell = this._find(link.move.to);
        const copies = cell === null ? [] : superfluousOf(link);
        if (cell !== null && copies.length > 0) {
          yield { cell, move: link.move, copies };
        }
      }
    }
  }

  /** The records of a cell whose copies count only in part: others have the rest. */
  tornOff(cell: CellMap): { move: IMove; rest: UnitSet }[] {
    return (this._links.get(cell) ?? [])
      .map(({ move, void: units }) => ({ move, rest: units.select(move.chars, false) }))
      .filter(({ move, rest }) => rest.length > 0 && unitsIn(rest) < unitsIn(move.chars))
      .map(({ move, rest }) => ({ move, rest: new UnitSet(rest) }));
  }

  /** The copies in one cell that do not count, with the separators. */
  superfluousIn(cell: CellMap): Run[] {
    return (this._into.get(String(cell.get('id'))) ?? []).flatMap(superfluousOf);
  }

  /** The records of what merges put before the text of a cell, or behind it. */
  mergesInto(cell: CellMap, ahead: boolean): IMove[] {
    const moves = (this._into.get(String(cell.get('id'))) ?? []).map(({ move }) => move);
    return moves.filter(move => move.ahead === ahead);
  }

  /** The characters of a cell that are in records. */
  listed(cell: CellMap): Run[] {
    return (this._links.get(cell) ?? []).flatMap(({ move }) => move.chars);
  }

  /** Those of a cell's characters that are in no record; or those that are. */
  select(cell: CellMap, runs: Iterable<Run>, isListed: boolean): Run[] {
    return new UnitSet(this.listed(cell)).select(runs, isListed);
  }

  /** Where a character is: the first of it and its copies that is in a cell that is there; else its last copy. */
  find(cell: CellMap, unit: Unit): IPlace | null {
    let place: IPlace | null = null;
    for (let at: { cell: CellMap; unit: Unit } | null = { cell, unit }, step = 0; at !== null; step += 1) {
      const text = textOf(at.cell);
      const found = text && indexOfUnit(text, at.unit);
      if (!found) {
        return place;
      }
      place = { cell: at.cell, ...found };
      if (step === MAX_STEPS || (!found.isDeleted && deletionOf(at.cell) === null)) {
        return place;
      }
      at = this._next(at.cell, at.unit);
    }
    return place;
  }

  /** Those of a cell's characters of which a copy is in a cell that is there. */
  copied(cell: CellMap, runs: Iterable<Run>): Run[] {
    return [...runs].flatMap(run => this._copied(cell, run, MAX_STEPS));
  }

  /** Those of a cell's characters that are in a set, or that come from the same character as one which is. */
  among(cell: CellMap, runs: readonly Run[], units: UnitSet): Run[] {
    const found = [...this._relatives(cell, runs)]
      .map(place => ({ cell: place.cell, runs: units.select(place.runs) }))
      .flatMap(hit => (hit.runs.length > 0 ? [...this._relatives(hit.cell, hit.runs)] : []));
    return new UnitSet(found.flatMap(place => (place.cell === cell ? place.runs : []))).select(runs);
  }

  /** The characters that are not meant where they are: those that went elsewhere, and the copies that do not count. */
  *misplaced(): Iterable<Run> {
    for (const link of [...this._links.values()].flat()) {
      yield* [...link.move.chars, ...(link.move.cut ?? []), ...superfluousOf(link)];
    }
  }

  /** All copies that were made of a cell's characters, and the copies of these. */
  *descendants(cell: CellMap, runs: readonly Run[]): Iterable<{ text: Y.Text; runs: Run[] }> {
    const seen = new UnitSet(runs);
    const open = [{ cell, runs }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const wanted = new UnitSet(next.runs);
      for (const { move } of this._links.get(next.cell) ?? []) {
        const copies = seen.select(copiesOf(move, wanted), false);
        const target = copies.length > 0 ? this._find(move.to) : null;
        if (target !== null) {
          seen.add(copies);
          open.push({ cell: target, runs: copies });
          yield { text: textOf(target) as Y.Text, runs: copies };
        }
      }
    }
  }

  /** The characters as they were typed, of which these are copies. */
  origins(cell: CellMap, runs: readonly Run[]): Run[] {
    const seen = new UnitSet(runs);
    const open = [{ id: String(cell.get('id')), runs }];
    const typed: Run[] = [];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const wanted = new UnitSet(next.runs);
      const links = this._into.get(next.id) ?? [];
      const copies = new UnitSet(links.flatMap(({ move }) => copiesOf(move, new UnitSet(move.chars))));
      typed.push(...copies.select(next.runs, false));
      for (const { cell: former, move } of links) {
        const originals = seen.select(originalsOf(move, wanted), false);
        if (originals.length > 0) {
          seen.add(originals);
          open.push({ id: String(former.get('id')), runs: originals });
        }
      }
    }
    return typed;
  }

  /** These characters, all that they are copies of, and all copies of any of them. */
  private *_relatives(cell: CellMap, runs: readonly Run[]): Iterable<{ cell: CellMap; runs: readonly Run[] }> {
    const seen = new UnitSet(runs);
    const open = [{ cell, runs }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      yield next;
      const wanted = new UnitSet(next.runs);
      const onward = this._links.get(next.cell) ?? [];
      const back = this._into.get(String(next.cell.get('id'))) ?? [];
      const near = [
        ...onward.map(({ move }) => ({ at: this._find(move.to), units: copiesOf(move, wanted) })),
        ...back.map(({ cell: former, move }) => ({ at: former, units: originalsOf(move, wanted) }))
      ];
      for (const { at, units } of near) {
        const fresh = seen.select(units, false);
        if (at !== null && fresh.length > 0) {
          seen.add(fresh);
          open.push({ cell: at, runs: fresh });
        }
      }
    }
  }

  /** The copy of a character that counts. */
  private _next(cell: CellMap, unit: Unit): { cell: CellMap; unit: Unit } | null {
    const wanted = new UnitSet([[...unit, 1]]);
    for (const { move } of this._links.get(cell) ?? []) {
      const [copy] = copiesOf(move, wanted);
      if (copy !== undefined) {
        const target = this._find(move.to);
        return target && { cell: target, unit: [copy[0], copy[1]] };
      }
    }
    return null;
  }

  private _copied(cell: CellMap, run: Run, steps: number): Run[] {
    const found: Run[] = [];
    const taken = new UnitSet();
    for (const { move } of steps > 0 ? (this._links.get(cell) ?? []) : []) {
      const chars = taken.select(new UnitSet([run]).select(move.chars), false);
      taken.add(chars);
      const target = chars.length > 0 ? this._find(move.to) : null;
      if (target !== null) {
        const copies = copiesOf(move, new UnitSet(chars));
        found.push(...originalsOf(move, new UnitSet(this._shown(target, copies, steps - 1))));
      }
    }
    return found;
  }

  /** Those of a cell's characters that are, or of which a copy is, in a cell that is there. */
  private _shown(cell: CellMap, runs: readonly Run[], steps: number): Run[] {
    const text = textOf(cell);
    const present = text !== null && deletionOf(cell) === null ? new UnitSet(presentRuns(text)) : new UnitSet();
    const hidden = present.select(runs, false);
    return [...present.select(runs), ...hidden.flatMap(run => this._copied(cell, run, steps))];
  }

  private _find(id: string): CellMap | null {
    return this._byId.get(id) ?? null;
  }

  private _findVoid(): void {
    const news: IVoid[] = [];
    for (const links of this._links.values()) {
      const taken = new UnitSet();
      for (const link of links) {
        news.push({ link, units: taken.select(link.move.chars) });
        taken.add(link.move.chars);
      }
      news.push(...needlessSeparators(links).map(link => ({ link, units: separatorsOf([link.move]) })));
    }
    // What was copied from what does not count does not count either.
    for (let left = MAX_FINDINGS, next = news.pop(); next !== undefined && left > 0; left -= 1, next = news.pop()) {
      if (next.units.length > 0) {
        news.push(...this._spread(next));
      }
    }
  }

  /** Takes note of units that do not count: characters of a record or its separator; says what else does not then. */
  private _spread({ link, units }: IVoid): IVoid[] {
    const { move, void: known } = link;
    const chars = known.select(new UnitSet(move.chars).select(units), false);
    const isSeparator = !link.isSeparatorVoid && new UnitSet(separatorsOf([move])).select(units).length > 0;
    known.add(chars);
    link.isSeparatorVoid ||= isSeparator;
    const copies = new UnitSet([...copiesOf(move, new UnitSet(chars)), ...(isSeparator ? separatorsOf([move]) : [])]);
    const target = chars.length > 0 || isSeparator ? this._find(move.to) : null;
    const onward = ((target && this._links.get(target)) ?? []).map(other => {
      return { link: other, units: copies.select(other.move.chars) };
    });
    const isGone = chars.length > 0 && known.select(move.chars, false).length === 0;
    return isGone && !link.isSeparatorVoid ? [...onward, { link, units: separatorsOf([move]) }] : onward;
  }

  private readonly _byId: ReadonlyMap<string, CellMap>;
  private readonly _links = new Map<CellMap, ILink[]>();
  private readonly _into = new Map<string, ILink[]>();
}

function superfluousOf({ move, void: units, isSeparatorVoid }: ILink): Run[] {
  return [...copiesOf(move, units), ...(isSeparatorVoid ? separatorsOf([move]) : [])];
}

/**
 * The records, of those of one cell, that need no separator: others brought the same text to the same cell. Nobody can
 * tell that of a cell without text, so one with text counts more, unless who merged the one without knew of it.
 */
function needlessSeparators(links: readonly ILink[]): ILink[] {
  const known = new Map<string, { units: UnitSet; texts: ILink[]; empty: ILink[] }>();
  const needless: ILink[] = [];
  for (const link of links.filter(({ move }) => move.sep !== undefined)) {
    const { to, chars } = link.move;
    const others = known.get(to) ?? { units: new UnitSet(), texts: [], empty: [] };
    known.set(to, others);
    const isEmpty = chars.length === 0;
    const same = isEmpty ? others.empty.length + others.texts.length : others.units.select(chars).length;
    if (same > 0) {
      needless.push(link);
    } else if (!isEmpty && others.empty.length > 0) {
      const [first] = others.empty;
      needless.push(isInPlaceOf(first.move, link.move) ? link : first);
    }
    others.units.add(chars);
    (isEmpty ? others.empty : others.texts).push(link);
  }
  return needless;
}

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key) ?? [];
  values.push(value);
  map.set(key, values);
}

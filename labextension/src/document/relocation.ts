import type * as Y from 'yjs';

import { type Arrangement, sourceOf } from './arrangement.js';
import { broughtBy, broughtFrom, extentOf } from './brought.js';
import { type CellMap, deletionOf, isLate, markDeleted, textOf } from './cellmap.js';
import { breakCircle } from './circles.js';
import { lateTextsIn } from './latetext.js';
import { Lineage } from './lineage.js';
import { copiesOf, type IMove, type INaming, nextUnit, opBefore, writeMove } from './moves.js';
import { type ITarget, Places } from './places.js';
import { restsBeside, strayTexts } from './sides.js';
import type { Tombstones } from './tombstones.js';
import {
  type DeleteSet,
  type IGap,
  indexOfUnit,
  placesOf,
  presentRuns,
  type Run,
  runsBetween,
  unitsIn,
  UnitSet
} from './units.js';

/** How many cells late text goes through at once. */
const MAX_STEPS = 50;

/** How many units go back to where they were typed at once: somebody may make up a merge to have all text rewritten. */
const MOST_STRAY = 10_000;

/** A record of moved characters that came from somebody else. */
export interface IArrival {
  readonly cell: CellMap;
  readonly op: string;
  /** What had been deleted in the cell when it came. */
  readonly gone: readonly Run[];
}

/**
 * Lets text follow the characters around it when somebody merges or splits the cell that it was typed into.
 *
 * Each page moves what was typed there itself; so nothing is moved twice. What everybody can see to be there twice,
 * every page deletes, which is the same as if one did.
 */
export class Relocation {
  /**
   * @param _isOwn - Whether what a Yjs client wrote is this page's own.
   * @param _noteNamed - Characters of a cell got new names here.
   */
  constructor(
    private readonly _doc: Y.Doc,
    private readonly _cells: Arrangement,
    private readonly _tombstones: Tombstones,
    private readonly _isOwn: (client: number) => boolean,
    private readonly _noteNamed: (cell: CellMap, move: INaming) => void
  ) {}

  /** Takes note of a record that came; `deletions` are those that came with it. */
  hear(cell: CellMap, op: string, deletions: DeleteSet): IArrival {
    const text = textOf(cell);
    return { cell, op, gone: text === null ? [] : this._tombstones.before(text, deletions) };
  }

  /** Puts in order what others' merges and splits left to do. */
  settle(arrivals: readonly IArrival[]): void {
    for (const cell of this._lineage.cells) {
      breakCircle(this._cells, this._lineage, cell);
    }
    this._dropSuperfluous();
    const merges: { cell: CellMap; move: IMove }[] = [];
    for (const { cell, op, gone } of arrivals) {
      const move = this._lineage.moves(cell).find(candidate => candidate.op === op);
      if (move !== undefined) {
        this._tombstones.follow(this._lineage, cell, move, gone);
        if (!move.follows || deletionOf(cell) !== null) {
          this._follow(cell, move, MAX_STEPS);
        }
        merges.push({ cell, move });
      }
    }
    this._putOnSides(merges.filter(({ move }) => move.ahead !== undefined));
    this.dropDoubled();
    for (const cell of this._lineage.cells) {
      this._noteMoved(cell);
    }
  }

  /** Lets own text be where it belongs beside what others' merges brought. */
  private _putOnSides(merges: readonly { readonly cell: CellMap; readonly move: IMove }[]): void {
    new Set(merges.map(({ cell }) => cell)).forEach(cell => this._rejoin(cell));
    for (const id of new Set(merges.map(({ move }) => move.to))) {
      const target = this._cells.find(id);
      for (const ahead of target === null ? [] : [true, false]) {
        const moves = merges.map(({ move }) => move).filter(move => move.to === id && move.ahead === ahead);
        if (moves.length > 0) {
          this._giveWay(target as CellMap, ahead, moves);
        }
      }
    }
  }

  /** Takes a document that comes from an earlier page. */
  noteKept(): void {
    this._tombstones.noteKept(this._texts, this._lineage);
  }

  /** Takes over what was deleted in a document in place of which this one came, and acts on it if that may be. */
  takeOver(former: Tombstones, mayEdit: boolean): void {
    this._tombstones.takeOver(former, this._texts);
    for (const cell of mayEdit ? this._lineage.cells : []) {
      this._lineage.moves(cell).forEach(move => this._tombstones.follow(this._lineage, cell, move, []));
    }
  }

  /** Cells or records came: what is known of them is to be read again. */
  forget(): void {
    this._read = null;
  }

  /** Writes in a cell where its characters went. */
  record(cell: CellMap, move: Omit<IMove, 'op'>, op?: string): void {
    writeMove(cell, move, op);
    this.forget();
  }

  /** Writes in cells that they went into another one. */
  recordMerges(merges: readonly { readonly cell: CellMap; readonly move: Omit<IMove, 'op'> }[]): void {
    const named = merges.map(({ cell, move }) => {
      const known = this._lineage.moves(cell).filter(({ to, sep }) => to === move.to && sep !== undefined);
      // Nothing but its name tells a later merge of a cell without text from one at the same moment.
      const isTold = known.every(({ chars }) => chars.length > 0 && move.chars.length > 0);
      return { cell, move, op: isTold ? undefined : opBefore(known) };
    });
    named.forEach(({ cell, move, op }) => this.record(cell, move, op));
  }

  /** Deletes in the cells that are there what is in another one, too, and what was deleted there. */
  dropDoubled(): void {
    for (const cell of this._lineage.cells) {
      this._dropCopied(cell);
      this._tombstones.repeat(this._lineage, cell);
    }
  }

  /** Deletes those characters of a cell that is there which are in another one, too. */
  private _dropCopied(cell: CellMap): void {
    const text = deletionOf(cell) === null && this._lineage.moves(cell).length > 0 ? textOf(cell) : null;
    if (text !== null && text.length > 0) {
      this._tombstones.takeOut(text, this._lineage.copied(cell, presentRuns(text)));
    }
  }

  /**
   * Gives those characters of a cell new names that were moved and are there nonetheless, so that they can be moved.
   *
   * Copies of them that are elsewhere do not count from now on, and go.
   */
  renew(cell: CellMap): void {
    const text = textOf(cell);
    const moved = text === null ? [] : this._lineage.select(cell, presentRuns(text), true);
    const source = sourceOf(cell);
    const parts = (text === null ? [] : placesOf(text, moved)).map(({ run, index }): IPart => {
      return { runs: [run], text: source.slice(index, index + run[2]), to: { cell, index } };
    });
    if (parts.length > 0) {
      this._move(cell, parts, { op: opBefore(this._lineage.moves(cell)), follows: true });
      this._dropSuperfluous();
    }
  }

  /**
   * Gives a cell that went into another one its text back, with what was typed in it and behind it meanwhile.
   *
   * @param others - The characters of the other cell that are not of this one: what comes behind them is not either.
   */
  moveBack(from: CellMap, to: CellMap, others: UnitSet): void {
    const [source, text] = [textOf(from), textOf(to)];
    const moves = this._lineage.moves(to).filter(move => move.to === from.get('id') && move.chars.length > 0);
    if (source === null || text === null || moves.length === 0) {
      return;
    }
    const [start, end] = extentOf(source, others.select(this.broughtFrom(to, from).copies, false), others);
    const [first] = moves.flatMap(({ chars }) => chars);
    const index = (first && indexOfUnit(text, [first[0], first[1]])?.index) ?? 0;
    if (start < end) {
      const whole = { runs: runsBetween(source, start, end), text: sourceOf(from).slice(start, end) };
      this._move(from, [{ ...whole, to: { cell: to, index } }]);
    }
    this._tombstones.takeOut(
      text,
      moves.flatMap(({ chars }) => chars)
    );
  }

  /** What merges brought from one cell into another. */
  broughtFrom(from: CellMap, to: CellMap): { copies: Run[]; separators: Run[] } {
    return broughtFrom(this._lineage, from, to);
  }

  /** Whether some of what went from one cell into another is there. */
  hasCopies(from: CellMap, to: CellMap): boolean {
    const text = textOf(to);
    return text !== null && placesOf(text, this.broughtFrom(from, to).copies).length > 0;
  }

  /** Where a place in a cell's text is now; `null` if that is not known. See `Places.follow`. */
  follow(cell: CellMap, gap: IGap): ITarget | null {
    return this._places.follow(cell, gap);
  }

  /** The characters of a cell's text as they were typed, be they copied since. */
  typedIn(cell: CellMap): Run[] {
    const text = textOf(cell);
    return text === null ? [] : this._lineage.origins(cell, presentRuns(text));
  }

  /** Whether all that a cell's text has, but for some characters, was typed here. */
  isAllOwn(cell: CellMap, except: UnitSet = new UnitSet()): boolean {
    return except.select(this.typedIn(cell), false).every(([client]) => this._isOwn(client));
  }

  private get _texts(): Y.Text[] {
    return this._cells.all.flatMap(cell => textOf(cell) ?? []);
  }

  private get _lineage(): Lineage {
    return this._known.lineage;
  }

  private get _places(): Places {
    return this._known.places;
  }

  private get _known(): IKnown {
    if (this._read === null) {
      const lineage = new Lineage(this._cells);
      this._read = { lineage, places: new Places(this._cells, lineage) };
    }
    return this._read;
  }

  /**
   * Moves parts of a cell's text to places, in the order of the text, and says so: in one record for all that go to one
   * cell, as everybody has to read each record.
   *
   * @returns The cells that they went to.
   */
  private _move(cell: CellMap, parts: readonly IPart[], { op, ...more }: IMoreOfMove = {}): Iterable<CellMap> {
    const groups = new Map<CellMap, IPart[]>();
    for (const part of parts) {
      const group = groups.get(part.to.cell) ?? [];
      group.push(part);
      groups.set(part.to.cell, group);
    }
    for (const [target, group] of groups) {
      const at = nextUnit(this._doc);
      const sorted = group.sort((a, b) => a.to.index - b.to.index);
      let offset = 0;
      for (const { text, to } of sorted) {
        textOf(target)?.insert(to.index + offset, text);
        offset += text.length;
      }
      const chars = sorted.flatMap(({ runs }) => runs);
      writeMove(cell, { to: String(target.get('id')), chars, at, taken: true, ...more }, op);
      if (target === cell) {
        this._noteNamed(cell, { chars, at });
      }
    }
    if (parts.length > 0) {
      this._tombstones.takeOut(
        textOf(cell) as Y.Text,
        parts.flatMap(({ runs }) => runs)
      );
      this.forget();
    }
    return groups.keys();
  }

  private _dropSuperfluous(): void {
    for (const { cell, move, copies } of this._lineage.superfluous()) {
      const text = textOf(cell) as Y.Text;
      const first = text._start?.id;
      const wasMadeOfThem = move.ahead === undefined && first?.client === move.at[0] && first.clock === move.at[1];
      const dropped = this._tombstones.takeOut(text, copies);
      if (dropped > 0 && wasMadeOfThem && text.length === 0 && deletionOf(cell) === null) {
        markDeleted(cell, { at: Date.now(), by: '' });
      }
    }
  }

  /** Own text that was typed into what has been moved goes where the characters around it went. */
  private _follow(cell: CellMap, move: IMove, steps: number): void {
    const text = textOf(cell);
    const isMerged = deletionOf(cell)?.into !== undefined;
    const known = { moves: this._lineage.moves(cell), isMerged, isOwn: this._isOwn };
    const late = text === null || steps === 0 ? [] : lateTextsIn(text, move, known);
    // All places before anything moves: what was moved is beside nothing else that is late.
    const parts = late.flatMap(({ runs, text: characters, ...beside }): IPart[] => {
      const to = this._places.forLate(cell, beside, move);
      return to === null ? [] : [{ runs, text: characters, to }];
    });
    for (const target of this._move(cell, parts, { follows: true })) {
      const into = deletionOf(target)?.into;
      const onward = this._lineage.moves(target).find(({ to }) => to === into);
      if (onward !== undefined) {
        this._follow(target, onward, steps - 1);
      }
    }
  }

  /**
   * Of a cell that two merged at once the first one's copies count, and of the second one's those that the first did
   * not know: where these are this page's, they go in between the others.
   */
  private _rejoin(cell: CellMap): void {
    for (const { move, rest } of this._lineage.tornOff(cell)) {
      const target = move.ahead === undefined || !this._isOwn(move.at[0]) ? null : this._cells.find(move.to);
      const text = target && textOf(target);
      if (target !== null && text !== null && deletionOf(target) === null) {
        const source = text.toString();
        const parts = restsBeside(textOf(cell) as Y.Text, move, rest).flatMap(({ runs, behind, before }): IPart[] => {
          const to = this._places.beside(cell, behind, 1) ?? this._places.beside(cell, before, 0);
          const copies = this._lineage.select(target, copiesOf(move, new UnitSet(runs)), false);
          return to === null || deletionOf(to.cell) !== null
            ? []
            : placesOf(text, copies).map(({ run, index }) => {
                return { runs: [run], text: source.slice(index, index + run[2]), to };
              });
        });
        this._move(target, parts, { follows: true });
      }
    }
  }

  /**
   * Own text that was typed at the end of a cell, while others put cells behind it there, may have come to stand behind
   * these: it goes back to where it was typed. So does what was typed at the start. Where somebody else typed in it, it
   * stays whole where it is.
   */
  private _giveWay(cell: CellMap, ahead: boolean, moves: readonly IMove[]): void {
    const text = deletionOf(cell) === null ? textOf(cell) : null;
    if (text === null) {
      return;
    }
    const [beside, opposite] = [ahead, !ahead].map(side => broughtBy(this._lineage.mergesInto(cell, side)));
    const placed = new UnitSet([...beside, ...opposite, ...this._lineage.listed(cell)]);
    const strays = strayTexts(text, { units: new UnitSet(broughtBy(moves)), ahead, beside, opposite, placed });
    const own = strays.filter(({ pieces }) => pieces.every(({ run }) => this._isOwn(run[0])));
    const parts = own
      .filter(({ pieces }) => unitsIn(pieces.map(({ run }) => run)) <= MOST_STRAY)
      .flatMap(({ pieces, index }) =>
        pieces.map((piece): IPart => {
          return { runs: [piece.run], text: piece.text, to: { cell, index } };
        })
      );
    this._move(cell, parts, { follows: true });
  }

  /** The text of a deleted cell is late if some of it is nowhere else, though it may read like what was deleted. */
  private _noteMoved(cell: CellMap): void {
    const text = deletionOf(cell) === null ? null : textOf(cell);
    if (text === null || text.length === 0) {
      return;
    }
    const present = presentRuns(text);
    const isMerged = deletionOf(cell)?.into !== undefined;
    const isMoved = this._lineage.select(cell, present, false).length === 0;
    const isElsewhere = isMerged ? isMoved : unitsIn(this._lineage.copied(cell, present)) === unitsIn(present);
    if (isElsewhere && isLate(cell)) {
      text.delete(0, text.length);
    } else if (isMerged && !isMoved && !isLate(cell)) {
      cell.delete('dropped');
    }
  }

  private _read: IKnown | null = null;
}

/** What the records in the cells say. */
interface IKnown {
  readonly lineage: Lineage;
  readonly places: Places;
}

type IMoreOfMove = Partial<Pick<IMove, 'op' | 'follows'>>;

/** A part of a cell's text, and where it goes. */
interface IPart {
  readonly runs: readonly Run[];
  readonly text: string;
  readonly to: ITarget;
}

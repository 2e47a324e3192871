import type * as Y from 'yjs';

import type { Arrangement } from './arrangement.js';
import { type CellMap, deletionOf, isLate, markDeleted, textOf } from './cellmap.js';
import { crc32 } from '../crc.js';
import { sourceOf } from './arrangement.js';
import { copiesOf, dropMove, type IMove, movesOf, nextUnit, writeMove } from './moves.js';
import { common, deleteUnits, indexOfUnit, partition, piecesOf, type Run } from './units.js';

/** How far a character is followed from cell to cell. */
const MAX_STEPS = 50;

type Unit = readonly [client: number, clock: number];

/** A place in a cell. */
interface IPlace {
  readonly cell: CellMap;
  readonly index: number;
}

/** Own text that the one who moved the characters around it did not know. */
interface ILateText {
  text: string;
  readonly runs: Run[];
  /** The moved character before it, and by which record; `null` if there is none. */
  readonly behind: { readonly unit: Unit; readonly move: IMove } | null;
}

/**
 * Lets text follow the characters around it when somebody merges or splits the cell that it was typed into.
 *
 * Each page moves what was typed there itself; so nothing is moved twice. Where two moved the same characters at once,
 * every page deletes the same copies, which is the same as if one did.
 */
export class Relocation {
  /**
   * @param _isOwn - Whether what a Yjs client wrote is this page's own.
   */
  constructor(
    private readonly _doc: Y.Doc,
    private readonly _cells: Arrangement,
    private readonly _isOwn: (client: number) => boolean
  ) {}

  /**
   * Somebody else's record of moved characters came.
   *
   * @param hadGone - Whether a unit had been deleted before it came.
   */
  settle(cell: CellMap, op: string, hadGone: (unit: Unit) => boolean): void {
    this._breakCircle(cell);
    const moves = movesOf(cell);
    this._dropDoubles(moves);
    this.dropRestored(cell);
    const move = moves.find(candidate => candidate.op === op);
    if (move !== undefined) {
      this._dropDeleted(moves, move, hadGone);
      this._follow(cell, move, MAX_STEPS);
    }
  }

  /** A cell that is there again has its text; what a merge copied of it is there twice. */
  dropRestored(cell: CellMap): void {
    const text = deletionOf(cell) === null ? textOf(cell) : null;
    const present = text === null ? [] : [...piecesOf(text)].filter(({ isDeleted }) => !isDeleted);
    for (const move of present.length > 0 ? movesOf(cell) : []) {
      const runs = present.flatMap(({ run }) => partition(run, move.chars).filter(({ isListed }) => isListed));
      this._dropCopies(
        move,
        runs.map(({ run }) => run)
      );
    }
  }

  /** Deletes characters of a cell, and the copies of them that others made. */
  erase(cell: CellMap, runs: readonly Run[], steps = MAX_STEPS): void {
    const text = textOf(cell);
    if (text === null || runs.length === 0 || steps === 0) {
      return;
    }
    deleteUnits(text, runs);
    for (const move of movesOf(cell)) {
      const target = this._cells.find(move.to);
      if (target !== null) {
        this.erase(target, runs.flatMap(run => copiesOf(move, run)), steps - 1);
      }
    }
  }

  /** Where a character of a cell is now: in the same cell or where it was moved to; `null` if nobody knows it. */
  find(cell: CellMap, unit: Unit, steps = MAX_STEPS): (IPlace & { unit: Unit; isDeleted: boolean }) | null {
    const text = textOf(cell);
    const found = text && indexOfUnit(text, unit[0], unit[1]);
    if (!found) {
      return null;
    }
    if (steps > 0 && (found.isDeleted || deletionOf(cell) !== null)) {
      for (const move of movesOf(cell)) {
        const [copy] = copiesOf(move, [unit[0], unit[1], 1]);
        const target = copy && this._cells.find(move.to);
        const place = target && this.find(target, [copy[0], copy[1]], steps - 1);
        if (place) {
          return place;
        }
      }
    }
    return { cell, index: found.index, unit, isDeleted: found.isDeleted };
  }

  /** Of the copies that several made of the same characters only those of the first record stay. */
  private _dropDoubles(moves: readonly IMove[]): void {
    moves.forEach((move, place) => {
      const winners = moves.slice(0, place).flatMap(winner => winner.chars);
      const doubled = move.chars.flatMap(run => partition(run, winners).filter(({ isListed }) => isListed));
      this._dropCopies(
        move,
        doubled.map(({ run }) => run)
      );
    });
  }

  /** What was deleted before others heard of the copy is deleted there, too. */
  private _dropDeleted(moves: readonly IMove[], move: IMove, hadGone: (unit: Unit) => boolean): void {
    const elsewhere = moves.flatMap(other => [...(other === move ? [] : other.chars), ...(other.cut ?? [])]);
    const deleted: Run[] = [];
    // Who moves their own late text deletes it in the same step.
    for (const run of move.isOwn ? [] : move.chars) {
      for (const part of partition(run, elsewhere).filter(({ isListed }) => !isListed)) {
        const [client, clock, length] = part.run;
        for (let offset = 0; offset < length; offset += 1) {
          if (hadGone([client, clock + offset])) {
            deleted.push([client, clock + offset, 1]);
          }
        }
      }
    }
    this._dropCopies(move, deleted);
  }

  private _dropCopies(move: IMove, runs: readonly Run[]): void {
    const target = runs.length > 0 ? this._cells.find(move.to) : null;
    if (target === null) {
      return;
    }
    this.erase(target, runs.flatMap(run => copiesOf(move, run)));
    const first = textOf(target)?._start?.id;
    const wasMadeOfThem = first?.client === move.at[0] && first.clock === move.at[1];
    if (wasMadeOfThem && sourceOf(target) === '' && deletionOf(target) === null) {
      markDeleted(target, { at: Date.now(), by: '' });
    }
  }

  /** Own text that was typed into what has been moved goes where the characters around it went. */
  private _follow(cell: CellMap, move: IMove, steps: number): void {
    const text = textOf(cell);
    if (text === null || steps === 0) {
      return;
    }
    const late = this._lateTexts(cell, text, move);
    for (const piece of late) {
      this._moveText(cell, text, piece, move, steps);
    }
    if (deletionOf(cell) !== null && isLate(cell) && this._isAllMoved(cell, text)) {
      cell.set('dropped', crc32(sourceOf(cell)));
    }
  }

  private _lateTexts(cell: CellMap, text: Y.Text, move: IMove): ILateText[] {
    const moves = movesOf(cell);
    const isMerged = deletionOf(cell)?.into !== undefined;
    const listed = moves.flatMap(({ chars }) => chars);
    const late: ILateText[] = [];
    let behind: ILateText['behind'] = null;
    let left = isMerged ? Infinity : unitsToCome(text, move);
    for (const piece of piecesOf(text)) {
      let offset = 0;
      for (const { run, isListed } of partition(piece.run, listed)) {
        if (left <= 0) {
          return late;
        }
        const size = Math.min(run[2], left);
        if (isListed) {
          const unit: Unit = [run[0], run[1] + run[2] - 1];
          behind = { unit, move: moves.find(({ chars }) => chars.some(other => common(other, [...unit, 1]))) as IMove };
        } else if (!piece.isDeleted && this._isOwn(run[0])) {
          addLate(late, behind, [run[0], run[1], size], piece.text.slice(offset, offset + size));
        }
        left -= run[2];
        offset += run[2];
      }
    }
    return late;
  }

  private _moveText(cell: CellMap, text: Y.Text, late: ILateText, move: IMove, steps: number): void {
    const place = this._placeFor(cell, late, move);
    if (place === null || place.cell === cell) {
      return;
    }
    const at = nextUnit(this._doc);
    textOf(place.cell)?.insert(place.index, late.text);
    deleteUnits(text, late.runs);
    writeMove(cell, { to: String(place.cell.get('id')), chars: late.runs, at, isOwn: true });
    const next = deletionOf(place.cell)?.into;
    const onward = movesOf(place.cell).find(candidate => candidate.to === next);
    if (onward !== undefined) {
      this._follow(place.cell, onward, steps - 1);
    }
  }

  private _placeFor(cell: CellMap, { behind }: ILateText, move: IMove): IPlace | null {
    if (behind !== null) {
      const found = this.find(cell, behind.unit);
      return found && { cell: found.cell, index: found.index + (found.isDeleted ? 0 : 1) };
    }
    const target = this._cells.find(move.to);
    const found = target && this.find(target, move.at);
    const isBehind = move.chars.length === 0 && found?.isDeleted === false;
    return found && { cell: found.cell, index: found.index + (isBehind ? 1 : 0) };
  }

  private _isAllMoved(cell: CellMap, text: Y.Text): boolean {
    const listed = movesOf(cell).flatMap(({ chars }) => chars);
    for (const { run, isDeleted } of piecesOf(text)) {
      if (!isDeleted && partition(run, listed).some(({ isListed }) => !isListed)) {
        return false;
      }
    }
    return true;
  }

  /** Cells that several merged into each other, so that none is left: the last of these merges did not happen. */
  private _breakCircle(cell: CellMap): void {
    const links: { cell: CellMap; move: IMove }[] = [];
    for (let at: CellMap | null = cell; at !== null && links.length < MAX_STEPS; ) {
      const into: string | undefined = deletionOf(at)?.into;
      const move = movesOf(at).find(candidate => candidate.to === into);
      if (into === undefined || move === undefined) {
        return;
      }
      const known = links.findIndex(link => link.cell === at);
      if (known !== -1) {
        const circle = links.slice(known);
        const last = circle.reduce((a, b) => (a.move.op > b.move.op ? a : b));
        last.cell.delete('deleted');
        const target = this._cells.find(last.move.to);
        dropMove(last.cell, last.move.op);
        if (target !== null) {
          this.erase(target, last.move.chars.flatMap(run => copiesOf(last.move, run)));
        }
        return;
      }
      links.push({ cell: at, move });
      at = this._cells.find(into);
    }
  }
}

/** How many units, deleted ones too, come before what stayed when a text was split; of no split: all that moved. */
function unitsToCome(text: Y.Text, { chars, tail }: IMove): number {
  let [units, untilMoved] = [0, 0];
  for (const { run } of piecesOf(text)) {
    if (tail !== undefined && common(run, [tail[0], tail[1], 1]) !== null) {
      return units + tail[1] - run[1];
    }
    for (const part of partition(run, chars)) {
      units += part.run[2];
      untilMoved = part.isListed ? units : untilMoved;
    }
  }
  return untilMoved;
}

function addLate(late: ILateText[], behind: ILateText['behind'], run: Run, text: string): void {
  const last = late[late.length - 1];
  const isSame =
    last !== undefined &&
    last.behind?.unit[0] === behind?.unit[0] &&
    last.behind?.unit[1] === behind?.unit[1];
  if (isSame) {
    last.runs.push(run);
    last.text += text;
  } else {
    late.push({ text, runs: [run], behind });
  }
}

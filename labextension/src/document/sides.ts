/** On which side of what merges brought a text belongs, and between which of its characters. */
import type * as Y from 'yjs';

import { type ILateText, LateTexts } from './latetext.js';
import type { IMove } from './moves.js';
import { common, indexOfUnit, type IPiece, piecesOf, placesOf, type Run, UnitSet } from './units.js';

/** What merges put into a text: some of it behind the text that was there or, if it is `ahead`, before it. */
export interface IBrought {
  readonly units: UnitSet;
  readonly ahead: boolean;
  /** All that merges put on the same side, and on the other one. */
  readonly beside: readonly Run[];
  readonly opposite: readonly Run[];
  /** What stands where it does on purpose. */
  readonly placed: UnitSet;
}

/** Text that was typed in one place and stands on the wrong side of what merges brought. */
export interface IStrayText {
  readonly pieces: { readonly run: Run; readonly text: string }[];
  /** Where it was typed. */
  readonly index: number;
}

/** What stands beyond that which merges brought though it was typed where that came later; in the text's order. */
export function strayTexts(text: Y.Text, brought: IBrought): IStrayText[] {
  const { units, ahead } = brought;
  const parts = [...piecesOf(text)].flatMap(piece => partsOf(piece, brought));
  const pieces = ahead ? parts.reverse() : parts;
  const start = pieces.findIndex(({ run }) => units.select([run]).length > 0);
  if (start === -1 || !isAtEnd(pieces[start], ahead)) {
    return [];
  }
  const passed = new UnitSet(pieces.slice(0, start).map(({ run }) => run));
  const stray: { units: Run[]; text: IStrayText }[] = [];
  for (const piece of pieces.slice(start).filter(({ run }) => brought.placed.select([run]).length === 0)) {
    const id = ahead ? piece.rightOrigin : piece.origin;
    const beside: Run | null = id && [id.client, id.clock, 1];
    let found = beside && stray.find(candidate => candidate.units.some(run => common(run, beside) !== null));
    if (!found && (beside === null || passed.select([beside]).length > 0)) {
      found = { units: [], text: { pieces: [], index: placeFor(text, beside, brought) } };
      stray.push(found);
    }
    found?.units.push(piece.run);
    if (!piece.isDeleted) {
      found?.text.pieces.push(piece);
    }
  }
  const texts = stray.map(found => found.text).filter(({ pieces: there }) => there.length > 0);
  return ahead ? texts.reverse().map(({ pieces: there, index }) => ({ pieces: there.reverse(), index })) : texts;
}

/** Those characters of a record that are in a set, and the others of it beside them; without their text. */
export function restsBeside(text: Y.Text, { chars }: IMove, units: UnitSet): ILateText[] {
  const listed = new UnitSet(chars);
  const late = new LateTexts();
  for (const { run } of piecesOf(text)) {
    for (const part of units.partition(run)) {
      if (part.isIn) {
        late.add(part.run, '');
      } else {
        listed.select([part.run]).forEach(passed => late.pass(passed));
      }
    }
  }
  return late.texts;
}

/** A piece of a text in parts, each of which is on purpose where it is, or not: Yjs joins what one wrote in a row. */
function partsOf(piece: IPiece, { placed }: IBrought): IPiece[] {
  let offset = 0;
  return placed.partition(piece.run).map(({ run }) => {
    const [client, clock, length] = run;
    const text = piece.text.slice(offset, offset + length);
    const origin = offset === 0 ? piece.origin : { client, clock: clock - 1 };
    offset += length;
    return { ...piece, run, text, origin };
  });
}

/** Whether a merge can have put something here: at the end of the text or, if it is `ahead`, at the start. */
function isAtEnd({ rightOrigin }: IPiece, ahead: boolean): boolean {
  return ahead || rightOrigin === null;
}

/** Where text belongs that was typed beside a character; `null` for what was typed where there was none. */
function placeFor(text: Y.Text, unit: Run | null, { ahead, beside, opposite }: IBrought): number {
  const [near, far] = [beside, opposite].map(runs => placesOf(text, runs));
  if (unit === null) {
    return ahead ? endOf(near) : startOf(near, text.length);
  }
  const found = indexOfUnit(text, [unit[0], unit[1]]) ?? { index: 0, isDeleted: true };
  const index = found.index + (ahead || found.isDeleted ? 0 : 1);
  return ahead ? Math.min(index, startOf(far, text.length)) : Math.max(index, endOf(far));
}

type Places = ReturnType<typeof placesOf>;

function startOf(places: Places, end: number): number {
  return places.reduce((least, { index }) => Math.min(least, index), end);
}

function endOf(places: Places): number {
  return places.reduce((most, { run, index }) => Math.max(most, index + run[2]), 0);
}

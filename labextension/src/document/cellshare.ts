import * as Y from 'yjs';

import { wellFormed, wholeCharacters } from '../text/characters.js';
import { differences } from '../text/textdiff.js';
import { type CellMap, textOf } from './cellmap.js';
import { copiesOf, type INaming } from './moves.js';
import { runsOf, toDeleteSet, UnitSet } from './units.js';

/** What a share needs of the notebook that its cell is in. */
export interface IShareOwner {
  /** Makes a text another one as a part of what is being done to cells; says whether it was one. */
  cutOut(cell: CellMap, source: string): boolean;
}

const TYPED = 'jupyter-collab:typed';

/**
 * What all shared cells that were ever made for one cell of the document have in common: its text, what was typed in
 * it, and how that is undone. A cell that is moved, or whose type changes, is a new shared cell of the same share.
 */
export class CellShare {
  /**
   * @param map - The cell.
   * @param _notebook - The notebook; it is the origin of its own transactions.
   */
  constructor(
    readonly map: CellMap,
    private readonly _notebook: IShareOwner
  ) {
    this.text = textOf(map) as Y.Text;
  }

  readonly text: Y.Text;

  /** The id that the cell is known by, if not by that in the document. */
  madeUpId: string | null = null;

  get id(): string {
    return this.madeUpId ?? String(this.map.get('id'));
  }

  /** Undoes what was typed in the cell here; made when it is first asked for. */
  get undoManager(): Y.UndoManager {
    this._undoManager ??= new Y.UndoManager(this.text, {
      trackedOrigins: new Set<object>([this, this._notebook]),
      captureTransaction: transaction => transaction.origin !== this._notebook || typedIn(transaction).has(this.text),
      doc: this.text.doc as Y.Doc
    });
    return this._undoManager;
  }

  /** As a cell's `transact`. What is undoable is what becomes of the text. */
  transact(act: () => void, undoable: boolean, origin: unknown): void {
    const run = (transaction: Y.Transaction): void => {
      const before = this.text.toString();
      act();
      if (undoable && this.text.toString() !== before) {
        typedIn(transaction).add(this.text);
      }
    };
    if (undoable) {
      // There must be one before there is something to undo.
      void this.undoManager;
    }
    this.text.doc?.transact(run, undoable ? this : origin);
  }

  /** Makes the text another one; no word of it that stays is touched. */
  rewrite(value: string): void {
    const wanted = wellFormed(value);
    const present = this.text.toString();
    if (present !== wanted && !this._notebook.cutOut(this.map, wanted)) {
      this._type(() => {
        for (const { start, end, insert } of differences(present, wanted).reverse()) {
          this.text.delete(start, end - start);
          this.text.insert(start, insert);
        }
      });
    }
  }

  /** Replaces a part of the text, of whole characters. */
  replace(start: number, end: number, value: string): void {
    const splice = wholeCharacters(this.text.toString(), start, end, value);
    this._type(() => {
      // What is put in first takes the carets behind it along.
      this.text.insert(splice.start, splice.insert);
      this.text.delete(splice.start + splice.insert.length, splice.end - splice.start);
    });
  }

  /** Characters of the text were written anew, and these stand for them: undo takes them out, too. */
  noteNamed(naming: INaming): void {
    for (const step of this._undoManager?.undoStack ?? []) {
      const copies = copiesOf(naming, new UnitSet(runsOf(step.insertions)));
      if (copies.length > 0) {
        step.insertions = toDeleteSet([...runsOf(step.insertions), ...copies]);
      }
    }
  }

  dispose(): void {
    this._undoManager?.destroy();
  }

  private _type(act: () => void): void {
    this.transact(act, true, null);
  }

  private _undoManager: Y.UndoManager | null = null;
}

/** The texts that somebody typed in, as far as a transaction of this page is concerned. */
function typedIn(transaction: Y.Transaction): Set<Y.Text> {
  const typed = (transaction.meta.get(TYPED) as Set<Y.Text> | undefined) ?? new Set<Y.Text>();
  transaction.meta.set(TYPED, typed);
  return typed;
}

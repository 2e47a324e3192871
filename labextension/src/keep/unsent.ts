/** The text that is kept for its author when the room cannot take it. */
import type { IDisposable } from '@lumino/disposable';
import * as Y from 'yjs';

import { inOrder } from '../document/arrangement.js';
import { type CellMap, deletionOf, isLate } from '../document/cellmap.js';

/** One cell's text. */
export interface IUnsentCell {
  id: string;
  cell_type: string;
  source: string;
}

/** Text that the room did not take: of another epoch, or refused. */
export interface IUnsentText {
  /** The epoch of the document that it was typed into. */
  epoch: string;
  cells: IUnsentCell[];
  /** Why it was not taken: a reason of `docs/wire.md`. */
  reason: string;
}

/** The text of the cells with these ids, in the document's order; without those that have none. */
export function readCells(doc: Y.Doc, ids: ReadonlySet<string>): IUnsentCell[] {
  const texts = inOrder(cellsOf(doc))
    .filter(isKept)
    .map(readCell)
    .filter(text => text !== null);
  return texts.filter(({ id, source }) => ids.has(id) && source !== '');
}

/** Those of `cells` whose text the document does not have. */
export function withoutSaved(cells: readonly IUnsentCell[], doc: Y.Doc): IUnsentCell[] {
  const saved = new Set(
    cellsOf(doc)
      .filter(isKept)
      .map(cell => String(cell.get('source')))
  );
  return cells.filter(cell => !saved.has(cell.source));
}

function cellsOf(doc: Y.Doc): CellMap[] {
  return doc
    .getArray('cells')
    .toArray()
    .filter((cell): cell is CellMap => cell instanceof Y.Map);
}

/** Whether people still get to see the cell's text: it is not deleted, or not all of it was deleted knowingly. */
function isKept(cell: CellMap): boolean {
  return deletionOf(cell) === null || isLate(cell);
}

function readCell(cell: CellMap): IUnsentCell | null {
  const id = cell.get('id');
  if (typeof id !== 'string') {
    return null;
  }
  return { id, cell_type: String(cell.get('cell_type') ?? 'code'), source: String(cell.get('source') ?? '') };
}

/** Notes in which cells this page changed the text since it was last told to forget. */
export class EditedCells implements IDisposable {
  constructor(private readonly _doc: Y.Doc) {
    this._cells = _doc.getArray('cells');
    this._cells.observeDeep(this._onChange);
  }

  /** The ids of the changed cells. */
  get ids(): ReadonlySet<string> {
    return this._ids;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The changed cells' text as it is now. */
  read(): IUnsentCell[] {
    return readCells(this._doc, this._ids);
  }

  /** Take note of cells that were changed before. */
  add(ids: Iterable<string>): void {
    for (const id of ids) {
      this._ids.add(id);
    }
  }

  /** Take note of all cells. */
  addAll(): void {
    for (const cell of this._cells) {
      const id = cell instanceof Y.Map ? cell.get('id') : null;
      if (typeof id === 'string') {
        this._ids.add(id);
      }
    }
  }

  /** Everything is saved: start anew. */
  forget(): void {
    this._ids.clear();
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._cells.unobserveDeep(this._onChange);
    }
  }

  private readonly _onChange = (events: readonly Y.YEvent<Y.AbstractType<unknown>>[], change: Y.Transaction): void => {
    if (!change.local) {
      return;
    }
    for (const event of events) {
      for (const cell of this._cellsOf(event)) {
        const id = cell.get('id');
        if (typeof id === 'string') {
          this._ids.add(id);
        }
      }
    }
  };

  /** The cells whose text an event is about: inserted ones, or the one that was typed into. */
  private _cellsOf(event: Y.YEvent<Y.AbstractType<unknown>>): Y.Map<unknown>[] {
    if (event.target === this._cells) {
      const added = [...event.changes.added].flatMap(item => item.content.getContent());
      return added.filter((cell): cell is Y.Map<unknown> => cell instanceof Y.Map);
    }
    const cell = event.target instanceof Y.Text ? event.target.parent : event.target;
    const isCell = cell instanceof Y.Map && cell.parent === this._cells;
    const isText = event.target instanceof Y.Text || (event instanceof Y.YMapEvent && event.keysChanged.has('source'));
    return isCell && isText ? [cell] : [];
  }

  private readonly _cells: Y.Array<unknown>;
  private readonly _ids = new Set<string>();
  private _isDisposed = false;
}

import type { SharedCell } from '@jupyter/ydoc';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import * as Y from 'yjs';

import { Arrangement, inOrder } from './arrangement.js';
import { CellActions, type IActor } from './cellactions.js';
import { isArranging, isOfMoves, mayBeLate } from './cellevents.js';
import { type CellMap, deletionOf, isFree, textOf } from './cellmap.js';
import type { RoomCell } from './cells.js';
import type { IShareOwner } from './cellshare.js';
import { Cutting } from './cutting.js';
import { listDelta } from './delta.js';
import { Filler, isUnused } from './filler.js';
import { History, type IIntention } from './history.js';
import { type ILateCell, LateCells } from './latecells.js';
import { type ILostCell, lostCells } from './lostcells.js';
import { isMoveKey, opOf } from './moves.js';
import { AnyNotebook } from './notebookmeta.js';
import { type IArrival, Relocation } from './relocation.js';
import { SharedCells } from './sharedcells.js';
import { Step } from './step.js';
import { Tombstones } from './tombstones.js';
import { type DeleteSet, type IGap, piecesOf } from './units.js';

export type { ILateCell } from './latecells.js';
export type { ILostCell } from './lostcells.js';

/** A cell that somebody else deleted. */
export interface IDeletedCell {
  readonly id: string;
  /** The name of whoever deleted it; it may be empty. */
  readonly by: string;
  /** The id of the cell that it was merged into; `null` if it was just deleted. */
  readonly into: string | null;
}

/** A place in the text of a cell. */
export interface ITextPlace {
  readonly id: string;
  readonly index: number;
}

/**
 * The shared document of a room, as JupyterLab's notebook knows it.
 *
 * A cell keeps its identity, whatever is done to it: its place, its type and whether it is deleted are values in it.
 * So what people do to a cell at once all takes effect, and nothing of what they type in it is lost. Each editor undoes
 * only what was typed in it, and the notebook what was done to cells here.
 *
 * It holds nothing that is true for one viewer alone. JupyterLab's own actions write two such things into a notebook:
 * that its cells are trusted, and that it has unsaved changes. Here trust is each viewer's own decision, and an edit is
 * saved when the server says so.
 */
export class RoomNotebook extends AnyNotebook implements IShareOwner {
  constructor() {
    super({ disableDocumentWideUndoRedo: true });
    const former = this as unknown as IFollower;
    // The base class would show the cells in the order in which they came, and undo whole cells.
    this._ycells.unobserve(former._onYCellsChanged);
    super.undoManager.destroy();
    this._arrangement = new Arrangement(this.ydoc);
    this._history = new History(this.ydoc, act => this._perform(act));
    const isOwn = (client: number): boolean => this._isOwn(client);
    this._relocation = new Relocation(this.ydoc, this._arrangement, this._tombstones, isOwn, (cell, naming) =>
      this._shared.shareOf(cell)?.noteNamed(naming)
    );
    this._actions = new CellActions(this._arrangement, this._relocation, this._tombstones, this._actor());
    this._cutting = new Cutting(this._actions);
    this._late = new LateCells(this._arrangement, this._tombstones);
    this._filler = new Filler(this._arrangement, isOwn);
    this._ycells.observeDeep(this._onChange);
    this.ydoc.on('afterTransaction', this._noteDeleted);
    this.ydoc.on('afterAllTransactions', this._afterTransactions);
  }

  /** The name by which others see who does things here. */
  author = '';

  override get dirty(): boolean {
    return false;
  }
  override set dirty(_value: boolean) {
    // Every client would write it, and it would mean nothing to the others.
  }

  /** What was done to cells here, to be undone. */
  override get undoManager(): Y.UndoManager {
    // The base class asks while it is made.
    return this._history ?? super.undoManager;
  }

  /** Emitted when an undo leaves cells that others wrote in meanwhile: their ids. */
  get cellsKept(): ISignal<this, readonly string[]> {
    return this._cellsKept;
  }

  /** Whether nothing may be written from here: then others' edits are put in order here only when it may be again. */
  get readOnly(): boolean {
    return this._readOnly;
  }
  set readOnly(value: boolean) {
    const wasReadOnly = this._readOnly;
    this._readOnly = value;
    if (wasReadOnly) {
      this._settle();
    }
  }

  /** Deleted cells with text that those who deleted them did not know. */
  get lateCells(): readonly ILateCell[] {
    return this._late.cells;
  }

  get lateCellsChanged(): ISignal<this, void> {
    return this._lateCellsChanged;
  }

  /** Emitted when somebody else deletes a cell, or merges it into another one; not of a filler that nobody used. */
  get cellDeletedByOther(): ISignal<this, IDeletedCell> {
    return this._cellDeletedByOther;
  }

  /** Emitted when cells are taken out of the document with text that nobody meant to delete. */
  get cellsLost(): ISignal<this, readonly ILostCell[]> {
    return this._cellsLost;
  }

  /**
   * Puts texts that were kept aside into cells: into the one that a text was typed in, if that is deleted and holds no
   * text of others; it is back then. Else into a new one, behind that cell or, where it is not, behind the one before
   * it, else at the end.
   */
  insertTexts(cells: readonly ILostCell[]): void {
    this.transact(() => {
      const order = this._order;
      let end = order.length;
      for (const { id, cell_type, source } of cells) {
        const cell = this._arrangement.find(id);
        if (cell !== null && isFree(cell)) {
          const place = inOrder([...order, cell]).indexOf(cell);
          order.splice(place, 0, cell);
          this._actions.restore(cell);
          this._shared.of(cell).setSource(source);
          end = place + 1;
        } else {
          const place = cell === null ? -1 : order.indexOf(cell);
          end = place < 0 ? end : place + 1;
          this.insertCell(end, { cell_type, source, metadata: {} });
          end += 1;
        }
      }
    });
  }

  /** Brings a deleted cell back; of a merged one the text that did not go into the other. */
  restoreLate(id: string): void {
    this._onLate(id, cell => {
      this._late.clearMoved(cell);
      this._actions.restore(cell);
    });
  }

  /** Says of the late text of a cell that it is not wanted. */
  dismissLate(id: string): void {
    this._onLate(id, cell => this._late.dismiss(cell));
  }

  /** Whether some of the text of a cell, be it deleted, was typed in this page. */
  wroteIn(id: string): boolean {
    const cell = this._arrangement.find(id);
    const text = cell === null ? null : textOf(cell);
    return text !== null && [...piecesOf(text)].some(({ run, isDeleted }) => !isDeleted && this._isOwn(run[0]));
  }

  /** What these Yjs clients wrote is this page's own: edits that were kept in the browser. */
  adopt(clients: Iterable<number>): void {
    for (const client of clients) {
      this._adopted.add(client);
    }
    this._relocation.noteKept();
  }

  /**
   * Goes on for a document of the same history that is given up: what was deleted in that is deleted in all its copies,
   * though others merged or split the cells meanwhile.
   */
  takeOver(former: RoomNotebook): void {
    const act = (): void => this._relocation.takeOver(former._tombstones, !this._readOnly);
    this.ydoc.transact(act, this._relocation);
  }

  /**
   * Where a place in a cell's text is now, though the characters beside it may have been moved to another cell.
   *
   * @param text - The text in which the place was.
   * @returns `null` if the text is not among the cells any more.
   */
  follow(text: Y.Text, gap: IGap): ITextPlace | null {
    const cell = text.parent instanceof Y.Map ? (text.parent as CellMap) : null;
    const place = cell && this._relocation.follow(cell, gap);
    const isThere = place !== null && deletionOf(place.cell) === null;
    return isThere ? { id: this._shared.of(place.cell).id, index: place.index } : null;
  }

  /** The id of the cell that a deleted one was merged into; `null` if it was just deleted, or is not deleted. */
  mergedInto(id: string): string | null {
    const cell = this._arrangement.find(id);
    return (cell && deletionOf(cell)?.into) ?? null;
  }

  /**
   * Leaves the list of cells as it is, whatever others do to them, until what is returned is disposed of; then says in
   * one step what changed. Texts change all the while, and what is done to cells here is seen at once.
   *
   * Nothing waits to be sent or kept: what is typed meanwhile into a cell that somebody merged is late text until then.
   */
  holdChanges(): IDisposable {
    const hold = new DisposableDelegate(() => {
      this._holds.delete(hold);
      if (this._holds.size === 0 && !this.isDisposed) {
        // As an edit of others, which it was: so all notice it who do something before and after these.
        Y.transact(this.ydoc, () => this._show(), this._relocation, false);
      }
    });
    this._holds.add(hold);
    return hold;
  }

  /** Ends whatever holds changes back. */
  showChanges(): void {
    [...this._holds].forEach(hold => hold.dispose());
  }

  /** The ids, whenever they are asked for, of the cells that have these now: the server may give new ones other ids. */
  track(ids: readonly string[]): () => string[] {
    const cells = ids.map(id => this.cells.find(cell => cell.getId() === id));
    return () => ids.map((id, index) => cells[index]?.getId() ?? id);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._arrangement.dispose();
      this.ydoc.off('afterTransaction', this._noteDeleted);
      this.ydoc.off('afterAllTransactions', this._afterTransactions);
      this._ycells.unobserveDeep(this._onChange);
      this.cells.forEach(cell => cell.dispose());
      this._shared.dispose();
      // The base class takes it off again, and Yjs complains of a handler that is not there.
      this._ycells.observe((this as unknown as IFollower)._onYCellsChanged);
      super.dispose();
    }
  }

  override transact(act: () => void, undoable = true, origin: unknown = null): void {
    if (this._step) {
      this.ydoc.transact(act, undoable ? this : origin);
      return;
    }
    const step = this._newStep();
    this.ydoc.transact(() => this._run(step, act), undoable ? this : origin);
    if (undoable) {
      this._history.push(step.intentions);
    }
  }

  override addCell(cell: SharedCell.Cell): RoomCell {
    return this.insertCell(this._order.length, cell);
  }

  override insertCell(index: number, cell: SharedCell.Cell): RoomCell {
    return this.insertCells(index, [cell])[0];
  }

  /**
   * Inserts cells. The id of a deleted cell brings that one back, with the text that is given; a cell that takes the
   * place of one just deleted, with all its text, is that one; and so is the last of several that have it in pieces.
   */
  override insertCells(index: number, cells: SharedCell.Cell[]): RoomCell[] {
    let inserted: RoomCell[] = [];
    this._inStep(step => {
      inserted = step.insert(index, cells);
    });
    return inserted;
  }

  override moveCells(fromIndex: number, toIndex: number, n = 1): void {
    this._inStep(step => step.move(fromIndex, toIndex, n));
  }

  override deleteCellRange(from: number, to: number): void {
    this._inStep(step => step.remove(from, to));
  }

  /**
   * Merges cells into one of them, which keeps its type, its metadata and its place. Its outputs are emptied.
   *
   * @param primary - The index of the cell that stays.
   * @param others - The indices of the others.
   */
  mergeCells(primary: number, others: readonly number[], separator = '\n\n'): void {
    this._inStep(step => step.merge(primary, others, separator));
  }

  /**
   * Splits a cell. What is behind the last place stays in it; the pieces before become new cells above it, without
   * the line breaks at their ends.
   *
   * @param places - Where to split, in order.
   */
  splitCell(index: number, places: readonly number[]): void {
    this._inStep(step => step.split(index, places));
  }

  /**
   * Makes the text of a cell another one. If the rest of it is in cells that came beside it in the same step, somebody
   * splits the cell: then what others type in it goes with the piece that it is typed in, and undo merges them.
   *
   * @returns Whether that is so; else nothing was done.
   */
  cutOut(cell: CellMap, source: string): boolean {
    return (
      this._step !== null && this._step.made.size > 0 && this._cutting.cut(cell, source, this._step.order, this._step)
    );
  }

  // -- editing -------------------------------------------------------------------------------------------------------

  /** The cells as this page's edit leaves them. */
  private get _order(): CellMap[] {
    return this._step?.order ?? this._shown;
  }

  /** The cells as they are shown. */
  private get _shown(): CellMap[] {
    return this.cells.map(cell => (cell as RoomCell).share.map);
  }

  private _newStep(): Step {
    return new Step(() => this._shown, this._arrangement, this._actions, this._shared);
  }

  /** Does something to the list of cells, as a step or as a part of the one that is made. */
  private _inStep(act: (step: Step) => void): void {
    this.transact(() => act(this._step as Step));
  }

  private _run(step: Step, act: () => void): void {
    this._step = step;
    try {
      act();
      step.end();
      if (step.made.size === 1) {
        this._filler.note(this._shown, step.order);
      }
    } finally {
      this._step = null;
    }
  }

  private _onLate(id: string, act: (cell: CellMap) => void): void {
    const cell = this._arrangement.find(id);
    if (cell !== null && deletionOf(cell) !== null) {
      this.transact(() => act(cell));
    }
  }

  private _isOwn(client: number): boolean {
    return client === this.ydoc.clientID || this._adopted.has(client);
  }

  private _actor(): IActor {
    return {
      author: () => this.author,
      note: intention => this._step?.intentions.push(intention),
      tellKept: cell => this._cellsKept.emit([this._shared.of(cell).id])
    };
  }

  private _perform(act: () => void): IIntention[] {
    // What is undone is undone in the cells as they are.
    this.showChanges();
    const step = this._newStep();
    this.ydoc.transact(() => this._run(step, act), this);
    return step.intentions;
  }

  // -- following the document ----------------------------------------------------------------------------------------

  private readonly _onChange = (
    events: readonly Y.YEvent<Y.AbstractType<unknown>>[],
    transaction: Y.Transaction
  ): void => {
    const { bag } = this._arrangement;
    if (events.some(event => event.target === bag || isOfMoves(event, bag))) {
      this._relocation.forget();
    }
    if (events.some(event => event.target === bag)) {
      this._filler.look();
    }
    for (const event of transaction.local ? [] : events) {
      if (event.target === bag) {
        this._isUnsettled = true;
        this._lost.push(...lostCells(event as Y.YArrayEvent<unknown>));
      } else if (event instanceof Y.YMapEvent && event.target.parent === bag) {
        this._hear(event.target, event.changes.keys, transaction.deleteSet);
      }
    }
    const isOwnDoing = transaction.local && transaction.origin !== this._relocation;
    const isShown = this._holds.size === 0 || isOwnDoing;
    if (isShown && events.some(event => event.target === bag || isArranging(event, bag))) {
      this._show();
    }
    if (events.some(event => event.target === bag || mayBeLate(event, bag)) && this._late.read()) {
      this._lateCellsChanged.emit();
    }
  };

  /** Takes note of what somebody else did to a cell. */
  private _hear(cell: CellMap, changes: ReadonlyMap<string, { action: string }>, deletions: DeleteSet): void {
    for (const [key, { action }] of changes) {
      if (isMoveKey(key) && action !== 'delete') {
        this._arrived.push(this._relocation.hear(cell, opOf(key), deletions));
        this._isUnsettled = true;
      } else if (key === 'deleted' && action === 'add' && !isUnused(cell)) {
        this._gone.push(cell);
      } else if (key === 'deleted' && action === 'delete') {
        this._isUnsettled = true;
      }
    }
  }

  private readonly _noteDeleted = ({ local, origin, deleteSet }: Y.Transaction): void => {
    if (local && origin !== this._relocation) {
      this._tombstones.note(deleteSet);
    } else if (!local && this.ydoc.store.pendingStructs !== null) {
      this._tombstones.noteEarly(deleteSet);
    }
  };

  /** Puts in order what others' edits left to do. Within their transaction it would be taken for a part of it. */
  private readonly _afterTransactions = (): void => {
    const [gone, lost] = [this._gone.splice(0), this._lost.splice(0)];
    this._settle();
    for (const cell of gone) {
      const { by = '', into = null } = deletionOf(cell) ?? {};
      this._cellDeletedByOther.emit({ id: String(cell.get('id')), by, into });
    }
    if (lost.length > 0) {
      this._cellsLost.emit(lost);
    }
  };

  private _settle(): void {
    if (this._readOnly) {
      return;
    }
    // Text that is being composed would be torn out of the input method's hands.
    if (this._isUnsettled && this._holds.size === 0) {
      this._isUnsettled = false;
      this.ydoc.transact(() => this._relocation.settle(this._arrived.splice(0)), this._relocation);
    }
    this._dropFillers();
  }

  private _dropFillers(): void {
    const needless = this._filler.takeNeedless();
    if (needless.length > 0) {
      this.ydoc.transact(() => needless.forEach(cell => this._arrangement.remove(cell, '')), this._relocation);
    }
  }

  /** Makes the list of cells that of the document, and says how it changed. */
  private _show(): void {
    const madeUp = this._arrangement.madeUpIds;
    const before = this.cells as RoomCell[];
    const after = this._shared.list(this._arrangement.live, before);
    after.forEach(cell => (cell.share.madeUpId = madeUp.get(cell.share.map) ?? null));
    const cellsChange = listDelta(before, after);
    if (cellsChange.length === 0) {
      return;
    }
    const shown = new Set(after);
    const gone = before.filter(cell => !shown.has(cell));
    this.cells.splice(0, this.cells.length, ...after);
    this._changed.emit({ cellsChange });
    gone.forEach(cell => this._shared.retire(cell));
  }

  private readonly _arrangement: Arrangement;
  private readonly _tombstones = new Tombstones();
  private readonly _history: History;
  private readonly _relocation: Relocation;
  private readonly _actions: CellActions;
  private readonly _cutting: Cutting;
  private readonly _late: LateCells;
  private readonly _filler: Filler;
  private readonly _adopted = new Set<number>();
  private readonly _arrived: IArrival[] = [];
  private readonly _gone: CellMap[] = [];
  private readonly _lost: ILostCell[] = [];
  private _readOnly = false;
  private _isUnsettled = false;
  private readonly _shared = new SharedCells(this);
  private _step: Step | null = null;
  private readonly _holds = new Set<IDisposable>();
  private readonly _lateCellsChanged = new Signal<this, void>(this);
  private readonly _cellDeletedByOther = new Signal<this, IDeletedCell>(this);
  private readonly _cellsLost = new Signal<this, readonly ILostCell[]>(this);
  private readonly _cellsKept = new Signal<this, readonly string[]>(this);
}

/** What the base class follows the cells with. */
interface IFollower {
  readonly _onYCellsChanged: (event: Y.YArrayEvent<Y.Map<unknown>>) => void;
}

import type { SharedCell } from '@jupyter/ydoc';
import type { IAttachments, IBaseCellMetadata, IOutput } from '@jupyterlab/nbformat';
import { JSONExt } from '@lumino/coreutils';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import * as Y from 'yjs';

import { crc32 } from '../text/crc.js';
import { Arrangement, inOrder, knownType, sourceOf } from './arrangement.js';
import { CellActions, type IActor, type IPart, type ISlice } from './cellactions.js';
import { type CellMap, deletionOf, isCellId, isLate, posOf, textOf, typeOf } from './cellmap.js';
import { makeCell, type RoomCell } from './cells.js';
import { CellShare, type IShareOwner } from './cellshare.js';
import { Cutting } from './cutting.js';
import { keptInOrder, listDelta } from './delta.js';
import { Filler, isUnused } from './filler.js';
import { History, type IIntention } from './history.js';
import { type ILateCell, LateCells } from './latecells.js';
import { type ILostCell, lostCells } from './lostcells.js';
import { isMoveKey, opOf } from './moves.js';
import { AnyNotebook } from './notebookmeta.js';
import { type IArrival, Relocation } from './relocation.js';
import { separatorsIn, spansOf, trimmed } from './textparts.js';
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

/** What is done to cells in one transaction of the notebook. */
interface IEdit {
  /** The cells as they will be, deleted ones left out. */
  order: CellMap[] | null;
  /** Cells that were deleted and may come back before the transaction ends; as JupyterLab changes types. */
  readonly removed: Set<CellMap>;
  /** Cells that came with it, each with what it takes to undo that. */
  readonly made: Map<CellMap, IIntention>;
  lastRemoved: { cell: CellMap; index: number } | null;
  /** A cell that came in place of a deleted one, with the text that it is to have; and the order before. */
  joined: { cell: CellMap; source: string; order: readonly CellMap[] } | null;
  readonly intentions: IIntention[];
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
      this._shares.get(cell)?.noteNamed(naming)
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
          this._share(cell).setSource(source);
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
    return isThere ? { id: this._share(place.cell).id, index: place.index } : null;
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
      this._shares.forEach(share => share.dispose());
      // The base class takes it off again, and Yjs complains of a handler that is not there.
      this._ycells.observe((this as unknown as IFollower)._onYCellsChanged);
      super.dispose();
    }
  }

  override transact(act: () => void, undoable = true, origin: unknown = null): void {
    if (this._edit) {
      this.ydoc.transact(act, undoable ? this : origin);
      return;
    }
    const edit = newEdit();
    this.ydoc.transact(() => this._run(edit, act), undoable ? this : origin);
    if (undoable) {
      this._history.push(edit.intentions);
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
    const inserted: RoomCell[] = [];
    this.transact(() => {
      const order = this._order;
      const present = cells.map((_, offset) => this._toReuse(index, cells, offset));
      const made = present.filter(cell => cell === null).length;
      const keys = this._arrangement.keysAt(order, index, made);
      cells.forEach((content, offset) => {
        const cell = present[offset];
        const place = index + offset;
        inserted.push(
          cell === null ? this._make(content, keys.shift() as string, place) : this._reuse(cell, content, place)
        );
      });
    });
    return inserted;
  }

  override moveCells(fromIndex: number, toIndex: number, n = 1): void {
    this.transact(() => {
      const order = this._order;
      const moved = order.splice(fromIndex, n);
      const index = fromIndex > toIndex ? toIndex : toIndex - n + 1;
      const keys = this._arrangement.keysAt(order, index, moved.length);
      moved.forEach((cell, offset) => this._actions.move(cell, keys[offset]));
      order.splice(index, 0, ...moved);
    });
  }

  override deleteCellRange(from: number, to: number): void {
    this.transact(() => {
      const { removed } = this._edit as IEdit;
      for (const cell of this._order.splice(from, to - from)) {
        removed.add(cell);
        (this._edit as IEdit).lastRemoved = { cell, index: from };
      }
    });
  }

  /**
   * Merges cells into one of them, which keeps its type, its metadata and its place. Its outputs are emptied.
   *
   * @param primary - The index of the cell that stays.
   * @param others - The indices of the others.
   */
  mergeCells(primary: number, others: readonly number[], separator = '\n\n'): void {
    this.transact(() => {
      const order = this._order;
      const cell = order[primary];
      const part = (index: number): IPart => ({ cell: order[index], separator });
      const sorted = [...others].sort((a, b) => a - b);
      const [before, after] = [sorted.filter(index => index < primary), sorted.filter(index => index > primary)];
      this._actions.merge(cell, before.map(part), after.map(part));
      this._gatherAttachments(
        cell,
        sorted.map(index => order[index])
      );
      this._clearOutputs(cell);
      [...sorted].reverse().forEach(index => order.splice(index, 1));
    });
  }

  /**
   * Splits a cell. What is behind the last place stays in it; the pieces before become new cells above it, without
   * the line breaks at their ends.
   *
   * @param places - Where to split, in order.
   */
  splitCell(index: number, places: readonly number[]): void {
    this.transact(() => {
      const order = this._order;
      const cell = order[index];
      const source = sourceOf(cell);
      const { metadata } = this._share(cell).toJSON();
      const keys = this._arrangement.keysAt(order, index, places.length);
      const slices = places.map((end, place): ISlice => {
        const piece = this._arrangement.make({ cell_type: typeOf(cell), metadata }, keys[place]);
        this._setContent(this._share(piece), { cell_type: typeOf(cell), metadata });
        this._gatherAttachments(piece, [cell]);
        return { cell: piece, ...trimmed(source, places[place - 1] ?? 0, end) };
      });
      const { start } = trimmed(source, places[places.length - 1], source.length);
      this._actions.split(cell, slices, start);
      order.splice(index, 0, ...slices.map(slice => slice.cell));
    });
  }

  /**
   * Makes the text of a cell another one. If the rest of it is in cells that came beside it in the same step, somebody
   * splits the cell: then what others type in it goes with the piece that it is typed in, and undo merges them.
   *
   * @returns Whether that is so; else nothing was done.
   */
  cutOut(cell: CellMap, source: string): boolean {
    return this._edit !== null && this._edit.made.size > 0 && this._cutting.cut(cell, source, this._order, this._edit);
  }

  // -- editing -------------------------------------------------------------------------------------------------------

  /** The cells as this page's edit leaves them. */
  private get _order(): CellMap[] {
    if (!this._edit) {
      return this.cells.map(cell => (cell as RoomCell).share.map);
    }
    this._edit.order ??= this.cells.map(cell => (cell as RoomCell).share.map);
    return this._edit.order;
  }

  private _run(edit: IEdit, act: () => void): void {
    this._edit = edit;
    try {
      act();
      this._join(edit);
      edit.removed.forEach(cell => this._actions.remove(cell));
      if (edit.made.size === 1) {
        this._filler.note(
          this.cells.map(cell => (cell as RoomCell).share.map),
          this._order
        );
      }
    } finally {
      this._edit = null;
    }
  }

  /** A cell that came in place of a deleted one gets its text, and that of others deleted in the same step. */
  private _join({ joined, removed }: IEdit): void {
    if (joined === null) {
      return;
    }
    const { cell, source, order } = joined;
    const parts = order.filter(other => other === cell || removed.has(other));
    const split = removed.size > 0 ? separatorsIn(source, parts.map(sourceOf)) : null;
    if (split === null) {
      this._share(cell).setSource(source);
      return;
    }
    const place = parts.indexOf(cell);
    const before = parts.slice(0, place).map((part, index) => ({ cell: part, separator: split[index] }));
    const after = parts.slice(place + 1).map((part, index) => ({ cell: part, separator: split[place + index] }));
    this._actions.merge(cell, before, after);
    parts.forEach(part => removed.delete(part));
  }

  private _clearOutputs(map: CellMap): void {
    const cell = this._share(map);
    if (cell.cell_type === 'code') {
      cell.clearOutputs();
      cell.execution_count = null;
    }
  }

  /** Gives a text cell what belongs to the texts of others. */
  private _gatherAttachments(map: CellMap, others: readonly CellMap[]): void {
    const attachments: object = Object.assign({}, ...[...others, map].map(cell => cell.get('attachments')));
    if (typeOf(map) !== 'code' && Object.keys(attachments).length > 0) {
      map.set('attachments', attachments);
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
      note: intention => this._edit?.intentions.push(intention),
      tellKept: cell => this._cellsKept.emit([this._share(cell).id])
    };
  }

  private _perform(act: () => void): IIntention[] {
    // What is undone is undone in the cells as they are.
    this.showChanges();
    const edit = newEdit();
    this.ydoc.transact(() => this._run(edit, act), this);
    return edit.intentions;
  }

  /** The cell in the document that one which is to be inserted is; `null` if it is a new one. */
  private _toReuse(index: number, cells: readonly SharedCell.Cell[], offset: number): CellMap | null {
    const { removed, lastRemoved } = this._edit as IEdit;
    const { id } = cells[offset];
    if (isCellId(id)) {
      const cell = this._arrangement.find(id);
      return cell !== null && (removed.has(cell) || isDeletedAlone(cell)) ? cell : null;
    }
    const isLast = offset === cells.length - 1;
    if (!isLast || lastRemoved?.index !== index || !removed.has(lastRemoved.cell)) {
      return null;
    }
    const [before, after] = [sourceOf(lastRemoved.cell), cells.map(cell => toText(cell.source))];
    const isThere = cells.length === 1 ? after[0].includes(before) : spansOf(before, after) !== null;
    return isThere ? lastRemoved.cell : null;
  }

  private _make(content: SharedCell.Cell, pos: string, index: number): RoomCell {
    const map = this._arrangement.make(content, pos);
    const cell = this._share(map);
    this._order.splice(index, 0, map);
    this._setContent(cell, content);
    this._actions.noteMade(map);
    const { made, intentions } = this._edit as IEdit;
    made.set(map, intentions[intentions.length - 1]);
    return cell;
  }

  private _reuse(map: CellMap, content: SharedCell.Cell, index: number): RoomCell {
    const edit = this._edit as IEdit;
    const wasHere = edit.removed.delete(map);
    const dropped = map.get('dropped');
    edit.lastRemoved = null;
    if (!wasHere) {
      this._actions.restore(map);
    }
    if (!wasHere || !isBetween(map, this._order[index - 1], this._order[index])) {
      this._actions.move(map, this._arrangement.keysAt(this._order, index, 1)[0]);
    }
    this._order.splice(index, 0, map);
    this._actions.setType(map, knownType(content.cell_type));
    const cell = this._share(map);
    const source = toText(content.source);
    if (wasHere && content.id !== map.get('id')) {
      // The cells that are deleted in the same step may have gone into it.
      edit.joined = { cell: map, source, order: this.cells.map(shown => (shown as RoomCell).share.map) };
    } else if (wasHere || crc32(source) !== dropped) {
      // Else the text is as it was deleted, and what came late stays in it.
      cell.setSource(source);
    }
    this._setContent(cell, content);
    return cell;
  }

  /** Gives a cell metadata and outputs, but no trust. */
  private _setContent(cell: RoomCell, content: SharedCell.Cell): void {
    const given = Object.entries((content.metadata ?? {}) as Record<string, unknown>);
    const metadata = Object.fromEntries(given.filter(([key]) => key !== 'trusted'));
    for (const key of Object.keys(cell.getMetadata())) {
      if (!(key in metadata)) {
        cell.deleteMetadata(key);
      }
    }
    cell.setMetadata(metadata as Partial<IBaseCellMetadata>);
    if (cell.cell_type !== 'code' && 'attachments' in content && content.attachments !== undefined) {
      cell.setAttachments(content.attachments as IAttachments);
    }
    if (cell.cell_type === 'code') {
      const outputs = (('outputs' in content ? content.outputs : null) ?? []) as IOutput[];
      if (!JSONExt.deepEqual(cell.getOutputs(), outputs)) {
        cell.setOutputs(outputs.map(joinLines));
      }
    }
  }

  /** The shared cell of a cell in the document, of the type that it has now. */
  private _share(map: CellMap): RoomCell {
    const share = this._shares.get(map) ?? new CellShare(map, this);
    this._shares.set(map, share);
    const present = this._made.get(map);
    if (present?.cell_type === typeOf(map) && !present.isDisposed) {
      return present;
    }
    const cell = makeCell(share, this);
    this._made.set(map, cell);
    return cell;
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
    const wanted = this._arrangement.live.map(map => this._share(map));
    const stay = new Set(keptInOrder(before, wanted));
    const known = new Set(before);
    // A list that JupyterLab keeps has one model for each shared cell, so a cell that changes places is a new one.
    const after = wanted.map(cell => (known.has(cell) && !stay.has(cell) ? this._renew(cell) : cell));
    after.forEach(cell => (cell.share.madeUpId = madeUp.get(cell.share.map) ?? null));
    const cellsChange = listDelta(before, after);
    if (cellsChange.length === 0) {
      return;
    }
    const shown = new Set(after);
    const gone = before.filter(cell => !shown.has(cell));
    this.cells.splice(0, this.cells.length, ...after);
    this._changed.emit({ cellsChange });
    gone.forEach(cell => this._retire(cell));
  }

  private _renew({ share }: RoomCell): RoomCell {
    const cell = makeCell(share, this);
    this._made.set(share.map, cell);
    return cell;
  }

  private _retire(cell: RoomCell): void {
    if (this._made.get(cell.share.map) === cell) {
      this._made.delete(cell.share.map);
    }
    cell.dispose();
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
  private readonly _shares = new Map<CellMap, CellShare>();
  private readonly _made = new Map<CellMap, RoomCell>();
  private _edit: IEdit | null = null;
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

function newEdit(): IEdit {
  return { order: null, removed: new Set(), made: new Map(), lastRemoved: null, joined: null, intentions: [] };
}

/** Whether an event says of a cell that its place, its type or its presence changed. */
function isArranging(event: Y.YEvent<Y.AbstractType<unknown>>, bag: Y.Array<unknown>): boolean {
  return (
    event instanceof Y.YMapEvent &&
    event.target.parent === bag &&
    ['id', 'pos', 'cell_type', 'deleted'].some(key => event.keysChanged.has(key))
  );
}

/** Whether an event says of a cell where its characters went. */
function isOfMoves(event: Y.YEvent<Y.AbstractType<unknown>>, bag: Y.Array<unknown>): boolean {
  return event instanceof Y.YMapEvent && event.target.parent === bag && [...event.keysChanged].some(isMoveKey);
}

/** Whether an event may make the text of a deleted cell late, or not late any more. */
function mayBeLate(event: Y.YEvent<Y.AbstractType<unknown>>, bag: Y.Array<unknown>): boolean {
  const cell = event.target instanceof Y.Text ? event.target.parent : event.target;
  return cell instanceof Y.Map && cell.parent === bag && (cell.has('deleted') || isArranging(event, bag));
}

/** Whether a cell is deleted, and all its text with it: none went into another cell, and none came since. */
function isFree(cell: CellMap): boolean {
  return isDeletedAlone(cell) && !isLate(cell);
}

/** Whether a cell is deleted, and did not go into another one. */
function isDeletedAlone(cell: CellMap): boolean {
  const deletion = deletionOf(cell);
  return deletion !== null && deletion.into === undefined;
}

/** Whether a cell's key puts it between two others. */
function isBetween(cell: CellMap, before: CellMap | undefined, after: CellMap | undefined): boolean {
  const [pos, low, high] = [posOf(cell), before && posOf(before), after && posOf(after)];
  return pos !== null && low !== null && (low ?? '') < pos && (high === undefined || high === null || pos < high);
}

function toText(source: string | readonly string[] | undefined): string {
  return typeof source === 'string' ? source : (source ?? []).join('');
}

/** An output whose text is one piece. */
function joinLines(output: IOutput): IOutput {
  return Array.isArray(output.text) ? { ...output, text: output.text.join('') } : output;
}

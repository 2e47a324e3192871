import { YNotebook, type SharedCell } from '@jupyter/ydoc';
import type { IBaseCellMetadata, IOutput } from '@jupyterlab/nbformat';
import { JSONExt } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';
import * as Y from 'yjs';

import { crc32 } from './crc.js';
import { Arrangement, knownType, sourceOf } from './document/arrangement.js';
import { CellActions, type IActor } from './document/cellactions.js';
import { type CellMap, deletionOf, isCellId, posOf, typeOf } from './document/cellmap.js';
import { makeCell, type RoomCell } from './document/cells.js';
import { CellShare } from './document/cellshare.js';
import { keptInOrder, listDelta } from './document/delta.js';
import { History, type IIntention } from './document/history.js';

/** What is done to cells in one transaction of the notebook. */
interface IEdit {
  /** The cells as they will be, deleted ones left out. */
  order: CellMap[] | null;
  /** Cells that were deleted and may come back before the transaction ends; as JupyterLab changes types. */
  readonly removed: Set<CellMap>;
  lastRemoved: { cell: CellMap; index: number } | null;
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
export class RoomNotebook extends YNotebook {
  constructor() {
    super({ disableDocumentWideUndoRedo: true });
    const former = this as unknown as IFollower;
    // The base class would show the cells in the order in which they came, and undo whole cells.
    this._ycells.unobserve(former._onYCellsChanged);
    super.undoManager.destroy();
    this._arrangement = new Arrangement(this.ydoc);
    this._history = new History(this.ydoc, act => this._perform(act));
    this._actions = new CellActions(this._arrangement, this._actor());
    this._ycells.observeDeep(this._onChange);
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


  override dispose(): void {
    if (!this.isDisposed) {
      this._ycells.unobserveDeep(this._onChange);
      this.cells.forEach(cell => cell.dispose());
      this._shares.forEach(share => share.dispose());
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
   * place of one just deleted, with all its text, is that one.
   */
  override insertCells(index: number, cells: SharedCell.Cell[]): RoomCell[] {
    const inserted: RoomCell[] = [];
    this.transact(() => {
      const order = this._order;
      const present = cells.map(cell => this._toReuse(index, cell, cells.length));
      const made = present.filter(cell => cell === null).length;
      const keys = this._arrangement.keysAt(order, index, made);
      cells.forEach((content, offset) => {
        const cell = present[offset];
        const place = index + offset;
        inserted.push(
          cell === null
            ? this._make(content, keys.shift() as string, place)
            : this._reuse(cell, content, place)
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
      edit.removed.forEach(cell => this._actions.remove(cell));
    } finally {
      this._edit = null;
    }
  }

  private _actor(): IActor {
    return {
      author: () => this.author,
      isOwn: client => client === this.ydoc.clientID,
      note: intention => this._edit?.intentions.push(intention),
      tellKept: cell => this._cellsKept.emit([this._share(cell).id])
    };
  }

  private _perform(act: () => void): IIntention[] {
    const edit = newEdit();
    this.ydoc.transact(() => this._run(edit, act), this);
    return edit.intentions;
  }

  /** The cell in the document that one which is to be inserted is; `null` if it is a new one. */
  private _toReuse(index: number, { id, source }: SharedCell.Cell, count: number): CellMap | null {
    const { removed, lastRemoved } = this._edit as IEdit;
    if (isCellId(id)) {
      const cell = this._arrangement.find(id);
      return cell !== null && (removed.has(cell) || deletionOf(cell) !== null) ? cell : null;
    }
    if (count === 1 && lastRemoved?.index === index && removed.has(lastRemoved.cell)) {
      return toText(source).includes(sourceOf(lastRemoved.cell)) ? lastRemoved.cell : null;
    }
    return null;
  }

  private _make(content: SharedCell.Cell, pos: string, index: number): RoomCell {
    const map = this._arrangement.make(content, pos);
    const cell = this._share(map);
    this._order.splice(index, 0, map);
    this._setContent(cell, content);
    this._actions.noteMade(map);
    return cell;
  }

  private _reuse(map: CellMap, content: SharedCell.Cell, index: number): RoomCell {
    const edit = this._edit as IEdit;
    const wasHere = edit.removed.delete(map);
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
    if (wasHere || crc32(source) !== map.get('dropped')) {
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

  private readonly _onChange = (events: readonly Y.YEvent<Y.AbstractType<unknown>>[]): void => {
    if (events.some(event => event.target === this._ycells || isArranging(event, this._arrangement.bag))) {
      this._show();
    }
  };

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
  private readonly _history: History;
  private readonly _actions: CellActions;
  private readonly _shares = new Map<CellMap, CellShare>();
  private readonly _made = new Map<CellMap, RoomCell>();
  private _edit: IEdit | null = null;
  private readonly _cellsKept = new Signal<this, readonly string[]>(this);
}

/** What the base class follows the cells with. */
interface IFollower {
  readonly _onYCellsChanged: (event: Y.YArrayEvent<Y.Map<unknown>>) => void;
}

function newEdit(): IEdit {
  return { order: null, removed: new Set(), lastRemoved: null, intentions: [] };
}

/** Whether an event says of a cell that its place, its type or its presence changed. */
function isArranging(event: Y.YEvent<Y.AbstractType<unknown>>, bag: Y.Array<unknown>): boolean {
  return (
    event instanceof Y.YMapEvent &&
    event.target.parent === bag &&
    ['id', 'pos', 'cell_type', 'deleted'].some(key => event.keysChanged.has(key))
  );
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

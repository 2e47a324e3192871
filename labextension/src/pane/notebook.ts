import { CodeCell, MarkdownCell, type Cell, type ICellModel } from '@jupyterlab/cells';
import { Notebook, type CellList } from '@jupyterlab/notebook';
import type { IObservableList } from '@jupyterlab/observables';
import type { Message } from '@lumino/messaging';

/**
 * JupyterLab's notebook widget, for a room: it may be read-only or show one cell alone, and it changes the shared
 * document only when its viewer does.
 */
export class NotebookView extends Notebook {
  /** Whether the cells may not be changed here. */
  get readOnly(): boolean {
    return this._readOnly;
  }
  set readOnly(value: boolean) {
    if (value !== this._readOnly) {
      this._readOnly = value;
      this.toggleClass('jc-mod-readOnly', value);
      this.widgets.forEach(cell => this._applyReadOnly(cell));
    }
  }

  /** The id of the only cell to show, or `null` for all. */
  get onlyCell(): string | null {
    return this._onlyCell;
  }
  set onlyCell(id: string | null) {
    this._onlyCell = id;
    this.toggleClass('jc-mod-oneCell', id !== null);
    this.widgets.forEach(cell => this._applyOnlyCell(cell));
  }

  /** Whether cells can be dragged to another place. */
  canDrag = true;

  /** Puts the cursor into the active cell, as soon as that can be. */
  async type(): Promise<void> {
    const cell = this.activeCell;
    await cell?.ready;
    if (cell !== null && !cell.isDisposed && this.activeCell === cell) {
      this.mode = 'edit';
      cell.editor?.focus();
    }
  }

  /** The widget of a cell, or `null` if there is no such cell. */
  cellById(id: string): Cell | null {
    return this.widgets.find(cell => cell.model.id === id) ?? null;
  }

  /**
   * Does something to the cells. If the cell that has the focus goes, the active one has it at once: the base class
   * sees to that a while later, and what is pressed meanwhile would be lost.
   */
  keepFocus(act: () => void): void {
    const hadFocus = this.node.contains(document.activeElement);
    act();
    if (hadFocus && this.mode === 'command' && focusIsNowhere()) {
      this.activeCell?.node.focus({ preventScroll: true });
    }
  }

  override handleEvent(event: Event): void {
    const drags = event.type.startsWith('lm-') || event.type === 'mousemove';
    if (!drags || (this.canDrag && !this._readOnly)) {
      super.handleEvent(event);
    }
    if (event.type === 'dblclick' && this.activeCell instanceof MarkdownCell && !this.activeCell.rendered) {
      // The base class shows the text; who asked for it wants to type.
      this.mode = 'edit';
    }
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._heights.observe(this.node);
  }

  protected override onBeforeDetach(msg: Message): void {
    this._heights.disconnect();
    super.onBeforeDetach(msg);
  }

  protected override onCellInserted(index: number, cell: Cell): void {
    super.onCellInserted(index, cell);
    this._ids.set(cell, cell.model.id);
    this._applyReadOnly(cell);
    this._applyOnlyCell(cell);
  }

  protected override _onCellsChanged(sender: CellList, args: IObservableList.IChangedArgs<ICellModel>): void {
    const typing = this._typing();
    super._onCellsChanged(args.type === 'remove' ? neverEmpty(sender) : sender, args);
    if (typing !== null) {
      queueMicrotask(() => this._resume(typing));
    }
  }

  private _applyReadOnly(cell: Cell): void {
    // What a viewer folds or scrolls is written into the cell's metadata if it is to be the same for all.
    cell.syncEditable = !this._readOnly;
    cell.syncCollapse = !this._readOnly;
    if (cell instanceof CodeCell) {
      cell.syncScrolled = !this._readOnly;
    }
    if (this._readOnly) {
      cell.readOnly = true;
    }
  }

  private _applyOnlyCell(cell: Cell): void {
    cell.toggleClass('jc-mod-otherCell', this._onlyCell !== null && cell.model.id !== this._onlyCell);
  }

  /** In which cell the viewer is typing, and where. */
  private _typing(): ITyping | null {
    const cell = this.activeCell;
    // A model that was just removed does not know its id any more.
    const id = cell === null ? undefined : this._ids.get(cell);
    if (id === undefined || cell?.editor?.hasFocus() !== true) {
      return null;
    }
    const selection = cell.editor.getSelection();
    return { id, widget: cell, start: selection.start, end: selection.end };
  }

  /** Goes on in a cell that somebody moved: a moved cell is a new widget, and the focus is gone with the old one. */
  private _resume(typing: ITyping): void {
    const cell = this.cellById(typing.id);
    if (this.isDisposed || cell === null || cell === typing.widget || !focusIsNowhere()) {
      return;
    }
    this.activeCellIndex = this.widgets.indexOf(cell);
    void this.type().then(() => {
      if (!cell.isDisposed) {
        cell.editor?.setSelection({ start: typing.start, end: typing.end });
      }
    });
  }

  // Shown late and beside notices that come and go, the notebook gets another height without a message. With a wrong
  // one the base class would scroll the active cell out of sight.
  private readonly _heights = new ResizeObserver(() => {
    this.viewModel.height = this.node.getBoundingClientRect().height;
  });
  private readonly _ids = new WeakMap<Cell, string>();
  private _readOnly = false;
  private _onlyCell: string | null = null;
}

function focusIsNowhere(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

interface ITyping {
  readonly id: string;
  readonly widget: Cell;
  readonly start: { line: number; column: number };
  readonly end: { line: number; column: number };
}

/**
 * A list of cells that says it has some.
 *
 * The base class inserts a cell where the last one was removed. Everyone in the room would do that at once, viewers
 * too.
 */
function neverEmpty(cells: CellList): CellList {
  return cells.length > 0 ? cells : Object.create(cells, { length: { value: 1 } });
}

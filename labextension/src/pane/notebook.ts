import { CodeCell, MarkdownCell, type Cell, type ICellModel } from '@jupyterlab/cells';
import { Notebook, type CellList, type INotebookModel } from '@jupyterlab/notebook';
import type { IObservableList } from '@jupyterlab/observables';
import type { Message } from '@lumino/messaging';
import { type ISignal, Signal } from '@lumino/signaling';
import type * as Y from 'yjs';

import { RoomNotebook } from '../document/roomnotebook.js';
import { caretIn, type ICaret, TypingPlace } from './typingplace.js';

/**
 * JupyterLab's notebook widget, for a room: it may be read-only or show one cell alone, and it changes the shared
 * document only when its viewer does.
 */
export class NotebookView extends Notebook {
  /** The room's document; `null` while none is shown. */
  get document(): RoomNotebook | null {
    return this._document;
  }

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

  /** Emitted when a cell has got its widget; one that moves or changes its type gets another. */
  get cellInserted(): ISignal<this, Cell> {
    return this._cellInserted;
  }

  /** Whether cells can be dragged to another place. */
  canDrag = true;

  /** Puts the cursor into the active cell: at once, if the notebook is shown, so that no key goes elsewhere. */
  async type(): Promise<void> {
    const cell = this.activeCell;
    if (cell?.isPlaceholder() === true) {
      this._build(cell);
    }
    if (cell?.isPlaceholder() === true) {
      await cell.ready;
    }
    if (cell !== null && !cell.isDisposed && this.activeCell === cell) {
      this.mode = 'edit';
      cell.editor?.focus();
    }
  }

  /** Where the viewer types in the active cell; `null` if they do not. */
  get caret(): ICaret | null {
    const editor = this.activeCell?.editor;
    if (!editor?.hasFocus()) {
      return null;
    }
    return { text: editor.model.sharedModel.getSource(), index: editor.getOffsetAt(editor.getCursorPosition()) };
  }

  /** Lets the viewer type on in the active cell, which has another version of the text in which they typed. */
  async typeOn(caret: ICaret): Promise<void> {
    await this.type();
    const editor = this.activeCell?.editor;
    if (editor?.hasFocus()) {
      const position = editor.getPositionAt(caretIn(editor.model.sharedModel.getSource(), caret));
      editor.setCursorPosition(position ?? { line: 0, column: 0 });
    }
  }

  /** Shows the active cell, if nothing of it is to be seen. */
  reveal(): void {
    const cell = this.activeCell;
    if (cell === null) {
      return;
    }
    if (cell.isPlaceholder()) {
      this._build(cell);
    }
    const [box, place] = [this.outerNode, cell.node].map(node => node.getBoundingClientRect());
    if (place.bottom <= box.top || place.top >= box.bottom) {
      cell.node.scrollIntoView({ block: 'center' });
    }
  }

  /** Makes a cell the active one, unless it is among the selected ones. */
  choose(cell: Cell): void {
    if (!this.isSelectedOrActive(cell)) {
      this.deselectAll();
      this.activeCellIndex = this.widgets.indexOf(cell);
    }
  }

  /** Whether the room has a cell, be it that its widget is still to come. */
  has(id: string): boolean {
    return this._document?.cells.some(cell => cell.getId() === id) === true;
  }

  /** The widgets of those of these cells that there are, in their order; it looks at each cell once. */
  cellsById(ids: ReadonlySet<string>): Cell[] {
    return ids.size === 0 ? [] : this.widgets.filter(cell => ids.has(cell.model.id));
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
    // What is done must be done to the cells as they are.
    this._document?.showChanges();
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

  override dispose(): void {
    this._follow(null);
    super.dispose();
  }

  protected override onModelChanged(oldValue: INotebookModel, newValue: INotebookModel): void {
    super.onModelChanged(oldValue, newValue);
    this._follow((newValue as INotebookModel | null)?.sharedModel ?? null);
  }

  protected override onCellInserted(index: number, cell: Cell): void {
    super.onCellInserted(index, cell);
    this._applyReadOnly(cell);
    this._applyOnlyCell(cell);
    this._cellInserted.emit(cell);
  }

  protected override _onCellsChanged(sender: CellList, args: IObservableList.IChangedArgs<ICellModel>): void {
    const typing = this._typing;
    const active = this._away ?? this._activePlace;
    if (active !== null && !this.has(active.id)) {
      // What is typed on without looking would be text in the next cell, or commands that act on it.
      this.setMode('command', { focus: false });
      this._left = active.wasTyping && typing !== null ? { id: active.id, place: typing.place } : null;
    }
    super._onCellsChanged(args.type === 'remove' ? neverEmpty(sender) : sender, args);
    this._away = active && this._keepActive(active, args.oldIndex);
    this._comeBack();
    if (typing !== null) {
      queueMicrotask(() => this._resume(typing));
    }
  }

  private _follow(document: unknown): void {
    this._document?.ydoc.off('beforeAllTransactions', this._forgetTyping);
    this._document?.ydoc.off('beforeTransaction', this._noteTyping);
    this._document = document instanceof RoomNotebook ? document : null;
    this._document?.ydoc.on('beforeAllTransactions', this._forgetTyping);
    this._document?.ydoc.on('beforeTransaction', this._noteTyping);
  }

  /** If the cell in which the viewer typed when somebody deleted it is back, they type on, unless they went away. */
  private _comeBack(): void {
    const left = this._left;
    if (left !== null && this.cellById(left.id) !== null) {
      this._left = null;
      const { activeElement } = document;
      if (focusIsNowhere() || activeElement?.closest('.jc-Notices-deletions')) {
        queueMicrotask(() => this._resume({ place: left.place, isOwnDoing: false }));
      }
    }
  }

  /** Gives a cell its editor, which the base class would do when it has the time. */
  private _build(cell: Cell): void {
    const index = this.widgets.indexOf(cell);
    cell.dataset.windowedListIndex = String(index);
    this.layout.insertWidget(index, cell);
  }

  private _applyReadOnly(cell: Cell): void {
    cell.syncEditable = !this._readOnly;
    // What one folds is folded for them alone: others may be typing in it.
    cell.syncCollapse = false;
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

  private get _activePlace(): IActivePlace | null {
    const cell = this.activeCell;
    const hadFocus = this.node.contains(document.activeElement);
    return cell && { id: cell.model.id, hadFocus, wasTyping: !this._readOnly && cell.editor?.hasFocus() === true };
  }

  /**
   * Keeps the active cell the active one. One that moves goes before it comes in again as a new widget; the base class
   * would go on with the cell that took its place, and what the viewer does next would be done to that one.
   *
   * In place of one that is gone comes the one that it was merged into, else the next one; the base class would go to
   * the first.
   *
   * @param removedAt - Where cells were taken out, if they were.
   * @returns The place, if the cell is still to come.
   */
  private _keepActive(place: IActivePlace, removedAt: number): IActivePlace | null {
    const index = this._indexOf(place.id);
    if (index === -1) {
      if (this.has(place.id)) {
        return place;
      }
      const heir = this._indexOf(this._document?.mergedInto(place.id) ?? '');
      this.activeCellIndex = heir === -1 ? removedAt : heir;
      this._giveFocus(place.hadFocus && !place.wasTyping);
      return null;
    }
    this.activeCellIndex = index;
    this._giveFocus(place.hadFocus);
    return null;
  }

  /** Gives the active cell the focus, if it was among the cells and is nowhere now. */
  private _giveFocus(wasHere: boolean): void {
    if (wasHere && this.mode === 'command' && focusIsNowhere()) {
      // A new widget cannot have the focus before it is shown.
      this.activate();
    }
  }

  private _indexOf(id: string): number {
    return this.widgets.findIndex(cell => cell.model.id === id);
  }

  private readonly _forgetTyping = (): void => {
    this._typing = null;
  };

  /**
   * Remembers where the viewer is typing, before something changes there: what follows from a change, while others are
   * still told of it, finds the caret where the editor put it.
   */
  private readonly _noteTyping = ({ local }: Y.Transaction): void => {
    const [cell, document] = [this.activeCell, this._document];
    if (this._typing === null && document !== null && cell?.editor?.hasFocus() === true) {
      const place = TypingPlace.in(cell, document);
      this._typing = place && { place, isOwnDoing: local };
    }
  };

  /** Goes on where the text is now: a moved cell is a new widget, and the focus is gone with the old one. */
  private _resume({ place, isOwnDoing }: ITyping): void {
    const cell = this.isDisposed ? null : this.cellById(place.cell ?? '');
    // What viewers do themselves puts the focus where it belongs, except for a move.
    if (cell === null || (isOwnDoing && (cell === place.widget || !focusIsNowhere()))) {
      return;
    }
    if (cell === place.widget) {
      this._select(place, cell);
      return;
    }
    this.activeCellIndex = this.widgets.indexOf(cell);
    void this.type().then(() => this._select(place, cell));
  }

  private _select(place: TypingPlace, cell: Cell): void {
    if (!cell.isDisposed && cell.editor) {
      place.select(cell.model.id, cell.editor);
    }
  }

  // Shown late and beside notices that come and go, the notebook gets another height without a message. With a wrong
  // one the base class would scroll the active cell out of sight.
  private readonly _heights = new ResizeObserver(() => {
    this.viewModel.height = this.node.getBoundingClientRect().height;
  });
  private readonly _cellInserted = new Signal<this, Cell>(this);
  private _document: RoomNotebook | null = null;
  private _typing: ITyping | null = null;
  /** The active cell, while it has gone and is to come in again. */
  private _away: IActivePlace | null = null;
  /** Where the viewer typed in a cell that somebody deleted. */
  private _left: { readonly id: string; readonly place: TypingPlace } | null = null;
  private _readOnly = false;
  private _onlyCell: string | null = null;
}

/** Whether no element of the page has the focus. */
export function focusIsNowhere(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

/** The cell that is the active one, and that is to stay it. */
interface IActivePlace {
  readonly id: string;
  /** Whether the focus was somewhere among the cells. */
  readonly hadFocus: boolean;
  /** Whether it was in the text of this one, which the viewer may change. */
  readonly wasTyping: boolean;
}

interface ITyping {
  readonly place: TypingPlace;
  /** Whether the viewer did what changes now. */
  readonly isOwnDoing: boolean;
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

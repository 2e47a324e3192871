import { Annotation, Prec, RangeSetBuilder, type Extension } from '@codemirror/state';
import {
  Decoration,
  ViewPlugin,
  WidgetType,
  type DecorationSet,
  type EditorView,
  type PluginValue,
  type ViewUpdate
} from '@codemirror/view';
import { EditorExtensionRegistry, type IEditorExtensionFactory } from '@jupyterlab/codemirror';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

import { isHexColor, readableOn } from './colors.js';

/** What the carets of one shared document need of its room. */
export interface ICaretHost {
  /** Everyone's presence, with `user` and `cursor` as `docs/wire.md` has them. */
  readonly awareness: Awareness;

  /** Says where this page's cursor is; `null` when no editor of the room has the focus. */
  setCursor(cursor: { cell: string; anchor: unknown; head: unknown } | null): void;
}

/**
 * Shows other people's carets in all editors of a shared document, and this page's caret to them.
 *
 * Editors made before this call have none, so call it before the document is shown.
 *
 * @param document - The shared notebook that the editors' cells belong to.
 * @returns What ends it, once it was disposed of as often as this was called.
 */
export function showCarets(document: object, host: ICaretHost): IDisposable {
  let board = boards.get(document);
  if (board === undefined) {
    board = new CaretBoard(host);
    boards.set(document, board);
  }
  board.users += 1;
  const shown = board;
  return new DisposableDelegate(() => {
    shown.users -= 1;
    if (shown.users === 0) {
      boards.delete(document);
      shown.dispose();
    }
  });
}

/** The extension for JupyterLab's registry of editor extensions: it does nothing in editors that show no room. */
export const caretExtension: IEditorExtensionFactory = {
  name: 'jupyter-collab:carets',
  factory: ({ model }) => {
    const cell = model.sharedModel as Partial<IRoomCell>;
    const board = cell.notebook && boards.get(cell.notebook);
    return board ? EditorExtensionRegistry.createImmutableExtension(carets(board, cell as IRoomCell)) : null;
  }
};

/** What is used of a shared cell. */
interface IRoomCell {
  readonly notebook: object;
  readonly ysource: Y.Text;
  getId(): string;
}

/** Where somebody else's caret is, in positions that survive edits. */
interface ICaret {
  readonly clientId: number;
  readonly cell: string;
  readonly anchor: Y.RelativePosition;
  readonly head: Y.RelativePosition;
  readonly name: string;
  readonly color: string;
  /** Grows whenever its owner moves it: a label shows for a while after that. */
  readonly moves: number;
}

const boards = new WeakMap<object, CaretBoard>();

/** Brings the carets in everybody's presence to the editors of the cells they are in, and only to those. */
class CaretBoard implements IDisposable {
  /** How many panes show the document. */
  users = 0;

  constructor(private readonly _host: ICaretHost) {
    _host.awareness.on('change', this._onPresence);
    this._read([..._host.awareness.getStates().keys()]);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._host.awareness.off('change', this._onPresence);
    this._carets.clear();
    for (const editors of this._editors.values()) {
      editors.forEach(editor => editor.refresh());
    }
  }

  addEditor(cell: string, editor: CaretPlugin): void {
    const editors = this._editors.get(cell) ?? new Set();
    this._editors.set(cell, editors.add(editor));
  }

  removeEditor(cell: string, editor: CaretPlugin): void {
    this._editors.get(cell)?.delete(editor);
    this.blur(editor);
  }

  caretsIn(cell: string): ICaret[] {
    return [...this._carets.values()].filter(caret => caret.cell === cell);
  }

  /** Tells the others where the caret of the editor with the focus is. */
  publish(editor: CaretPlugin, cell: string, anchor: Y.RelativePosition, head: Y.RelativePosition): void {
    this._focused = editor;
    this._host.setCursor({
      cell,
      anchor: Y.relativePositionToJSON(anchor),
      head: Y.relativePositionToJSON(head)
    });
  }

  /** Takes the caret back if this editor was the one that had it. */
  blur(editor: CaretPlugin): void {
    if (this._focused === editor) {
      this._focused = null;
      if (!this._isDisposed) {
        this._host.setCursor(null);
      }
    }
  }

  private readonly _onPresence = (change: { added: number[]; updated: number[]; removed: number[] }): void => {
    this._read([...change.added, ...change.updated, ...change.removed]);
  };

  private _read(clientIds: readonly number[]): void {
    const touched = new Set<string>();
    for (const clientId of clientIds) {
      if (clientId === this._host.awareness.clientID) {
        continue;
      }
      const before = this._carets.get(clientId);
      const after = readCaret(clientId, this._host.awareness.getStates().get(clientId), before);
      if (before === after) {
        continue;
      }
      if (after === null) {
        this._carets.delete(clientId);
      } else {
        this._carets.set(clientId, after);
      }
      [before, after].forEach(caret => caret && touched.add(caret.cell));
    }
    touched.forEach(cell => this._editors.get(cell)?.forEach(editor => editor.refresh()));
  }

  private readonly _carets = new Map<number, ICaret>();
  private readonly _editors = new Map<string, Set<CaretPlugin>>();
  private _focused: CaretPlugin | null = null;
  private _isDisposed = false;
}

/**
 * The caret in somebody's presence; the one before if it is still right, `null` if there is none or it makes no
 * sense.
 */
function readCaret(clientId: number, state: object | undefined, before: ICaret | undefined): ICaret | null {
  const { user, cursor } = (state ?? {}) as { user?: unknown; cursor?: unknown };
  if (!isRecord(user) || !isRecord(cursor) || typeof cursor.cell !== 'string') {
    return null;
  }
  const anchor = readPosition(cursor.anchor);
  const head = readPosition(cursor.head);
  if (anchor === null || head === null) {
    return null;
  }
  const name = String(user.display_name ?? user.name ?? user.username ?? '');
  const color = isHexColor(user.color) ? user.color : '#666666';
  const stays = before !== undefined && before.cell === cursor.cell && before.name === name && before.color === color;
  if (stays && samePosition(before.anchor, anchor) && samePosition(before.head, head)) {
    return before;
  }
  return { clientId, cell: cursor.cell, anchor, head, name, color, moves: (before?.moves ?? 0) + 1 };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function readPosition(json: unknown): Y.RelativePosition | null {
  return isRecord(json) ? Y.createRelativePositionFromJSON(json) : null;
}

function samePosition(a: Y.RelativePosition, b: Y.RelativePosition): boolean {
  return Y.compareRelativePositions(a, b);
}

/** Marks the transactions of the plugin itself. */
const refreshed = Annotation.define<boolean>();

function carets(board: CaretBoard, cell: IRoomCell): Extension {
  const plugin = ViewPlugin.define(view => new CaretPlugin(view, board, cell), {
    decorations: value => value.decorations
  });
  return Prec.lowest(plugin);
}

/**
 * The carets in one editor.
 *
 * The text of the shared document and that of the editor are for moments not the same (an edit reaches one before the
 * other), so positions are read only in a microtask, when both are at rest, and clamped to the editor's text even
 * then.
 */
class CaretPlugin implements PluginValue {
  decorations: DecorationSet = Decoration.none;

  constructor(
    private readonly _view: EditorView,
    private readonly _board: CaretBoard,
    private readonly _cell: IRoomCell
  ) {
    this._cellId = _cell.getId();
    _board.addEditor(this._cellId, this);
    this.refresh();
  }

  update(update: ViewUpdate): void {
    if (update.docChanged) {
      this.decorations = this.decorations.map(update.changes);
    }
    if (update.docChanged || update.selectionSet || update.focusChanged) {
      this.refresh();
    }
  }

  destroy(): void {
    this._isDestroyed = true;
    this._board.removeEditor(this._cellId, this);
  }

  /** Publishes and draws anew, as soon as the document and the editor are at rest. */
  refresh(): void {
    if (this._isPending) {
      return;
    }
    this._isPending = true;
    queueMicrotask(() => {
      this._isPending = false;
      if (!this._isDestroyed) {
        this._publish();
        this._draw();
      }
    });
  }

  private _publish(): void {
    if (!this._view.hasFocus) {
      this._board.blur(this);
      return;
    }
    const { anchor, head } = this._view.state.selection.main;
    const text = this._cell.ysource;
    this._board.publish(this, this._cellId, positionAt(text, anchor), positionAt(text, head));
  }

  private _draw(): void {
    const drawn = this._board
      .caretsIn(this._cellId)
      .map(caret => ({ caret, range: this._rangeOf(caret) }))
      .filter((item): item is IDrawnCaret => item.range !== null);
    const key = drawn
      .map(({ caret, range }) => `${caret.clientId}:${caret.moves}:${range.anchor}:${range.head}`)
      .join();
    if (key === this._drawnKey && !this._isStale(drawn)) {
      return;
    }
    this._drawnKey = key;
    this.decorations = decorate(drawn);
    this._view.dispatch({ annotations: refreshed.of(true) });
  }

  /** Whether the decorations, moved along with edits since they were made, are no longer where the carets are. */
  private _isStale(drawn: readonly IDrawnCaret[]): boolean {
    const heads: number[] = [];
    this.decorations.between(0, this._view.state.doc.length, (from, _to, value) => {
      if (value.spec.widget !== undefined) {
        heads.push(from);
      }
    });
    const wanted = drawn.map(({ range }) => range.head).sort((a, b) => a - b);
    return heads.length !== wanted.length || heads.some((head, i) => head !== wanted[i]);
  }

  private _rangeOf(caret: ICaret): { anchor: number; head: number } | null {
    const text = this._cell.ysource;
    if (text.doc === null) {
      return null;
    }
    const anchor = Y.createAbsolutePositionFromRelativePosition(caret.anchor, text.doc);
    const head = Y.createAbsolutePositionFromRelativePosition(caret.head, text.doc);
    if (anchor?.type !== text || head?.type !== text) {
      return null;
    }
    const end = this._view.state.doc.length;
    return { anchor: Math.min(anchor.index, end), head: Math.min(head.index, end) };
  }

  private readonly _cellId: string;
  private _drawnKey = '';
  private _isPending = false;
  private _isDestroyed = false;
}

interface IDrawnCaret {
  readonly caret: ICaret;
  readonly range: { readonly anchor: number; readonly head: number };
}

/** A position that sticks to what stands left of it, so that text typed there by others does not push it. */
function positionAt(text: Y.Text, index: number): Y.RelativePosition {
  return Y.createRelativePositionFromTypeIndex(text, Math.min(index, text.length), -1);
}

function decorate(drawn: readonly IDrawnCaret[]): DecorationSet {
  const marks: { from: number; to: number; value: Decoration }[] = [];
  for (const { caret, range } of drawn) {
    const from = Math.min(range.anchor, range.head);
    const to = Math.max(range.anchor, range.head);
    if (from < to) {
      const attributes = { style: `--jc-color: ${caret.color}`, 'data-name': caret.name };
      marks.push({ from, to, value: Decoration.mark({ class: 'jc-Selection', attributes }) });
    }
    const widget = new CaretWidget(caret);
    marks.push({ from: range.head, to: range.head, value: Decoration.widget({ widget, side: 1 }) });
  }
  marks.sort((a, b) => a.from - b.from || a.value.startSide - b.value.startSide);
  const builder = new RangeSetBuilder<Decoration>();
  marks.forEach(({ from, to, value }) => builder.add(from, to, value));
  return builder.finish();
}

class CaretWidget extends WidgetType {
  constructor(private readonly _caret: ICaret) {
    super();
  }

  override eq(other: CaretWidget): boolean {
    const [mine, its] = [this._caret, other._caret];
    return mine.clientId === its.clientId && mine.moves === its.moves;
  }

  toDOM(): HTMLElement {
    const node = document.createElement('span');
    node.className = 'jc-Caret';
    node.dataset.name = this._caret.name;
    node.style.setProperty('--jc-color', this._caret.color);
    node.style.setProperty('--jc-on-color', readableOn(this._caret.color));
    node.setAttribute('aria-hidden', 'true');
    const label = node.appendChild(document.createElement('span'));
    label.className = 'jc-Caret-label';
    // Drawn from an attribute: text in here would be text of the line for screen readers and for copying.
    label.dataset.label = this._caret.name;
    return node;
  }

  override get estimatedHeight(): number {
    return -1;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

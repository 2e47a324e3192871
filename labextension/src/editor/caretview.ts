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
import * as Y from 'yjs';

import { readableOn } from '../ui/colors.js';

/** What is used of a shared cell. */
export interface IRoomCell {
  readonly notebook: object | null;
  readonly ysource: Y.Text;
  getId(): string;
}

/** A selection, in positions that survive edits. */
export interface ICaretSpot {
  readonly anchor: Y.RelativePosition;
  readonly head: Y.RelativePosition;
}

/** Where somebody else's caret is: at one spot or, as the first of these, at several. */
export interface ICaret {
  readonly clientId: number;
  readonly cell: string;
  readonly spots: readonly ICaretSpot[];
  readonly name: string;
  readonly color: string;
  /** Grows whenever its owner moves it: a label shows for a while after that. */
  readonly moves: number;
}

/** An editor that shows carets. */
export interface ICaretEditor {
  /** Publishes and draws anew, as soon as the document and the editor are at rest. */
  refresh(): void;
}

/** Where the carets of a document come from, and where that of this page goes to. */
export interface ICaretBoard {
  addEditor(cell: string, editor: ICaretEditor): void;

  removeEditor(cell: string, editor: ICaretEditor): void;

  /** Other people's carets in a cell. */
  caretsIn(cell: string): readonly ICaret[];

  /** Tells the others where the caret of the editor with the focus is, and those besides it. */
  publish(editor: ICaretEditor, cell: string, main: ICaretSpot, others: readonly ICaretSpot[]): void;

  /** Takes the caret back if this editor was the one that had it. */
  blur(editor: ICaretEditor): void;
}

/** Marks the transactions of the plugin itself. */
const refreshed = Annotation.define<boolean>();

/** Shows the carets of a board in the editors of a cell, and tells the board where this page's caret is. */
export function caretView(board: ICaretBoard, cell: IRoomCell): Extension {
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
class CaretPlugin implements PluginValue, ICaretEditor {
  decorations: DecorationSet = Decoration.none;

  constructor(
    private readonly _view: EditorView,
    private readonly _board: ICaretBoard,
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
    const { main, ranges } = this._view.state.selection;
    const text = this._cell.ysource;
    const spotOf = ({ anchor, head }: IRange): ICaretSpot => ({
      anchor: positionAt(text, anchor),
      head: positionAt(text, head)
    });
    const others = ranges.filter(range => range !== main).map(spotOf);
    this._board.publish(this, this._cellId, spotOf(main), others);
  }

  private _draw(): void {
    const drawn = this._board
      .caretsIn(this._cellId)
      .flatMap(caret => caret.spots.map((spot, index) => ({ caret, isMain: index === 0, range: this._rangeOf(spot) })))
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

  private _rangeOf(spot: ICaretSpot): IRange | null {
    const text = this._cell.ysource;
    if (text.doc === null) {
      return null;
    }
    const anchor = Y.createAbsolutePositionFromRelativePosition(spot.anchor, text.doc);
    const head = Y.createAbsolutePositionFromRelativePosition(spot.head, text.doc);
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

interface IRange {
  readonly anchor: number;
  readonly head: number;
}

interface IDrawnCaret {
  readonly caret: ICaret;
  /** Whether this is where its owner types last: the name stands there. */
  readonly isMain: boolean;
  readonly range: IRange;
}

/** A position that sticks to what stands left of it, so that text typed there by others does not push it. */
function positionAt(text: Y.Text, index: number): Y.RelativePosition {
  return Y.createRelativePositionFromTypeIndex(text, Math.min(index, text.length), -1);
}

function decorate(drawn: readonly IDrawnCaret[]): DecorationSet {
  const marks: { from: number; to: number; value: Decoration }[] = [];
  for (const { caret, isMain, range } of drawn) {
    const from = Math.min(range.anchor, range.head);
    const to = Math.max(range.anchor, range.head);
    if (from < to) {
      const attributes = { style: `--jc-color: ${caret.color}`, 'data-name': caret.name };
      marks.push({ from, to, value: Decoration.mark({ class: 'jc-Selection', attributes }) });
    }
    const widget = new CaretWidget(caret, isMain);
    marks.push({ from: range.head, to: range.head, value: Decoration.widget({ widget, side: 1 }) });
  }
  marks.sort((a, b) => a.from - b.from || a.value.startSide - b.value.startSide);
  const builder = new RangeSetBuilder<Decoration>();
  marks.forEach(({ from, to, value }) => builder.add(from, to, value));
  return builder.finish();
}

class CaretWidget extends WidgetType {
  constructor(
    private readonly _caret: ICaret,
    private readonly _isMain: boolean
  ) {
    super();
  }

  override eq(other: CaretWidget): boolean {
    const [mine, its] = [this._caret, other._caret];
    return mine.clientId === its.clientId && mine.moves === its.moves && this._isMain === other._isMain;
  }

  toDOM(): HTMLElement {
    const node = document.createElement('span');
    node.className = this._isMain ? 'jc-Caret' : 'jc-Caret jc-mod-other';
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

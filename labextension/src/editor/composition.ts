import { type Extension, Prec } from '@codemirror/state';
import { type EditorView, ViewPlugin, type PluginValue, type ViewUpdate } from '@codemirror/view';
import type { IDisposable } from '@lumino/disposable';

/** How often is looked whether an input method still composes; then the editor has read what it made of it. */
const LOOK_MS = 50;

/** An input method that did nothing for so long keeps others' changes away no longer. */
const IDLE_MS = 30_000;

/** What can leave the places of its cells as they are for a while. */
export interface IHolder {
  holdChanges(): IDisposable;
}

/**
 * Holds others' changes of the list of cells back while an input method composes in an editor.
 *
 * A cell that is moved or retyped gets another editor: the input method would lose what it composes, or put it there
 * twice. On phones most of what one types is composed.
 */
export class Composition implements PluginValue {
  constructor(
    private readonly _editor: Pick<EditorView, 'compositionStarted'>,
    private readonly _cells: IHolder
  ) {}

  /** The input method does something. */
  note(): void {
    this._noted = { at: Date.now(), isOver: false };
    if (this._held === null || this._held.isDisposed) {
      this._held = this._cells.holdChanges();
    }
    this._timer ??= setInterval(() => this._look(), LOOK_MS);
  }

  /** The viewer is elsewhere. */
  leave(): void {
    this._noted = { at: Date.now(), isOver: true };
  }

  update({ transactions }: Pick<ViewUpdate, 'transactions'>): void {
    // Where the browser has an EditContext, nothing else tells of it.
    if (this._editor.compositionStarted && transactions.some(edit => edit.isUserEvent('input.type.compose'))) {
      this.note();
    }
  }

  destroy(): void {
    // In the midst of a change of the cells that ends this editor, nobody can follow another one.
    queueMicrotask(() => this._release());
  }

  private _look(): void {
    const isComposing = this._editor.compositionStarted && !this._noted.isOver;
    if (Date.now() - this._noted.at >= (isComposing ? IDLE_MS : LOOK_MS)) {
      this._release();
    }
  }

  private _release(): void {
    clearInterval(this._timer);
    this._timer = undefined;
    this._held?.dispose();
    this._held = null;
  }

  private _held: IDisposable | null = null;
  private _timer: ReturnType<typeof setInterval> | undefined;
  private _noted = { at: 0, isOver: true };
}

/** Leaves cells in their places while an input method composes. */
export function holdWhileComposing(cells: IHolder): Extension {
  const note = function (this: Composition): void {
    this.note();
  };
  const leave = function (this: Composition): void {
    this.leave();
  };
  const eventObservers = { compositionstart: note, compositionupdate: note, compositionend: note, blur: leave };
  return Prec.highest(ViewPlugin.define(view => new Composition(view, cells), { eventObservers }));
}

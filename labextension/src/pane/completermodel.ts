import { Prec, type ChangeDesc, type Extension } from '@codemirror/state';
import { ViewPlugin } from '@codemirror/view';
import { ySyncAnnotation } from '@jupyterlab/codemirror';
import { CompleterModel, type Completer } from '@jupyterlab/completer';

import { CompletedWord } from './completedword.js';

/**
 * The completions of a word in a text that others edit, too: they stay while the edits are elsewhere, and the word is
 * completed where it is by then.
 *
 * The base class knows the text as it was when completions were asked for. It is told of the text without the edits of
 * others, so it sees none of them.
 */
export class SharedCompleterModel extends CompleterModel {
  override get cursor(): Completer.ICursorSpan | null {
    const span = super.cursor;
    const shift = this._word?.shift ?? 0;
    return span && { start: span.start + shift, end: span.end + shift };
  }
  override set cursor(span: Completer.ICursorSpan | null) {
    super.cursor = span;
    this._word = span && this.original && new CompletedWord(this.original.text, span);
  }

  /** Follows a change of the text; says whether the word is elsewhere now. */
  follow(changes: ChangeDesc, isByOthers: boolean): boolean {
    if (this.original === null || this._word === null) {
      return false;
    }
    const before = this._word.now.start;
    if (!this._word.follow(changes, isByOthers)) {
      this.reset(true);
    }
    return this._word?.now.start !== before;
  }

  override handleCursorChange(change: Completer.ITextState): void {
    const state = this._withoutOthers(change);
    if (state !== null) {
      super.handleCursorChange(state);
    }
  }

  override handleTextChange(change: Completer.ITextState): void {
    const state = this._withoutOthers(change);
    if (state !== null) {
      super.handleTextChange(state);
    }
  }

  override createPatch(patch: string): Completer.IPatch | undefined {
    const found = super.createPatch(patch);
    const shift = this._word?.shift ?? 0;
    return found && { ...found, start: found.start + shift, end: found.end + shift };
  }

  /** What the base class may know; `null` if the caret has left the word, and there is nothing to complete. */
  private _withoutOthers(change: Completer.ITextState): Completer.ITextState | null {
    if (this.original === null || this._word === null) {
      return change;
    }
    const state = this._word.withoutOthers(change);
    if (state === null) {
      this.reset(true);
      return null;
    }
    return { ...change, ...state };
  }

  private _word: CompletedWord | null = null;
}

/** Lets the completions in an editor follow its text. Before the text's binding is told of a change, the model is. */
export function followedBy(completer: Completer, model: SharedCompleterModel): Extension {
  const plugin = ViewPlugin.define(() => ({
    update: update => {
      const isByOthers = update.transactions.some(change => change.annotation(ySyncAnnotation) !== undefined);
      if (update.docChanged && completer.model === model && model.follow(update.changes, isByOthers)) {
        completer.update();
      }
    }
  }));
  return Prec.highest(plugin);
}

import { type ISignal, Signal } from '@lumino/signaling';
import type * as Y from 'yjs';

import type { IKeptText, IPersistence } from './persistence.js';
import { type IUnsentCell, type IUnsentText, withoutSaved } from './unsent.js';

/** The texts of this page that the room does not have, the oldest first; as the browser keeps them. */
export class UnsentTexts {
  constructor(private readonly _persistence: IPersistence) {}

  /** The oldest; if there is none, what is stranded. */
  get first(): IUnsentText | null {
    return this._texts[0] ?? this._stranded;
  }

  /** There is another first one, or none; or something else is stranded. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Say what was not sent and stays in the document, in a room that will not have us; `null` if there is nothing. */
  strand(text: IUnsentText | null): void {
    if (text !== this._stranded) {
      this._stranded = text;
      this._changed.emit();
    }
  }

  add(texts: readonly IKeptText[]): void {
    this._set([...this._texts, ...texts]);
  }

  /**
   * Use the first one and let go of it, unless another page was faster.
   *
   * @param use - Uses its cells, and returns whether it did; if not, the text stays.
   */
  async take(use: (cells: readonly IUnsentCell[]) => boolean): Promise<void> {
    const [text, ...rest] = this._texts;
    if (!text) {
      return;
    }
    this._set(rest);
    let isLeft = false;
    await this._persistence.takeText(text, () => {
      isLeft = !use(text.cells);
      return !isLeft;
    });
    if (isLeft) {
      this._set([text, ...this._texts]);
    }
  }

  /** Let go of what the document has after all: another page sent it. */
  dropSaved(doc: Y.Doc): void {
    const isSaved = ({ cells }: IKeptText): boolean => withoutSaved(cells, doc).length === 0;
    const saved = this._texts.filter(isSaved);
    if (saved.length > 0) {
      this._set(this._texts.filter(text => !saved.includes(text)));
      saved.forEach(text => void this._persistence.takeText(text, () => true));
    }
  }

  private _set(texts: IKeptText[]): void {
    const { first } = this;
    this._texts = texts;
    if (this.first !== first) {
      this._changed.emit();
    }
  }

  private _stranded: IUnsentText | null = null;
  private _texts: IKeptText[] = [];
  private readonly _changed = new Signal<this, void>(this);
}

/** What a page keeps of rooms beyond its own life, so that typing without a server survives a reload: the contract. */
import { type ISignal, Signal } from '@lumino/signaling';

import type { IUnsentText } from './unsent.js';

/** Local edits that are not known to be durable: how many, and the ids of the cells whose text they changed. */
export interface IKeptEdits {
  edits: number;
  cells: string[];
}

/** A room's document, as it was kept. */
export interface IKeptDocument extends IKeptEdits {
  epoch: string;
  updates: Uint8Array[];
}

/** Text that the room did not take, as it was kept; `key` names it in this browser (null: it is in this page only). */
export interface IKeptText extends IUnsentText {
  key: number | null;
}

/** All that was kept of a room; the oldest text first. */
export interface IKeptRoom {
  document: IKeptDocument | null;
  unsent: IKeptText[];
}

/** Keeps one room for one page. No method throws: a failure is said by `failed`, and nothing is kept from then on. */
export interface IPersistence {
  /** Whether what is saved survives a reload of the page: somewhere to keep it was wanted, and has not failed. */
  readonly isKept: boolean;
  readonly failed: ISignal<IPersistence, Error>;
  /** Read what was kept. The edits in it are this page's own from now on. */
  load(): Promise<IKeptRoom>;
  /** Keep an update of the document of `epoch`, with (for a local edit) all edits that are now pending. */
  save(epoch: string, update: Uint8Array, kept: IKeptEdits | null): void;
  /** No edit is pending any more. */
  settle(): void;
  /** Keep `state`, of `epoch`, instead of the document, and `unsent` of what was in it. Answers the text as kept. */
  replace(epoch: string, state: Uint8Array, unsent: IUnsentText | null): Promise<IKeptText | null>;
  /** Let go of a text. Answers whether it was still there: another page may have been first. */
  takeText(text: IKeptText): Promise<boolean>;
  /** Write what is not written. */
  flush(): Promise<void>;
}

export interface IPersistenceFactory {
  /** Keep the room that `room` names in this browser. */
  open(room: string): IPersistence;
}

/** Keeps nothing beyond the page. */
export class NoPersistence implements IPersistenceFactory, IPersistence {
  readonly isKept = false;

  get failed(): ISignal<IPersistence, Error> {
    return this._failed;
  }

  open(): IPersistence {
    return this;
  }

  load(): Promise<IKeptRoom> {
    return Promise.resolve({ document: null, unsent: [] });
  }

  save(): void {
    // The document itself is all there is.
  }

  settle(): void {
    // Nothing was kept.
  }

  replace(_epoch: string, _state: Uint8Array, unsent: IUnsentText | null): Promise<IKeptText | null> {
    return Promise.resolve(unsent && { ...unsent, key: null });
  }

  takeText(): Promise<boolean> {
    return Promise.resolve(true);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  private readonly _failed = new Signal<IPersistence, Error>(this);
}

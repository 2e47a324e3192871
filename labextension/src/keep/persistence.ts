/** What a page keeps of rooms beyond its own life, so that typing without a server survives a reload: the contract. */
import { type ISignal, Signal } from '@lumino/signaling';

import type { IUnsentText } from './unsent.js';

/** Edits of a page that are not known to be durable. */
export interface IKeptEdits {
  /** How many. */
  edits: number;
  /** The ids of the cells whose text they changed. */
  cells: string[];
  /** The Yjs clients that are the page's: its own, and those of the pages that it took over from. */
  clients: number[];
}

/** Whose text is kept: it is shown to nobody else at this browser. */
export interface IKeeper {
  /** The name by which the server knows the person. */
  readonly person: string;
  /**
   * What they are known by when the server has forgotten them, and gives them a new name: those with the same alias
   * take over from each other. Null if the name stays.
   */
  readonly alias: string | null;
  /** Whether the alias is for the first minute only: others at this browser may have the same one. */
  readonly isBrief?: boolean;
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

/**
 * Keeps one room for one page: what the page typed is the page's own, until the page is gone and one other takes over.
 *
 * No method throws, nor waits for ever: a failure is said by `failed`, and nothing is kept from then on.
 */
export interface IPersistence {
  /** Whether what is saved survives a reload of the page: somewhere to keep it was wanted, and has not failed. */
  readonly isKept: boolean;
  readonly failed: ISignal<IPersistence, Error>;
  /** Take over what pages that are gone have kept. The edits in it are this page's own from now on. */
  load(): Promise<IKeptRoom>;
  /** Say how to read the whole document; it is asked for when what was kept of it is gone. */
  follow(whole: () => Uint8Array): void;
  /** Keep an update of the document of `epoch`, with (for a local edit) all edits that are now pending. */
  save(epoch: string, update: Uint8Array, kept: IKeptEdits | null): void;
  /** No edit is pending any more. */
  settle(): void;
  /** Keep `state`, of `epoch`, instead of the document, and `unsent` of what was in it. Returns the text as kept. */
  replace(epoch: string, state: Uint8Array, unsent: IUnsentText | null): Promise<IKeptText | null>;
  /** Keep a text. Returns it as kept. */
  keepText(text: IUnsentText): Promise<IKeptText>;
  /**
   * Use a text and let go of it. Returns whether it was used: another page may have been first.
   *
   * @param use - Uses the text, at once, and returns whether it did; if not, the text stays. What it saves is kept in
   *   the same transaction in which the text goes, so that the text is kept in one place or the other at any moment.
   */
  takeText(text: IKeptText, use: () => boolean): Promise<boolean>;
  /** Write what is not written. */
  flush(): Promise<void>;
  /** Write what is not written, and let another page take over. */
  close(): Promise<void>;
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

  follow(): void {
    // Nothing was kept, so nothing is gone.
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

  keepText(text: IUnsentText): Promise<IKeptText> {
    return Promise.resolve({ ...text, key: null });
  }

  takeText(_text: IKeptText, use: () => boolean): Promise<boolean> {
    return Promise.resolve(use());
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private readonly _failed = new Signal<IPersistence, Error>(this);
}

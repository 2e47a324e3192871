import type { IDisposable } from '@lumino/disposable';
import type * as Y from 'yjs';

import { digesting } from '../document/digest.js';

/** The document is read for so long at once; then whatever else the page has to do has its turn. */
const SLICE_MS = 5;

/** How long a check waits for what, in milliseconds. */
export interface IAgreementTimes {
  /** After a join, until the first question. */
  joined: number;
  /** Without any change here, until the next question. */
  idle: number;
}

/** Who uses an agreement. */
export interface IAgreementUser {
  /** Whether the server would answer, and has all that was done here. */
  mayAsk(): boolean;
  /** Ask the server whether the room's document has this digest. */
  ask(digest: string): void;
  /** The document, of this digest, is not the room's. */
  onDiffers(digest: string): void;
}

/**
 * Finds out whether a document is the room's, by asking the server: soon after a join, and when nothing has changed
 * here for a while.
 *
 * An answer counts only if nothing changed here since the question. Something may be on its way all the same, so it
 * takes two answers with one digest, and nothing that changed in between, to say that the documents differ.
 */
export class Agreement implements IDisposable {
  constructor(
    private readonly _doc: Y.Doc,
    private readonly _user: IAgreementUser,
    private readonly _times: IAgreementTimes
  ) {
    _doc.on('update', this._onChange);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** The document has all that the room has, and questions will be answered. */
  start(): void {
    this._isStarted = true;
    // It may be another one although no change was told: a fault of a library, which is what this looks for.
    this._digest = null;
    this._schedule(this._times.joined);
  }

  /** The connection is gone, and with it the answers. */
  stop(): void {
    this._isStarted = this._isAsked = false;
    this._unanswered = 0;
    this._suspect = null;
    clearTimeout(this._timer);
  }

  /** The server's answer: the digest of the room's document, and whether it is ours; both `null`: ask again later. */
  hear(digest: string | null, agrees: boolean | null): void {
    this._unanswered -= 1;
    if (!this._isAsked || this._unanswered !== 0) {
      return;
    }
    this._isAsked = false;
    if (digest === null || agrees === true) {
      this._suspect = null;
      return digest === null ? this._schedule(this._times.idle) : undefined;
    }
    const isFirst = this._suspect === null;
    if (digest === this._suspect && this._digest !== null) {
      this._suspect = null;
      return this._user.onDiffers(this._digest);
    }
    this._suspect = digest;
    return isFirst ? this._ask() : this._schedule(this._times.idle);
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this.stop();
      this._doc.off('update', this._onChange);
    }
  }

  private _schedule(delayMs: number): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._ask(), delayMs);
  }

  private _ask(): void {
    if (!this._user.mayAsk()) {
      return this._schedule(this._times.idle);
    }
    if (this._digest === null) {
      return this._read(digesting(this._doc));
    }
    this._isAsked = true;
    this._unanswered += 1;
    this._user.ask(this._digest);
  }

  /** Read the document, slice by slice, and ask then; if it changes meanwhile, that is given up. */
  private _read(steps: Generator<void, string, void>): void {
    const end = performance.now() + SLICE_MS;
    let step = steps.next();
    while (step.done !== true && performance.now() < end) {
      step = steps.next();
    }
    if (step.done === true) {
      this._digest = step.value;
      return this._ask();
    }
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._read(steps), 0);
  }

  private readonly _onChange = (): void => {
    this._digest = this._suspect = null;
    this._isAsked = false;
    if (this._isStarted) {
      this._schedule(this._times.idle);
    }
  };

  private _isStarted = false;
  private _isDisposed = false;
  /** Whether an answer is awaited that would count. */
  private _isAsked = false;
  /** How many answers are awaited; they come in order. */
  private _unanswered = 0;
  /** The room's digest, if the last answer said that it is another. */
  private _suspect: string | null = null;
  private _digest: string | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

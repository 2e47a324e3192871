import * as Y from 'yjs';

/** The most that a message adds to the update in it, in bytes. */
export const MESSAGE_HEAD_BYTES = 10;

/** An update to send, and how many local edits are in it. */
export interface IOutgoing {
  update: Uint8Array;
  edits: number;
}

/**
 * Counts local edits until they are durable.
 *
 * An edit *waits* (for the next step 2, which carries everything), is *queued* (for the next update message) or is
 * *sent* (until its message, counted from 1 on each connection as the server does, is acknowledged).
 */
export class Outbox {
  /** Edits that are not known to be durable. */
  get pending(): number {
    return this.unsent + this._inFlight.reduce((sum, { edits }) => sum + edits, 0);
  }

  /** Edits that were not sent on this connection. */
  get unsent(): number {
    return this._waiting + this._queue.reduce((sum, { edits }) => sum + edits, 0);
  }

  /** Let edits wait for the next step 2. */
  wait(edits: number): void {
    this._waiting += edits;
  }

  /** Put an update into the queue. */
  add(outgoing: IOutgoing): void {
    this._queue.push(outgoing);
  }

  /** Empty the queue, as step 2 sends all that is in it. Returns how many edits that are. */
  takeAll(): number {
    const edits = this.unsent;
    this._waiting = 0;
    this._queue = [];
    return edits;
  }

  /** Empty the queue, merged into one update unless that would not fit into a message of `maxBytes`. */
  take(maxBytes: number): IOutgoing[] {
    const queue = this._queue;
    this._queue = [];
    if (queue.length < 2) {
      return queue;
    }
    const update = Y.mergeUpdates(queue.map(outgoing => outgoing.update));
    const edits = queue.reduce((sum, outgoing) => sum + outgoing.edits, 0);
    return update.length + MESSAGE_HEAD_BYTES > maxBytes ? queue : [{ update, edits }];
  }

  /** A message with so many edits is being sent. */
  sent(edits: number): void {
    this._sentCount += 1;
    this._inFlight.push({ count: this._sentCount, edits });
  }

  /** All messages up to number `count` are durable. */
  settle(count: number): void {
    this._inFlight = this._inFlight.filter(sent => sent.count > count);
  }

  /** Message number `count` was refused, but may be sent again: its edits wait. */
  putBack(count: number): void {
    this._waiting += this._inFlight.find(sent => sent.count === count)?.edits ?? 0;
    this._inFlight = this._inFlight.filter(sent => sent.count !== count);
  }

  /** The connection is gone: everything waits for the next one. */
  reconnect(): void {
    this._waiting = this.pending;
    this._queue = [];
    this._inFlight = [];
    this._sentCount = 0;
  }

  private _waiting = 0;
  private _queue: IOutgoing[] = [];
  private _inFlight: { count: number; edits: number }[] = [];
  private _sentCount = 0;
}

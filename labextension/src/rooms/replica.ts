import type { IDisposable } from '@lumino/disposable';

import { RoomNotebook } from '../document/roomnotebook.js';
import type { IKeptDocument, IKeptEdits, IPersistence } from '../keep/persistence.js';
import { EditedCells } from '../keep/unsent.js';
import { Provider } from '../wire/provider.js';
import { gateEdits } from './editgate.js';
import * as Y from 'yjs';

/** This page's copy of a room's document, with all that keeps it the same as the room's and in the browser. */
export class Replica implements IDisposable {
  /** @param mayEdit - Whether this page may edit the document now; while it may not, nothing here can. */
  constructor(options: Omit<Provider.IOptions, 'doc' | 'awareness'>, mayEdit: () => boolean) {
    this.model = new RoomNotebook();
    const { ydoc: doc, awareness } = this.model;
    gateEdits(doc, mayEdit);
    this.edited = new EditedCells(doc);
    this.provider = new Provider({ ...options, doc, awareness });
    this.provider.changed.connect(this._onChanged, this);
  }

  readonly model: RoomNotebook;
  readonly edited: EditedCells;
  readonly provider: Provider;

  get doc(): Y.Doc {
    return this.model.ydoc;
  }

  /** Whether the document is the room's whole document, as it once was. */
  get hasContent(): boolean {
    return this.provider.epoch !== null && this.model.ystate.get('epoch') === this.provider.epoch;
  }

  get isDisposed(): boolean {
    return this.provider.isDisposed;
  }

  /** The Yjs clients whose edits are this page's: its own, and those whose kept edits it took over. */
  get clients(): ReadonlySet<number> {
    return new Set([...this._adopted, this.doc.clientID]);
  }

  /** What these Yjs clients wrote is this page's. */
  adopt(clients: Iterable<number>): void {
    this._adopted = [...clients];
    this.model.adopt(this._adopted);
  }

  /** Begin with what was kept. */
  resume(kept: IKeptDocument): void {
    this.adopt(kept.clients);
    this.edited.add(kept.cells);
    this.provider.resume(kept);
  }

  /** Keep every change from now on. */
  keepIn(persistence: IPersistence): void {
    this._persistence = persistence;
    persistence.follow(() => Y.encodeStateAsUpdate(this.doc));
    this._hadPending = this.provider.pending > 0;
    // Behind the provider's own listener, so that an edit is counted when it is kept.
    this.doc.on('update', this._onUpdate);
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.doc.off('update', this._onUpdate);
    this.edited.dispose();
    this.provider.dispose();
    this.model.dispose();
  }

  private readonly _onUpdate = (update: Uint8Array, _origin: unknown, _doc: Y.Doc, change: Y.Transaction): void => {
    const { epoch, pending: edits } = this.provider;
    const isMine = change.local && edits > 0;
    if (epoch !== null && (isMine || !change.local)) {
      const [cells, clients] = [[...this.edited.ids], [...this.clients]];
      const kept: IKeptEdits | null = isMine ? { edits, cells, clients } : null;
      this._persistence?.save(epoch, update, kept);
    }
  };

  private _onChanged(): void {
    const hasPending = this.provider.pending > 0;
    if (this._hadPending && !hasPending) {
      this.edited.forget();
      this._persistence?.settle();
    }
    this._hadPending = hasPending;
  }

  private _persistence: IPersistence | null = null;
  private _adopted: readonly number[] = [];
  private _hadPending = false;
}

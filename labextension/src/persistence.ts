/**
 * What a page keeps of rooms in the browser (IndexedDB), so that typing without a server survives a reload.
 *
 * A room's updates lie under a *document key*, which is new whenever the document is taken anew; the room points to the
 * present one. A page with unacknowledged edits writes, in the same transaction as the edit, how many there are and in
 * which cells. Pages that have the same room open share its document, and none deletes what another has not got
 * acknowledged: what was kept under a former document key becomes text to offer to the user.
 *
 * `y-indexeddb` does not fit: it cannot write an update and its count in one transaction, and says nothing when the
 * browser refuses to store.
 */
import { UUID } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';
import * as Y from 'yjs';

import { Database, type IKeptRow, type IRoomRow, type ITables, type ITextRow } from './database.js';
import { type IUnsentText, readCells } from './unsent.js';

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
  /** Whether the browser refuses to store. */
  readonly hasFailed: boolean;
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

/** How long others' edits wait to be written, in milliseconds: the server has them anyway. */
const LAZY_MS = 500;

/** A document of so many updates is written as one. */
const MAX_UPDATES = 500;

/** A document is written as one when it has so many bytes more than when that was last done. */
const MAX_GROWTH_BYTES = 4 * 1024 * 1024;

/** A room that was not opened for so long, and in which nothing is pending, is forgotten. */
const FORGET_MS = 30 * 24 * 3600 * 1000;

/** Keeps rooms in IndexedDB. */
export class BrowserPersistence implements IPersistenceFactory {
  constructor(name = 'jupyter-collab', factory: IDBFactory | null = globalThis.indexedDB ?? null) {
    this._database = new Database(name, factory);
  }

  open(room: string): IPersistence {
    return new RoomPersistence(this._database, room);
  }

  private readonly _database: Database;
}

class RoomPersistence implements IPersistence {
  constructor(
    private readonly _database: Database,
    private readonly _room: string
  ) {}

  get hasFailed(): boolean {
    return this._hasFailed;
  }

  get failed(): ISignal<IPersistence, Error> {
    return this._failed;
  }

  load(): Promise<IKeptRoom> {
    return this._do<IKeptRoom>(tables => this._load(tables), { document: null, unsent: [] });
  }

  save(epoch: string, update: Uint8Array, kept: IKeptEdits | null): void {
    this._epoch = epoch;
    this._updates.push(update);
    if (kept) {
      this._kept = kept;
      this._write();
    } else {
      this._writeSoon();
    }
  }

  settle(): void {
    this._kept = null;
    this._writeSoon();
  }

  replace(epoch: string, state: Uint8Array, unsent: IUnsentText | null): Promise<IKeptText | null> {
    this._updates = [];
    this._kept = undefined;
    const inPage = unsent && { ...unsent, key: null };
    return this._do<IKeptText | null>(tables => this._replace(tables, epoch, state, unsent), inPage);
  }

  takeText(text: IKeptText): Promise<boolean> {
    const { key } = text;
    if (key === null) {
      return Promise.resolve(true);
    }
    return this._do(async ({ texts }) => {
      const isThere = (await texts.get(key)) !== undefined;
      await texts.delete(key);
      return isThere;
    }, true);
  }

  async flush(): Promise<void> {
    this._write();
    await this._tail;
  }

  // -- one after the other -------------------------------------------------------------------------------------------

  /** Run a transaction after those before it; if the browser refuses, answer `otherwise`. */
  private _do<T>(body: (tables: ITables) => Promise<T>, otherwise: T): Promise<T> {
    const result = this._tail.then(async () => {
      if (this._hasFailed) {
        return otherwise;
      }
      try {
        return await this._database.transact(body);
      } catch (error) {
        this._fail(error);
        return otherwise;
      }
    });
    this._tail = result;
    return result;
  }

  private _fail(error: unknown): void {
    this._hasFailed = true;
    this._failed.emit(error instanceof Error ? error : new Error(String(error)));
  }

  private _writeSoon(): void {
    this._timer ??= setTimeout(() => this._write(), LAZY_MS);
  }

  private _write(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
    if (!this._isWriting && (this._updates.length > 0 || this._kept !== undefined)) {
      this._isWriting = true;
      void this._do(tables => this._writeNow(tables), undefined);
    }
  }

  private async _writeNow(tables: ITables): Promise<void> {
    // What comes while this is written goes into the next transaction.
    this._isWriting = false;
    const [updates, kept, epoch] = [this._updates, this._kept, this._epoch];
    this._updates = [];
    this._kept = undefined;
    if (epoch === null) {
      return;
    }
    const document = (this._document ??= await this._findDocument(tables, epoch));
    for (const update of updates) {
      await this._add(tables, document, update);
    }
    if (kept) {
      await tables.kept.put({ document, writer: this._writer, room: this._room, epoch, ...kept });
    } else if (kept === null) {
      await tables.kept.delete([document, this._writer]);
    }
    if (this._size.updates > MAX_UPDATES || this._size.bytes > this._compactBytes + MAX_GROWTH_BYTES) {
      await this._compact(tables, document);
    }
  }

  // -- within a transaction ------------------------------------------------------------------------------------------

  /** The document that pages with this room open write to. */
  private async _findDocument(tables: ITables, epoch: string): Promise<string> {
    const room = await tables.rooms.get(this._room);
    return room?.epoch === epoch ? room.document : this._newDocument(tables, epoch);
  }

  private async _newDocument({ rooms }: ITables, epoch: string): Promise<string> {
    const document = this._prefix + UUID.uuid4();
    await rooms.put({ room: this._room, document, epoch, usedAt: Date.now() });
    return document;
  }

  private async _add({ updates }: ITables, document: string, update: Uint8Array): Promise<void> {
    await updates.put({ document, update });
    this._size.updates += 1;
    this._size.bytes += update.length;
  }

  private async _compact(tables: ITables, document: string): Promise<void> {
    const rows = await tables.updates.where('document', document);
    const state = mergeUpdates(rows.map(row => row.update));
    await tables.updates.deleteWhere('document', document);
    this._size = { updates: 0, bytes: 0 };
    await this._add(tables, document, state);
    this._compactBytes = state.length;
  }

  private async _load(tables: ITables): Promise<IKeptRoom> {
    const room = await tables.rooms.get(this._room);
    const kept = await tables.kept.where('room', this._room);
    const isPresent = ({ document }: IKeptRow): boolean => document === room?.document;
    await this._setAside(tables, kept.filter(row => !isPresent(row)));
    await this._deleteFormer(tables, room?.document);
    await forgetOldRooms(tables);
    const document = room ? await this._loadDocument(tables, room, kept.filter(isPresent)) : null;
    const texts = await tables.texts.where('room', this._room);
    return { document, unsent: texts.map(toKeptText) };
  }

  /** Turn edits in former documents into text to offer. */
  private async _setAside(tables: ITables, rows: readonly IKeptRow[]): Promise<void> {
    for (const { document, writer, epoch, cells: ids } of rows) {
      const updates = await tables.updates.where('document', document);
      const cells = withDocument(updates.map(row => row.update), doc => readCells(doc, new Set(ids)));
      if (cells.length > 0) {
        await tables.texts.put({ room: this._room, epoch, reason: 'epoch_mismatch', cells });
      }
      await tables.kept.delete([document, writer]);
    }
  }

  private async _deleteFormer({ updates }: ITables, present: string | undefined): Promise<void> {
    const [first, last] = [this._prefix, `${this._prefix}\uffff`];
    if (present === undefined) {
      return updates.deleteWhere('document', IDBKeyRange.bound(first, last));
    }
    await updates.deleteWhere('document', IDBKeyRange.bound(first, present, false, true));
    return updates.deleteWhere('document', IDBKeyRange.bound(present, last, true, false));
  }

  private async _loadDocument(tables: ITables, room: IRoomRow, kept: readonly IKeptRow[]): Promise<IKeptDocument> {
    const { document, epoch } = room;
    const rows = await tables.updates.where('document', document);
    const updates = rows.map(row => row.update);
    const edits = kept.reduce((sum, row) => sum + row.edits, 0);
    const cells = [...new Set(kept.flatMap(row => row.cells))];
    for (const { writer } of kept) {
      await tables.kept.delete([document, writer]);
    }
    if (edits > 0) {
      await tables.kept.put({ document, writer: this._writer, room: this._room, epoch, edits, cells });
    }
    await tables.rooms.put({ ...room, usedAt: Date.now() });
    this._document = document;
    this._epoch = epoch;
    this._size = { updates: updates.length, bytes: updates.reduce((sum, update) => sum + update.length, 0) };
    return { epoch, updates, edits, cells };
  }

  private async _replace(
    tables: ITables,
    epoch: string,
    state: Uint8Array,
    unsent: IUnsentText | null
  ): Promise<IKeptText | null> {
    const former = this._document;
    if (former !== null) {
      await tables.kept.delete([former, this._writer]);
      const others = await tables.kept.where('room', this._room);
      if (!others.some(row => row.document === former)) {
        await tables.updates.deleteWhere('document', former);
      }
    }
    this._epoch = epoch;
    this._document = await this._newDocument(tables, epoch);
    this._size = { updates: 0, bytes: 0 };
    await this._add(tables, this._document, state);
    this._compactBytes = state.length;
    const key = unsent && (await tables.texts.put({ room: this._room, ...unsent }));
    return unsent && { ...unsent, key: Number(key) };
  }

  /** What the keys of all documents of this room start with. */
  private get _prefix(): string {
    return `${this._room}\n`;
  }

  private readonly _failed = new Signal<IPersistence, Error>(this);
  private readonly _writer = UUID.uuid4();
  private _tail: Promise<unknown> = Promise.resolve();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isWriting = false;
  private _hasFailed = false;
  private _document: string | null = null;
  private _epoch: string | null = null;
  private _size = { updates: 0, bytes: 0 };
  private _compactBytes = 0;

  /** What is not written: updates, and the pending edits (null: there are none any more; undefined: as before). */
  private _updates: Uint8Array[] = [];
  private _kept: IKeptEdits | null | undefined;
}

function toKeptText({ key, epoch, reason, cells }: ITextRow): IKeptText {
  return { key: key ?? null, epoch, reason, cells };
}

function withDocument<T>(updates: readonly Uint8Array[], read: (doc: Y.Doc) => T): T {
  const doc = new Y.Doc();
  try {
    doc.transact(() => updates.forEach(update => Y.applyUpdate(doc, update)));
    return read(doc);
  } finally {
    doc.destroy();
  }
}

function mergeUpdates(updates: readonly Uint8Array[]): Uint8Array {
  return withDocument(updates, Y.encodeStateAsUpdate);
}

async function forgetOldRooms(tables: ITables): Promise<void> {
  const rooms = await tables.rooms.all();
  for (const { room, document, usedAt } of rooms) {
    const isOld = usedAt < Date.now() - FORGET_MS;
    if (isOld && (await tables.kept.count('room', room)) === 0) {
      await tables.updates.deleteWhere('document', document);
      await tables.rooms.delete(room);
    }
  }
}

/** Keeps nothing beyond the page. */
export class NoPersistence implements IPersistenceFactory, IPersistence {
  readonly hasFailed = false;

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

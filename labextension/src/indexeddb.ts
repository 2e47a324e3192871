/**
 * Keeps rooms in the browser's database, IndexedDB.
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
import type {
  IKeptDocument,
  IKeptEdits,
  IKeptRoom,
  IKeptText,
  IPersistence,
  IPersistenceFactory
} from './persistence.js';
import { type IUnsentText, readCells } from './unsent.js';

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

/** A document that updates are written to. */
interface IDocument {
  readonly epoch: string;
  readonly key: string;
  /** Whether the room points to it. */
  isPresent: boolean;
}

class RoomPersistence implements IPersistence {
  constructor(
    private readonly _database: Database,
    private readonly _room: string
  ) {}

  get isKept(): boolean {
    return !this._hasFailed;
  }

  get failed(): ISignal<IPersistence, Error> {
    return this._failed;
  }

  load(): Promise<IKeptRoom> {
    return this._do<IKeptRoom>(tables => this._load(tables), { document: null, unsent: [] });
  }

  save(epoch: string, update: Uint8Array, kept: IKeptEdits | null): void {
    if (this._document?.epoch !== epoch) {
      // Every page that opens the room for the first time comes to the same key, without asking.
      this._document = { epoch, key: this._prefix + epoch, isPresent: false };
    }
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
    const former = this._document;
    const key = this._prefix + UUID.uuid4();
    this._document = { epoch, key, isPresent: true };
    this._updates = [];
    this._kept = undefined;
    const inPage = unsent && { ...unsent, key: null };
    return this._do<IKeptText | null>(async tables => {
      if (former !== null) {
        await this._leave(tables, former.key);
      }
      this._point(tables, key, epoch);
      this._restart(tables, key, state);
      return unsent && { ...unsent, key: Number(await tables.texts.add({ room: this._room, ...unsent })) };
    }, inPage);
  }

  takeText(text: IKeptText): Promise<boolean> {
    const { key } = text;
    if (key === null) {
      return Promise.resolve(true);
    }
    return this._do(async ({ texts }) => {
      const isThere = (await texts.get(key)) !== undefined;
      texts.delete(key);
      return isThere;
    }, true);
  }

  async flush(): Promise<void> {
    this._write();
    await this._begun;
  }

  // -- transactions --------------------------------------------------------------------------------------------------

  /**
   * Run a transaction; if the browser refuses, answer `otherwise`.
   *
   * It is begun without waiting for those before it: the browser runs them one after the other.
   */
  private _do<T>(body: (tables: ITables) => Promise<T>, otherwise: T): Promise<T> {
    const result = this._attempt(body, otherwise);
    this._begun = Promise.all([this._begun, result]);
    return result;
  }

  private async _attempt<T>(body: (tables: ITables) => Promise<T>, otherwise: T): Promise<T> {
    if (this._hasFailed) {
      return otherwise;
    }
    try {
      return await this._database.transact(body);
    } catch (error) {
      this._fail(error);
      return otherwise;
    }
  }

  private _fail(error: unknown): void {
    if (!this._hasFailed) {
      this._hasFailed = true;
      this._failed.emit(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private _writeSoon(): void {
    this._timer ??= setTimeout(() => this._write(), LAZY_MS);
  }

  private _write(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
    const { _document: document, _updates: updates, _kept: kept } = this;
    if (document !== null && (updates.length > 0 || kept !== undefined)) {
      this._updates = [];
      this._kept = undefined;
      void this._do(async tables => this._append(tables, document, updates, kept), undefined);
    }
  }

  /** Nothing is waited for here, so that the page may be closed at once: see `Database.transact`. */
  private _append(
    tables: ITables,
    target: IDocument,
    updates: readonly Uint8Array[],
    kept: IKeptEdits | null | undefined
  ): void {
    const { epoch, key: document } = target;
    if (!target.isPresent) {
      target.isPresent = true;
      this._point(tables, document, epoch);
    }
    for (const update of updates) {
      this._add(tables, document, update);
    }
    if (kept) {
      tables.kept.put({ document, writer: this._writer, room: this._room, epoch, ...kept });
    } else if (kept === null) {
      tables.kept.delete([document, this._writer]);
    }
    if (this._size.updates > MAX_UPDATES || this._size.bytes > this._compactBytes + MAX_GROWTH_BYTES) {
      this._size = { updates: 0, bytes: 0 };
      void this._do(others => this._compact(others, document), undefined);
    }
  }

  // -- within a transaction ------------------------------------------------------------------------------------------

  /** Make a document the present one. */
  private _point({ rooms }: ITables, document: string, epoch: string): void {
    rooms.put({ room: this._room, document, epoch, usedAt: Date.now() });
  }

  private _add({ updates }: ITables, document: string, update: Uint8Array): void {
    updates.put({ document, update });
    this._size.updates += 1;
    this._size.bytes += update.length;
  }

  private async _compact(tables: ITables, document: string): Promise<void> {
    const rows = await tables.updates.where('document', document);
    const state = mergeUpdates(rows.map(row => row.update));
    await tables.updates.deleteWhere('document', document);
    this._restart(tables, document, state);
  }

  /** Write a document's first update. */
  private _restart(tables: ITables, document: string, state: Uint8Array): void {
    this._size = { updates: 0, bytes: 0 };
    this._compactBytes = state.length;
    this._add(tables, document, state);
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
        tables.texts.put({ room: this._room, epoch, reason: 'epoch_mismatch', cells });
      }
      tables.kept.delete([document, writer]);
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
      tables.kept.delete([document, writer]);
    }
    if (edits > 0) {
      tables.kept.put({ document, writer: this._writer, room: this._room, epoch, edits, cells });
    }
    this._point(tables, document, epoch);
    this._document = { epoch, key: document, isPresent: true };
    this._size = { updates: updates.length, bytes: updates.reduce((sum, update) => sum + update.length, 0) };
    return { epoch, updates, edits, cells };
  }

  /** Let go of a document; others may still have edits in it. */
  private async _leave(tables: ITables, document: string): Promise<void> {
    tables.kept.delete([document, this._writer]);
    const others = await tables.kept.where('room', this._room);
    if (!others.some(row => row.document === document)) {
      await tables.updates.deleteWhere('document', document);
    }
  }

  /** What the keys of all documents of this room start with. */
  private get _prefix(): string {
    return `${this._room}\n`;
  }

  private readonly _failed = new Signal<IPersistence, Error>(this);
  private readonly _writer = UUID.uuid4();
  private _begun: Promise<unknown> = Promise.resolve();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _hasFailed = false;
  private _document: IDocument | null = null;
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
      tables.rooms.delete(room);
    }
  }
}

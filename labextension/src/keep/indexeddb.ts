/**
 * Keeps rooms in the browser's database, IndexedDB.
 *
 * Each page has a *record* of each room that it has open: the document that it shows, and which of the edits in it are
 * its own and not acknowledged. Nobody else writes to it. The record of a page that is gone is taken over by exactly
 * one page, in one transaction: it becomes part of that page's record if it is of the room's present epoch, and text
 * to offer to the user otherwise.
 *
 * Which pages are gone is known from `living.ts`, and may be wrong: a page that was frozen can come back to find its
 * record taken. Then it writes a new one. A document that several records point to stays until the last of them goes.
 *
 * `y-indexeddb` does not fit: it cannot write an update and its count in one transaction, and says nothing when the
 * browser refuses to store.
 */
import { UUID } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';
import * as Y from 'yjs';

import { Database, type ITables } from './database.js';
import { type ILivingPages, livingPages } from './living.js';
import type {
  IKeeper,
  IKeptDocument,
  IKeptEdits,
  IKeptRoom,
  IKeptText,
  IPersistence,
  IPersistenceFactory
} from './persistence.js';
import type { IKeptBy, IRecordRow, ITextRow } from './schema.js';
import { type IUnsentCell, type IUnsentText, readCells } from './unsent.js';

/** How long others' edits wait to be written, in milliseconds: the server has them anyway. */
const LAZY_MS = 500;

/** How long the browser may take for one thing, in milliseconds: the user waits for the room, not for its database. */
const PATIENCE_MS = 5000;

/** A document of so many updates is written as one. */
const MAX_UPDATES = 500;

/** A document is written as one when it has so many bytes more than when that was last done. */
const MAX_GROWTH_BYTES = 4 * 1024 * 1024;

/** A room that was not opened for so long, and in which nothing is pending, is forgotten. */
const FORGET_MS = 30 * 24 * 3600 * 1000;

/** By then the browser has written its cookies down, and a brief alias ends. */
const BRIEF_MS = 60_000;

/** So many Yjs clients are known to be a page's: those before them wrote long ago. */
const MAX_CLIENTS = 100;

/** Where one person uses the browser. */
const SOMEBODY: IKeeper = { person: '', alias: null };

const NO_EDITS: IKeptEdits = { edits: 0, cells: [], clients: [] };

/** Keeps rooms in IndexedDB. */
export class BrowserPersistence implements IPersistenceFactory {
  constructor(
    name = 'jupyter-collab',
    factory: IDBFactory | null = browserDatabase(),
    private readonly _pages: ILivingPages = livingPages()
  ) {
    this._database = new Database(name, factory);
  }

  open(room: string, keeper: IKeeper = SOMEBODY): IPersistence {
    return new RoomPersistence(this._database, this._pages, room, keeper);
  }

  /** End the alias of somebody who goes: who comes to this browser next under the same name is somebody else. */
  async endAlias(keeper: IKeeper): Promise<void> {
    try {
      await withinPatience(this._database.transact(tables => endAlias(tables, keeper)));
    } catch {
      // The browser keeps nothing, or is too slow; they go all the same.
    }
  }

  /** The texts that somebody typed and their rooms do not have. */
  unsentOf({ person }: IKeeper): Promise<IUnsentCell[]> {
    const read = async (tables: ITables): Promise<IUnsentCell[]> => {
      const records = (await tables.records.all()).filter(row => row.person === person && row.edits > 0);
      const texts = (await tables.texts.all()).filter(row => row.person === person);
      const cells = texts.flatMap(row => row.cells);
      for (const record of records) {
        cells.push(...((await readUnsent(tables, record)) ?? []));
      }
      return cells;
    };
    return withinPatience(this._database.transact(read));
  }

  /** Forget all that is kept of somebody: the next one at this browser finds nothing of it. */
  forget({ person }: IKeeper): Promise<void> {
    const remove = async (tables: ITables): Promise<void> => {
      const records = (await tables.records.all()).filter(row => row.person === person);
      const texts = (await tables.texts.all()).filter(row => row.person === person);
      records.forEach(({ page }) => tables.records.delete(page));
      texts.forEach(({ key }) => tables.texts.delete(key as number));
      for (const document of new Set(records.map(row => row.document))) {
        await drop(tables, document);
      }
      await forgetRoomsOfNobody(tables);
    };
    return withinPatience(this._database.transact(remove));
  }

  private readonly _database: Database;
}

/** `indexedDB`, or null where the browser has none or does not let the page have it. */
function browserDatabase(): IDBFactory | null {
  try {
    return globalThis.indexedDB ?? null;
  } catch {
    return null;
  }
}

/** A page's own record, as it is to be written. */
interface IRecord extends IKeptEdits {
  readonly epoch: string;
  readonly document: string;
  /** Whether it was written. */
  isBegun: boolean;
}

class RoomPersistence implements IPersistence {
  constructor(
    private readonly _database: Database,
    private readonly _pages: ILivingPages,
    private readonly _room: string,
    private _keeper: IKeeper
  ) {}

  get isKept(): boolean {
    return !this._hasFailed;
  }

  get failed(): ISignal<IPersistence, Error> {
    return this._failed;
  }

  load(): Promise<IKeptRoom> {
    return this._attempt<IKeptRoom>(() => this._load(), { document: null, unsent: [] });
  }

  follow(whole: () => Uint8Array): void {
    this._whole = whole;
  }

  save(epoch: string, update: Uint8Array, kept: IKeptEdits | null): void {
    if (this._record?.epoch !== epoch) {
      this._record = newRecord(epoch);
    }
    this._updates.push(update);
    if (kept) {
      this._setKept(kept);
      this._write();
    } else {
      this._writeSoon();
    }
  }

  settle(): void {
    // Whose the text is counts on: others may merge or split the cell who did not know the text.
    this._setKept({ ...NO_EDITS, clients: this._record?.clients ?? [] });
    this._writeSoon();
  }

  replace(epoch: string, state: Uint8Array, unsent: IUnsentText | null): Promise<IKeptText | null> {
    const former = this._record;
    const record = newRecord(epoch, former?.clients);
    this._record = record;
    this._updates = [];
    this._isChanged = false;
    record.isBegun = true;
    const inPage = unsent && { ...unsent, key: null };
    return this._do<IKeptText | null>(async tables => {
      this._begin(tables, record, state);
      tables.rooms.put({ room: this._room, epoch, usedAt: Date.now() });
      const kept = unsent && (await this._addText(tables, unsent));
      if (former !== null) {
        await drop(tables, former.document);
      }
      return kept;
    }, inPage);
  }

  keepText(text: IUnsentText): Promise<IKeptText> {
    return this._do<IKeptText>(tables => this._addText(tables, text), { ...text, key: null });
  }

  async takeText({ key }: IKeptText, use: () => boolean): Promise<boolean> {
    let isUsed: boolean | null = null;
    const useOnce = (): boolean => (isUsed ??= use());
    if (key === null) {
      return useOnce();
    }
    const isOurs = await this._do(async tables => {
      const isThere = (await tables.texts.get(key)) !== undefined;
      if (isThere && this._writeInto(tables, useOnce)) {
        tables.texts.delete(key);
      }
      return isThere;
    }, true);
    return isOurs && useOnce();
  }

  async flush(): Promise<void> {
    this._write();
    await this._begun;
  }

  async close(): Promise<void> {
    clearTimeout(this._brief);
    const written = this.flush();
    // The browser runs transactions in the order in which they were asked for: who takes over finds what is written.
    this._pages.leave(this._page);
    await written;
  }

  // -- transactions --------------------------------------------------------------------------------------------------

  /**
   * Run a transaction; if the browser refuses, return `otherwise`.
   *
   * It is begun without waiting for those before it: the browser runs them one after the other.
   */
  private _do<T>(body: (tables: ITables) => Promise<T>, otherwise: T): Promise<T> {
    const result = this._attempt(() => this._transact(body), otherwise);
    this._begun = Promise.all([this._begun, result]);
    return result;
  }

  /** Do something within the time that the browser may take for it; if it fails, return `otherwise`. */
  private async _attempt<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    if (this._hasFailed) {
      return otherwise;
    }
    try {
      return await withinPatience(work());
    } catch (error) {
      this._fail(error);
      return otherwise;
    }
  }

  private _transact<T>(body: (tables: ITables) => Promise<T>): Promise<T> {
    return this._database.transact(body, this._failure.signal);
  }

  /** Give up the database; what is not written is never written, so that it is not found as well as kept here. */
  private _fail(error: unknown): void {
    if (!this._hasFailed) {
      this._failure.abort();
      this._pages.leave(this._page);
      this._failed.emit(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private get _hasFailed(): boolean {
    return this._failure.signal.aborted;
  }

  private _writeSoon(): void {
    this._timer ??= setTimeout(() => this._write(), LAZY_MS);
  }

  private _write(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
    const { _record: record, _updates: updates, _isChanged: isChanged } = this;
    if (record !== null && (updates.length > 0 || isChanged)) {
      this._updates = [];
      this._isChanged = false;
      if (this._tables !== null) {
        this._append(this._tables, record, updates);
      } else {
        void this._do(async tables => this._append(tables, record, updates), undefined);
      }
    }
  }

  /** Do something, and write what it saves within a transaction. */
  private _writeInto<T>(tables: ITables, act: () => T): T {
    this._tables = tables;
    try {
      return act();
    } finally {
      this._tables = null;
    }
  }

  /** Nothing is waited for here, so that the page may be closed at once: see `Database.transact`. */
  private _append(tables: ITables, record: IRecord, updates: readonly Uint8Array[]): void {
    if (record.isBegun) {
      // If the transaction fails, so does this, and the transaction says it.
      tables.records.get(this._page).then(
        row => this._checkRow(record, row),
        () => undefined
      );
    } else {
      record.isBegun = true;
      tables.rooms.put({ room: this._room, epoch: record.epoch, usedAt: Date.now() });
    }
    tables.records.put(this._rowOf(record));
    for (const update of updates) {
      this._add(tables, record.document, update);
    }
    if (this._size.updates > MAX_UPDATES || this._size.bytes > this._compactBytes + MAX_GROWTH_BYTES) {
      this._size = { updates: 0, bytes: 0 };
      void this._do(others => this._compact(others, record.document), undefined);
    }
  }

  /** Whether the record was still this page's before it was written to; if not, what it begins with is gone. */
  private _checkRow({ document }: IRecord, row: IRecordRow | undefined): void {
    const { _record: record, _whole: whole } = this;
    if (row?.document === document || record?.document !== document || whole === null) {
      return;
    }
    const again = { ...record, document: UUID.uuid4() };
    this._record = again;
    this._updates = [];
    const state = whole();
    void this._do(async tables => {
      this._begin(tables, again, state);
      await drop(tables, document);
    }, undefined);
  }

  // -- within a transaction ------------------------------------------------------------------------------------------

  private async _addText({ texts }: ITables, text: IUnsentText): Promise<IKeptText> {
    return { ...text, key: Number(await texts.add({ room: this._room, ...this._keptBy, ...text })) };
  }

  /** Begin a record with a document. */
  private _begin(tables: ITables, record: IRecord, state: Uint8Array): void {
    tables.records.put(this._rowOf(record));
    this._restart(tables, record.document, state);
  }

  private _add({ updates }: ITables, document: string, update: Uint8Array): void {
    updates.put({ document, update });
    this._size.updates += 1;
    this._size.bytes += update.length;
  }

  private async _compact(tables: ITables, document: string): Promise<void> {
    const rows = await tables.updates.where('document', document);
    if (rows.length > 1) {
      const state = mergeUpdates(rows.map(row => row.update));
      await tables.updates.deleteWhere('document', document);
      this._restart(tables, document, state);
    }
  }

  /** Write a document's first update. */
  private _restart(tables: ITables, document: string, state: Uint8Array): void {
    this._size = { updates: 0, bytes: 0 };
    this._compactBytes = state.length;
    this._add(tables, document, state);
  }

  // -- taking over ---------------------------------------------------------------------------------------------------

  private async _load(): Promise<IKeptRoom> {
    await this._pages.enter(this._page);
    if (this._keeper.isBrief === true) {
      this._brief = setTimeout(() => this._endAlias(), BRIEF_MS);
    }
    const rows = await this._transact(tables => this._readRecords(tables));
    const pages = rows.map(({ page }) => page);
    const living = pages.length > 0 ? await this._pages.find(pages) : new Set();
    const gone = new Set(pages.filter(page => !living.has(page)));
    return this._transact(tables => this._takeOver(tables, gone));
  }

  private _endAlias(): void {
    const keeper = this._keeper;
    this._keeper = { person: keeper.person, alias: null };
    void this._do(tables => endAlias(tables, keeper), undefined);
  }

  private async _readRecords({ records }: ITables): Promise<IRecordRow[]> {
    return (await records.where('room', this._room)).filter(row => isFor(this._keeper, row));
  }

  /** Take over the records of pages, except those that another page took over in the meantime. */
  private async _takeOver(tables: ITables, gone: ReadonlySet<string>): Promise<IKeptRoom> {
    const rows = (await this._readRecords(tables)).filter(({ page }) => gone.has(page));
    rows.sort((one, other) => other.usedAt - one.usedAt);
    const epoch = (await tables.rooms.get(this._room))?.epoch ?? rows[0]?.epoch;
    const present = rows.filter(row => row.epoch === epoch);
    for (const row of rows) {
      if (row.epoch !== epoch) {
        await this._setAside(tables, row);
      }
    }
    await forgetOldRooms(tables);
    const document = present.length > 0 ? await this._join(tables, present) : null;
    const texts = (await tables.texts.where('room', this._room)).filter(row => isFor(this._keeper, row));
    texts.forEach(row => tables.texts.put({ ...row, ...this._keptBy }));
    return { document, unsent: texts.map(toKeptText) };
  }

  /** Turn edits of a former epoch into text to offer. */
  private async _setAside(tables: ITables, row: IRecordRow): Promise<void> {
    const { page, document, epoch } = row;
    const cells = row.edits > 0 ? await readUnsent(tables, row) : [];
    if (cells === null) {
      return;
    }
    if (cells.length > 0) {
      tables.texts.put({ room: this._room, ...this._keptBy, epoch, reason: 'epoch_mismatch', cells });
    }
    tables.records.delete(page);
    await drop(tables, document);
  }

  /** Make one record, this page's, of records of one epoch. */
  private async _join(tables: ITables, rows: readonly IRecordRow[]): Promise<IKeptDocument> {
    const [{ document, epoch }] = rows;
    const record: IRecord = {
      epoch,
      document,
      isBegun: true,
      edits: rows.reduce((sum, row) => sum + row.edits, 0),
      cells: [...new Set(rows.flatMap(row => row.cells))],
      clients: [...new Set([...rows].reverse().flatMap(row => row.clients))].slice(-MAX_CLIENTS)
    };
    rows.forEach(({ page }) => tables.records.delete(page));
    tables.records.put(this._rowOf(record));
    for (const other of new Set(rows.map(row => row.document))) {
      if (other !== document) {
        (await tables.updates.where('document', other)).forEach(({ update }) => this._add(tables, document, update));
        await drop(tables, other);
      }
    }
    const updates = (await tables.updates.where('document', document)).map(row => row.update);
    this._record = record;
    this._size = { updates: updates.length, bytes: updates.reduce((sum, update) => sum + update.length, 0) };
    const { edits, cells, clients } = record;
    return { epoch, updates, edits, cells, clients };
  }

  // -- the record ----------------------------------------------------------------------------------------------------

  private _setKept({ edits, cells, clients }: IKeptEdits): void {
    if (this._record !== null) {
      Object.assign(this._record, { edits, cells, clients });
      this._isChanged = true;
    }
  }

  private _rowOf({ document, epoch, edits, cells, clients }: IRecord): IRecordRow {
    const [page, room] = [this._page, this._room];
    return { page, room, ...this._keptBy, document, epoch, edits, cells, clients, usedAt: Date.now() };
  }

  private get _keptBy(): IKeptBy {
    const { person, alias } = this._keeper;
    return { person, alias };
  }

  private readonly _failed = new Signal<IPersistence, Error>(this);
  /** The name of this page among those that have the room open. */
  private readonly _page = UUID.uuid4();
  private _begun: Promise<unknown> = Promise.resolve();
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _brief: ReturnType<typeof setTimeout> | undefined;
  private readonly _failure = new AbortController();
  /** The transaction in which all is written now, if there is one. */
  private _tables: ITables | null = null;
  private _record: IRecord | null = null;
  private _whole: (() => Uint8Array) | null = null;
  private _size = { updates: 0, bytes: 0 };
  private _compactBytes = 0;

  /** What is not written: updates, and whether the record has changed. */
  private _updates: Uint8Array[] = [];
  private _isChanged = false;
}

function newRecord(epoch: string, clients: number[] = []): IRecord {
  return { ...NO_EDITS, clients, epoch, document: UUID.uuid4(), isBegun: false };
}

/** Whether what was kept of somebody is for `keeper` to take over. */
function isFor({ person, alias }: IKeeper, kept: IKeptBy): boolean {
  return kept.person === person || (alias !== null && kept.alias === alias);
}

/** What was kept for somebody is for nobody else from now on, whatever they are called. */
async function endAlias({ records, texts }: ITables, { person }: IKeeper): Promise<void> {
  const isTheirs = (row: IKeptBy): boolean => row.person === person && row.alias !== null;
  (await records.all()).filter(isTheirs).forEach(row => records.put({ ...row, alias: null }));
  (await texts.all()).filter(isTheirs).forEach(row => texts.put({ ...row, alias: null }));
}

async function withinPatience<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The browser does not answer for its database.')), PATIENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
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

/** The text of a record's edits; null if what is kept of the document is not enough to read it. */
async function readUnsent({ updates }: ITables, { document, cells }: IRecordRow): Promise<IUnsentCell[] | null> {
  const rows = await updates.where('document', document);
  return withDocument(
    rows.map(row => row.update),
    doc => {
      const isWhole = doc.store.pendingStructs === null && rows.length > 0;
      return isWhole ? readCells(doc, new Set(cells)) : null;
    }
  );
}

/** Delete a document, unless a record points to it. */
async function drop({ records, updates }: ITables, document: string): Promise<void> {
  if ((await records.count('document', document)) === 0) {
    await updates.deleteWhere('document', document);
  }
}

/** Forget the rooms of which nothing is kept any more: what they are called says who was where. */
async function forgetRoomsOfNobody({ rooms, records, texts }: ITables): Promise<void> {
  const kept = new Set([...(await records.all()), ...(await texts.all())].map(({ room }) => room));
  (await rooms.all()).filter(({ room }) => !kept.has(room)).forEach(({ room }) => rooms.delete(room));
}

async function forgetOldRooms(tables: ITables): Promise<void> {
  const isOld = ({ usedAt }: { usedAt: number }): boolean => usedAt < Date.now() - FORGET_MS;
  for (const { room } of (await tables.rooms.all()).filter(isOld)) {
    tables.rooms.delete(room);
  }
  for (const { page, document } of (await tables.records.all()).filter(row => row.edits === 0 && isOld(row))) {
    tables.records.delete(page);
    await drop(tables, document);
  }
}

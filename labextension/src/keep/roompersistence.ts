import { UUID } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';

import { type Database, type ITables, withinPatience } from './database.js';
import type { ILivingPages } from './living.js';
import type { IKeeper, IKeptDocument, IKeptEdits, IKeptRoom, IKeptText, IPersistence } from './persistence.js';
import { drop, endAlias, type IOwner, type IRecord, mergeUpdates, newRecord, rowOf } from './records.js';
import type { IRecordRow, ITextRow } from './schema.js';
import { type ITakenRecord, readRecords, takeOver } from './takeover.js';
import type { IUnsentText } from './unsent.js';

/** How long others' edits wait to be written, in milliseconds: the server has them anyway. */
const LAZY_MS = 500;

/** A document of so many updates is written as one. */
const MAX_UPDATES = 500;

/** A document is written as one when it has so many bytes more than when that was last done. */
const MAX_GROWTH_BYTES = 4 * 1024 * 1024;

/** By then the browser has written its cookies down, and a brief alias ends. */
const BRIEF_MS = 60_000;

/** Keeps one room in IndexedDB, as one page has it; see `indexeddb.ts`. */
export class RoomPersistence implements IPersistence {
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
    this._setKept({ edits: 0, cells: [], clients: this._record?.clients ?? [] });
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
    tables.records.put(rowOf(this._owner, record));
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
    const { room, person, alias } = this._owner;
    return { ...text, key: Number(await texts.add({ room, person, alias, ...text })) };
  }

  /** Begin a record with a document. */
  private _begin(tables: ITables, record: IRecord, state: Uint8Array): void {
    tables.records.put(rowOf(this._owner, record));
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
    const rows = await this._transact(tables => readRecords(tables, this._owner));
    const pages = rows.map(({ page }) => page);
    const living = pages.length > 0 ? await this._pages.find(pages) : new Set();
    const gone = new Set(pages.filter(page => !living.has(page)));
    return this._transact(tables => this._takeOver(tables, gone));
  }

  private async _takeOver(tables: ITables, gone: ReadonlySet<string>): Promise<IKeptRoom> {
    const { taken, texts } = await takeOver(tables, this._owner, gone);
    return { document: taken && this._goOn(taken), unsent: texts.map(toKeptText) };
  }

  /** Go on with a record of another page. */
  private _goOn({ record, updates }: ITakenRecord): IKeptDocument {
    this._record = record;
    this._size = { updates: updates.length, bytes: updates.reduce((sum, update) => sum + update.length, 0) };
    const { epoch, edits, cells, clients } = record;
    return { epoch, updates, edits, cells, clients };
  }

  private _endAlias(): void {
    const keeper = this._keeper;
    this._keeper = { person: keeper.person, alias: null };
    void this._do(tables => endAlias(tables, keeper), undefined);
  }

  // -- the record ----------------------------------------------------------------------------------------------------

  private _setKept({ edits, cells, clients }: IKeptEdits): void {
    if (this._record !== null) {
      Object.assign(this._record, { edits, cells, clients });
      this._isChanged = true;
    }
  }

  private get _owner(): IOwner {
    const { person, alias } = this._keeper;
    return { page: this._page, room: this._room, person, alias };
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

function toKeptText({ key, epoch, reason, cells }: ITextRow): IKeptText {
  return { key: key ?? null, epoch, reason, cells };
}

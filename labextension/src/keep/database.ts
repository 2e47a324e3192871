/** The browser's database of rooms: transactions as promises. */
import {
  answerOf,
  convert,
  createStores,
  type IRecordRow,
  type IRoomRow,
  type ITextRow,
  type IUpdateRow,
  STORES,
  VERSION
} from './schema.js';

/** How long the browser may take for one thing, in milliseconds: the user waits for the room, not for its database. */
const PATIENCE_MS = 5000;

/** The rows of one kind, within a transaction. */
export class Rows<Row> {
  constructor(private readonly _store: IDBObjectStore) {}

  get(key: IDBValidKey): Promise<Row | undefined> {
    return answerOf<Row | undefined>(this._store.get(key));
  }

  all(): Promise<Row[]> {
    return answerOf<Row[]>(this._store.getAll());
  }

  where(index: string, value: IDBValidKey | IDBKeyRange): Promise<Row[]> {
    return answerOf<Row[]>(this._store.index(index).getAll(value));
  }

  count(index: string, value: IDBValidKey): Promise<number> {
    return answerOf(this._store.index(index).count(value));
  }

  /** Write a row. Nothing is waited for: if it fails, the transaction does. */
  put(row: Row): void {
    this._store.put(row);
  }

  /** Write a row; answers its key. */
  add(row: Row): Promise<IDBValidKey> {
    return answerOf(this._store.add(row));
  }

  /** Delete a row, if it is there. As with `put`, nothing is waited for. */
  delete(key: IDBValidKey): void {
    this._store.delete(key);
  }

  async deleteWhere(index: string, value: IDBValidKey | IDBKeyRange): Promise<void> {
    const keys = await answerOf(this._store.index(index).getAllKeys(value));
    keys.forEach(key => this.delete(key));
  }
}

/** All rows, within a transaction. */
export interface ITables {
  rooms: Rows<IRoomRow>;
  records: Rows<IRecordRow>;
  updates: Rows<IUpdateRow>;
  texts: Rows<ITextRow>;
}

/** The database, opened at its first use. */
export class Database {
  /**
   * @param _name The database's name in this browser.
   * @param _factory `indexedDB`, or null where the browser has none.
   */
  constructor(
    private readonly _name: string,
    private readonly _factory: IDBFactory | null
  ) {}

  /**
   * Run `body` as one transaction: all that it writes is written when this resolves, or nothing is.
   *
   * What `body` asks for before it first waits for an answer is asked for in this turn of the event loop, once the
   * database is open. If it waits for nothing, the browser finishes the transaction even if the page is closed now.
   *
   * @param signal - Says when the transaction is no longer wanted: then nothing that it writes is written, unless
   *   `body` is done already.
   */
  async transact<T>(body: (tables: ITables) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const database = await this._open();
    signal?.throwIfAborted();
    const transaction = database.transaction(STORES, 'readwrite');
    const abort = (): void => abortIfPossible(transaction);
    signal?.addEventListener('abort', abort);
    try {
      return await this._finish(transaction, body);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  private async _finish<T>(transaction: IDBTransaction, body: (tables: ITables) => Promise<T>): Promise<T> {
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('The browser gave up writing.'));
    });
    const [result] = await Promise.all([this._run(transaction, body), done]);
    return result;
  }

  private async _run<T>(transaction: IDBTransaction, body: (tables: ITables) => Promise<T>): Promise<T> {
    try {
      const result = await body({
        rooms: new Rows(transaction.objectStore('rooms')),
        records: new Rows(transaction.objectStore('records')),
        updates: new Rows(transaction.objectStore('updates')),
        texts: new Rows(transaction.objectStore('texts'))
      });
      transaction.commit();
      return result;
    } catch (error) {
      abortIfPossible(transaction);
      throw error;
    }
  }

  private _open(): Promise<IDBDatabase> {
    this._opened ??= this._openNow();
    return this._opened;
  }

  private async _openNow(): Promise<IDBDatabase> {
    if (this._factory === null) {
      throw new Error('This browser has no database for pages.');
    }
    const request = this._factory.open(this._name, VERSION);
    request.onupgradeneeded = ({ oldVersion }) => {
      const { result, transaction } = request;
      if (oldVersion === 0) {
        createStores(result);
      } else if (transaction !== null) {
        // If it fails, the browser puts all back as it was, and opening fails.
        convert(result, transaction).catch(() => transaction.abort());
      }
    };
    const database = await answerOf(request);
    // Another page needs a newer version, or the user clears the browser's data: let go, and open again when needed.
    database.onversionchange = database.onclose = () => {
      database.close();
      this._opened = null;
    };
    return database;
  }

  private _opened: Promise<IDBDatabase> | null = null;
}

function abortIfPossible(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has failed, or the browser is writing it already.
  }
}

/** Waits for something of the database, but not for ever: then it throws. */
export async function withinPatience<T>(work: Promise<T>): Promise<T> {
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

/** The browser's database of rooms: its stores, and transactions as promises. */

/** A room, by its name in this browser: which document is its present one. */
export interface IRoomRow {
  room: string;
  document: string;
  epoch: string;
  /** Milliseconds since 1970. */
  usedAt: number;
}

/** One update of a document. */
export interface IUpdateRow {
  document: string;
  update: Uint8Array;
}

/** The unacknowledged edits of one page in one document. */
export interface IKeptRow {
  document: string;
  writer: string;
  room: string;
  epoch: string;
  edits: number;
  cells: string[];
}

/** Text that a room did not take. */
export interface ITextRow {
  key?: number;
  room: string;
  epoch: string;
  reason: string;
  cells: { id: string; cell_type: string; source: string }[];
}

const VERSION = 1;

const STORES = ['rooms', 'updates', 'kept', 'texts'];

function createStores(database: IDBDatabase): void {
  database.createObjectStore('rooms', { keyPath: 'room' });
  database.createObjectStore('updates', { autoIncrement: true }).createIndex('document', 'document');
  database.createObjectStore('kept', { keyPath: ['document', 'writer'] }).createIndex('room', 'room');
  database.createObjectStore('texts', { keyPath: 'key', autoIncrement: true }).createIndex('room', 'room');
}

/** A request's answer. */
function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('The browser refused a request to its database.'));
  });
}

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
  updates: Rows<IUpdateRow>;
  kept: Rows<IKeptRow>;
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
   */
  async transact<T>(body: (tables: ITables) => Promise<T>): Promise<T> {
    const database = await this._open();
    const transaction = database.transaction(STORES, 'readwrite');
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
        updates: new Rows(transaction.objectStore('updates')),
        kept: new Rows(transaction.objectStore('kept')),
        texts: new Rows(transaction.objectStore('texts'))
      });
      transaction.commit();
      return result;
    } catch (error) {
      if (transaction.error === null) {
        transaction.abort();
      }
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
    request.onupgradeneeded = () => createStores(request.result);
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

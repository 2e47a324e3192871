/** A browser whose pages keep rooms in it, and which can lose a page at any moment. */
import 'fake-indexeddb/auto';

import { mock } from 'node:test';

import { Database, type ITables } from '../lib/keep/database.js';
import { BrowserPersistence } from '../lib/keep/indexeddb.js';
import type { ILivingPages } from '../lib/keep/living.js';
import type { IKeeper, IPersistence } from '../lib/keep/persistence.js';

let browsers = 0;

/** Pages that are told which of them live. */
export class KnownPages implements ILivingPages {
  readonly living = new Set<string>();

  async enter(page: string): Promise<void> {
    await Promise.resolve();
    this.living.add(page);
  }

  leave(page: string): void {
    this.living.delete(page);
  }

  async find(pages: readonly string[]): Promise<ReadonlySet<string>> {
    await Promise.resolve();
    return new Set(pages.filter(page => this.living.has(page)));
  }
}

/** One browser, with a database of its own. */
export class Browser extends BrowserPersistence {
  constructor(
    readonly name = `browser-${(browsers += 1)}`,
    readonly pages = new KnownPages()
  ) {
    super(name, indexedDB, pages);
  }

  /** Open the room as a page does that starts. */
  async start(room = 'room', keeper?: IKeeper): Promise<IPersistence> {
    const store = this.open(room, keeper);
    await store.load();
    return store;
  }

  /** The browser is killed: no page lives. What the pages go on to do happens in no browser. */
  kill(): Browser {
    this.pages.living.clear();
    return new Browser(this.name);
  }

  /** Look into the database. */
  async read<T>(look: (tables: ITables) => Promise<T>): Promise<T> {
    return new Database(this.name, indexedDB).transact(look);
  }

  countUpdates(): Promise<number> {
    return this.read(async ({ updates }) => (await updates.all()).length);
  }
}

/** Let the browser refuse the next writes, as when the disk is full. */
export function refuseWrites(): void {
  for (const method of ['put', 'add'] as const) {
    mock.method(IDBObjectStore.prototype, method, () => {
      throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
    });
  }
}

/** Let the page die at its write number `count`; tells whether it came so far. */
export function dieAtWrite(count: number): { readonly isDead: boolean } {
  const death = { isDead: false, writes: 0 };
  for (const method of ['put', 'add', 'delete'] as const) {
    const write = IDBObjectStore.prototype[method] as (...row: unknown[]) => IDBRequest;
    mock.method(IDBObjectStore.prototype, method, function (this: IDBObjectStore, ...row: unknown[]): IDBRequest {
      death.writes += 1;
      death.isDead ||= death.writes >= count;
      if (death.isDead) {
        throw new DOMException('The page has died.', 'AbortError');
      }
      return write.apply(this, row);
    });
  }
  return death;
}

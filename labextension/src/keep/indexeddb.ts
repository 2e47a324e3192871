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
import { Database, type ITables, withinPatience } from './database.js';
import { type ILivingPages, livingPages } from './living.js';
import type { IKeeper, IPersistence, IPersistenceFactory } from './persistence.js';
import { drop, endAlias, forgetRoomsOfNobody, readUnsent } from './records.js';
import { RoomPersistence } from './roompersistence.js';
import type { IUnsentCell } from './unsent.js';

/** Where one person uses the browser. */
const SOMEBODY: IKeeper = { person: '', alias: null };

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

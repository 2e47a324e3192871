import type { IDisposable } from '@lumino/disposable';

import { BrowserPersistence } from '../keep/indexeddb.js';
import type { IPersistenceFactory } from '../keep/persistence.js';
import type { ICollabServer } from '../rest/http.js';
import type { Role } from '../wire/protocol.js';
import { Room } from './room.js';

/** One user of a room of this page. */
export class RoomHandle implements IDisposable {
  constructor(
    readonly room: Room,
    private _release: (() => void) | null
  ) {}

  get isDisposed(): boolean {
    return this._release === null;
  }

  /** Let go of the room; the last handle disposes of it. */
  dispose(): void {
    const release = this._release;
    this._release = null;
    release?.();
  }
}

/** The rooms of this page: one connection for each room and role, however many panes show it. */
export class RoomManager {
  constructor(private readonly _options: RoomManager.IOptions) {}

  /** Join a room, or share it with those who joined it before. */
  acquire(id: string, { role }: { role?: Role } = {}): RoomHandle {
    const key = `${id}\n${role ?? ''}`;
    const shared = this._rooms.get(key) ?? this._join(key, id, role);
    shared.users += 1;
    return new RoomHandle(shared.room, () => {
      shared.users -= 1;
      if (shared.users === 0) {
        this._rooms.delete(key);
        shared.room.dispose();
      }
    });
  }

  private _join(key: string, id: string, role: Role | undefined): ISharedRoom {
    this._persistence ??= this._options.persistence ?? new BrowserPersistence();
    const room = new Room({ ...this._options, id, role, persistence: this._persistence });
    const shared = { room, users: 0 };
    this._rooms.set(key, shared);
    return shared;
  }

  private readonly _rooms = new Map<string, ISharedRoom>();
  private _persistence: IPersistenceFactory | null = null;
}

interface ISharedRoom {
  room: Room;
  users: number;
}

export namespace RoomManager {
  export interface IOptions {
    server: ICollabServer;
    persistence?: IPersistenceFactory;
  }
}

/** The REST API of rooms (`docs/rest.md`), typed. */
import type { IUser, Role } from '../wire/protocol.js';
import { type ICollabServer, request, requestJson, roomPath } from './http.js';

export type RoomKind = 'note' | 'notebook';

/** Somebody connected to a room; programs that show no presence are not `visible`. */
export interface IConnectedUser extends IUser {
  visible: boolean;
}

export type ContentFormat = 'ipynb' | 'md' | 'py';

/** A room, as the server describes it. Times are ISO 8601 in UTC; `people` are those connected now. */
export interface IRoomInfo {
  id: string;
  title: string;
  kind: RoomKind;
  epoch: string;
  created_at: string;
  changed_at: string;
  deleted_at: string | null;
  role: Role;
  /** What every user of the server is there; `null` for nothing. */
  server_role: Role | null;
  people: IConnectedUser[];
}

/** A room, and what was changed in the content that it was given, a sentence each. */
export interface IImportedRoomInfo extends IRoomInfo {
  changed: string[];
}

/** Which rooms to list. */
export interface IRoomQuery {
  /** Words to find in title or id. */
  search?: string;
  /** List the bin instead. */
  deleted?: boolean;
  limit?: number;
  offset?: number;
}

/** What a new room is made of; without `content` it has one empty code cell. */
export interface INewRoom {
  id?: string;
  title?: string;
  /** A notebook (nbformat 4). */
  content?: object;
}

const CONTENT_TYPES: Readonly<Record<ContentFormat, string>> = {
  ipynb: 'application/json',
  md: 'text/markdown; charset=utf-8',
  py: 'text/x-python; charset=utf-8'
};

/** A typed client of the REST API of rooms. Every method throws `ApiError`. */
export class RoomsApi {
  constructor(private readonly _server: ICollabServer) {}

  /** The rooms that match, last changed first, and how many match in all. */
  async list(query: IRoomQuery = {}): Promise<{ rooms: IRoomInfo[]; total: number }> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    return this._json(`rooms?${search.toString()}`, 'GET');
  }

  /** Make a room. */
  async create(room: INewRoom = {}): Promise<IImportedRoomInfo> {
    return this._json('rooms', 'POST', room);
  }

  async get(id: string): Promise<IRoomInfo> {
    return this._json(roomPath(id), 'GET');
  }

  async rename(id: string, title: string): Promise<IRoomInfo> {
    return this._json(roomPath(id), 'PATCH', { title });
  }

  /** Put a room into the bin or, with `permanent`, out of the bin for good. */
  async remove(id: string, permanent = false): Promise<void> {
    await this._request(roomPath(id) + (permanent ? '?permanent=true' : ''), { method: 'DELETE' });
  }

  /** Take a room out of the bin. */
  async restore(id: string): Promise<IRoomInfo> {
    return this._json(roomPath(id, '/restore'), 'POST');
  }

  async exportContent(id: string, format: ContentFormat): Promise<string> {
    const response = await this._request(roomPath(id, `/content?format=${format}`), { method: 'GET' });
    return response.text();
  }

  /** Set a room's content, as an edit like any other. */
  async importContent(id: string, format: ContentFormat, content: string): Promise<IImportedRoomInfo> {
    const headers = { 'Content-Type': CONTENT_TYPES[format] };
    const init = { method: 'PUT', headers, body: content };
    const response = await this._request(roomPath(id, `/content?format=${format}`), init);
    return (await response.json()) as IImportedRoomInfo;
  }

  private async _json<T>(path: string, method: string, body?: object): Promise<T> {
    return requestJson(this._server, path, method, body);
  }

  private async _request(path: string, init: RequestInit): Promise<Response> {
    return request(this._server, path, init);
  }
}

/** The REST API of rooms (`docs/rest.md`), typed. */
import type { IUser, Role } from './protocol.js';

/** How to reach a server: all that the parts below the panes know about it. */
export interface ICollabServer {
  /** The address of the server, with a slash at its end. */
  readonly baseUrl: string;
  /** The same for websockets. */
  readonly wsUrl: string;
  /** What the paths of the API begin with, below these addresses: `api/collab/`. */
  readonly apiPath: string;
  /** The token, or an empty string. */
  readonly token: string;
  /** Whether websockets need the token in their address. */
  readonly appendToken: boolean;
  readonly WebSocket: typeof WebSocket;
  /** As the global `fetch`, with the server's authentication added. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

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

/** A request that the server refused, or (status 0, reason `unreachable`) never got. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  /** @param answer - All that the server said. */
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    options?: ErrorOptions,
    readonly answer: Readonly<Record<string, unknown>> = {}
  ) {
    super(message, options);
  }
}

const CONTENT_TYPES: Readonly<Record<ContentFormat, string>> = {
  ipynb: 'application/json',
  md: 'text/markdown; charset=utf-8',
  py: 'text/x-python; charset=utf-8'
};

/** A typed client of the REST API. Every method throws `ApiError`. */
export class CollabApi {
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

/** Ask for JSON with JSON. Throws `ApiError`. */
export async function requestJson<T>(
  server: ICollabServer,
  path: string,
  method: string,
  body?: object
): Promise<T> {
  const response = await request(server, path, jsonInit(method, body));
  return (await response.json()) as T;
}

/** A request with a JSON body, if there is one. */
export function jsonInit(method: string, body?: object): RequestInit {
  const headers = { 'Content-Type': 'application/json' };
  return body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
}

/** Ask for a path of the API. Throws `ApiError`. */
export async function request(server: ICollabServer, path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await server.fetch(`${server.baseUrl}${server.apiPath}${path}`, init);
  } catch (error) {
    throw new ApiError(0, 'unreachable', 'The server cannot be reached.', { cause: error });
  }
  if (!response.ok) {
    throw await readError(response);
  }
  return response;
}

/** The path of a room, or of something of it, in the API. */
export function roomPath(id: string, rest = ''): string {
  return `rooms/${encodeURIComponent(id)}${rest}`;
}

async function readError(response: Response): Promise<ApiError> {
  const text = await response.text();
  let fields: Record<string, unknown> = {};
  try {
    fields = (JSON.parse(text) ?? {}) as typeof fields;
  } catch {
    // A proxy's page, not the server's JSON: the status line is all that can be said.
  }
  const message = typeof fields.message === 'string' ? fields.message : response.statusText;
  const reason = typeof fields.reason === 'string' ? fields.reason : '';
  return new ApiError(response.status, reason, message, undefined, fields);
}

/** The address of a room's websocket; `epoch` is that of the document which the client already has. */
export function roomUrl(server: ICollabServer, id: string, role?: Role, epoch?: string | null): string {
  const query = new URLSearchParams();
  if (role !== undefined) {
    query.set('role', role);
  }
  if (epoch) {
    query.set('epoch', epoch);
  }
  if (server.appendToken && server.token) {
    query.set('token', server.token);
  }
  const search = query.toString();
  return `${server.wsUrl}${server.apiPath}room/${encodeURIComponent(id)}${search && `?${search}`}`;
}

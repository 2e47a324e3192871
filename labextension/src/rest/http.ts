/** Requests to the server's REST API, and the addresses in it (`docs/rest.md`). */
import type { Role } from '../wire/protocol.js';

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

/** Ask for JSON with JSON. Throws `ApiError`. */
export async function requestJson<T>(server: ICollabServer, path: string, method: string, body?: object): Promise<T> {
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

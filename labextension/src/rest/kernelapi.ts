/** The REST API of a room's kernel (`docs/rest.md`), typed. */
import type { IKernelState, Role } from '../wire/protocol.js';
import { type ICollabServer, jsonInit, request, requestJson, roomPath } from './http.js';

/** A kernel that the server can start. */
export interface IKernelSpec {
  name: string;
  display_name: string;
  language: string;
}

/** What runs in a room, and what could. */
export interface IKernelInfo extends IKernelState {
  specs: IKernelSpec[];
  /** The name of the spec that a room without a choice of its own gets. */
  default: string;
}

/** A run that was put into the queue. */
export interface IStartedRun {
  run: number;
  cell: string;
}

/** What a kernel knows of how a text goes on; positions count code points. */
export interface ICompletions {
  status: string;
  matches: string[];
  cursor_start: number;
  cursor_end: number;
  metadata: { _jupyter_types_experimental?: { text: string; type?: string }[] };
}

/** What a kernel knows of a place in a text, as a MIME bundle. */
export interface IInspection {
  status: string;
  found: boolean;
  data: Record<string, string>;
}

/** A typed client of the REST API of one room's kernel. Every method throws `ApiError`. */
export class KernelApi {
  /**
   * @param _role - The role to act in; it can only lower what the server grants.
   */
  constructor(
    private readonly _server: ICollabServer,
    private readonly _room: string,
    private readonly _role?: Role
  ) {}

  /** What runs, and what could. */
  async get(): Promise<IKernelInfo> {
    return this._json('kernel', 'GET');
  }

  /** Choose the room's kernel; a running one of another name is stopped. */
  async choose(name: string): Promise<void> {
    await this._send('kernel', 'PUT', { name });
  }

  /** Stop the kernel. */
  async stop(): Promise<void> {
    await this._send('kernel', 'DELETE');
  }

  async interrupt(): Promise<void> {
    await this._send('kernel/interrupt', 'POST');
  }

  /** Start the kernel anew; what waits is not run. */
  async restart(): Promise<void> {
    await this._send('kernel/restart', 'POST');
  }

  /**
   * Run cells, in this order; starts the kernel if there is none.
   *
   * @param hashes - Those of the sources as the viewer sees them, by the cells' ids: if the server has another text,
   *   nothing is run, and the reason is `source_changed`.
   */
  async run(cells: readonly string[] | 'all', hashes?: Readonly<Record<string, string>>): Promise<IStartedRun[]> {
    const { runs } = await this._json<{ runs: IStartedRun[] }>('runs', 'POST', { cells, hashes });
    return runs;
  }

  /** Cancel what waits, or one run; one that is running is interrupted. */
  async cancel(run?: number): Promise<void> {
    await this._send(run === undefined ? 'runs' : `runs/${run}`, 'DELETE');
  }

  /** Give a run the line that it waits for. */
  async answer(run: number, value: string): Promise<void> {
    await this._send('input', 'POST', { run, value });
  }

  /** @param cursorPos - In code points. */
  async complete(code: string, cursorPos: number): Promise<ICompletions> {
    return this._json('complete', 'POST', { code, cursor_pos: cursorPos });
  }

  /** @param cursorPos - In code points. */
  async inspect(code: string, cursorPos: number, detailLevel: 0 | 1 = 0): Promise<IInspection> {
    return this._json('inspect', 'POST', { code, cursor_pos: cursorPos, detail_level: detailLevel });
  }

  /** The address of an output that is kept beside the document. */
  blobUrl(digest: string): string {
    const { baseUrl, apiPath } = this._server;
    return `${baseUrl}${apiPath}${this._path(`blobs/${encodeURIComponent(digest)}`)}`;
  }

  private async _json<T>(path: string, method: string, body?: object): Promise<T> {
    return requestJson(this._server, this._path(path), method, body);
  }

  private async _send(path: string, method: string, body?: object): Promise<void> {
    await request(this._server, this._path(path), jsonInit(method, body));
  }

  private _path(path: string): string {
    const role = this._role === undefined ? '' : `?role=${this._role}`;
    return roomPath(this._room, `/${path}${role}`);
  }
}

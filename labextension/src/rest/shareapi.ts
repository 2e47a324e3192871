/** The REST API of who may do what in a room (`docs/rest.md`), typed. */
import type { Role } from '../wire/protocol.js';
import { type ICollabServer, jsonInit, request, requestJson, roomPath } from './http.js';
import type { IRoomInfo } from './roomsapi.js';

/** What an invitation can make of somebody. */
export type InvitableRole = Exclude<Role, 'owner'>;

/** Somebody who has a place in a room, or waits for one. Times are ISO 8601 in UTC. */
export interface IMember {
  /** `server:NAME`, `account:ID` or `guest:ID`. */
  principal: string;
  display_name: string;
  role: Role;
  status: 'active' | 'waiting';
  /** The invitation that they came by. */
  invitation: string | null;
  added_at: string | null;
  in_kernel: InKernel;
}

/** What a room's kernel has of somebody: something that runs, or what is left of something that ran. */
export type InKernel = 'nothing' | 'ran' | 'running';

export interface IMembers {
  members: IMember[];
  /** What the kernel has of users of the server who are not listed. */
  others_in_kernel: InKernel;
}

export interface IInvitation {
  id: string;
  role: InvitableRole;
  /** The name of who made it. */
  created_by: string;
  created_at: string | null;
  /** `null`: never. */
  expires_at: string | null;
  /** `null`: any number. */
  max_uses: number | null;
  uses: number;
  has_password: boolean;
  needs_approval: boolean;
}

export interface IInvitations {
  invitations: IInvitation[];
  guests_allowed: boolean;
  /** Whether the kernels of rooms are kept apart from the server's own user. */
  kernels_apart: boolean;
}

/** An invitation with its secrets, which are told once. */
export interface IFreshInvitation extends IInvitation {
  /** Short enough to be typed. */
  code: string;
  /** The link without the server's origin; what is behind the `#` is secret. */
  path: string;
  /** The whole link, if the server was told its public address. */
  url: string | null;
}

/** What an invitation is to be like; what is `null` is without end, bound or password. */
export interface IInviteWish {
  role: InvitableRole;
  expires_in_seconds: number | null;
  max_uses: number | null;
  password: string | null;
  needs_approval: boolean;
}

/** Something that was done in a room. */
export interface IDeed {
  id: number;
  at: string | null;
  kind: string;
  principal: string;
  display_name: string;
  details: Record<string, unknown>;
}

/** A typed client of the REST API of one room's people. Every method needs `manage`, and throws `ApiError`. */
export class ShareApi {
  constructor(
    private readonly _server: ICollabServer,
    private readonly _room: string
  ) {}

  async members(): Promise<IMembers> {
    return this._json('/members', 'GET');
  }

  /** Give somebody a role, or let in who waits. */
  async setRole(principal: string, role: Role): Promise<void> {
    await this._send(memberPath(principal), 'PUT', { role });
  }

  /** Take somebody's place away, or refuse who waits. */
  async remove(principal: string): Promise<void> {
    await this._send(memberPath(principal), 'DELETE');
  }

  /** The invitations, newest first, and whether guests may come by them. */
  async invitations(): Promise<IInvitations> {
    return this._json('/invitations', 'GET');
  }

  async invite(wish: IInviteWish): Promise<IFreshInvitation> {
    return this._json('/invitations', 'POST', wish);
  }

  /** Give an invitation another link and code; the former ones lead nowhere. */
  async rotate(invitation: string): Promise<IFreshInvitation> {
    return this._json(`${invitationPath(invitation)}/rotate`, 'POST');
  }

  /** Let nobody come by an invitation any more or, if wished, stay who came by it. */
  async revoke(invitation: string, removeMembers: boolean): Promise<void> {
    await this._send(`${invitationPath(invitation)}?remove_members=${removeMembers}`, 'DELETE');
  }

  /** What was done, newest first; `before` is the id that all are below. */
  async deeds(limit: number, before?: number): Promise<IDeed[]> {
    const from = before === undefined ? '' : `&before=${before}`;
    return (await this._json<{ events: IDeed[] }>(`/audit?limit=${limit}${from}`, 'GET')).events;
  }

  /** All that was done, as a file. */
  async exportDeeds(): Promise<Blob> {
    const response = await request(this._server, roomPath(this._room, '/audit?format=csv'), { method: 'GET' });
    return response.blob();
  }

  /** What every user of the server is in the room; `null` for nothing. */
  async serverRole(): Promise<Role | null> {
    return (await this._json<IRoomInfo>('', 'GET')).server_role;
  }

  async setServerRole(role: Role | null): Promise<void> {
    await this._send('', 'PATCH', { server_role: role });
  }

  /** The whole link of an invitation. */
  link({ path, url }: IFreshInvitation): string {
    return url ?? new URL(path, this._server.baseUrl).href;
  }

  private async _json<T>(path: string, method: string, body?: object): Promise<T> {
    return requestJson(this._server, roomPath(this._room, path), method, body);
  }

  private async _send(path: string, method: string, body?: object): Promise<void> {
    await request(this._server, roomPath(this._room, path), jsonInit(method, body));
  }
}

function memberPath(principal: string): string {
  return `/members/${encodeURIComponent(principal)}`;
}

function invitationPath(id: string): string {
  return `/invitations/${encodeURIComponent(id)}`;
}

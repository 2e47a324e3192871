/** The part of the REST API that only this page uses: who one is, and invites (`docs/rest.md`). */
import { ApiError, type ICollabServer, jsonInit, request, requestJson } from '../lib/rest/http.js';
import type { IRoomInfo } from '../lib/rest/roomsapi.js';
import type { Role } from '../lib/wire/protocol.js';

/** How one can become somebody here. */
export interface IOffers {
  /** Whether people without a login may come by an invitation. */
  guests: boolean;
  /** Whether people sign in with the password of an account. */
  accounts: boolean;
  /** Who else vouches for people. */
  providers: readonly { readonly id: string; readonly name: string }[];
}

/** Who this browser is to the server. */
export interface IMe extends IOffers {
  /** A user of the Jupyter server, somebody with an account for rooms, or a guest. */
  kind: 'server' | 'account' | 'guest';
  username: string;
  display_name: string;
  initials: string;
  color: string | null;
  rooms: IRoomInfo[];
  /** The ids of the rooms into which one asked to be let. */
  waiting: string[];
  may_create: boolean;
  /** Whether one can be nobody here: where the server lets everybody in, one cannot. */
  may_sign_out: boolean;
}

/** What the server knows of this browser; `me` is `null` for a stranger. */
export interface IWho {
  readonly me: IMe | null;
  readonly offers: IOffers;
}

/** What is supposed where somebody else answers in the server's place. */
const USUAL_OFFERS: IOffers = { guests: true, accounts: false, providers: [] };

/** What admits to a room: the token of a link, or a short code that one types. */
export type Invite = { token: string } | { code: string };

/** What one is told of an invitation before one follows it. */
export interface IInvitePreview {
  title: string;
  role: Role;
  password_required: boolean;
  /** Whether somebody has to let one in. */
  approval: boolean;
  invited_by: string;
}

/** What came of following an invitation. */
export interface IJoined {
  room: string;
  status: 'admitted' | 'waiting';
  role: Role;
}

/** A typed client of it. Every method throws `ApiError`. */
export class PageApi {
  constructor(private readonly _server: ICollabServer) {}

  /** Who one is, and how one could be somebody. */
  async who(): Promise<IWho> {
    try {
      const me = await requestJson<IMe>(this._server, 'me', 'GET');
      return { me, offers: me };
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        return { me: null, offers: { ...USUAL_OFFERS, ...error.answer } };
      }
      throw error;
    }
  }

  async preview(invite: Invite): Promise<IInvitePreview> {
    return requestJson(this._server, 'join/preview', 'POST', invite);
  }

  /** Follow an invitation, under a name. */
  async join(invite: Invite, name: string, password: string | null): Promise<IJoined> {
    return requestJson(this._server, 'join', 'POST', { ...invite, name, ...(password !== null && { password }) });
  }

  /** Sign in with an account. */
  async signIn(email: string, password: string): Promise<void> {
    await request(this._server, 'sign-in', jsonInit('POST', { email, password }));
  }

  /** Be nobody again. */
  async leave(): Promise<void> {
    await request(this._server, 'leave', jsonInit('POST'));
  }
}

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type {
  IDeed,
  IFreshInvitation,
  IInvitation,
  IInviteWish,
  IMember,
  IMembers,
  InKernel,
  ShareApi
} from '../rest/shareapi.js';
import { messageOf } from '../ui/errors.js';
import type { Role } from '../wire/protocol.js';

/** How many deeds are asked for at a time. */
const DEEDS_PER_PAGE = 30;

/** An invitation whose link can be handed out: it is known until it is forgotten, and to nobody else. */
export interface IHandout {
  readonly invitation: IFreshInvitation;
  readonly link: string;
}

/**
 * Who may do what in one room, as an owner sees and changes it.
 *
 * What is shown is what the server says: it is asked anew after each change, and when somebody else changed something.
 */
export class ShareModel implements IDisposable {
  constructor(private readonly _api: ShareApi) {}

  /** Those who wait come first, then by name. */
  get members(): readonly IMember[] {
    return this._members;
  }

  /** Newest first. */
  get invitations(): readonly IInvitation[] {
    return this._invitations;
  }

  /** Whether people without a login may come by an invitation. */
  get guestsAllowed(): boolean {
    return this._guestsAllowed;
  }

  /** Whether the kernels of rooms are kept apart from the server's own user. */
  get areKernelsApart(): boolean {
    return this._areKernelsApart;
  }

  /** What every user of the server is; `null` for nothing. */
  get serverRole(): Role | null {
    return this._serverRole;
  }

  /** What was done, newest first, as far as it was asked for. */
  get deeds(): readonly IDeed[] {
    return this._deeds;
  }

  /** Whether there are older deeds. */
  get hasMoreDeeds(): boolean {
    return this._hasMoreDeeds;
  }

  /** The invitation that was made last, with its secrets. */
  get handout(): IHandout | null {
    return this._handout;
  }

  /** Whether the server has answered once. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** What went wrong last, or empty. */
  get problem(): string {
    return this._problem;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._handout = null;
      Signal.clearData(this);
    }
  }

  /** Asks the server for everything. What comes in while it is asked is asked for once more. */
  refresh(): Promise<void> {
    this._isStale = true;
    this._refreshing ??= this._refresh().finally(() => (this._refreshing = null));
    return this._refreshing;
  }

  /** Makes an invitation; whether it could. */
  invite(wish: IInviteWish): Promise<boolean> {
    return this._do(async () => this._hand(await this._api.invite(wish)));
  }

  /** Gives an invitation another link. */
  rotate(id: string): Promise<boolean> {
    return this._do(async () => this._hand(await this._api.rotate(id)));
  }

  revoke(id: string, removeMembers: boolean): Promise<boolean> {
    return this._do(async () => {
      await this._api.revoke(id, removeMembers);
      if (this._handout?.invitation.id === id) {
        this._handout = null;
      }
    });
  }

  /** What the room's kernel has of those members now; `nothing` if that is not known. */
  async inKernel(isMeant: (member: IMember) => boolean): Promise<InKernel> {
    return (await this._askMembers(({ members }) => most(members.filter(isMeant)))) ?? 'nothing';
  }

  /** What the room's kernel has of users of the server who are no members; `nothing` if that is not known. */
  async inKernelOfOthers(): Promise<InKernel> {
    return (await this._askMembers(({ others_in_kernel }) => others_in_kernel)) ?? 'nothing';
  }

  /** Gives somebody a role; who waits comes in. */
  setRole(principal: string, role: Role): Promise<boolean> {
    return this._do(() => this._api.setRole(principal, role));
  }

  /** Lets somebody in whom the server knows by name. */
  addServerUser(name: string, role: Role): Promise<boolean> {
    return this.setRole(`server:${name.trim()}`, role);
  }

  /** Takes somebody's place away, or refuses who waits. */
  remove(principal: string): Promise<boolean> {
    return this._do(() => this._api.remove(principal));
  }

  setServerRole(role: Role | null): Promise<boolean> {
    return this._do(() => this._api.setServerRole(role));
  }

  async showMoreDeeds(): Promise<void> {
    await this._try(async () => {
      const older = await this._api.deeds(DEEDS_PER_PAGE, this._deeds.at(-1)?.id);
      this._hasMoreDeeds = older.length === DEEDS_PER_PAGE;
      this._deeds = [...this._deeds, ...older];
    });
    this._tell();
  }

  /** All that was done, as a file; `null` if the server would not give it. */
  async exportDeeds(): Promise<Blob | null> {
    let file: Blob | null = null;
    await this._try(async () => {
      file = await this._api.exportDeeds();
    });
    this._tell();
    return file;
  }

  /** Forgets the secrets of the invitation that was made last. */
  forgetHandout(): void {
    this._handout = null;
    this._tell();
  }

  private async _askMembers<T>(ask: (members: IMembers) => T): Promise<T | undefined> {
    let found: T | undefined;
    await this._try(async () => {
      found = ask(await this._api.members());
    });
    return found;
  }

  private async _refresh(): Promise<void> {
    while (this._isStale && !this._isDisposed) {
      this._isStale = false;
      await this._try(() => this._load());
      this._tell();
    }
  }

  private async _load(): Promise<void> {
    const api = this._api;
    const [{ members }, { invitations, guests_allowed, kernels_apart }, serverRole, deeds] = await Promise.all([
      api.members(),
      api.invitations(),
      api.serverRole(),
      api.deeds(DEEDS_PER_PAGE)
    ]);
    this._members = [...members].sort(byUrgency);
    this._invitations = invitations;
    this._guestsAllowed = guests_allowed;
    this._areKernelsApart = kernels_apart;
    this._serverRole = serverRole;
    this._takeNewest(deeds);
    this._isLoaded = true;
  }

  /** Older deeds that were asked for stay, if they follow without a hole. */
  private _takeNewest(deeds: readonly IDeed[]): void {
    const oldest = deeds.at(-1)?.id ?? 0;
    const older = this._deeds.some(({ id }) => id === oldest) ? this._deeds.filter(({ id }) => id < oldest) : [];
    if (older.length === 0) {
      this._hasMoreDeeds = deeds.length === DEEDS_PER_PAGE;
    }
    this._deeds = [...deeds, ...older];
  }

  private _hand(invitation: IFreshInvitation): void {
    this._handout = { invitation, link: this._api.link(invitation) };
  }

  /** Does something and shows what became of it; whether it could. */
  private async _do(action: () => Promise<unknown>): Promise<boolean> {
    const could = await this._try(action);
    const problem = this._problem;
    await this.refresh();
    if (!could && !this._isDisposed) {
      this._problem = problem;
      this._tell();
    }
    return could;
  }

  private async _try(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      this._problem = '';
      return true;
    } catch (error) {
      this._problem = messageOf(error);
      return false;
    }
  }

  private _tell(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _members: readonly IMember[] = [];
  private _invitations: readonly IInvitation[] = [];
  private _guestsAllowed = true;
  private _areKernelsApart = false;
  private _serverRole: Role | null = null;
  private _deeds: readonly IDeed[] = [];
  private _hasMoreDeeds = false;
  private _handout: IHandout | null = null;
  private _problem = '';
  private _isLoaded = false;
  private _isStale = false;
  private _isDisposed = false;
  private _refreshing: Promise<void> | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

/** Whether nobody vouches for somebody's name. */
export function isGuest({ principal }: { readonly principal: string }): boolean {
  return principal.startsWith('guest:');
}

function most(members: readonly IMember[]): InKernel {
  const found = members.map(({ in_kernel }) => in_kernel);
  return (['running', 'ran'] as const).find(one => found.includes(one)) ?? 'nothing';
}

function byUrgency(a: IMember, b: IMember): number {
  const waits = Number(b.status === 'waiting') - Number(a.status === 'waiting');
  return waits || a.display_name.localeCompare(b.display_name) || a.principal.localeCompare(b.principal);
}

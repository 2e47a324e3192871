import { type ISignal, Signal } from '@lumino/signaling';

import { isEqual } from '../text/json.js';
import type { Capability, IHello, IKernelState, IWaiting, Role, RoomEvent } from '../wire/protocol.js';

/** Those who wait to be let into a room: the first of them, and how many there are in all. */
export interface IWaitingPeople {
  readonly people: readonly IWaiting[];
  readonly total: number;
}

const NOBODY_WAITS: IWaitingPeople = { people: [], total: 0 };

/** What the server says of a room, and of what one may do there. */
export class RoomFacts {
  /** The title, or an empty text as long as no server told it. */
  get title(): string {
    return this._title;
  }

  get titleChanged(): ISignal<this, string> {
    return this._titleChanged;
  }

  get role(): Role | null {
    return this._role;
  }

  get capabilities(): ReadonlySet<Capability> {
    return this._capabilities;
  }

  get roleChanged(): ISignal<this, void> {
    return this._roleChanged;
  }

  /** What runs in the room, as the server said last; `null` if nothing ever ran since the server knows the room. */
  get kernel(): IKernelState | null {
    return this._kernel;
  }

  get kernelChanged(): ISignal<this, IKernelState | null> {
    return this._kernelChanged;
  }

  /** What the server had to take out of the room when it opened it, for people; empty if nothing was. */
  get mended(): string {
    return this._mended;
  }

  get mendedChanged(): ISignal<this, void> {
    return this._mendedChanged;
  }

  /** Who waits to be let in, as those are told who may let them in. */
  get waiting(): IWaitingPeople {
    return this._waiting;
  }

  /** Emitted when the waiting list or the members change. */
  get membersChanged(): ISignal<this, void> {
    return this._membersChanged;
  }

  /** Take what the server says first on a connection. Returns whether it is another hello than the last. */
  greet(hello: IHello | null): boolean {
    if (!hello || hello === this._hello) {
      return false;
    }
    this._hello = hello;
    this._setTitle(hello.title);
    // The server says what runs, and who waits, right after its hello, if anything does and anybody.
    this._setKernel(null);
    this._setWaiting(NOBODY_WAITS);
    return true;
  }

  /** Take the role that one has; `null` as long as no server told it. */
  setRole(role: Role | null, capabilities: ReadonlySet<Capability>): void {
    if (role !== null && role !== this._role) {
      this._role = role;
      this._capabilities = capabilities;
      if (!capabilities.has('manage')) {
        this._setWaiting(NOBODY_WAITS);
      }
      this._roleChanged.emit();
    }
  }

  /** The server said something about the room. */
  hear(event: RoomEvent): void {
    switch (event.type) {
      case 'mended':
        return this._setMended(event.message);
      case 'renamed':
        return this._setTitle(event.title);
      case 'kernel':
        return this._setKernel(event);
      case 'members':
        return this._setWaiting({ people: event.waiting, total: event.total });
    }
  }

  /** Let go of all who listen. */
  dispose(): void {
    Signal.clearData(this);
  }

  private _setMended(message: string): void {
    if (message !== this._mended) {
      this._mended = message;
      this._mendedChanged.emit();
    }
  }

  private _setTitle(title: string): void {
    if (title !== this._title) {
      this._title = title;
      this._titleChanged.emit(title);
    }
  }

  private _setKernel(kernel: IKernelState | null): void {
    if (!isEqual(kernel, this._kernel)) {
      this._kernel = kernel;
      this._kernelChanged.emit(kernel);
    }
  }

  private _setWaiting(waiting: IWaitingPeople): void {
    if (waiting !== this._waiting) {
      this._waiting = waiting;
      this._membersChanged.emit();
    }
  }

  private _hello: IHello | null = null;
  private _title = '';
  private _role: Role | null = null;
  private _capabilities: ReadonlySet<Capability> = new Set();
  private _kernel: IKernelState | null = null;
  private _mended = '';
  private _waiting: IWaitingPeople = NOBODY_WAITS;
  private readonly _titleChanged = new Signal<this, string>(this);
  private readonly _roleChanged = new Signal<this, void>(this);
  private readonly _kernelChanged = new Signal<this, IKernelState | null>(this);
  private readonly _mendedChanged = new Signal<this, void>(this);
  private readonly _membersChanged = new Signal<this, void>(this);
}

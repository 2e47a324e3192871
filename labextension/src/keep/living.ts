/** Which pages of this browser live: what a page that is gone has kept, another one may take over. */

/** The pages of one browser that keep rooms in it. */
export interface ILivingPages {
  /** Let the others know that `page` lives, until it leaves or the browser closes it. */
  enter(page: string): Promise<void>;
  leave(page: string): void;
  /** Those of `pages` that live. One that the browser has frozen may be missing. */
  find(pages: readonly string[]): Promise<ReadonlySet<string>>;
}

const PREFIX = 'jupyter-collab page ';

/** How long a page has to say that it lives, in milliseconds. */
const ANSWER_MS = 300;

/** The best way that this browser has: web locks are for secure origins only. */
export function livingPages(): ILivingPages {
  const { navigator, BroadcastChannel } = globalThis;
  return navigator?.locks
    ? new LockingPages(navigator.locks)
    : new SpeakingPages(BroadcastChannel ? () => new BroadcastChannel(PREFIX) : null);
}

/** Each page holds a lock, which the browser takes from it when it is gone. */
export class LockingPages implements ILivingPages {
  constructor(private readonly _locks: Pick<LockManager, 'request' | 'query'>) {}

  enter(page: string): Promise<void> {
    const left = new Promise<void>(resolve => this._leave.set(page, resolve));
    return new Promise((resolve, reject) => {
      const hold = (): Promise<void> => {
        resolve();
        return left;
      };
      this._locks.request(PREFIX + page, hold).catch(reject);
    });
  }

  leave(page: string): void {
    this._leave.get(page)?.();
    this._leave.delete(page);
  }

  async find(pages: readonly string[]): Promise<ReadonlySet<string>> {
    const { held = [] } = await this._locks.query();
    const names = new Set(held.map(({ name }) => name));
    return new Set(pages.filter(page => names.has(PREFIX + page)));
  }

  private readonly _leave = new Map<string, () => void>();
}

/** What pages say to each other. */
type Words = { ask: readonly string[] } | { here: string };

/** As much of a `BroadcastChannel` as is used. */
export type Channel = Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'>;

/** Pages that ask each other; without a channel, each one takes itself to be alone. */
export class SpeakingPages implements ILivingPages {
  constructor(private readonly _open: (() => Channel) | null) {}

  enter(page: string): Promise<void> {
    this._here.add(page);
    this._listen();
    return Promise.resolve();
  }

  leave(page: string): void {
    this._here.delete(page);
    if (this._here.size === 0) {
      this._channel?.close();
      this._channel = null;
    }
  }

  async find(pages: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set(pages.filter(page => this._here.has(page)));
    const channel = this._listen();
    if (channel === null || found.size === pages.length) {
      return found;
    }
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ANSWER_MS);
      this._heard = page => {
        if (pages.includes(page) && found.add(page).size === pages.length) {
          clearTimeout(timer);
          resolve();
        }
      };
      say(channel, { ask: pages });
    });
    return found;
  }

  private _listen(): Channel | null {
    if (this._channel === null && this._open !== null) {
      this._channel = this._open();
      this._channel.onmessage = ({ data }: MessageEvent<Words>) => this._hear(data);
    }
    return this._channel;
  }

  private _hear(words: Words): void {
    if ('here' in words) {
      return this._heard(words.here);
    }
    for (const page of words.ask) {
      if (this._here.has(page) && this._channel !== null) {
        say(this._channel, { here: page });
      }
    }
  }

  private readonly _here = new Set<string>();
  private _channel: Channel | null = null;
  private _heard: (page: string) => void = () => undefined;
}

function say(channel: Channel, words: Words): void {
  channel.postMessage(words);
}

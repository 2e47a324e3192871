/** What this browser remembers for the page. Where it keeps nothing for it, everything works but is asked for again. */
import type { Invite } from './pageapi.js';

/** The name that its guest gave last. */
const NAME_KEY = 'jupyter-collab:name';

/** The invitation with which one went to sign in elsewhere; for this tab alone. */
const INVITE_KEY = 'jupyter-collab:invite';

export function rememberedName(): string {
  return attempt(() => localStorage.getItem(NAME_KEY)) ?? '';
}

export function rememberName(name: string): void {
  attempt(() => localStorage.setItem(NAME_KEY, name));
}

/** The next one at this browser is not to learn who was there. */
export function forgetName(): void {
  attempt(() => localStorage.removeItem(NAME_KEY));
}

/** Keep an invitation, which no address names, until one is back. */
export function keepInvite(invite: Invite): void {
  attempt(() => sessionStorage.setItem(INVITE_KEY, JSON.stringify(invite)));
}

/** The invitation that was kept, once; `null` if there is none. */
export function takeInvite(): Invite | null {
  return attempt(() => {
    const kept = sessionStorage.getItem(INVITE_KEY);
    sessionStorage.removeItem(INVITE_KEY);
    return kept === null ? null : (JSON.parse(kept) as Invite);
  });
}

function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}

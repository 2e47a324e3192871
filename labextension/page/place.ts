import { takeInvite } from './kept.js';
import type { Invite } from './pageapi.js';

/** Where in the page one is. */
export type Place = { kind: 'home' } | { kind: 'room'; id: string } | { kind: 'join'; invite: Invite | null };

/**
 * Read where the address leads, and take out of it what nobody is to see: the token of an invitation, which would stay
 * in the browser's history, and that of the server. An invitation that was kept while one signed in counts again.
 */
export function readPlace(baseUrl: string): Place {
  const url = new URL(location.href);
  const isJoin = url.pathname === `${baseUrl}collab/join`;
  const token = url.hash.slice(1);
  if ((isJoin && token !== '') || url.searchParams.has('token')) {
    url.hash = isJoin ? '' : url.hash;
    url.searchParams.delete('token');
    history.replaceState(null, '', url);
  }
  if (isJoin) {
    return { kind: 'join', invite: token === '' ? takeInvite() : { token } };
  }
  const id = url.searchParams.get('room');
  return id ? { kind: 'room', id } : { kind: 'home' };
}

/** The address of a place; that of an invitation does not name it. */
export function addressOf(place: Place, baseUrl: string): string {
  switch (place.kind) {
    case 'home':
      return `${baseUrl}collab/`;
    case 'join':
      return `${baseUrl}collab/join`;
    case 'room':
      return `${baseUrl}collab/?${new URLSearchParams({ room: place.id }).toString()}`;
  }
}

/** Read what somebody typed or pasted: an invitation link, or a short code. `null` if it is neither. */
export function readInvite(text: string): Invite | null {
  const typed = text.trim();
  const [, token] = /#([\w-]{8,})$/.exec(typed) ?? [];
  if (token !== undefined) {
    return { token };
  }
  return /^[\w -]{3,40}$/.test(typed) ? { code: typed } : null;
}

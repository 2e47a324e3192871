/** What a room says of itself: whether what one sees and types is what everybody has. */
import type { Provider } from '../wire/provider.js';

/**
 * - `connecting`: for the first time; there may be nothing to show.
 * - `synced`: connected, and every edit of the document made here is durable. See `hasUnsent` for others.
 * - `saving`: connected, and edits are on their way.
 * - `offline`: not connected; edits are kept here.
 * - `not-saved`: connected, but the server's store fails; edits are kept here and nobody else sees them.
 * - `refused`: the room will not have us; see the reason.
 */
export type RoomStatusKind = 'connecting' | 'synced' | 'saving' | 'offline' | 'not-saved' | 'refused';

export interface IRoomStatus {
  kind: RoomStatusKind;
  /** How many edits made here are not known to be durable. */
  pending: number;
  /** Whether those would survive a reload of the page. */
  isKept: boolean;
  /** Whether text that was typed here is not in the document, or is in a deleted cell: it waits for a decision. */
  hasUnsent: boolean;
  /** Why, in a word of `docs/wire.md` or of the provider; null if there is nothing to say. */
  reason: string | null;
  /** The server's own words, or empty. */
  message: string;
  readOnly: boolean;
}

/**
 * The kind of status of a room.
 *
 * @param provider The provider that is to be connected.
 * @param pending How many edits made here are not known to be durable.
 * @param isAway Whether the user wants to be offline.
 */
export function readKind(provider: Provider, pending: number, isAway: boolean): RoomStatusKind {
  switch (provider.state) {
    case 'stopped':
      return 'refused';
    case 'synced':
      return provider.notSaved !== null ? 'not-saved' : pending > 0 ? 'saving' : 'synced';
    default:
      return !isAway && provider.failures === 0 && provider.hello === null ? 'connecting' : 'offline';
  }
}

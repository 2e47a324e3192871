/** The people in a room, as presence tells it. */
import type { Awareness } from 'y-protocols/awareness';

import type { IUser, Role } from './protocol.js';

/** One connection of a person to the room. */
export interface IPerson {
  clientId: number;
  username: string;
  /** Who they are among all kinds of people, as the REST API names them. */
  principal: string;
  name: string;
  initials: string;
  avatarUrl: string | null;
  /** A CSS colour. */
  color: string;
  /** The same colour, for a selection behind text. */
  colorLight: string;
  role: Role;
  /** Whether they chose their name themselves: nobody vouches for it. */
  isGuest: boolean;
  /** The id of the cell that they are in. */
  cell: string | null;
  isMe: boolean;
}

/** A selection in a cell's text: relative positions, as `Y.relativePositionToJSON` gives them. */
export interface ICursor {
  cell: string;
  anchor: unknown;
  head: unknown;
}

/** What a client says of itself. */
interface IPresence {
  user?: IUser;
  cursor?: ICursor | null;
  cell?: string | null;
}

const NO_COLOR = '#757575';

/** Who is here: oneself first, then by name. Clients of which the server has not said whose they are, are left out. */
export function readPeople(awareness: Awareness): IPerson[] {
  const people: IPerson[] = [];
  for (const [clientId, state] of awareness.getStates()) {
    const { user, cell } = state as IPresence;
    if (user) {
      people.push(toPerson(clientId, user, cell ?? null, clientId === awareness.clientID));
    }
  }
  return people.sort(compare);
}

function toPerson(clientId: number, user: IUser, cell: string | null, isMe: boolean): IPerson {
  const name = user.display_name || user.name || user.username;
  const color = user.color ?? NO_COLOR;
  return {
    clientId,
    username: user.username,
    principal: `${user.kind ?? 'server'}:${user.username}`,
    name,
    initials: user.initials || name.slice(0, 1).toUpperCase(),
    avatarUrl: user.avatar_url,
    color,
    colorLight: user.colorLight ?? `${color}33`,
    role: user.role ?? 'viewer',
    isGuest: user.kind === 'guest',
    cell,
    isMe
  };
}

function compare(a: IPerson, b: IPerson): number {
  return Number(b.isMe) - Number(a.isMe) || a.name.localeCompare(b.name) || a.clientId - b.clientId;
}

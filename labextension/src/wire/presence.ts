/** The people in a room, as presence tells it. */
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
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
  /** The id of the cell in whose text their caret is. */
  caret: string | null;
  isMe: boolean;
}

/** A selection in a text: relative positions, as `Y.relativePositionToJSON` gives them. */
export interface ISelection {
  anchor: unknown;
  head: unknown;
}

/** The selections in a cell's text: the main one, and the first of the others, if there are any. */
export interface ICursor extends ISelection {
  cell: string;
  others?: ISelection[];
}

/** What a client says of itself. */
interface IPresence {
  user?: IUser;
  cursor?: ICursor | null;
  cell?: string | null;
}

const NO_COLOR = '#757575';

/** The state of a client that has left. */
const GONE = 'null';

/** An awareness update without what `client` said itself; that it is said to be gone stays, so that it can object. */
export function withoutEcho(update: Uint8Array, client: number): Uint8Array {
  const decoder = decoding.createDecoder(update);
  const others: [client: number, clock: number, state: string][] = [];
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const id = decoding.readVarUint(decoder);
    const clock = decoding.readVarUint(decoder);
    const state = decoding.readVarString(decoder);
    if (id !== client || state === GONE) {
      others.push([id, clock, state]);
    }
  }
  return encoding.encode(encoder => {
    encoding.writeVarUint(encoder, others.length);
    for (const [id, clock, state] of others) {
      encoding.writeVarUint(encoder, id);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarString(encoder, state);
    }
  });
}

/** Who is here: oneself first, then by name. Clients of which the server has not said whose they are, are left out. */
export function readPeople(awareness: Awareness): IPerson[] {
  const people: IPerson[] = [];
  for (const [clientId, state] of awareness.getStates()) {
    const { user, cell, cursor } = state as IPresence;
    if (user) {
      const place = { cell: cell ?? null, caret: cursor?.cell ?? null };
      people.push({ ...toPerson(clientId, user, clientId === awareness.clientID), ...place });
    }
  }
  return people.sort(compare);
}

/** The people who are here beside oneself, by principal: each once, and without one's own other pages. */
export function othersIn(people: readonly IPerson[]): Map<string, IPerson> {
  const mine = people.find(person => person.isMe)?.principal;
  const others = people.filter(({ principal }) => principal !== mine);
  return new Map(others.map(person => [person.principal, person]));
}

function toPerson(clientId: number, user: IUser, isMe: boolean): Omit<IPerson, 'cell' | 'caret'> {
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
    isMe
  };
}

function compare(a: IPerson, b: IPerson): number {
  return Number(b.isMe) - Number(a.isMe) || a.name.localeCompare(b.name) || a.clientId - b.clientId;
}

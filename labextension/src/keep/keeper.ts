import type { IKeeper } from './persistence.js';

/** Who a browser is to the server; see `GET me` in `docs/rest.md`. */
export interface IIdentity {
  kind: 'server' | 'account' | 'guest';
  username: string;
  display_name: string;
}

/** A name that the Jupyter server makes up for those who come by its token or password. */
const MADE_UP = /^[0-9a-f]{32}$/;

/**
 * Whose text this browser keeps: another one at it must not find what they typed.
 *
 * The server may forget who somebody is, as when the browser is killed before it has written their cookie down. Those
 * who then come with a new name, and are known by what they had before, find their text all the same. A guest's name is
 * no more than what they typed, so it counts for a moment only, until their cookie is written down.
 */
export function keeperOf({ kind, username, display_name }: IIdentity): IKeeper {
  switch (kind) {
    case 'guest':
      return { person: username, alias: `guest ${display_name}`, isBrief: true };
    case 'server':
      return { person: username, alias: MADE_UP.test(username) ? 'anonymous' : null };
    case 'account':
      return { person: username, alias: null };
  }
}

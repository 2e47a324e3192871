import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../lib/rest/http.js';
import { messageOf } from '../lib/ui/errors.js';
import type { Role } from '../lib/wire/protocol.js';

/**
 * The words of the page around a room, in the way of JupyterLab's translations; so far in English alone. JupyterLab's
 * own translator is as large as all of the page that asks for a name.
 */
export const trans: Pick<TranslationBundle, '__'> = {
  __: (text: string, ...values: unknown[]) => text.replace(/%(\d)/g, (_, place: string) => String(values[+place - 1]))
};

/** Why something did not work, and what one can do about it. */
export function whyNot(error: unknown): string {
  if (!(error instanceof ApiError)) {
    return messageOf(error);
  }
  const words: Readonly<Record<string, string>> = {
    invite_not_found: trans.__('There is no such invitation. Is the link or the code complete?'),
    invite_revoked: trans.__('This invitation was taken back. Ask for a new one.'),
    invite_expired: trans.__('This invitation is no longer valid: its time is over. Ask for a new one.'),
    invite_exhausted: trans.__('This invitation was used as often as it may be. Ask for a new one.'),
    password_required: trans.__('This invitation wants a password.'),
    wrong_password: trans.__('That is not the password.'),
    too_many_attempts: trans.__('Too many attempts. Wait a little and try again.'),
    sign_in_refused: trans.__('That address and that password do not belong together, or the account is locked.'),
    guests_not_allowed: trans.__('Guests are not let in here. Sign in to this server first.'),
    unreachable: trans.__('The server cannot be reached. Are you online?')
  };
  return words[error.reason] ?? (error.message || trans.__('That did not work. Try again later.'));
}

/** What one may do in a role, as the end of a sentence. */
export function whatRoleMay(role: Role): string {
  switch (role) {
    case 'viewer':
      return trans.__('to look');
    case 'runner':
      return trans.__('to look and run cells');
    case 'writer':
      return trans.__('to edit');
    case 'editor':
      return trans.__('to edit and run cells');
    case 'owner':
      return trans.__('as an owner');
  }
}

/** What the others in a room learn of somebody who comes, and what is kept of it. */
export function whatOthersSee(role: Role): string {
  return role === 'viewer'
    ? trans.__('The others see that you are here, under your name. The room records when you come and go.')
    : trans.__('The others see what you write and run here, under your name. The room records it with your name.');
}

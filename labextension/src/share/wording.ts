/** What roles, bounds and deeds are called. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IDeed, IInvitation, InvitableRole } from '../rest/shareapi.js';
import { CAPABILITIES, type Capability, type Role } from '../wire/protocol.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

export const INVITABLE: readonly InvitableRole[] = ['viewer', 'runner', 'writer', 'editor'];

/** Whether somebody in this role can do on the server whatever its owner can. */
export function mayRun(role: Role): boolean {
  return CAPABILITIES[role].includes('run');
}

/**
 * What somebody in this role, invited by a link, can do beyond the room; `null` for nothing. `dangers.py` has the same
 * words.
 *
 * @param apart - Whether the kernels of rooms are kept apart from the server's own user.
 */
export function roleDanger(role: Role, apart: boolean, trans: TranslationBundle): string | null {
  const runCells = apart
    ? trans.__(
        'Anyone who has this link can run the cells of this room as they are, on this server: in a kernel that is ' +
          'kept apart from your files and your rights.'
      )
    : trans.__(
        'Anyone who has this link can run the cells of this room as they are, on this server: with your files and ' +
          'your rights.'
      );
  const runCode = apart
    ? trans.__(
        'Anyone who has this link can run any code on this server: in a kernel that is kept apart from your files ' +
          'and your rights.'
      )
    : trans.__('Anyone who has this link can run any code on this server: with your files and your rights.');
  return danger(role, apart, runCells, runCode, trans);
}

/** What people whom one makes `role` in a room can do beyond it; `null` for nothing. */
export function peopleDanger(role: Role, apart: boolean, trans: TranslationBundle): string | null {
  const runCells = apart
    ? trans.__(
        'They can run the cells of this room as they are, on this server: in a kernel that is kept apart from your ' +
          'files and your rights.'
      )
    : trans.__('They can run the cells of this room as they are, on this server: with your files and your rights.');
  const runCode = apart
    ? trans.__('They can run any code on this server: in a kernel that is kept apart from your files and your rights.')
    : trans.__('They can run any code on this server: with your files and your rights.');
  return danger(role, apart, runCells, runCode, trans);
}

function danger(
  role: Role,
  apart: boolean,
  runCells: string,
  runCode: string,
  trans: TranslationBundle
): string | null {
  const may = (capability: Capability): boolean => CAPABILITIES[role].includes(capability);
  if (!may('edit')) {
    const steer = trans.__(
      'They can also answer what a cell asks for, and interrupt, restart, end or change the kernel.'
    );
    return may('run') ? `${runCells} ${steer}` : null;
  }
  const change = trans.__('They can also change or delete any cell, and put in results that nobody computed.');
  if (may('run')) {
    const own = trans.__(
      'If you run their code in a kernel of your own, it has your files and your rights all the same.'
    );
    return [runCode, ...(apart ? [own] : []), change].join(' ');
  }
  const yourRun = apart
    ? trans.__(
        'If you run a cell in a kernel of your own, you run their code, with your files and your rights. ' +
          'The kernel of this room is kept apart from these.'
      )
    : trans.__('If you run a cell, you run their code, with your files and your rights.');
  return `${yourRun} ${change}`;
}

/** What the link of an invitation is called. */
export function linkTitle(role: InvitableRole, trans: TranslationBundle): string {
  const titles: Readonly<Record<InvitableRole, string>> = {
    viewer: trans.__('Link for a Viewer'),
    runner: trans.__('Link for a Runner'),
    writer: trans.__('Link for a Writer'),
    editor: trans.__('Link for an Editor')
  };
  return titles[role];
}

/** Whether an address leads every computer to itself. */
export function opensHereOnly(link: string): boolean {
  const { hostname } = new URL(link);
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

export function roleName(role: Role, trans: TranslationBundle): string {
  const names: Readonly<Record<Role, string>> = {
    viewer: trans.__('Viewer'),
    runner: trans.__('Runner'),
    writer: trans.__('Writer'),
    editor: trans.__('Editor'),
    owner: trans.__('Owner')
  };
  return names[role];
}

/** What somebody in this role does, in a few words. */
export function roleWords(role: Role, trans: TranslationBundle): string {
  const words: Readonly<Record<Role, string>> = {
    viewer: trans.__('sees everything, changes nothing'),
    runner: trans.__('sees everything, runs the cells as they are, and steers the kernel'),
    writer: trans.__('edits, but runs nothing'),
    editor: trans.__('edits and runs'),
    owner: trans.__('edits, runs, invites and removes people')
  };
  return words[role];
}

/** For how long an invitation can be good: seconds, `null` for ever. */
export function lifetimes(trans: TranslationBundle): [number | null, string][] {
  return [
    [HOUR, trans.__('1 hour')],
    [2 * HOUR, trans.__('2 hours')],
    [DAY, trans.__('1 day')],
    [7 * DAY, trans.__('1 week')],
    [null, trans.__('no end')]
  ];
}

/** For how long an invitation is good if nobody chooses. */
export const USUAL_LIFETIME = DAY;

/** A moment as people here write it; `now` decides whether its day is said. */
export function momentWords(moment: string | null, now = new Date()): string {
  if (moment === null) {
    return '';
  }
  const date = new Date(moment);
  const isToday = date.toDateString() === now.toDateString();
  return isToday
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}

/** What is left of an invitation: until when, and how often it was used. */
export function invitationWords(invitation: IInvitation, trans: TranslationBundle, now = new Date()): string {
  const { expires_at, max_uses, uses, created_by, has_password, needs_approval } = invitation;
  const words = [trans.__('by %1', created_by)];
  if (expires_at === null) {
    words.push(trans.__('no end'));
  } else if (new Date(expires_at) <= now) {
    words.push(trans.__('expired'));
  } else {
    words.push(trans.__('until %1', momentWords(expires_at, now)));
  }
  words.push(usedWords(uses, max_uses, trans));
  if (has_password) {
    words.push(trans.__('password'));
  }
  if (needs_approval) {
    words.push(trans.__('you let each one in'));
  }
  return words.join(' · ');
}

function usedWords(uses: number, most: number | null, trans: TranslationBundle): string {
  if (most !== null) {
    return uses === 0
      ? trans._n('not used yet, good for one', 'not used yet, good for %1', most)
      : trans.__('used %1 of %2 times', uses, most);
  }
  return uses === 0 ? trans.__('not used yet') : trans._n('used once', 'used %1 times', uses);
}

/** Whether nobody can come by an invitation any more. */
export function isSpent({ expires_at, max_uses, uses }: IInvitation, now = new Date()): boolean {
  return (expires_at !== null && new Date(expires_at) <= now) || (max_uses !== null && uses >= max_uses);
}

/** What somebody did, without who and when. */
export function deedWords({ kind, details }: IDeed, trans: TranslationBundle): string {
  const member = text(details.member_name) || text(details.member);
  const role = nameOf(details.role, trans);
  switch (kind) {
    case 'created':
      return trans.__('made the room');
    case 'invited':
      return trans.__('made an invitation: %1', role);
    case 'invite_rotated':
      return trans.__('gave an invitation a new link');
    case 'invite_revoked':
      return details.members_removed === true
        ? trans.__('took an invitation back, and the places of those who came by it')
        : trans.__('took an invitation back');
    case 'asked_to_join':
      return trans.__('asked to join: %1', role);
    case 'came':
      return trans.__('came by an invitation: %1', role);
    case 'joined':
      return trans.__('joined');
    case 'left':
      return trans.__('left');
    case 'added':
      return trans.__('added %1: %2', member, role);
    case 'admitted':
      return trans.__('let %1 in: %2', member, role);
    case 'refused':
      return trans.__('refused %1', member);
    case 'role_changed':
      return trans.__('changed %1: %2, before %3', member, role, nameOf(details.from, trans));
    case 'removed':
      return trans.__('removed %1', member);
    case 'access_changed':
      return details.server_role === null
        ? trans.__('closed the room to people without an invitation')
        : trans.__('opened the room to everyone on this server: %1', nameOf(details.server_role, trans));
    default:
      return kind;
  }
}

function nameOf(role: unknown, trans: TranslationBundle): string {
  return typeof role === 'string' && role in CAPABILITIES ? roleName(role as Role, trans) : '';
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

import type { Role } from '../wire/protocol.js';

const ROLES: readonly unknown[] = ['viewer', 'runner', 'writer', 'editor', 'owner'] satisfies Role[];

/** Whether a value from outside is the name of a role. */
export function isRole(value: unknown): value is Role {
  return ROLES.includes(value);
}

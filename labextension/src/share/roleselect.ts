import type { TranslationBundle } from '@jupyterlab/translation';

import { element } from '../ui/dom.js';
import type { Role } from '../wire/protocol.js';
import { peopleDanger, roleName, roleWords } from './wording.js';

/**
 * A choice among roles, whose description says what somebody in the chosen one can do beyond the room.
 *
 * @param areKernelsApart - Whether the kernels of rooms are kept apart from the server's own user.
 */
export function roleSelect(
  roles: readonly Role[],
  chosen: Role,
  label: string,
  areKernelsApart: () => boolean,
  trans: TranslationBundle
): HTMLSelectElement {
  const options = roles.map(role =>
    element('option', '', { value: role, title: roleWords(role, trans) }, roleName(role, trans))
  );
  const select = element('select', 'jc-Share-select', { 'aria-label': label }, ...options);
  const describe = (): void => {
    const danger = peopleDanger(select.value as Role, areKernelsApart(), trans) ?? '';
    select.title = danger;
    select.setAttribute('aria-description', danger);
  };
  select.value = chosen;
  describe();
  select.addEventListener('change', describe);
  // What the server says of its kernels may come later.
  select.addEventListener('focus', describe);
  return select;
}

import type { TranslationBundle } from '@jupyterlab/translation';

import { element } from '../pane/dom.js';
import type { Role } from '../protocol.js';
import { roleName, roleWords } from './wording.js';

/** A choice among roles. */
export function roleSelect(
  roles: readonly Role[],
  chosen: Role,
  label: string,
  trans: TranslationBundle
): HTMLSelectElement {
  const options = roles.map(role =>
    element('option', '', { value: role, title: roleWords(role, trans) }, roleName(role, trans))
  );
  const select = element('select', 'jc-Share-select', { 'aria-label': label }, ...options);
  select.value = chosen;
  return select;
}

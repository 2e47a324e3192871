import type { TranslationBundle } from '@jupyterlab/translation';

import { button, element } from '../ui/dom.js';
import type { Role } from '../wire/protocol.js';
import type { ShareModel } from './model.js';
import { roleSelect } from './roleselect.js';
import { type IStoppable, offerToStop } from './stopping.js';
import { INVITABLE, mayRun, peopleDanger, roleName, roleWords } from './wording.js';

const DANGER_ID = 'jc-share-everyone-danger';

const SERVER_ROLES: readonly Role[] = [...INVITABLE, 'owner'];

/** What everyone on the server is in the room, and a place for one of them by name. */
export class ServerAccess {
  readonly node: HTMLElement;

  constructor(
    private readonly _model: ShareModel,
    private readonly _kernel: IStoppable,
    private readonly _trans: TranslationBundle
  ) {
    const trans = _trans;
    const nothing = element('option', '', { value: '' }, trans.__('Private: only who is listed here'));
    const given = SERVER_ROLES.map(role =>
      element('option', '', { value: role }, `${roleName(role, trans)}: ${roleWords(role, trans)}`)
    );
    this._everyone.append(nothing, ...given);
    this._everyone.addEventListener('change', () => void this._change());
    this.node = element(
      'div',
      'jc-Share-server',
      {},
      element('label', '', {}, trans.__('Everyone on this server'), this._everyone),
      this._warning,
      this._addForm()
    );
  }

  refresh(): void {
    this._everyone.value = this._model.serverRole ?? '';
    this._everyone.disabled = !this._model.isLoaded;
    const role = this._model.serverRole;
    const danger = role === null ? null : peopleDanger(role, this._model.areKernelsApart, this._trans);
    this._warning.hidden = danger === null;
    this._warning.textContent = danger ?? '';
  }

  private async _change(): Promise<void> {
    const wanted = this._everyone.value === '' ? null : (this._everyone.value as Role);
    const could = await this._model.setServerRole(wanted);
    this.refresh();
    if (could && (wanted === null || !mayRun(wanted))) {
      const left = await this._model.inKernelOfOthers();
      await offerToStop(this._trans.__('others on this server'), left, this._kernel, this._trans);
    }
  }

  private _addForm(): HTMLFormElement {
    const trans = this._trans;
    const label = trans.__('Name of a user of this server');
    const name = element('input', '', { type: 'text', autocomplete: 'off', maxlength: '200', 'aria-label': label });
    name.placeholder = label;
    const role = roleSelect(SERVER_ROLES, 'editor', trans.__('Their role'), () => this._model.areKernelsApart, trans);
    const add = button({ label: trans.__('Add'), onClick: () => undefined });
    add.type = 'submit';
    const form = element('form', 'jc-Share-add', {}, name, role, add);
    form.addEventListener('submit', event => {
      event.preventDefault();
      if (name.value.trim() === '') {
        name.focus();
        return;
      }
      void this._model.addServerUser(name.value, role.value as Role).then(could => {
        if (could) {
          name.value = '';
        }
      });
    });
    return form;
  }

  private readonly _everyone = element('select', 'jc-Share-select', { 'aria-describedby': DANGER_ID });
  private readonly _warning = element('p', 'jc-Share-warning', { id: DANGER_ID });
}

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IInviteWish, InvitableRole } from '../rest/shareapi.js';
import { button, element, setText } from '../ui/dom.js';
import { INVITABLE, lifetimes, roleDanger, roleName, roleWords, USUAL_LIFETIME } from './wording.js';

/** So many may come by one invitation, as the server has it. */
const MAX_USES = 1_000_000;

const DANGER_ID = 'jc-share-role-danger';

/** What an invitation is to be like. */
export class InviteForm {
  readonly node: HTMLFormElement;

  /**
   * @param invite - Makes the invitation; whether it could.
   * @param _areKernelsApart - Whether the kernels of rooms are kept apart from the server's own user.
   */
  constructor(
    invite: (wish: IInviteWish) => Promise<boolean>,
    private readonly _areKernelsApart: () => boolean,
    private readonly _trans: TranslationBundle
  ) {
    const trans = _trans;
    this._warning.hidden = true;
    this._role.addEventListener('change', () => this.refresh());
    const submit = button({ label: trans.__('Make a link'), className: 'jc-mod-accept', onClick: () => undefined });
    submit.type = 'submit';
    this._lifetime = this._lifetimeSelect();
    const more = element(
      'div',
      'jc-Share-fields',
      {},
      element('label', '', {}, trans.__('Good for'), this._lifetime),
      element('label', '', {}, trans.__('How many may come'), this._uses),
      element('label', '', {}, trans.__('Password'), this._password)
    );
    this._uses.placeholder = trans.__('any number');
    this._password.placeholder = trans.__('none');
    const approval = element('label', 'jc-Share-check', {}, this._approval, trans.__('I let each one in myself'));
    this.node = element('form', 'jc-Share-form', {}, this._roles(), this._warning, more, approval, submit);
    this.node.addEventListener('submit', event => {
      event.preventDefault();
      submit.disabled = true;
      void invite(this.wish).then(could => {
        submit.disabled = false;
        if (!could) {
          submit.focus();
        }
      });
    });
  }

  get wish(): IInviteWish {
    return {
      role: this._chosenRole,
      expires_in_seconds: this._lifetime.value === '' ? null : Number(this._lifetime.value),
      max_uses: this._uses.value === '' ? null : Number(this._uses.value),
      password: this._password.value || null,
      needs_approval: this._approval.checked
    };
  }

  /** Says what somebody in the chosen role can do beyond the room. */
  refresh(): void {
    const danger = roleDanger(this._chosenRole, this._areKernelsApart(), this._trans) ?? '';
    this._warning.hidden = danger === '';
    setText(this._warning, danger);
  }

  private get _chosenRole(): InvitableRole {
    const chosen = this._role.querySelector<HTMLInputElement>('input:checked');
    return (chosen?.value ?? 'viewer') as InvitableRole;
  }

  private _roles(): HTMLElement {
    const trans = this._trans;
    const choices = INVITABLE.map(role => {
      const input = element('input', '', { type: 'radio', name: 'jc-share-role', value: role });
      input.checked = role === 'viewer';
      const words = element('span', '', {}, element('b', '', {}, roleName(role, trans)), ` ${roleWords(role, trans)}`);
      return element('label', 'jc-Share-role', {}, input, words);
    });
    this._role.append(element('legend', '', {}, trans.__('Who comes by the link')), ...choices);
    return this._role;
  }

  private _lifetimeSelect(): HTMLSelectElement {
    const options = lifetimes(this._trans).map(([seconds, words]) =>
      element('option', '', { value: `${seconds ?? ''}` }, words)
    );
    const select = element('select', '', {}, ...options);
    select.value = `${USUAL_LIFETIME}`;
    return select;
  }

  private readonly _role = element('fieldset', 'jc-Share-roles', { 'aria-describedby': DANGER_ID });
  private readonly _warning = element('p', 'jc-Share-warning', { id: DANGER_ID, role: 'alert' });
  private readonly _lifetime: HTMLSelectElement;
  private readonly _uses = element('input', '', { type: 'number', min: '1', max: `${MAX_USES}`, step: '1' });
  private readonly _password = element('input', '', { type: 'text', autocomplete: 'off', maxlength: '200' });
  private readonly _approval = element('input', '', { type: 'checkbox' });
}

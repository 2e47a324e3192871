import type { TranslationBundle } from '@jupyterlab/translation';

import type { IMember, InKernel } from '../rest/shareapi.js';
import { button, element } from '../ui/dom.js';
import { askSure, refill } from '../ui/sheet.js';
import { CAPABILITIES, type Role } from '../wire/protocol.js';
import { isGuest, type ShareModel } from './model.js';
import { roleSelect } from './roleselect.js';
import { type IStoppable, offerToStop } from './stopping.js';
import { INVITABLE, roleName } from './wording.js';

/** Who was given a place in the room, those who wait for one first. */
export class MemberList {
  readonly node = element('ul', 'jc-Share-list');

  /**
   * @param _me - The principal of the viewer, if it is known.
   */
  constructor(
    private readonly _model: ShareModel,
    private readonly _me: string | null,
    private readonly _kernel: IStoppable,
    private readonly _trans: TranslationBundle
  ) {}

  refresh(): void {
    const { members } = this._model;
    const shown = JSON.stringify(members);
    if (shown === this._shown) {
      return;
    }
    this._shown = shown;
    const none = element('li', 'jc-Share-none', {}, this._trans.__('No one was added yet.'));
    refill(this.node, ...(members.length === 0 ? [none] : members.map(member => this._row(member))));
  }

  private _row(member: IMember): HTMLElement {
    const isWaiting = member.status === 'waiting';
    const row = element('li', 'jc-Share-row', { 'data-member': member.principal }, this._name(member));
    row.append(...(isWaiting ? this._decisions(member) : this._controls(member)));
    row.classList.toggle('jc-mod-waiting', isWaiting);
    return row;
  }

  private _name(member: IMember): HTMLElement {
    const trans = this._trans;
    const words = element('span', 'jc-Share-words', {}, element('b', '', {}, member.display_name));
    if (isGuest(member)) {
      const title = trans.__('Guests choose their names themselves');
      words.append(element('span', 'jc-Share-badge', { title }, trans.__('guest')));
    } else {
      words.append(element('span', 'jc-Share-detail', {}, member.principal.replace(/^server:/, '')));
    }
    if (member.principal === this._me) {
      words.append(element('span', 'jc-Share-badge', {}, trans.__('you')));
    }
    if (member.status === 'waiting') {
      const wish = trans.__('waits to join: %1', roleName(member.role, trans));
      words.append(element('span', 'jc-Share-detail', {}, wish));
    }
    return words;
  }

  private _decisions({ principal, display_name, role }: IMember): HTMLElement[] {
    const trans = this._trans;
    const admit = button({
      label: trans.__('Admit'),
      className: 'jc-mod-accept',
      onClick: () => void this._model.setRole(principal, role)
    });
    const refuse = button({ label: trans.__('Refuse'), onClick: () => void this._model.remove(principal) });
    admit.setAttribute('aria-label', trans.__('Admit %1', display_name));
    refuse.setAttribute('aria-label', trans.__('Refuse %1', display_name));
    admit.dataset.focus = `admit ${principal}`;
    refuse.dataset.focus = `refuse ${principal}`;
    return [admit, refuse];
  }

  private _controls(member: IMember): HTMLElement[] {
    const trans = this._trans;
    const { principal, display_name, role } = member;
    const roles: Role[] = isGuest(member) ? [...INVITABLE] : [...INVITABLE, 'owner'];
    const areApart = (): boolean => this._model.areKernelsApart;
    const select = roleSelect(roles, role, trans.__('Role of %1', display_name), areApart, trans);
    select.dataset.focus = `role ${principal}`;
    select.addEventListener('change', () => void this._change(member, select));
    const remove = button({ label: trans.__('Remove…'), onClick: () => void this._remove(member) });
    remove.setAttribute('aria-label', trans.__('Remove %1', display_name));
    remove.dataset.focus = `remove ${principal}`;
    return [select, remove];
  }

  private async _change({ principal, role, display_name }: IMember, select: HTMLSelectElement): Promise<void> {
    const wanted = select.value as Role;
    if (!(await this._model.setRole(principal, wanted))) {
      select.value = role;
    } else if (!CAPABILITIES[wanted].includes('run')) {
      await offerToStop(display_name, await this._inKernel(principal), this._kernel, this._trans);
    }
  }

  private async _remove({ principal, display_name }: IMember): Promise<void> {
    const trans = this._trans;
    const words = [trans.__('Their page says so at once. What they wrote here stays.')];
    if ((await this._inKernel(principal)) === 'running') {
      words.push(trans.__('A cell that they started still runs, and goes on. You can end it in the next step.'));
    }
    if (await askSure(trans.__('Remove %1?', display_name), words.join(' '), trans.__('Remove'), trans)) {
      const left = await this._inKernel(principal);
      if (await this._model.remove(principal)) {
        await offerToStop(display_name, left, this._kernel, trans);
      }
    }
  }

  private _inKernel(principal: string): Promise<InKernel> {
    return this._model.inKernel(member => member.principal === principal);
  }

  private _shown = '';
}

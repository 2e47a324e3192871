import type { TranslationBundle } from '@jupyterlab/translation';

import type { IInvitation } from '../rest/shareapi.js';
import { button, element } from '../ui/dom.js';
import { openSheet, refill } from '../ui/sheet.js';
import type { ShareModel } from './model.js';
import { type IStoppable, offerToStop } from './stopping.js';
import { invitationWords, isSpent, roleName } from './wording.js';

/** The invitations that there are. Their links are known to nobody any more, but each can be given another one. */
export class InvitationList {
  readonly node = element('ul', 'jc-Share-list');

  constructor(
    private readonly _model: ShareModel,
    private readonly _kernel: IStoppable,
    private readonly _trans: TranslationBundle
  ) {}

  refresh(): void {
    const { invitations } = this._model;
    const shown = JSON.stringify(invitations);
    if (shown === this._shown) {
      return;
    }
    this._shown = shown;
    const none = element('li', 'jc-Share-none', {}, this._trans.__('There are none.'));
    refill(this.node, ...(invitations.length === 0 ? [none] : invitations.map(one => this._row(one))));
  }

  private _row(invitation: IInvitation): HTMLElement {
    const trans = this._trans;
    const { id, role } = invitation;
    const rotate = button({ label: trans.__('New link'), onClick: () => void this._model.rotate(id) });
    rotate.title = trans.__('The former link and code lead nowhere then');
    rotate.dataset.focus = `rotate ${id}`;
    const revoke = button({ label: trans.__('Take back…'), onClick: () => this._askRevoke(invitation) });
    revoke.dataset.focus = `revoke ${id}`;
    const name = roleName(role, trans);
    const words = element(
      'span',
      'jc-Share-words',
      {},
      element('b', '', {}, name),
      element('span', 'jc-Share-detail', {}, invitationWords(invitation, trans))
    );
    const row = element('li', 'jc-Share-row', { 'data-invitation': id }, words, rotate, revoke);
    row.classList.toggle('jc-mod-spent', isSpent(invitation));
    return row;
  }

  private _askRevoke({ id, uses }: IInvitation): void {
    const trans = this._trans;
    const removes = element('input', '', { type: 'checkbox' });
    const alsoWords = trans.__('Also remove everybody who joined by it');
    const also = element('label', 'jc-Share-check', {}, removes, alsoWords);
    also.hidden = uses === 0;
    const accept = button({
      label: trans.__('Take back'),
      className: 'jc-mod-warn',
      onClick: () => {
        sheet.close();
        void this._revoke(id, removes.checked);
      }
    });
    const cancel = button({ label: trans.__('Cancel'), onClick: () => sheet.close() });
    const words = trans.__('Nobody can come by its link and code any more.');
    const actions = element('div', 'jc-Sheet-actions', {}, cancel, accept);
    const sheet = openSheet({
      title: trans.__('Take this invitation back?'),
      className: 'jc-mod-question',
      body: [element('p', '', {}, words), also, actions],
      trans
    });
    cancel.focus();
  }

  private async _revoke(id: string, removeMembers: boolean): Promise<void> {
    const left = removeMembers ? await this._model.inKernel(({ invitation }) => invitation === id) : 'nothing';
    if (await this._model.revoke(id, removeMembers)) {
      await offerToStop(this._trans.__('those who came by it'), left, this._kernel, this._trans);
    }
  }

  private _shown = '';
}

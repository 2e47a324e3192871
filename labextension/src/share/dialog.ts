import type { TranslationBundle } from '@jupyterlab/translation';

import type { Room } from '../rooms/room.js';
import { element } from '../ui/dom.js';
import { openSheet } from '../ui/sheet.js';
import { Activity } from './activity.js';
import { handoutView } from './handout.js';
import { InvitationList } from './invitationlist.js';
import { InviteForm } from './inviteform.js';
import { MemberList } from './memberlist.js';
import { type IHandout, ShareModel } from './model.js';
import { ServerAccess } from './serveraccess.js';

/**
 * Opens what an owner shares a room with: invitations, the people, and what was done. It closes by itself when the
 * viewer may do none of this any more.
 */
export function openShareDialog(room: Room, trans: TranslationBundle): void {
  const model = new ShareModel(room.shareApi);
  const view = new ShareView(room, model, trans);
  const sheet = openSheet({
    title: trans.__('Share “%1”', room.title),
    className: 'jc-Share',
    body: [view.node],
    trans,
    onClose: () => {
      room.membersChanged.disconnect(onMembers);
      room.roleChanged.disconnect(onRole);
      room.disposed.disconnect(onRole);
      model.dispose();
    }
  });
  const onMembers = (): void => void model.refresh();
  const onRole = (): void => {
    if (room.isDisposed || !room.capabilities.has('manage')) {
      sheet.close();
    }
  };
  room.membersChanged.connect(onMembers);
  room.roleChanged.connect(onRole);
  room.disposed.connect(onRole);
  void model.refresh();
}

class ShareView {
  readonly node: HTMLElement;

  constructor(
    room: Room,
    private readonly _model: ShareModel,
    private readonly _trans: TranslationBundle
  ) {
    const trans = _trans;
    const me = room.people.find(({ isMe }) => isMe);
    const areApart = (): boolean => this._model.areKernelsApart;
    this._form = new InviteForm(wish => this._model.invite(wish), areApart, trans);
    this._invitations = new InvitationList(_model, room.kernelApi, trans);
    this._access = new ServerAccess(_model, room.kernelApi, trans);
    this._members = new MemberList(_model, me?.principal ?? null, room.kernelApi, trans);
    this._activity = new Activity(_model, `${room.id}-audit.csv`, trans);
    const noGuests = trans.__(
      'This server admits nobody without a login; its administrator can change that. ' +
        'You can add users of this server below, by their names.'
    );
    this._noGuests = element('p', 'jc-Share-note', {}, noGuests);
    this.node = element(
      'div',
      'jc-Share-body',
      { 'aria-busy': 'true' },
      this._problem,
      section(trans.__('Invite by a link'), this._noGuests, this._form.node, this._handout),
      section(trans.__('Invitations'), this._invitations.node),
      section(trans.__('People'), this._access.node, this._members.node),
      element('section', 'jc-Share-section', {}, this._activity.node)
    );
    this._model.changed.connect(this._refresh, this);
    this._refresh();
  }

  private _refresh(): void {
    const { problem, guestsAllowed, handout, isLoaded } = this._model;
    this.node.setAttribute('aria-busy', `${!isLoaded && problem === ''}`);
    this._problem.textContent = problem;
    this._problem.hidden = problem === '';
    this._noGuests.hidden = guestsAllowed;
    this._form.node.hidden = !guestsAllowed;
    this._form.refresh();
    this._showHandout(handout);
    this._invitations.refresh();
    this._access.refresh();
    this._members.refresh();
    this._activity.refresh();
  }

  private _showHandout(handout: IHandout | null): void {
    if (handout === this._shownHandout) {
      return;
    }
    this._shownHandout = handout;
    const { areKernelsApart } = this._model;
    this._handout.replaceChildren(...(handout === null ? [] : [handoutView(handout, areKernelsApart, this._trans)]));
    if (handout !== null) {
      this._handout.scrollIntoView({ block: 'nearest' });
      this._handout.querySelector<HTMLElement>('[data-focus]')?.focus();
    }
  }

  private readonly _problem = element('p', 'jc-Share-warning', { role: 'alert' });
  private readonly _noGuests: HTMLElement;
  private readonly _handout = element('div', '', { 'aria-live': 'polite' });
  private readonly _form: InviteForm;
  private readonly _invitations: InvitationList;
  private readonly _access: ServerAccess;
  private readonly _members: MemberList;
  private readonly _activity: Activity;
  private _shownHandout: IHandout | null = null;
}

function section(title: string, ...children: Node[]): HTMLElement {
  const heading = element('h3', '', { tabindex: '-1' }, title);
  return element('section', 'jc-Share-section', { 'aria-label': title }, heading, ...children);
}

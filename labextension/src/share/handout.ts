import type { TranslationBundle } from '@jupyterlab/translation';

import { button, element } from '../pane/dom.js';
import type { IHandout } from './model.js';
import { qrCode } from './qr.js';
import { copyField, openSheet } from './sheet.js';
import { roleDanger, roleName } from './wording.js';

const DANGER_ID = 'jc-share-link-danger';

/** What is handed out of an invitation: its link, its code, and both for a projector. */
export function handoutView({ invitation, link }: IHandout, trans: TranslationBundle): HTMLElement {
  const field = element('input', 'jc-Share-link', { type: 'text', readonly: '', 'aria-label': trans.__('Link') });
  field.value = link;
  field.addEventListener('focus', () => field.select());
  const said = element('span', 'jc-Share-said', { role: 'status' });
  const copy = button({
    label: trans.__('Copy'),
    className: 'jc-mod-accept',
    onClick: () =>
      void copyField(field).then(could => {
        said.textContent = could ? trans.__('Copied') : trans.__('Press Ctrl C to copy it');
      })
  });
  copy.dataset.focus = 'copy';
  const [address] = link.split('#');
  const code = qrCode(link, trans.__('QR code of the link'));
  const project = button({
    label: trans.__('Full screen'),
    onClick: () => openProjector(link, address, invitation.code, trans)
  });
  const words = element(
    'div',
    'jc-Share-handoutWords',
    {},
    element('strong', '', {}, trans.__('%1: this is shown only now', roleName(invitation.role, trans))),
    element('div', 'jc-Share-copy', {}, field, copy, said),
    element('p', '', {}, trans.__('Or type the code at %1', address)),
    element('output', 'jc-Share-code', { 'aria-label': trans.__('Code') }, invitation.code)
  );
  const danger = roleDanger(invitation.role, trans);
  if (danger !== null) {
    field.setAttribute('aria-describedby', DANGER_ID);
    words.append(element('p', 'jc-Share-warning', { id: DANGER_ID }, danger));
  }
  const picture = element('div', 'jc-Share-picture', {}, code, project);
  return element('div', 'jc-Share-handout', {}, words, picture);
}

/** The link as large as the screen, for a room full of people. */
function openProjector(link: string, address: string, code: string, trans: TranslationBundle): void {
  const screen = element(
    'div',
    'jc-Projector-screen',
    {},
    qrCode(link, trans.__('QR code of the link')),
    element('p', 'jc-Projector-address', {}, address),
    element('p', 'jc-Share-code', {}, code)
  );
  const title = trans.__('Come in');
  const sheet = openSheet({
    title,
    className: 'jc-Projector',
    body: [screen],
    trans,
    onClose: () => {
      if (document.fullscreenElement !== null) {
        void document.exitFullscreen();
      }
    }
  });
  // Where the browser does not allow it, the sheet fills the window at least.
  screen.requestFullscreen?.().catch(() => undefined);
  sheet.focus();
}

import type { TranslationBundle } from '@jupyterlab/translation';

import { button, element } from '../ui/dom.js';
import { copyField, openSheet } from '../ui/sheet.js';
import type { IHandout } from './model.js';
import { qrCode } from './qr.js';
import { linkTitle, opensHereOnly, roleDanger } from './wording.js';

const DANGER_ID = 'jc-share-link-danger';

/**
 * What is handed out of an invitation: its link, its code, and both for a projector.
 *
 * @param apart - Whether the kernels of rooms are kept apart from the server's own user.
 */
export function handoutView({ invitation, link }: IHandout, apart: boolean, trans: TranslationBundle): HTMLElement {
  const title = linkTitle(invitation.role, trans);
  const danger = roleDanger(invitation.role, apart, trans);
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
    onClick: () => openProjector({ title, link, address, code: invitation.code, danger }, trans)
  });
  const words = element(
    'div',
    'jc-Share-handoutWords',
    {},
    element('p', '', {}, element('strong', '', {}, title), ' ', trans.__('Copy it now: it is not shown again.')),
    element('div', 'jc-Share-copy', {}, field, copy, said),
    element('p', '', {}, trans.__('Or type the code at %1', address)),
    element('output', 'jc-Share-code', { 'aria-label': trans.__('Code') }, invitation.code)
  );
  if (opensHereOnly(link)) {
    words.append(element('p', 'jc-Share-warning', {}, hereOnlyWords(new URL(link).hostname, trans)));
  }
  if (danger !== null) {
    field.setAttribute('aria-describedby', DANGER_ID);
    words.append(element('p', 'jc-Share-warning', { id: DANGER_ID }, danger));
  }
  const picture = element('div', 'jc-Share-picture', {}, code, project);
  return element('section', 'jc-Share-handout', { 'aria-label': title }, words, picture);
}

/** What to do about a link that others cannot open. */
function hereOnlyWords(host: string, trans: TranslationBundle): string {
  return trans.__(
    'This link opens on this computer only, for it begins with %1. For others, open JupyterLab at an address that ' +
      'they can reach too, or set CollabExtension.public_url on the server; then make another link. ' +
      'The page docs/share.md says more.',
    host
  );
}

/** What of an invitation a projector shows. */
interface IProjected {
  title: string;
  link: string;
  /** Where its code is typed. */
  address: string;
  code: string;
  danger: string | null;
}

/** The link as large as the screen, for a room full of people. */
function openProjector({ title, link, address, code, danger }: IProjected, trans: TranslationBundle): void {
  const screen = element(
    'div',
    'jc-Projector-screen',
    {},
    qrCode(link, trans.__('QR code of the link')),
    element('p', 'jc-Projector-address', {}, address),
    element('p', 'jc-Share-code', {}, code),
    element('p', 'jc-Projector-words', {}, element('strong', '', {}, title), ...(danger === null ? [] : [' ', danger]))
  );
  if (opensHereOnly(link)) {
    screen.append(element('p', 'jc-Projector-words', {}, hereOnlyWords(new URL(link).hostname, trans)));
  }
  const sheet = openSheet({
    title: trans.__('Come in'),
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

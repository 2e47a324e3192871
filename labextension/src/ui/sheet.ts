/** Boxes of our own over the page. They need no JupyterLab around them. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { button, element } from './dom.js';

/**
 * A modal box with a title: the rest of the page cannot be reached while it is open, Escape closes it, and the focus
 * goes back to where it was. It is gone from the page when it is closed.
 */
export function openSheet(options: {
  title: string;
  className: string;
  body: readonly Node[];
  trans: Pick<TranslationBundle, '__'>;
  onClose?: () => void;
}): HTMLDialogElement {
  const { title, className, body, trans, onClose } = options;
  const heading = element('h2', 'jc-Sheet-title', {}, title);
  const close = button({ label: trans.__('Close'), className: 'jc-Sheet-close', onClick: () => sheet.close() });
  const attributes = { 'aria-label': title, 'data-lm-suppress-shortcuts': 'true' };
  const top = element('div', 'jc-Sheet-top', {}, heading, close);
  const sheet = element('dialog', `jc-Sheet ${className}`, attributes, top, ...body);
  sheet.addEventListener('close', () => {
    sheet.remove();
    onClose?.();
  });
  // JupyterLab's shortcuts and the notebook below are not for what is typed here.
  sheet.addEventListener('keydown', event => event.stopPropagation());
  document.body.append(sheet);
  sheet.showModal();
  return sheet;
}

/** Asks whether to do something that cannot be taken back; says `true` if so. */
export function askSure(
  title: string,
  words: string,
  label: string,
  trans: Pick<TranslationBundle, '__'>
): Promise<boolean> {
  return new Promise(resolve => {
    let isSure = false;
    const accept = button({
      label,
      className: 'jc-mod-warn',
      onClick: () => {
        isSure = true;
        sheet.close();
      }
    });
    const cancel = button({ label: trans.__('Cancel'), onClick: () => sheet.close() });
    const sheet = openSheet({
      title,
      className: 'jc-mod-question',
      body: [element('p', '', {}, words), element('div', 'jc-Sheet-actions', {}, cancel, accept)],
      trans,
      onClose: () => resolve(isSure)
    });
    cancel.focus();
  });
}

/** Puts other children into a node; what has the focus, and a `data-focus`, has it again in its new shape. */
export function refill(node: HTMLElement, ...children: (Node | string)[]): void {
  const active = document.activeElement;
  const focused = node.contains(active) ? (active as HTMLElement) : null;
  const key = focused?.dataset.focus;
  node.replaceChildren(...children);
  if (focused !== null) {
    const same = [...node.querySelectorAll<HTMLElement>('[data-focus]')].find(({ dataset }) => dataset.focus === key);
    const next = same ?? node.closest('section')?.querySelector<HTMLElement>('[tabindex="-1"]');
    next?.focus();
  }
}

/** Copies the text of a field; says whether it could. */
export async function copyField(field: HTMLInputElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    // Browsers give the clipboard to pages that come over HTTPS or from this machine only; this works on all.
    field.select();
    return document.execCommand('copy');
  }
}

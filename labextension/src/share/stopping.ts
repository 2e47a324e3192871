/** What somebody ran who may not run any more goes on in the kernel, until an owner ends it. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { InKernel } from '../rest/shareapi.js';
import { button, element } from '../ui/dom.js';
import { messageOf } from '../ui/errors.js';
import { openSheet } from '../ui/sheet.js';

/** What of a room's kernel is needed here. */
export interface IStoppable {
  interrupt(): Promise<void>;
  restart(): Promise<void>;
}

/** Offers to end what `name` ran; returns when that is decided, and at once if the kernel has nothing of theirs. */
export function offerToStop(name: string, left: InKernel, kernel: IStoppable, trans: TranslationBundle): Promise<void> {
  if (left === 'nothing') {
    return Promise.resolve();
  }
  const words =
    left === 'running'
      ? trans.__('A cell that they started still runs in the room’s kernel.')
      : trans.__('They ran cells in the room’s kernel. What these started there, such as threads, may go on.');
  return new Promise(resolve => {
    const problem = element('p', 'jc-Share-warning', { role: 'alert', hidden: '' });
    const act = (label: string, className: string, stop: () => Promise<void>): HTMLElement =>
      button({
        label,
        className,
        onClick: () =>
          void stop().then(
            () => sheet.close(),
            (error: unknown) => {
              problem.hidden = false;
              problem.textContent = messageOf(error);
            }
          )
      });
    const leave = button({ label: trans.__('Leave it'), onClick: () => sheet.close() });
    const actions = element('div', 'jc-Sheet-actions', {}, leave);
    if (left === 'running') {
      actions.append(act(trans.__('Interrupt'), 'jc-mod-accept', () => kernel.interrupt()));
    }
    actions.append(act(trans.__('Restart the kernel'), 'jc-mod-warn', () => kernel.restart()));
    const lost = element('p', '', {}, trans.__('A restart ends all of it; all variables are lost.'));
    const sheet = openSheet({
      title: trans.__('End what %1 ran?', name),
      className: 'jc-mod-question',
      body: [element('p', '', {}, words), lost, problem, actions],
      trans,
      onClose: resolve
    });
    leave.focus();
  });
}

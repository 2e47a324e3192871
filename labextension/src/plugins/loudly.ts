import { Notification } from '@jupyterlab/apputils';

import { messageOf } from '../ui/errors.js';

/** Shows an error's message where nobody else would. */
export async function loudly(work: void | Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    Notification.error(messageOf(error));
  }
}

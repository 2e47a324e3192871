import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';

/** Where nothing may be put while there is a reason. */
export interface IRefusing {
  readonly node: HTMLElement;

  /** Why cells cannot be edited, or `null` if they can. */
  readonly whyNotEdit: string | null;

  /** Tells the viewer why nothing happened. */
  announce(message: string): void;
}

/** What brings something into a cell from outside. */
const EVENTS = ['paste', 'drop', 'lm-drop'];

/**
 * Refuses what is pasted into cells, or dropped on them, while they may not be edited, and says why.
 *
 * JupyterLab's text cells take pictures whatever their `readOnly` says.
 */
export function refuseGifts(host: IRefusing): IDisposable {
  const refuse = (event: Event): void => {
    const reason = host.whyNotEdit;
    const isInCell = event.target instanceof Element && event.target.closest('.jp-Cell-inputWrapper') !== null;
    if (isInCell && reason !== null) {
      event.preventDefault();
      event.stopImmediatePropagation();
      host.announce(reason);
    }
  };
  EVENTS.forEach(type => host.node.addEventListener(type, refuse, true));
  return new DisposableDelegate(() => EVENTS.forEach(type => host.node.removeEventListener(type, refuse, true)));
}

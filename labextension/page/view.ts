import type { IDisposable } from '@lumino/disposable';

import type { ICollabServer } from '../lib/rest/http.js';
import { element } from '../lib/ui/dom.js';
import type { PageApi } from './pageapi.js';
import type { Place } from './place.js';

/** What a view of the page has to do with. */
export interface IPage {
  readonly baseUrl: string;
  readonly server: ICollabServer;
  readonly api: PageApi;
  /** Where the view is to be. */
  readonly node: HTMLElement;

  /** Go somewhere else, as by a link. */
  go(place: Place): void;
}

/** What is shown, until it is disposed of. */
export type View = IDisposable;

/** A page with a headline, in the middle of the window. */
export function card(title: string, ...content: (Node | string)[]): HTMLElement {
  document.title = title;
  return element('section', 'jc-Card', {}, element('h1', '', { tabindex: '-1' }, title), ...content);
}

/** A labelled field of a form. */
export function field(label: string, attributes: Readonly<Record<string, string>>): [HTMLElement, HTMLInputElement] {
  const input = element('input', 'jc-Field-input', attributes);
  return [element('label', 'jc-Field', {}, element('span', '', {}, label), input), input];
}

/** The button that sends a form. */
export function submit(label: string): HTMLButtonElement {
  return element('button', 'jc-Button jc-mod-accept', { type: 'submit' }, label);
}

/** Let somebody type the value of a field anew. */
export function askAgain(input: HTMLInputElement): void {
  input.focus();
  input.select();
}

/** Where a form says what went wrong: read out at once, and empty until then. */
export function alarm(): HTMLElement {
  return element('p', 'jc-Alarm', { role: 'alert' });
}

/** A link that looks like a button. */
export function linkButton(label: string, href: string): HTMLAnchorElement {
  return element('a', 'jc-Button', { href }, label);
}

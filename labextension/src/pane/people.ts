import type { TranslationBundle } from '@jupyterlab/translation';

import { isHexColor, readableOn } from '../ui/colors.js';
import { element } from '../ui/dom.js';
import { named } from '../ui/named.js';
import type { IPerson } from '../wire/presence.js';

/** How many people are shown before the rest becomes a number. */
const MAX_SHOWN = 5;

/** What the list needs to know of the room it is in. */
export interface IPeopleHost {
  /** The numbers that those of these cells that are there have in the notebook, from 1. */
  cellNumbers(ids: ReadonlySet<string>): ReadonlyMap<string, number>;

  /** Takes the viewer to a cell. */
  goTo(cellId: string): void;
}

/** Somebody, and the number of the cell that they are in; `null` if they are in none. */
interface ISeat extends IPerson {
  readonly number: number | null;
}

/** The avatars of the people in a room, each with the cell that it is in; a click goes there. */
export class People {
  readonly node: HTMLElement;

  constructor(
    private readonly _host: IPeopleHost,
    private readonly _trans: TranslationBundle
  ) {
    this.node = element('div', 'jc-People', { role: 'group', 'aria-label': _trans.__('People in this room') });
  }

  /** Shows these people; those with several tabs open are shown once, where they were last seen in a cell. */
  show(people: readonly IPerson[]): void {
    const persons = onePerUser(people);
    const numbers = this._host.cellNumbers(new Set(persons.flatMap(({ cell }) => cell ?? [])));
    const seats = persons.map((person): ISeat => ({ ...person, number: numbers.get(person.cell ?? '') ?? null }));
    const key = JSON.stringify(seats);
    if (key === this._shown) {
      return;
    }
    this._shown = key;
    const focused = (document.activeElement as HTMLElement | null)?.dataset.client;
    const hidden = seats.slice(MAX_SHOWN);
    this.node.replaceChildren(...seats.slice(0, MAX_SHOWN).map(seat => this._avatar(seat)));
    if (hidden.length > 0) {
      this.node.append(this._more(hidden));
    }
    if (focused !== undefined) {
      this.node.querySelector<HTMLElement>(`[data-client="${focused}"]`)?.focus();
    }
  }

  private _avatar(person: ISeat): HTMLElement {
    const where = this._whereabouts(person);
    const node = element('button', 'jc-Avatar', {
      type: 'button',
      title: where,
      'aria-label': where,
      'data-name': person.name,
      'data-client': `${person.clientId}`
    });
    paintAvatar(node, person);
    node.classList.toggle('jc-mod-me', person.isMe);
    node.classList.toggle('jc-mod-guest', person.isGuest);
    const { cell, number } = person;
    if (cell === null || number === null) {
      node.setAttribute('aria-disabled', 'true');
    } else {
      node.addEventListener('click', () => this._host.goTo(cell));
    }
    return node;
  }

  private _more(persons: readonly ISeat[]): HTMLElement {
    const list = element('div', 'jc-People-more');
    for (const person of persons) {
      const row = element(
        'div',
        'jc-People-row',
        {},
        this._avatar(person),
        element('span', '', {}, this._whereabouts(person))
      );
      list.append(row);
    }
    const label = this._trans._n('%1 more person', '%1 more people', persons.length);
    const summary = element(
      'summary',
      'jc-Avatar jc-mod-more',
      { 'aria-label': label, title: label },
      `+${persons.length}`
    );
    return element('details', 'jc-People-details', {}, summary, list);
  }

  private _whereabouts(person: ISeat): string {
    const trans = this._trans;
    const shown = named(person.name, person.isGuest, trans);
    const name = person.isMe ? trans.__('%1 (you)', shown) : shown;
    return person.number === null ? name : trans.__('%1, in cell %2', name, person.number);
  }

  private _shown = '';
}

/** Fills a node with somebody's picture or initials. */
export function paintAvatar(
  node: HTMLElement,
  person: { readonly initials: string; readonly avatarUrl: string | null; readonly color: string }
): void {
  const color = isHexColor(person.color) ? person.color : '#666666';
  node.style.setProperty('--jc-color', color);
  node.style.setProperty('--jc-on-color', readableOn(color));
  const url = person.avatarUrl;
  if (url !== null && /^(https?:|data:image\/|\/)/.test(url)) {
    node.replaceChildren(element('img', '', { src: url, alt: '' }));
  } else {
    node.textContent = person.initials;
  }
}

function onePerUser(people: readonly IPerson[]): IPerson[] {
  const persons = new Map<string, IPerson>();
  for (const person of people) {
    const known = persons.get(person.principal);
    if (known === undefined || (known.cell === null && person.cell !== null) || person.isMe) {
      persons.set(person.principal, person);
    }
  }
  // The viewer comes last, so that the others do not move when the list grows.
  return [...persons.values()].sort((a, b) => Number(a.isMe) - Number(b.isMe) || a.name.localeCompare(b.name));
}

import { keeperOf } from '../lib/keep/keeper.js';
import { RoomsApi, type IConnectedUser, type IRoomInfo } from '../lib/rest/roomsapi.js';
import { button, element } from '../lib/ui/dom.js';
import { named } from '../lib/ui/named.js';
import { askSure } from '../lib/ui/sheet.js';
import { inviteForm } from './join.js';
import { forgetName } from './kept.js';
import type { IMe, IOffers, IWho } from './pageapi.js';
import { addressOf, type Place } from './place.js';
import { signInPart } from './signin.js';
import { alarm, card, field, type IPage, linkButton, type View } from './view.js';
import { trans, whyNot } from './words.js';

/** How many rooms are listed; the rest is found by searching. */
const MAX_LISTED = 100;

/** The way in: the rooms that one has, a new one, and the form for an invitation. */
export class HomeView implements View {
  /** @param wanted - The room that a stranger asked for, if they came for one. */
  constructor(
    private readonly _page: IPage,
    { me, offers }: IWho,
    wanted: string | null = null
  ) {
    this._rooms = new RoomsApi(_page.server);
    _page.node.replaceChildren(me === null ? this._forStranger(offers, wanted) : this._forMember(me));
    _page.node.querySelector('h1')?.focus();
    if (me !== null) {
      void this._list();
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
  }

  private _forStranger(offers: IOffers, wanted: string | null): HTMLElement {
    const why =
      wanted === null
        ? trans.__('Rooms on this server are shared by invitation.')
        : trans.__('This room is open only to those who were invited. Give the link or the code that you got.');
    const place: Place = wanted === null ? { kind: 'home' } : { kind: 'room', id: wanted };
    const signIn = signInPart(this._page, offers, place, true);
    return card(trans.__('Shared rooms'), element('p', '', {}, why), this._inviteForm(), signIn);
  }

  private _forMember(me: IMe): HTMLElement {
    const [searchField, search] = field(trans.__('Search'), { type: 'search', name: 'search' });
    search.addEventListener('input', () => {
      clearTimeout(this._timer);
      this._timer = setTimeout(() => void this._list(search.value.trim()), 150);
    });
    const buttons = element('p', 'jc-Card-buttons', {});
    if (me.may_create) {
      const onClick = (): void => void this._make();
      buttons.append(button({ label: trans.__('New room'), className: 'jc-mod-accept', onClick }));
    }
    if (me.kind === 'server') {
      buttons.append(linkButton(trans.__('JupyterLab'), `${this._page.baseUrl}lab`));
    }
    if (me.may_sign_out) {
      buttons.append(button({ label: trans.__('Sign out'), onClick: () => void this._leave(me) }));
    }
    const who = element('p', 'jc-Card-aside', {}, trans.__('You are %1.', me.display_name));
    const summary = element('summary', '', {}, trans.__('Join with a link or a code'));
    const join = element('details', 'jc-Card-more', {}, summary, this._inviteForm());
    return card(trans.__('Your rooms'), who, buttons, this._problem, searchField, this._shown, join);
  }

  private _inviteForm(): HTMLElement {
    return inviteForm(invite => this._page.go({ kind: 'join', invite }));
  }

  private async _list(search = ''): Promise<void> {
    const asked = ++this._asked;
    try {
      const { rooms, total } = await this._rooms.list({ search, limit: MAX_LISTED });
      if (!this._isDisposed && asked === this._asked) {
        this._showRooms(rooms, total, search);
      }
    } catch (error) {
      this._complain(error);
    }
  }

  private _showRooms(rooms: readonly IRoomInfo[], total: number, search: string): void {
    const items = rooms.map(room => this._item(room));
    if (items.length === 0) {
      const text = search === '' ? trans.__('You have no rooms yet.') : trans.__('No room matches “%1”.', search);
      items.push(element('li', 'jc-Rooms-empty', {}, text));
    } else if (total > rooms.length) {
      items.push(element('li', 'jc-Rooms-empty', {}, trans.__('and %1 more', total - rooms.length)));
    }
    this._shown.replaceChildren(...items);
  }

  private _item({ id, title, changed_at, people }: IRoomInfo): HTMLElement {
    const when = new Date(changed_at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
    const here = people.filter(({ visible }) => visible).map(nameOf);
    const about = here.length > 0 ? trans.__('%1 · here: %2', when, here.join(', ')) : when;
    const place = { kind: 'room', id } as const;
    const link = element(
      'a',
      'jc-Rooms-link',
      { href: addressOf(place, this._page.baseUrl) },
      element('span', 'jc-Rooms-title', {}, title || id),
      element('span', 'jc-Rooms-about', {}, about)
    );
    link.addEventListener('click', event => {
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
        event.preventDefault();
        this._page.go(place);
      }
    });
    return element('li', '', {}, link);
  }

  private async _make(): Promise<void> {
    try {
      const { id } = await this._rooms.create();
      this._page.go({ kind: 'room', id });
    } catch (error) {
      this._complain(error);
    }
  }

  private async _leave(me: IMe): Promise<void> {
    try {
      if (!(await this._forget(me))) {
        return;
      }
      // Who came as a guest and signed in to the server later is both.
      await this._page.api.leave();
      forgetName();
      if (me.kind === 'server') {
        location.assign(`${this._page.baseUrl}logout`);
        return;
      }
      this._page.go({ kind: 'home' });
    } catch (error) {
      this._complain(error);
    }
  }

  /** Takes what this browser keeps of somebody's rooms out of it, if they are sure; says whether they go. */
  private async _forget(me: IMe): Promise<boolean> {
    const { BrowserPersistence } = await import('../lib/keep/indexeddb.js');
    const [browser, keeper] = [new BrowserPersistence(), keeperOf(me)];
    const unsent = await browser.unsentOf(keeper).catch(() => []);
    if (unsent.length > 0) {
      const title = trans.__('Sign out, and delete what was not sent?');
      const words = trans.__('Only this browser has this text. Copy it, or stay and open the room again to send it.');
      const text = unsent.map(({ source }) => source).join('\n\n');
      if (!(await askSure(title, `${words}\n\n${text}`, trans.__('Delete it and sign out'), trans))) {
        return false;
      }
    }
    await browser.endAlias(keeper);
    // Where the browser does not let go of it they sign out all the same.
    await browser.forget(keeper).catch(() => undefined);
    return true;
  }

  private _complain(error: unknown): void {
    if (!this._isDisposed) {
      this._problem.textContent = whyNot(error);
    }
  }

  private readonly _rooms: RoomsApi;
  private readonly _shown = element('ul', 'jc-Rooms', { 'aria-label': trans.__('Rooms') });
  private readonly _problem = alarm();
  private _asked = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}

function nameOf({ display_name, name, kind }: IConnectedUser): string {
  return named(display_name || name, kind === 'guest', trans);
}

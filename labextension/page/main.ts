/** The page for those who come without JupyterLab: guests, and phones. */
import './styles.js';

import type { ICollabServer } from '../lib/rest/http.js';
import { button, element } from '../lib/ui/dom.js';
import { type IPageConfig, readConfig } from './config.js';
import { HomeView } from './home.js';
import { JoinView } from './join.js';
import { type IWho, PageApi } from './pageapi.js';
import { addressOf, type Place, readPlace } from './place.js';
import { pageServer } from './server.js';
import { followKeyboard, followTheme } from './surroundings.js';
import { alarm, card, type IPage, type View } from './view.js';
import { trans, whyNot } from './words.js';

/** Shows the view that belongs to the address. */
class Page implements IPage {
  constructor(
    { base_url, problem }: IPageConfig,
    readonly server: ICollabServer,
    readonly node: HTMLElement
  ) {
    this.baseUrl = base_url;
    this.api = new PageApi(server);
    window.addEventListener('popstate', () => this._follow());
    if (problem === undefined) {
      this._follow();
    } else {
      history.replaceState(null, '', problem.next);
      this._showFailure(new Error(problem.message), readPlace(base_url));
    }
  }

  readonly baseUrl: string;
  readonly api: PageApi;

  go(place: Place): void {
    history.pushState(null, '', addressOf(place, this.baseUrl));
    void this._show(place);
  }

  /** Show what the address says. */
  private _follow(): void {
    void this._show(readPlace(this.baseUrl));
  }

  private async _show(place: Place): Promise<void> {
    const turn = ++this._turn;
    // What is shown is left at once: nobody is to type into a room that they have left.
    this._view?.dispose();
    this._view = null;
    try {
      const [who, make] = await Promise.all([this.api.who(), viewMaker(place)]);
      if (turn === this._turn) {
        this._view = make(this, who);
      }
    } catch (error) {
      if (turn === this._turn) {
        this._showFailure(error, place);
      }
    }
  }

  private _showFailure(error: unknown, place: Place): void {
    const problem = alarm();
    const again = button({ label: trans.__('Try again'), onClick: () => void this._show(place) });
    this.node.replaceChildren(card(trans.__('Shared rooms'), problem, element('p', 'jc-Card-buttons', {}, again)));
    problem.textContent = whyNot(error);
  }

  private _view: View | null = null;
  private _turn = 0;
}

/** What makes the view of a place, loaded if it has to be. */
async function viewMaker(place: Place): Promise<(page: IPage, who: IWho) => View> {
  switch (place.kind) {
    case 'home':
      return (page, who) => new HomeView(page, who);
    case 'join':
      return (page, who) => new JoinView(page, place.invite, who);
    case 'room': {
      const { RoomView } = await import(/* webpackChunkName: "room" */ './roomview');
      return (page, who) =>
        who.me === null ? new HomeView(page, who, place.id) : new RoomView(page, who.me, place.id);
    }
  }
}

const config = readConfig();
const node = document.getElementById('collab');
if (node !== null) {
  followTheme();
  followKeyboard();
  new Page(config, pageServer(config), node);
}

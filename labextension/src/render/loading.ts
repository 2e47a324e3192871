import type { IRenderMime } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';

/**
 * Keeps a browser from asking for whatever others name as a picture: its viewer's own server, with the viewer's
 * cookies, never; other hosts, which learn by it who looks, only once the viewer wants that.
 *
 * What the viewer wanted counts in one view, until that is closed.
 */
export class Loading {
  /**
   * @param _blobs - What the addresses of all begin with that the room itself keeps and that may be shown; `null` if
   *   that is not known.
   * @param _mayAsk - Whether pictures of other hosts can be shown here at all.
   */
  constructor(
    private readonly _blobs: () => string | null,
    private readonly _trans: TranslationBundle,
    private readonly _mayAsk = true
  ) {}

  /** Puts something else in place of what would load something that it may not. */
  clean(root: ParentNode): void {
    this._clean(root);
    this._offer(root);
  }

  private _clean(root: ParentNode): void {
    // Of several addresses for one picture, one will do.
    root.querySelectorAll('[srcset], [background]').forEach(node => {
      node.removeAttribute('srcset');
      node.removeAttribute('background');
    });
    for (const node of root.querySelectorAll('[style]')) {
      if (LOADING_STYLE.test(node.getAttribute('style') ?? '')) {
        node.removeAttribute('style');
      }
    }
    const loading = [...root.querySelectorAll('[src], [poster]')].map(node => node.closest(MEDIA) ?? node);
    new Set(loading).forEach(node => this._hold(node));
  }

  /** Sees to it that one button offers what is held back of each host. */
  private _offer(root: ParentNode): void {
    const held = [...root.querySelectorAll(this._selector)];
    const offered = new Set(held.filter(one => one.querySelector('button')).map(one => one.getAttribute(HOST)));
    for (const one of held) {
      const host = one.getAttribute(HOST) ?? '';
      if (!offered.has(host)) {
        offered.add(host);
        one.append(' ', this._button(host));
      }
    }
  }

  private _button(host: string): HTMLElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'jc-Button';
    button.textContent = this._trans.__('Show all pictures from %1', host);
    // A key of the notebook around would open the cell.
    button.setAttribute('data-lm-suppress-shortcuts', 'true');
    return button;
  }

  /** A typesetter whose formulas load nothing either. */
  guard(typesetter: IRenderMime.ILatexTypesetter): IRenderMime.ILatexTypesetter {
    return {
      typeset: async node => {
        await typesetter.typeset(node);
        for (const formula of node.querySelectorAll('mjx-container')) {
          // A formula may not pretend to be one of our buttons.
          formula.querySelectorAll(`[${HELD}]`).forEach(part => part.removeAttribute(HELD));
          this.clean(formula);
        }
      }
    };
  }

  /** Shows, from now on, the pictures of a host when its button is pressed. */
  listen(): IDisposable {
    const onClick = (event: MouseEvent): void => {
      const button = event.target instanceof Element ? event.target.closest('button') : null;
      const held = button?.closest<HTMLElement>(this._selector);
      if (held) {
        // It may stand in a link.
        event.preventDefault();
        event.stopPropagation();
        this._show(held);
      }
    };
    document.addEventListener('click', onClick, true);
    return new DisposableDelegate(() => document.removeEventListener('click', onClick, true));
  }

  private _show(pressed: HTMLElement): void {
    const host = pressed.getAttribute(HOST) ?? '';
    const cell = pressed.closest<HTMLElement>('.jp-Cell');
    this._hosts.add(host);
    const cells = new Set<Element>();
    for (const held of document.querySelectorAll(this._selector)) {
      if (held.getAttribute(HOST) === host) {
        const template = document.createElement('template');
        template.innerHTML = held.getAttribute(HELD) ?? '';
        this._clean(template.content);
        cells.add(held.closest('.jp-Cell') ?? document.body);
        held.replaceWith(template.content);
      }
    }
    cells.forEach(around => this._offer(around));
    // The button that had the focus is gone.
    cell?.focus({ preventScroll: true });
  }

  /** Where something stands for pictures of this view. */
  private get _selector(): string {
    return `[${HELD}][${VIEW}="${this._view}"]`;
  }

  /** Holds back an element and what is in it, if it may not be loaded. */
  private _hold(node: Element): void {
    const addresses = [node, ...node.querySelectorAll('*')]
      .flatMap(part => [part.getAttribute('src'), part.getAttribute('poster')])
      .filter(address => address !== null && !this._isBlob(address)) as string[];
    const own = addresses.find(address => parse(address)?.hostname === location.hostname);
    const host = addresses.map(hostOf).find(name => name !== '' && !this._hosts.has(name));
    if (own !== undefined) {
      node.replaceWith(this._trans.__('[not loaded: %1]', own));
    } else if (host !== undefined) {
      node.replaceWith(this._placeholder(node, host));
    }
  }

  private _placeholder(node: Element, host: string): HTMLElement {
    const trans = this._trans;
    const held = document.createElement('span');
    held.className = 'jc-HeldPicture';
    const kind = node.matches('video, audio') ? trans.__('Film or sound') : trans.__('Picture');
    const named = node.matches('[alt]') ? node : node.querySelector('[alt]');
    const name = named?.getAttribute('alt')?.trim() || kind;
    if (!this._mayAsk) {
      held.textContent = trans.__('[%1: this page loads nothing from %2]', name, host);
      return held;
    }
    held.setAttribute(HELD, node.outerHTML);
    held.setAttribute(HOST, host);
    held.setAttribute(VIEW, this._view);
    held.title = trans.__('From %1', host);
    held.textContent = trans.__('[%1: not shown yet]', name);
    return held;
  }

  private _isBlob(address: string): boolean {
    const blobs = this._blobs();
    return blobs !== null && parse(address)?.href.startsWith(blobs) === true;
  }

  private readonly _hosts = new Set<string>();
  private readonly _view = String(++views);
}

let views = 0;

/** What is held back there, as it was; written here only: the sanitizer takes such attributes out of texts. */
const HELD = 'data-jc-held';

const HOST = 'data-jc-host';

const VIEW = 'data-jc-view';

/** What is shown or not as one. */
const MEDIA = 'picture, video, audio';

/** A style with a picture from anywhere, or with escapes, behind which one could be. */
const LOADING_STYLE = /\\|\b(?:url|src|image|image-set)\((?!\s*["']?data:)/i;

/** The host that an address names; none for data, and for what is no address, which is not asked for. */
function hostOf(address: string): string {
  return parse(address)?.host ?? '';
}

function parse(address: string): URL | null {
  try {
    return new URL(address, document.baseURI);
  } catch {
    return null;
  }
}

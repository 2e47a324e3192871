import { ApiError } from '../lib/rest/http.js';
import { button, element } from '../lib/ui/dom.js';
import { rememberedName, rememberName } from './kept.js';
import type { IInvitePreview, IJoined, Invite, IWho } from './pageapi.js';
import { readInvite } from './place.js';
import { signInPart } from './signin.js';
import { alarm, askAgain, card, field, type IPage, submit, type View } from './view.js';
import { trans, whatOthersSee, whatRoleMay, whyNot } from './words.js';

/** How often one who waits to be let in asks whether they are, in milliseconds. */
const ASK_EVERY = 2_000;

/** Following an invitation: what it is for, under which name one comes, and waiting to be let in. */
export class JoinView implements View {
  /**
   * @param invite - What one came with; `null` asks for a code or a link.
   * @param _who - Who one is already, or how one could be.
   */
  constructor(
    private readonly _page: IPage,
    invite: Invite | null,
    private readonly _who: IWho
  ) {
    if (invite === null) {
      this._askForInvite();
    } else {
      void this._preview(invite);
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
  }

  private _show(node: HTMLElement): void {
    if (!this._isDisposed) {
      this._page.node.replaceChildren(node);
      (node.querySelector<HTMLElement>('input:not([value])') ?? node.querySelector<HTMLElement>('h1'))?.focus();
    }
  }

  private _askForInvite(problem = ''): void {
    const form = inviteForm(invite => void this._preview(invite), problem);
    this._show(card(trans.__('Join a room'), form, ...this._signIn(null)));
  }

  /** Say what the invitation is for. */
  private async _preview(invite: Invite): Promise<void> {
    this._show(card(trans.__('Join a room'), element('p', '', { role: 'status' }, trans.__('One moment…'))));
    try {
      this._askForName(invite, await this._page.api.preview(invite));
    } catch (error) {
      if ('code' in invite) {
        this._askForInvite(whyNot(error));
      } else {
        this._showFailure(error, () => void this._preview(invite));
      }
    }
  }

  private _askForName(invite: Invite, preview: IInvitePreview): void {
    const { title, role, invited_by, password_required, approval } = preview;
    const { me, offers } = this._who;
    const offer = trans.__('%1 invites you %2.', invited_by || trans.__('Somebody'), whatRoleMay(role));
    const lines = [element('p', '', {}, offer)];
    if (approval) {
      lines.push(element('p', 'jc-Card-aside', {}, trans.__('One of its owners will have to let you in.')));
    }
    lines.push(element('p', 'jc-Card-aside', {}, whatOthersSee(role)));
    const [nameField, name] = field(trans.__('Your name, as the others will see it'), {
      name: 'name',
      required: '',
      maxlength: '60',
      autocomplete: 'nickname'
    });
    setValue(name, me?.display_name ?? rememberedName());
    const [passwordField, password] = field(trans.__('Password of the invitation'), {
      name: 'password',
      type: 'password',
      required: '',
      autocomplete: 'off'
    });
    const problem = alarm();
    const send = submit(approval ? trans.__('Ask to join') : trans.__('Join'));
    const form = element('form', 'jc-Form', {});
    form.append(
      ...(me === null ? [nameField] : [element('p', '', {}, trans.__('You join as %1.', me.display_name))]),
      ...(password_required ? [passwordField] : []),
      problem,
      send
    );
    form.addEventListener('submit', event => {
      event.preventDefault();
      const given = name.value.trim();
      if (given === '') {
        problem.textContent = trans.__('Give a name.');
        return name.focus();
      }
      problem.textContent = '';
      send.disabled = true;
      this._page.api.join(invite, given, password_required ? password.value : null).then(
        joined => this._enter(joined, given, title),
        (error: unknown) => {
          send.disabled = false;
          problem.textContent = whyNot(error);
          if (error instanceof ApiError && error.reason === 'wrong_password') {
            askAgain(password);
          } else {
            send.focus();
          }
        }
      );
    });
    const mayJoin = me !== null || offers.guests;
    const login = element('p', '', {}, trans.__('Guests are not let in here. Sign in first, then you can join.'));
    this._show(card(title, ...lines, mayJoin ? form : login, ...this._signIn(invite)));
  }

  /** What a stranger is offered so that they need not come as a guest. */
  private _signIn(invite: Invite | null): HTMLElement[] {
    const { me, offers } = this._who;
    return me === null ? [signInPart(this._page, offers, { kind: 'join', invite }, !offers.guests)] : [];
  }

  private _enter({ room, status }: IJoined, name: string, title: string): void {
    if (this._who.me === null) {
      rememberName(name);
    }
    if (this._isDisposed) {
      return;
    }
    if (status === 'admitted') {
      this._page.go({ kind: 'room', id: room });
    } else {
      this._wait(room, title);
    }
  }

  /** Wait for an owner. */
  private _wait(room: string, title: string): void {
    const text = trans.__('Waiting for an owner to let you in. You can leave this page open.');
    this._show(card(title, element('p', 'jc-Waiting', { role: 'status' }, text)));
    const ask = async (): Promise<void> => {
      const fate = await this._fate(room);
      if (this._isDisposed) {
        return;
      }
      if (fate === 'admitted') {
        this._page.go({ kind: 'room', id: room });
      } else if (fate === 'refused') {
        this._showFailure(new Error(trans.__('You were not let in.')), null);
      } else {
        this._timer = setTimeout(() => void ask(), ASK_EVERY);
      }
    };
    void ask();
  }

  private async _fate(room: string): Promise<'admitted' | 'waiting' | 'refused'> {
    try {
      const { me } = await this._page.api.who();
      if (me?.rooms.some(({ id }) => id === room)) {
        return 'admitted';
      }
      return me?.waiting.includes(room) ? 'waiting' : 'refused';
    } catch {
      // The server may be away for a while: it is asked again.
      return 'waiting';
    }
  }

  private _showFailure(error: unknown, retry: (() => void) | null): void {
    const problem = alarm();
    const isTransient = error instanceof ApiError && ['unreachable', 'too_many_attempts'].includes(error.reason);
    const again = isTransient && retry !== null ? [button({ label: trans.__('Try again'), onClick: retry })] : [];
    const other = button({ label: trans.__('Use another link or code'), onClick: () => this._askForInvite() });
    const choices = element('p', 'jc-Card-buttons', {}, ...again, other);
    this._show(card(trans.__('You cannot join with this invitation'), problem, choices));
    problem.textContent = whyNot(error);
  }

  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}

/** A form for the code or the link that one was given. */
export function inviteForm(onInvite: (invite: Invite) => void, problem = ''): HTMLFormElement {
  const [codeField, code] = field(trans.__('Invitation link or code'), {
    name: 'invite',
    required: '',
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false'
  });
  const said = alarm();
  said.textContent = problem;
  const form = element('form', 'jc-Form', {}, codeField, said, submit(trans.__('Continue')));
  form.addEventListener('submit', event => {
    event.preventDefault();
    const invite = readInvite(code.value);
    if (invite === null) {
      said.textContent = trans.__('This is neither an invitation link nor a code.');
      askAgain(code);
    } else {
      onInvite(invite);
    }
  });
  return form;
}

function setValue(input: HTMLInputElement, value: string): void {
  if (value !== '') {
    input.setAttribute('value', value);
  }
}

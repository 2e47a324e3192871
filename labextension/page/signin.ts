import { element } from '../lib/ui/dom.js';
import { keepInvite } from './kept.js';
import type { IOffers } from './pageapi.js';
import { addressOf, type Place } from './place.js';
import { alarm, askAgain, field, type IPage, linkButton, submit } from './view.js';
import { trans, whyNot } from './words.js';

/**
 * The ways to sign in that this server has, all of which lead back to where one is.
 *
 * @param place - Where one is.
 * @param isOpen - Whether what it takes is shown at once, or when it is asked for.
 */
export function signInPart(page: IPage, offers: IOffers, place: Place, isOpen: boolean): HTMLElement {
  const onServer = serverSignIn(page, place);
  if (!offers.accounts && offers.providers.length === 0) {
    return onServer;
  }
  const summary = element('summary', '', {}, trans.__('Sign in with an account'));
  const part = element('details', 'jc-Card-more jc-SignIn', {}, summary);
  part.open = isOpen;
  part.append(
    ...(offers.accounts ? [passwordForm(page, place)] : []),
    ...offers.providers.map(({ id, name }) => providerLink(page, place, id, name)),
    onServer
  );
  return part;
}

/** With the e-mail address and the password of an account. */
function passwordForm(page: IPage, place: Place): HTMLFormElement {
  const [emailField, email] = field(trans.__('E-mail'), {
    name: 'email',
    type: 'email',
    required: '',
    autocomplete: 'username'
  });
  const [passwordField, password] = field(trans.__('Password'), {
    name: 'password',
    type: 'password',
    required: '',
    autocomplete: 'current-password'
  });
  const problem = alarm();
  const send = submit(trans.__('Sign in'));
  const form = element('form', 'jc-Form', {}, emailField, passwordField, problem, send);
  form.addEventListener('submit', event => {
    event.preventDefault();
    problem.textContent = '';
    send.disabled = true;
    page.api.signIn(email.value, password.value).then(
      () => page.go(place),
      (error: unknown) => {
        send.disabled = false;
        problem.textContent = whyNot(error);
        askAgain(password);
      }
    );
  });
  return form;
}

/** By a way through the pages of somebody who vouches for one. */
function providerLink(page: IPage, place: Place, id: string, name: string): HTMLElement {
  const next = addressOf(place, page.baseUrl);
  const query = new URLSearchParams({ next }).toString();
  const href = `${page.baseUrl}collab/auth/${encodeURIComponent(id)}/login?${query}`;
  return keeping(place, linkButton(trans.__('Continue with %1', name), href));
}

/** Where one signs in to the Jupyter server itself. */
function serverSignIn(page: IPage, place: Place): HTMLElement {
  const next = addressOf(place, page.baseUrl);
  const href = `${page.baseUrl}login?${new URLSearchParams({ next }).toString()}`;
  const link = keeping(place, element('a', '', { href }, trans.__('Sign in to the server')));
  return element('p', 'jc-Card-aside', {}, `${trans.__('Do you have a login on this Jupyter server?')} `, link);
}

/** A link away from the page, over which its invitation is not lost. */
function keeping(place: Place, link: HTMLAnchorElement): HTMLAnchorElement {
  link.addEventListener('click', () => {
    if (place.kind === 'join' && place.invite !== null) {
      keepInvite(place.invite);
    }
  });
  return link;
}

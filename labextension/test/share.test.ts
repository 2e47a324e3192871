/** What the share dialog knows, asks for and says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TranslationBundle } from '@jupyterlab/translation';

import type { ICollabServer } from '../lib/rest/http.js';
import { type IDeed, type IInvitation, type IMember, ShareApi } from '../lib/rest/shareapi.js';
import { type IHandout, ShareModel } from '../lib/share/model.js';
import {
  deedWords,
  invitationWords,
  isSpent,
  linkTitle,
  mayRun,
  opensHereOnly,
  peopleDanger,
  roleDanger
} from '../lib/share/wording.js';

const trans = {
  __: (text: string, ...values: unknown[]) =>
    values.reduce<string>((words, value, index) => words.replace(`%${index + 1}`, String(value)), text),
  _n: (one: string, many: string, n: number) => (n === 1 ? one : many).replace('%1', `${n}`)
} as unknown as TranslationBundle;

const INVITATION: IInvitation = {
  id: 'i1',
  role: 'writer',
  created_by: 'Ada',
  created_at: null,
  expires_at: null,
  max_uses: 3,
  uses: 1,
  has_password: true,
  needs_approval: false
};

function member(principal: string, name: string, status: IMember['status'] = 'active'): IMember {
  return {
    principal,
    display_name: name,
    role: 'viewer',
    status,
    invitation: null,
    added_at: null,
    in_kernel: 'nothing'
  };
}

/** A server with these members; it refuses what `refuses` says, and notes what it was asked to do. */
function serve(
  members: IMember[],
  refuses: (path: string) => boolean = () => false,
  publicUrl: string | null = null
): { api: ShareApi; asked: string[] } {
  const asked: string[] = [];
  const answers: Record<string, object> = {
    '/members': { members, others_in_kernel: 'ran' },
    '/invitations': { invitations: [INVITATION], guests_allowed: true, kernels_apart: true },
    '/audit': { events: [] },
    '': { server_role: 'viewer' }
  };
  const fetch = (url: string, { method }: RequestInit): Promise<Response> => {
    const path = url.split('/rooms/demo')[1];
    if (method !== 'GET') {
      asked.push(`${method} ${path}`);
    }
    if (refuses(path)) {
      return Promise.resolve(Response.json({ reason: 'last_owner', message: 'One must stay.' }, { status: 409 }));
    }
    const made = { ...INVITATION, code: '7KQM-2XPD', path: '/base/collab/join#secret', url: publicUrl };
    return Promise.resolve(Response.json(method === 'POST' ? made : (answers[path.split('?')[0]] ?? {})));
  };
  const server = { baseUrl: 'https://host/base/', apiPath: 'api/collab/', fetch } as unknown as ICollabServer;
  return { api: new ShareApi(server, 'demo'), asked };
}

test('those who wait come first', async () => {
  const members = [member('server:zed', 'Zed'), member('server:ada', 'Ada'), member('guest:1', 'Zoë', 'waiting')];
  const model = new ShareModel(serve(members).api);
  await model.refresh();
  assert.deepEqual(
    model.members.map(({ display_name }) => display_name),
    ['Zoë', 'Ada', 'Zed']
  );
  assert.equal(model.serverRole, 'viewer');
  assert.ok(model.isLoaded);
});

test('the secrets of an invitation are known until it is taken back or the dialog is closed', async () => {
  const { api, asked } = serve([]);
  const model = new ShareModel(api);
  await model.invite({ role: 'writer', expires_in_seconds: null, max_uses: 3, password: null, needs_approval: false });
  assert.equal(model.handout?.link, 'https://host/base/collab/join#secret');
  await model.revoke('i1', true);
  assert.equal(model.handout, null);
  await model.rotate('i1');
  const fresh = model.handout as IHandout | null;
  assert.equal(fresh?.invitation.code, '7KQM-2XPD');
  model.dispose();
  assert.equal(model.handout, null);
  assert.deepEqual(asked, [
    'POST /invitations',
    'DELETE /invitations/i1?remove_members=true',
    'POST /invitations/i1/rotate'
  ]);
});

test('what the server refuses is said, and stays said after the lists were asked for again', async () => {
  const model = new ShareModel(serve([], path => path.startsWith('/members/')).api);
  assert.equal(await model.setRole('server:ada', 'viewer'), false);
  assert.equal(model.problem, 'One must stay.');
  assert.ok(model.isLoaded);
  assert.equal(await model.setServerRole(null), true);
  assert.equal(model.problem, '');
});

test('names with slashes and colons reach the server whole', async () => {
  const { api, asked } = serve([]);
  await new ShareModel(api).addServerUser(' a/b c ', 'editor');
  assert.deepEqual(asked, ['PUT /members/server%3Aa%2Fb%20c']);
});

test('many changes at once are asked for once more, not once each', async () => {
  let requests = 0;
  const { api } = serve([], () => (requests++, false));
  const model = new ShareModel(api);
  await Promise.all(Array.from({ length: 50 }, () => model.refresh()));
  assert.ok(requests <= 8, `${requests} requests`);
});

test('an invitation says what is left of it', () => {
  const now = new Date('2026-01-31T12:00:00Z');
  assert.equal(invitationWords(INVITATION, trans, now), 'by Ada · no end · used 1 of 3 times · password');
  assert.equal(isSpent(INVITATION, now), false);
  assert.equal(isSpent({ ...INVITATION, uses: 3 }, now), true);
  assert.equal(isSpent({ ...INVITATION, expires_at: '2026-01-31T11:59:59Z' }, now), true);
  assert.deepEqual((['viewer', 'runner', 'writer', 'editor'] as const).filter(mayRun), ['runner', 'editor']);
});

test('an invitation that nobody used says so', () => {
  const words = (uses: number, most: number | null): string | undefined =>
    invitationWords({ ...INVITATION, uses, max_uses: most }, trans).split(' · ')[2];
  assert.deepEqual([words(0, null), words(1, null), words(2, null)], ['not used yet', 'used once', 'used 2 times']);
  assert.equal(words(0, 3), 'not used yet, good for 3');
});

test('what a link lets people do beyond the room is said of every role that can', () => {
  const roles = ['viewer', 'runner', 'writer', 'editor', 'owner'] as const;
  const [viewer, runner, writer, editor, owner] = roles.map(role => roleDanger(role, false, trans));
  assert.equal(viewer, null);
  assert.match(runner ?? '', /run the cells of this room as they are.*with your files.*change the kernel/);
  assert.match(writer ?? '', /^If you run a cell, you run their code, with your files and your rights\..*or delete/);
  assert.match(editor ?? '', /run any code on this server.*change or delete any cell/);
  assert.equal(owner, editor);
  const people = roles.map(role => peopleDanger(role, false, trans));
  assert.deepEqual([people[0], people[2]], [null, writer]);
  assert.match(people[1] ?? '', /^They can run the cells/);
  assert.match(people[3] ?? '', /^They can run any code/);
});

test('of kernels that are kept apart nobody is told that they have their files', () => {
  for (const role of ['runner', 'editor'] as const) {
    for (const words of [roleDanger(role, true, trans), peopleDanger(role, true, trans)]) {
      assert.match(words ?? '', /in a kernel that is kept apart from your files and your rights/);
    }
  }
  assert.match(roleDanger('writer', true, trans) ?? '', /^If you run a cell in a kernel of your own/);
});

test('the server says whether kernels are kept apart, and what others on it left in one', async () => {
  const left = { ...member('guest:1', 'Zoë'), invitation: 'i1', in_kernel: 'running' as const };
  const model = new ShareModel(serve([member('server:ada', 'Ada'), left]).api);
  assert.equal(model.areKernelsApart, false);
  await model.refresh();
  assert.equal(model.areKernelsApart, true);
  assert.equal(await model.inKernelOfOthers(), 'ran');
  assert.equal(await model.inKernel(({ invitation }) => invitation === 'i1'), 'running');
  assert.equal(await model.inKernel(({ principal }) => principal === 'server:ada'), 'nothing');
});

test('a link begins with the address at which the server is known, if it says one', async () => {
  const model = new ShareModel(serve([], undefined, 'https://known/base/collab/join#secret').api);
  await model.rotate('i1');
  assert.equal(model.handout?.link, 'https://known/base/collab/join#secret');
});

test('a link that leads every computer to itself is known', () => {
  const here = ['http://127.0.0.1:8888/collab/join#x', 'http://localhost/', 'https://a.localhost/', 'http://[::1]:8/'];
  const there = ['http://10.0.0.1/', 'https://localhost.example.org/', 'https://127.a.org/', 'http://[2001:db8::1]/'];
  assert.deepEqual([here.every(opensHereOnly), there.some(opensHereOnly)], [true, false]);
});

test('a link is called by whom it is for', () => {
  assert.equal(linkTitle('viewer', trans), 'Link for a Viewer');
  assert.equal(linkTitle('editor', trans), 'Link for an Editor');
});

test('what was done is told in words, also what a newer server may do', () => {
  const deed = (kind: string, details: IDeed['details']): string =>
    deedWords({ id: 1, at: null, kind, principal: 'server:ada', display_name: 'Ada', details }, trans);
  const change = { member_name: 'Bob', role: 'editor', from: 'viewer' };
  assert.equal(deed('role_changed', change), 'changed Bob: Editor, before Viewer');
  assert.equal(deed('access_changed', { server_role: null }), 'closed the room to people without an invitation');
  assert.equal(deed('danced', {}), 'danced');
});

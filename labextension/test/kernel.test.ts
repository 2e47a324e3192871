/** The room's kernel as a page knows it: what the server says of it, and what one asks of it. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { KernelApi } from '../lib/rest/kernelapi.js';
import { Room } from '../lib/rooms/room.js';
import type { IKernelState } from '../lib/wire/protocol.js';
import { ServerDouble } from './server.js';
import { settle, until } from './wait.js';

const QUICK = { edits: 1, presence: 1, retry: 1, maxRetry: 4, slowDown: 1 };

const BUSY: IKernelState = {
  kernel: { id: 'k', name: 'python3', display_name: 'Python 3', language: 'python', status: 'busy' },
  message: null,
  queue: [{ run: 17, cell: 'first', by: { username: 'ada', display_name: 'Ada', kind: 'server' }, state: 'running' }],
  input: null
};

const disposables: { dispose(): void }[] = [];

afterEach(() => {
  disposables.splice(0).forEach(disposable => disposable.dispose());
});

async function join(): Promise<{ server: ServerDouble; room: Room }> {
  const server = new ServerDouble();
  const room = new Room({ id: 'demo', server: server.server, network: null, times: QUICK, persistence: null });
  disposables.push(room, server);
  await until(() => room.status.kind === 'synced', 'the room is synced');
  return { server, room };
}

test('a room knows what runs, from the events, each of which is told once', async () => {
  const { server, room } = await join();
  assert.deepEqual([room.kernel], [null]);
  const told: (string | undefined)[] = [];
  room.kernelChanged.connect((_, state) => told.push(state?.kernel?.status));
  server.tell({ type: 'kernel', ...BUSY });
  server.tell({ type: 'kernel', ...BUSY });
  await until(() => room.kernel !== null, 'the state is there');
  await settle();
  assert.deepEqual({ ...room.kernel }, { type: 'kernel', ...BUSY });
  assert.deepEqual(told, ['busy']);
});

test('what ran on a server that is gone is forgotten', async () => {
  const { server, room } = await join();
  server.tell({ type: 'kernel', ...BUSY });
  await until(() => room.kernel !== null, 'the state is there');
  server.close(1006);
  await until(() => room.kernel === null && room.status.kind === 'synced', 'the state is gone');
});

test('one waits until what was typed is saved, and no longer than there is hope', async () => {
  const { server, room } = await join();
  assert.equal(await room.whenSaved(), true);
  server.acknowledges = false;
  room.sharedModel.cells[0].setSource('1 + 1');
  let saved: boolean | null = null;
  const waiting = room.whenSaved().then(value => (saved = value));
  await until(() => server.text === '1 + 1', 'the server has the edit');
  await settle();
  assert.equal(saved, null);
  server.acknowledgeAll();
  assert.equal(await waiting, true);
  room.sharedModel.cells[0].setSource('2');
  const hopeless = room.whenSaved();
  server.isUp = false;
  server.close(1006);
  assert.equal(await hopeless, false);
});

test('every method asks for what it says, in the role that was asked for', async () => {
  const requests: unknown[] = [];
  const double = new ServerDouble();
  disposables.push(double);
  const { server } = double;
  const answers = { runs: [{ run: 1, cell: 'a' }] };
  const fetch = (url: string, { method, body }: RequestInit): Promise<Response> => {
    requests.push([method, url.replace('http://double/api/collab/rooms/', ''), body]);
    return Promise.resolve(Response.json(answers));
  };
  const api = new KernelApi({ ...server, fetch }, 'de mo');
  await api.get();
  await api.choose('ir');
  await api.stop();
  await api.interrupt();
  await api.restart();
  assert.deepEqual(await api.run(['a', 'b']), answers.runs);
  await api.run('all');
  await api.cancel();
  await api.cancel(17);
  await api.answer(17, 'Ada');
  await api.complete('pr', 2);
  await api.inspect('print', 5, 1);
  await new KernelApi({ ...server, fetch }, 'demo', 'runner').interrupt();
  assert.deepEqual(requests, [
    ['GET', 'de%20mo/kernel', undefined],
    ['PUT', 'de%20mo/kernel', '{"name":"ir"}'],
    ['DELETE', 'de%20mo/kernel', undefined],
    ['POST', 'de%20mo/kernel/interrupt', undefined],
    ['POST', 'de%20mo/kernel/restart', undefined],
    ['POST', 'de%20mo/runs', '{"cells":["a","b"]}'],
    ['POST', 'de%20mo/runs', '{"cells":"all"}'],
    ['DELETE', 'de%20mo/runs', undefined],
    ['DELETE', 'de%20mo/runs/17', undefined],
    ['POST', 'de%20mo/input', '{"run":17,"value":"Ada"}'],
    ['POST', 'de%20mo/complete', '{"code":"pr","cursor_pos":2}'],
    ['POST', 'de%20mo/inspect', '{"code":"print","cursor_pos":5,"detail_level":1}'],
    ['POST', 'demo/kernel/interrupt?role=runner', undefined]
  ]);
  assert.equal(api.blobUrl('ab'), 'http://double/api/collab/rooms/de%20mo/blobs/ab');
});

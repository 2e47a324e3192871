/** The REST client: what it asks, and what it makes of the answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ApiError, type ICollabServer, roomUrl } from '../lib/rest/http.js';
import { RoomsApi } from '../lib/rest/roomsapi.js';

interface IRequest {
  url: string;
  method?: string;
  body?: unknown;
  type?: string;
}

/** A server that answers every request with `response`, and notes it. */
function answer(response: () => Response, requests: IRequest[] = []): ICollabServer {
  return {
    baseUrl: 'http://host/base/',
    wsUrl: 'ws://host/base/',
    apiPath: 'api/collab/',
    token: 'secret',
    appendToken: true,
    WebSocket: EventTarget as unknown as typeof WebSocket,
    fetch: (url, { method, body, headers }) => {
      requests.push({ url, method, body, type: new Headers(headers).get('Content-Type') ?? undefined });
      return Promise.resolve(response());
    }
  };
}

test('every method asks for what it says', async () => {
  const requests: IRequest[] = [];
  const room = { id: 'demo', title: 'Demo' };
  const api = new RoomsApi(answer(() => Response.json({ ...room, rooms: [room], total: 1 }), requests));
  assert.equal((await api.list({ search: 'a&b', deleted: true, limit: undefined })).total, 1);
  assert.equal((await api.create({ id: 'demo' })).title, 'Demo');
  await api.get('demo');
  await api.rename('demo', 'New');
  await api.remove('demo');
  await api.remove('demo', true);
  await api.restore('demo');
  await api.exportContent('demo', 'md');
  await api.importContent('demo', 'py', 'print()');
  const base = 'http://host/base/api/collab/rooms';
  const json = 'application/json';
  assert.deepEqual(
    requests.map(({ url, method, body, type }) => [method, url.replace(base, ''), body, type]),
    [
      ['GET', '?search=a%26b&deleted=true', undefined, undefined],
      ['POST', '', '{"id":"demo"}', json],
      ['GET', '/demo', undefined, undefined],
      ['PATCH', '/demo', '{"title":"New"}', json],
      ['DELETE', '/demo', undefined, undefined],
      ['DELETE', '/demo?permanent=true', undefined, undefined],
      ['POST', '/demo/restore', undefined, undefined],
      ['GET', '/demo/content?format=md', undefined, undefined],
      ['PUT', '/demo/content?format=py', 'print()', 'text/x-python; charset=utf-8']
    ]
  );
});

const REFUSALS = [
  {
    name: 'our JSON',
    response: () => Response.json({ reason: 'room_exists', message: 'Taken.' }, { status: 409 }),
    error: [409, 'room_exists', 'Taken.']
  },
  {
    name: 'the page of a proxy',
    response: () => new Response('<html>', { status: 502, statusText: 'Bad Gateway' }),
    error: [502, '', 'Bad Gateway']
  },
  {
    name: 'JSON of no known form',
    response: () => new Response('null', { status: 500, statusText: 'Oops' }),
    error: [500, '', 'Oops']
  }
];

for (const { name, response, error: expected } of REFUSALS) {
  test(`a refusal is an error with status, reason and words: ${name}`, async () => {
    await assert.rejects(new RoomsApi(answer(response)).create(), (error: unknown) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.status, error.reason, error.message], expected);
      return true;
    });
  });
}

test('a server that cannot be reached is an error like any other', async () => {
  const cause = new TypeError('fetch failed');
  const api = new RoomsApi({ ...answer(() => Response.json({})), fetch: () => Promise.reject(cause) });
  await assert.rejects(api.get('demo'), { name: 'ApiError', status: 0, reason: 'unreachable', cause });
});

test('the address of a room names role, epoch and, where it must, the token', () => {
  const server = answer(() => Response.json({}));
  assert.equal(roomUrl({ ...server, appendToken: false }, 'demo'), 'ws://host/base/api/collab/room/demo');
  assert.equal(
    roomUrl(server, 'demo', 'viewer', 'e 1'),
    'ws://host/base/api/collab/room/demo?role=viewer&epoch=e+1&token=secret'
  );
});

import type { ICollabServer } from '../lib/rest/http.js';
import type { IPageConfig } from './config.js';

/** The server that this page came from: who asks is told by cookies alone. */
export function pageServer({ base_url, api_url }: IPageConfig): ICollabServer {
  const baseUrl = location.origin + base_url;
  return {
    baseUrl,
    wsUrl: baseUrl.replace(/^http/, 'ws'),
    apiPath: api_url.slice(base_url.length),
    token: '',
    appendToken: false,
    WebSocket,
    fetch: (url, init) => fetch(url, { ...init, cache: 'no-store', headers: withProof(init) })
  };
}

/** The headers, with one that a page of another site could not send along. */
function withProof({ method, headers }: RequestInit): Headers {
  const proven = new Headers(headers);
  if (method !== undefined && method !== 'GET') {
    proven.set('X-Jupyter-Collab', '1');
  }
  return proven;
}

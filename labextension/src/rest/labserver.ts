import { ServerConnection } from '@jupyterlab/services';

import type { ICollabServer } from './http.js';

/** The server that JupyterLab talks to. */
export function labServer(settings: ServerConnection.ISettings = ServerConnection.makeSettings()): ICollabServer {
  return {
    baseUrl: settings.baseUrl,
    wsUrl: settings.wsUrl,
    apiPath: 'api/collab/',
    token: settings.token,
    appendToken: settings.appendToken,
    WebSocket: settings.WebSocket,
    fetch: (url, init) => ServerConnection.makeRequest(url, init, settings)
  };
}

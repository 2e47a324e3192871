/** What the server tells its page. */
export interface IPageConfig {
  /** The path of the server, with a slash at its end. */
  readonly base_url: string;
  /** The path of the API. */
  readonly api_url: string;
}

/** Read what the server wrote into the page. */
export function readConfig(): IPageConfig {
  return JSON.parse(document.getElementById('collab-config')?.textContent ?? '') as IPageConfig;
}

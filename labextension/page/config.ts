/** What the server tells its page. */
export interface IPageConfig {
  /** The path of the server, with a slash at its end. */
  readonly base_url: string;
  /** The path of the API. */
  readonly api_url: string;
  /** Why one comes here from a sign-in that failed, and the path in the page that one came from. */
  readonly problem?: { readonly message: string; readonly next: string };
}

/** Read what the server wrote into the page. */
export function readConfig(): IPageConfig {
  return JSON.parse(document.getElementById('collab-config')?.textContent ?? '') as IPageConfig;
}

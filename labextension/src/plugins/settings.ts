import type { ISettingRegistry } from '@jupyterlab/settingregistry';

/** The id of the plugin that has the settings of all. */
export const PLUGIN_ID = 'jupyter-collab:plugin';

/** What can be set; see `schema/plugin.json`. */
export interface ISettings {
  readonly refreshSeconds: number;
  readonly keepOffline: boolean;
}

const DEFAULTS: ISettings = { refreshSeconds: 10, keepOffline: true };

/**
 * Reads the settings, now and whenever they change.
 *
 * @param registry - Where settings come from; `null` in pages that have none.
 * @param use - Gets them: once before this resolves, and again with each change.
 */
export async function followSettings(
  registry: ISettingRegistry | null,
  use: (settings: ISettings) => void
): Promise<void> {
  let loaded: ISettingRegistry.ISettings | undefined;
  try {
    loaded = await registry?.load(PLUGIN_ID);
  } catch {
    // The registry says so on the console. A page that cannot load settings still shows rooms.
  }
  const read = (): void => use({ ...DEFAULTS, ...(loaded?.composite as Partial<ISettings> | undefined) });
  read();
  loaded?.changed.connect(read);
}

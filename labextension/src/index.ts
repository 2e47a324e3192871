import { collabPlugin } from './plugins/collab.js';
import { panelPlugin } from './plugins/panel.js';
import { tabsPlugin } from './plugins/tabs.js';
import { widgetPlugin } from './plugins/widget.js';

export default [collabPlugin, tabsPlugin, panelPlugin, widgetPlugin];

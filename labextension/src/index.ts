import { bindPlugin } from './plugins/bind.js';
import { collabPlugin } from './plugins/collab.js';
import { openerPlugin } from './plugins/opener.js';
import { panelPlugin } from './plugins/panel.js';
import { widgetPlugin } from './plugins/widget.js';

export default [collabPlugin, openerPlugin, panelPlugin, widgetPlugin, bindPlugin];

import { LabIcon } from '@jupyterlab/ui-components';

/** A table with people around it. */
export const roomIcon = new LabIcon({
  name: 'jupyter-collab:room',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <rect x="6.5" y="8.5" width="11" height="7" rx="1.5"/>
    <circle cx="8.5" cy="4.8" r="2"/><circle cx="15.5" cy="4.8" r="2"/>
    <circle cx="8.5" cy="19.2" r="2"/><circle cx="15.5" cy="19.2" r="2"/>
    <circle cx="3" cy="12" r="2"/><circle cx="21" cy="12" r="2"/>
  </g>
</svg>`
});

import { LabIcon } from '@jupyterlab/ui-components';

/** Two people, and the text that they share. */
export const roomIcon = new LabIcon({
  name: 'jupyter-collab:room',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <circle cx="7" cy="5" r="3"/><circle cx="17" cy="5" r="3"/>
    <path d="M2 13c0-3 2-4.5 5-4.5s4 1 5 2.5c1-1.5 2-2.5 5-2.5s5 1.5 5 4.5z"/>
    <path d="M4 15.5h16v2H4zM4 19.5h10v2H4z"/>
  </g>
</svg>`
});

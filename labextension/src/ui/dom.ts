import type { LabIcon } from '@jupyterlab/ui-components';

/** An element with a class, and attributes or text if given. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  node.className = className;
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Gives an element a text, unless it has it: what is set is laid out again, and spoken by screen readers. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/** A push button: `label` is its text, or, where it has an icon, its name for screen readers and its title. */
export function button(options: {
  label: string;
  icon?: LabIcon;
  className?: string;
  onClick: () => void;
}): HTMLButtonElement {
  const node = element('button', `jc-Button ${options.className ?? ''}`.trim(), { type: 'button' });
  if (options.icon) {
    node.classList.add('jc-mod-icon');
    node.title = options.label;
    node.setAttribute('aria-label', options.label);
    options.icon.element({ container: node, elementPosition: 'center', tag: 'span' });
  } else {
    node.textContent = options.label;
  }
  node.addEventListener('click', options.onClick);
  return node;
}

/** Switches a control off or on; while it is off its title says why. */
export function setDisabled(
  control: HTMLButtonElement | HTMLSelectElement | HTMLInputElement,
  why: string | null,
  title: string
): void {
  control.disabled = why !== null;
  control.title = why ?? title;
}

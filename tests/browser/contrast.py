"""Whether what stands on a page can be read: the contrast of its texts, as WCAG 2 counts it."""

from playwright.sync_api import Locator

__all__ = ["faint"]

SCRIPT = """root => {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const parse = color => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = context.getImageData(0, 0, 1, 1).data;
    return { channels: [red, green, blue], alpha: alpha / 255 };
  };
  const over = (top, alpha, ground) => top.map((value, index) => alpha * value + (1 - alpha) * ground[index]);
  const luminance = channels => {
    const [red, green, blue] = channels.map(value => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = node => {
    const { channels, alpha } = parse(getComputedStyle(node).backgroundColor);
    const behind = alpha === 1 ? channels : node.parentElement === null ? [255, 255, 255] : ground(node.parentElement);
    return over(channels, alpha, behind);
  };
  const opacity = node => (node === null ? 1 : getComputedStyle(node).opacity * opacity(node.parentElement));
  const judge = (node, style, text) => {
    const { channels, alpha } = parse(style.color);
    const behind = ground(node);
    const lights = [behind, over(channels, alpha * opacity(node), behind)].map(luminance);
    const ratio = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    return ratio < (isLarge ? 3 : 4.5) ? [`${ratio.toFixed(2)} ${text.trim().slice(0, 40)} (${node.className})`] : [];
  };
  const isOff = node => node.closest(':disabled, [aria-disabled="true"], [type="radio"], [type="checkbox"]') !== null;
  return [root, ...root.querySelectorAll('*')].flatMap(node => {
    if (!(node instanceof HTMLElement) || isOff(node) || !node.checkVisibility({ visibilityProperty: true })) {
      return [];
    }
    const own = [...node.childNodes].map(child => (child.nodeType === Node.TEXT_NODE ? child.data : '')).join('');
    const typed = node.value || node.placeholder || '';
    const style = getComputedStyle(node, node.placeholder && !node.value ? '::placeholder' : null);
    return own.trim() ? judge(node, getComputedStyle(node), own) : typed ? judge(node, style, `${typed}`) : [];
  });
}"""


def faint(root: Locator) -> list[str]:
    """The texts in ``root`` with less than 4.5:1 (large ones: 3:1) between them and what they stand on.

    What is switched off does not count. Each is named with its ratio and its classes.
    """
    texts: list[str] = root.evaluate(SCRIPT)
    return texts

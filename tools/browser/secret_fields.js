// What must not be in a picture: fields that nobody may read, and where all text stands.

const CHUNK = 40; // characters; longer texts are told in parts, whatever they say

// Boxes of secret fields that hold something, and (with `texts`) [text, boxes] of all that can be read on the screen.
function shown({ texts }) {
  const fields = [], read = [];
  const seen = (rect) => rect.r > 0 && rect.b > 0 && rect.l < innerWidth && rect.t < innerHeight && some(rect);
  const tell = (text, rects) => {
    const boxes = rects.map(edges).filter(seen).map(({ l, t, r, b }) => [l, t, r, b]);
    if (boxes.length && text.trim()) read.push([text, boxes]);
  };
  const words = (node) => {
    for (let start = 0; start < node.length; start += CHUNK) {
      const range = document.createRange();
      range.setStart(node, start);
      range.setEnd(node, Math.min(node.length, start + CHUNK));
      tell(range.toString(), [...range.getClientRects()]);
    }
  };
  const field = (el) => {
    const hidden = secret(el);
    const filled = el.value || (el.isContentEditable && el.textContent) || el.matches(":autofill");
    const around = clipped(el);
    if (hidden && filled && around && seen(around) && !(el.type === "password" && buried(el, around)))
      fields.push([around.l, around.t, around.r, around.b]);
    if (!texts || hidden) return;
    if (el.localName === "select" && (el.multiple || el.size > 1)) { // its options stand on the page itself
      for (const each of el.querySelectorAll("option, optgroup")) tell(each.label, [each.getBoundingClientRect()]);
      return;
    }
    const label = el.localName === "select" ? [...el.selectedOptions].map((each) => each.label).join(" ") : el.value || el.placeholder;
    if (label) tell(label, [el.getBoundingClientRect()]);
  };
  const walk = (root) => {
    const show = texts ? NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT : NodeFilter.SHOW_ELEMENT;
    const walker = document.createTreeWalker(root, show);
    for (let at = walker.currentNode; at; at = walker.nextNode()) {
      if (at.nodeType === TEXT) {
        if (!/^(script|style|noscript|textarea|option|title)$/.test(at.parentElement?.localName) && squash(at.data)) words(at);
      } else if (at.nodeType === ELEMENT) {
        if (/^(input|textarea|select)$/.test(at.localName) || hushed.has(at)) field(at);
        else if (texts && at.localName === "img" && at.alt) tell(at.alt, [at.getBoundingClientRect()]);
        const inner = shadowOf(at);
        if (inner) walk(inner);
      }
    }
  };
  walk(document);
  return { fields, read, extent: extent() };
}

// The part of a field that the boxes around it do not cut off, or null.
function clipped(el) {
  let rect = edges(el.getBoundingClientRect());
  for (let up = above(el); up && up !== document.documentElement && up !== document.body; up = above(up)) {
    const style = getComputedStyle(up);
    if (style.overflow !== "visible" && style.display !== "contents") rect = meet(rect, edges(up.getBoundingClientRect()));
    if (style.position === "fixed") break;
  }
  return some(rect) ? rect : null;
}

// Whether something lies over all of a field, so far as that can be told; dots under a dialog give nothing away.
function buried(el, { l, t, r, b }) {
  const points = [[(l + r) / 2, (t + b) / 2], [l + 2, t + 2], [r - 2, t + 2], [l + 2, b - 2], [r - 2, b - 2]];
  return points.every(([x, y]) => over(el, x, y) !== null);
}

// The element that has the keyboard; an iframe when that is in one.
const keyboard = () => focused();

// Put text where the cursor is, if `el` still has the keyboard; in one go, so that nothing can come between.
function give(el, text) {
  hush(el);
  if (focused() !== el) return "moved";
  const held = () => (el.isContentEditable ? el.innerText : el.value) ?? "";
  const before = held();
  if (!document.execCommand("insertText", false, text)) return "refused";
  return held() === before && before !== text ? "refused" : held().includes(text) ? "" : "changed";
}

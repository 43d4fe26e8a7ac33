// Regions that a screenshot must not show: secret fields, and the position of all text, for the search of secret values.

const CHUNK = 40; // characters; longer texts are reported in parts

// Return boxes of filled secret fields and, with `texts`, [text, boxes] of all text on the screen.
function secretRegions({ texts }) {
  const fields = [], read = [];
  const isOnScreen = (rect) => rect.r > 0 && rect.b > 0 && rect.l < innerWidth && rect.t < innerHeight && hasArea(rect);
  const addRegion = (text, rects) => {
    const boxes = rects.map(edgesOf).filter(isOnScreen).map(({ l, t, r, b }) => [l, t, r, b]);
    if (boxes.length && text.trim()) read.push([text, boxes]);
  };
  const addText = (node) => {
    for (let start = 0; start < node.length; start += CHUNK) {
      const range = document.createRange();
      range.setStart(node, start);
      range.setEnd(node, Math.min(node.length, start + CHUNK));
      addRegion(range.toString(), [...range.getClientRects()]);
    }
  };
  const addField = (el) => {
    const hidden = isSecret(el);
    const filled = el.value || (el.isContentEditable && el.textContent) || el.matches(":autofill");
    const around = clipped(el);
    if (hidden && filled && around && isOnScreen(around) && !(el.type === "password" && buried(el, around)))
      fields.push([around.l, around.t, around.r, around.b]);
    if (!texts || hidden) return;
    if (el.localName === "select" && (el.multiple || el.size > 1)) { // its options are drawn in the page
      for (const each of el.querySelectorAll("option, optgroup")) addRegion(each.label, [each.getBoundingClientRect()]);
      return;
    }
    const label = el.localName === "select" ? [...el.selectedOptions].map((each) => each.label).join(" ") : el.value || el.placeholder;
    if (label) addRegion(label, [el.getBoundingClientRect()]);
  };
  const walk = (root) => {
    const show = texts ? NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT : NodeFilter.SHOW_ELEMENT;
    const walker = document.createTreeWalker(root, show);
    for (let at = walker.currentNode; at; at = walker.nextNode()) {
      if (at.nodeType === TEXT) {
        if (!/^(script|style|noscript|textarea|option|title)$/.test(at.parentElement?.localName) && collapseSpace(at.data)) addText(at);
      } else if (at.nodeType === ELEMENT) {
        if (/^(input|textarea|select)$/.test(at.localName) || secretFields.has(at)) addField(at);
        else if (texts && at.localName === "img" && at.alt) addRegion(at.alt, [at.getBoundingClientRect()]);
        const inner = shadowOf(at);
        if (inner) walk(inner);
      }
    }
  };
  walk(document);
  return { fields, read, extent: frameSize() };
}

// Return the part of a field that its ancestors do not clip, or null.
function clipped(el) {
  let rect = edgesOf(el.getBoundingClientRect());
  for (let up = parentOf(el); up && up !== document.documentElement && up !== document.body; up = parentOf(up)) {
    const style = getComputedStyle(up);
    if (style.overflow !== "visible" && style.display !== "contents") rect = intersect(rect, edgesOf(up.getBoundingClientRect()));
    if (style.position === "fixed") break;
  }
  return hasArea(rect) ? rect : null;
}

// Whether a field is completely covered, by a test of five points.
function buried(el, { l, t, r, b }) {
  const points = [[(l + r) / 2, (t + b) / 2], [l + 2, t + 2], [r - 2, t + 2], [l + 2, b - 2], [r - 2, b - 2]];
  return points.every(([x, y]) => blockerAt(el, x, y) !== null);
}


// Insert text at the cursor, if `el` still has the focus. It is one call, so no script of the page runs in between.
function insertSecret(el, text) {
  markSecret(el);
  if (focused() !== el) return "moved";
  const held = () => (el.isContentEditable ? el.innerText : el.value) ?? "";
  const before = held();
  if (!document.execCommand("insertText", false, text)) return "refused";
  return held() === before && before !== text ? "refused" : held().includes(text) ? "" : "changed";
}

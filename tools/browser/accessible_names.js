// Roles and names of elements, by ARIA and the computation of accessible names, with the drawn text where it differs.
// https://www.w3.org/TR/wai-aria-1.2/ https://www.w3.org/TR/accname-1.2/ https://www.w3.org/TR/html-aam-1.0/

const ELEMENT = 1, TEXT = 3; // node types; a page may have redefined Node
const TAGS = {
  article: "article", aside: "complementary", button: "button", datalist: "", dd: "definition", details: "group",
  dialog: "dialog", dt: "term", fieldset: "group", figure: "figure", form: "form", h1: "heading", h2: "heading",
  h3: "heading", h4: "heading", h5: "heading", h6: "heading", hr: "", img: "img", li: "listitem", main: "main",
  menu: "list", meter: "meter", nav: "navigation", ol: "list", output: "status", progress: "progressbar",
  search: "search", summary: "button", table: "table", tbody: "", td: "cell", textarea: "textbox", tfoot: "",
  th: "columnheader", thead: "", tr: "row", ul: "list", canvas: "img", video: "video", audio: "audio",
};
const INPUTS = {
  button: "button", submit: "button", reset: "button", image: "button", file: "button", color: "textbox",
  checkbox: "checkbox", radio: "radio", range: "slider", number: "spinbutton", search: "searchbox", hidden: "",
};
const ROLES = new Set(("alert alertdialog application article banner button caption cell checkbox columnheader " +
  "combobox complementary contentinfo definition dialog feed figure form grid gridcell group heading img link list " +
  "listbox listitem log main marquee menu menubar menuitem menuitemcheckbox menuitemradio meter navigation note option " +
  "progressbar radio radiogroup region row rowgroup rowheader scrollbar search searchbox separator slider spinbutton " +
  "status switch tab table tablist tabpanel term textbox timer toolbar tooltip tree treegrid treeitem").split(" "));
const FIELDS = new Set(["textbox", "searchbox", "spinbutton", "combobox", "listbox", "slider"]);
const TICKED = new Set(["checkbox", "radio", "switch", "menuitemcheckbox", "menuitemradio"]);
const ACTING = new Set([...FIELDS, ...TICKED, "button", "link", "option", "tab", "menuitem", "treeitem", "clickable"]);
const SILENT = new Set(["script", "style", "noscript", "template", "head", "title", "option", "optgroup", "datalist",
  "object", "embed", "audio", "select", "textarea", "iframe", "frame"]);

// Return a value as JSON: a string is transferred much faster than an object. Old libraries define toJSON on built-in
// prototypes, which changes the output, so these methods are removed meanwhile.
const { stringify } = JSON;
function toJson(value) {
  const bent = [Object, Array, String, Number, Boolean].map((each) => each.prototype).filter((each) => Object.hasOwn(each, "toJSON"));
  const kept = bent.map((each) => [each, Object.getOwnPropertyDescriptor(each, "toJSON")]);
  for (const each of bent) delete each.toJSON;
  try { return stringify(value); } finally { for (const [each, how] of kept) Object.defineProperty(each, "toJSON", how); }
}

// Collapse white space and remove zero-width characters, which separate no visible text.
const collapseSpace = (text) => (text || "").replace(/[\u200b\ufeff]/g, "").replace(/\s+/g, " ").trim();
const attribute = (el, name) => collapseSpace(el.getAttribute(name) || "");
// Closed shadow roots cannot be read from an element, so each is stored when it is created. This script runs before the
// scripts of the document. https://dom.spec.whatwg.org/#dom-element-attachshadow
const closed = new WeakMap(); // host -> root
try {
  Element.prototype.attachShadow = new Proxy(Element.prototype.attachShadow, { apply(make, host, how) {
    const root = Reflect.apply(make, host, how);
    if (root.mode === "closed") closed.set(host, root);
    return root;
  } });
} catch { /* a page that has locked it: its closed roots stay closed */ }
const shadowOf = (el) => el.shadowRoot || closed.get(el) || null;
const parentOf = (node) => node.assignedSlot || node.parentElement || (node.getRootNode().host ?? null);
const isWithin = (node, outer) => { for (; node; node = parentOf(node)) if (node === outer) return true; return false; };
const nearest = (node, test) => { for (; node; node = parentOf(node)) if (test(node)) return node; return null; };

function children(node) {
  const root = shadowOf(node);
  if (root) return root.childNodes;
  if (node.localName === "slot") { const given = node.assignedNodes(); if (given.length) return given; }
  return node.childNodes;
}

function roleOf(el) {
  for (const token of (el.getAttribute("role") || "").toLowerCase().split(/\s+/)) {
    if (token === "image") return "img";
    if (token === "presentation" || token === "none") return "";
    if (ROLES.has(token)) return token;
  }
  const tag = el.localName;
  if (tag === "input") {
    const kind = el.type;
    if (kind in INPUTS && !(kind === "search" && el.hasAttribute("list"))) return INPUTS[kind];
    return el.hasAttribute("list") ? "combobox" : "textbox";
  }
  if (tag === "a" || tag === "area") return el.hasAttribute("href") ? "link" : "";
  if (tag === "select") return el.multiple || el.size > 1 ? "listbox" : "combobox";
  if (tag === "option") return "option";
  if (tag === "svg") return svgName(el) ? "img" : "";
  if (tag === "header" || tag === "footer")
    return nearest(el.parentElement, (up) => /^(article|aside|main|nav|section)$/.test(up.localName))
      ? "" : tag === "header" ? "banner" : "contentinfo";
  if (tag === "section") return el.hasAttribute("aria-label") || el.hasAttribute("aria-labelledby") ? "region" : "";
  if (tag === "th" && el.scope === "row") return "rowheader";
  if (el.isContentEditable && !(parentOf(el)?.isContentEditable)) return "textbox";
  return Object.hasOwn(TAGS, tag) ? TAGS[tag] : "";
}

const svgName = (el) => attribute(el, "aria-label") || collapseSpace(el.querySelector(":scope > title")?.textContent);

// Return the visible text of an element, with spaces between separate boxes.
function textOf(root, limit = 500) {
  let out = "", drawn = "";
  const visit = (node) => {
    if (out.length > limit) return;
    if (node.nodeType === TEXT) { out += node.data; return; }
    if (node.nodeType !== ELEMENT) return;
    const tag = node.localName;
    if (tag === "br" || tag === "wbr") { out += tag === "br" ? " " : ""; return; }
    if (tag === "img") { out += ` ${attribute(node, "alt")} `; return; }
    if (tag === "svg") { drawn += ` ${svgName(node)}`; out += " "; return; }
    if (tag === "input") { if (/^(button|submit|reset)$/.test(node.type)) out += ` ${node.value} `; return; }
    if (SILENT.has(tag)) return;
    const style = getComputedStyle(node);
    if (style.display === "none" || style.opacity === "0") return;
    if (style.visibility !== "visible") {
      for (const child of children(node)) if (child.nodeType === ELEMENT) visit(child);
      return;
    }
    const aside = style.position === "absolute" && node.clientWidth <= 1; // visually hidden text for screen readers
    const gap = node !== root && apart(style) && !aside ? " " : "";
    out += gap;
    if (node !== root && node.hasAttribute("aria-label") && !collapseSpace(node.textContent)) out += ` ${attribute(node, "aria-label")} `;
    for (const child of children(node)) visit(child);
    out += gap;
  };
  visit(root);
  out = collapseSpace(out) || collapseSpace(drawn);
  return out.length > limit ? `${out.slice(0, limit)}…` : out;
}

// Whether a box is separate from the text around it.
function apart(style) {
  if (style.display === "inline" || style.display === "contents" || style.display === "ruby") return false;
  if (!style.display.startsWith("inline")) return true;
  return [style.paddingLeft, style.paddingRight, style.marginLeft, style.marginRight].some((side) => parseFloat(side) > 0);
}

// Return the text of an element that is referenced as a label: it may be hidden, but the value of a field is not used.
function referredText(el) {
  return attribute(el, "aria-label") || textOf(el) || collapseSpace(el.textContent) || attribute(el, "alt");
}

function referred(el, name) {
  const root = el.getRootNode();
  const ids = (el.getAttribute(name) || "").split(/\s+/).filter(Boolean);
  return collapseSpace(ids.map((id) => root.getElementById?.(id)).filter(Boolean).map(referredText).join(" "));
}

function labelOf(el) {
  return collapseSpace([...(el.labels || [])].map((label) => {
    const copy = textOf(label);
    return copy || collapseSpace(label.textContent);
  }).join(" "));
}

// Return [name, confidence]. The confidence is below 1 when the name is adjacent text.
function nameOf(el, role) {
  const given = referred(el, "aria-labelledby") || attribute(el, "aria-label");
  if (given) return [given, 1];
  const native = nativeName(el, role);
  if (native) return [native, 1];
  if (FROM_CONTENT.has(role)) {
    const text = textOf(el, role === "clickable" ? 200 : 500);
    if (text) return [text, 1];
  }
  const title = attribute(el, "title") || attribute(el, "placeholder") || attribute(el, "aria-placeholder")
    || attribute(el, "data-placeholder");
  if (title) return [title, 1];
  const written = FROM_CONTENT.has(role) && !TICKED.has(role) ? styled(el) : "";
  if (written) return [written, 1];
  if (FIELDS.has(role) || TICKED.has(role)) {
    const near = nearText(el, TICKED.has(role));
    if (near) return [near, 0.7];
  }
  return ["", 1];
}

// Return the text of ::before and ::after, such as “×”, without private-use characters of icon fonts.
function styled(el) {
  const written = ["::before", "::after"].map((part) => getComputedStyle(el, part).content.match(/^"((?:[^"\\]|\\.)*)"/)?.[1] ?? "");
  return collapseSpace(written.join(" ").replace(/[\ue000-\uf8ff]/g, ""));
}

const FROM_CONTENT = new Set(["button", "link", "tab", "menuitem", "menuitemcheckbox", "menuitemradio", "option",
  "checkbox", "radio", "switch", "treeitem", "heading", "clickable", "columnheader", "rowheader", "tooltip", "cell", "gridcell"]);

function nativeName(el, role) {
  const tag = el.localName;
  if (tag === "input" || tag === "select" || tag === "textarea" || tag === "meter" || tag === "progress" || tag === "output") {
    const label = labelOf(el);
    if (tag === "input" && /^(button|submit|reset|image)$/.test(el.type))
      return collapseSpace(el.value) || attribute(el, "alt") || label || { submit: "Submit", reset: "Reset" }[el.type] || "";
    return label || (tag === "input" && el.type === "file" ? attribute(el, "title") || "Choose file" : "");
  }
  if (tag === "img" || tag === "area") return attribute(el, "alt");
  if (tag === "svg") return svgName(el);
  if (tag === "fieldset") return collapseSpace(el.querySelector(":scope > legend")?.textContent);
  if (tag === "table") return collapseSpace(el.caption?.textContent);
  if (tag === "figure") return collapseSpace(el.querySelector("figcaption")?.textContent);
  if (tag === "option") return collapseSpace(el.label);
  if (tag === "optgroup") return attribute(el, "label");
  if (role === "textbox" && el.labels === undefined && el.id) {
    const label = el.getRootNode().querySelector?.(`label[for="${CSS.escape(el.id)}"]`);
    if (label) return textOf(label);
  }
  if (role === "dialog" || role === "alertdialog" || role === "article" || role === "form" || role === "search")
    return role === "form" || role === "search"
      ? collapseSpace(el.querySelector(":scope > h1, :scope > h2, :scope > h3, :scope > h4, :scope > legend")?.textContent)
      : collapseSpace(el.querySelector("h1, h2, h3, h4, h5, h6, [role=heading]")?.textContent).slice(0, 200);
  return "";
}

// Return the text before a field (after a checkbox) that can only be its label.
function nearText(el, after) {
  const step = after ? "nextSibling" : "previousSibling";
  const field = el.getBoundingClientRect();
  for (let node = el, up = 0; node && up < 3; node = node.parentElement, up += 1) {
    for (let side = node[step]; side; side = side[step]) {
      const element = side.nodeType === ELEMENT;
      if (!element && side.nodeType !== TEXT) continue;
      if (element && (side.matches("input, select, textarea, button, a[href]") || side.querySelector("input, select, textarea, button")))
        return "";
      const text = element ? textOf(side, 120) : collapseSpace(side.data);
      if (text) return text.length <= 80 && isNear(side, field, /:$/.test(text)) ? text.replace(/\s*[:*]+\s*$/, "") : "";
    }
    if (/^(form|fieldset|tr|body|main|section|article|li|table)$/.test(node.parentElement?.localName || "")) return "";
  }
  return "";
}

// Whether a node is on the line of a field and close to it, or above it with a colon or as a label.
function isNear(node, field, colon) {
  const range = document.createRange();
  range.selectNodeContents(node);
  const rect = range.getBoundingClientRect();
  const shared = Math.min(rect.bottom, field.bottom) - Math.max(rect.top, field.top);
  if (shared > 0.4 * Math.min(rect.height, field.height)) return Math.max(field.left - rect.right, rect.left - field.right) < 300;
  return (colon || node.localName === "label") && field.top - rect.bottom < 40 && field.top >= rect.top;
}

function describe(el, role, name) {
  const said = [referred(el, "aria-describedby"), attribute(el, "aria-description"), attribute(el, "placeholder"),
    attribute(el, "title"), FIELDS.has(role) || TICKED.has(role) ? labelOf(el) : ""];
  if (el.localName === "input" && el.type === "file") said.push("Choose file"); // browsers draw this text on it
  if (el.localName === "select") {
    const options = [...el.options].filter((option) => !option.hidden).map((option) => collapseSpace(option.label));
    said.push(`options: ${options.slice(0, 60).join(", ")}${options.length > 60 ? ", …" : ""}`);
  }
  if (!name && (ACTING.has(role) || role === "img")) said.push(hints(el));
  return [...new Set(said.filter((text) => text && text !== name))].join("; ").slice(0, 1500);
}

// Return words of the markup for an element without a name: ids, classes of icons, file names.
function hints(el) {
  const words = [el.id, el.getAttribute("name"), el.getAttribute("data-testid"), el.getAttribute("data-icon")];
  for (const part of [el, ...el.querySelectorAll("svg, i, span, img, use")].slice(0, 6)) {
    const classes = [...(part.classList || [])].filter((name) => /icon|^(fa|bi|mdi|ti|lucide|glyph)\b|-(fa|bi)-/.test(name));
    const { content, backgroundImage } = getComputedStyle(part); // icons of style sheets
    const drawn = `${content} ${backgroundImage}`.match(/url\("(?!data:)[^"]*?([^"/?#]+?)(?:\.\w+)?(?:[?#][^"]*)?"\)/)?.[1];
    const only = part.classList?.length === 1 && /^[a-z]{3,}$/.test(part.classList[0]) ? part.classList[0] : "";
    words.push(...classes, only || drawn, part.getAttribute("href")?.split("#")[1], part.getAttribute("xlink:href")?.split("#")[1],
      part.localName === "img" ? decodeURI(part.getAttribute("src") || "").split(/[?#]/)[0].split("/").pop().replace(/\.\w+$/, "") : "");
  }
  if (el.localName === "a") {
    const [way, at] = (el.getAttribute("href") || "").split("#");
    for (const part of [way.split("?")[0], at]) words.push((part || "").split("/").filter(Boolean).pop());
  }
  const said = words.filter(Boolean).join(" ").slice(0, 200).replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  const dull = /^(icon|icons|svg|img|btn|button|link|fa|fas|far|fab|bi|mdi|ti|lucide|glyphicon|data|image|html|sprites?|\d+)$/;
  return [...new Set(said.split(/[^\p{L}\p{N}]+/u))].filter((word) => word.length > 1 && !dull.test(word)).join(" ");
}

const secretFields = new WeakSet(); // fields that contain or contained a secret
const markSecret = (el) => { secretFields.add(el); };
function isSecret(el) {
  if (secretFields.has(el)) return true;
  if (!/^(input|textarea)$/.test(el.localName)) return false;
  const kept = el.type === "password" || /\b(current|new)-password\b/.test(el.autocomplete)
    || !/^(none|)$/.test(getComputedStyle(el).webkitTextSecurity ?? "");
  if (kept) markSecret(el); // it stays secret when a button makes the password visible
  return kept;
}

function valueOf(el, role) {
  if (isSecret(el)) return "";
  const tag = el.localName;
  if (tag === "select") return [...el.selectedOptions].map((option) => collapseSpace(option.label)).join(", ");
  if (tag === "input") {
    if (/^(button|submit|reset|image|checkbox|radio)$/.test(el.type)) return "";
    return el.type === "file" ? [...el.files].map((file) => file.name).join(", ") : el.value.slice(0, 2000);
  }
  if (tag === "textarea") return el.value.slice(0, 2000);
  if (role === "textbox" || role === "searchbox") return (el.isContentEditable ? el.innerText : "").trim().slice(0, 2000);
  if (tag === "progress" || tag === "meter") return String(el.value);
  return attribute(el, "aria-valuetext") || attribute(el, "aria-valuenow")
    || (role === "combobox" ? textOf(el, 200) : "");
}

function checkedOf(el, role) {
  if (!TICKED.has(role)) return null;
  if (el.localName === "input") return el.checked;
  return el.getAttribute("aria-checked") === "true";
}

// Return the state of an `aria-*` attribute or of <details>: true, false, or null when it is not set.
function stateOf(el, name) {
  if (name === "expanded" && el.localName === "summary") return el.parentElement?.open ?? null;
  const said = el.getAttribute(`aria-${name}`);
  return said === "true" || said === "mixed" ? true : said === "false" ? false : null;
}

const enabled = (el) => !el.matches(":disabled") && !nearest(el, (up) => up.inert || up.getAttribute?.("aria-disabled") === "true");

function focused() {
  let el = document.activeElement;
  while (el && shadowOf(el)?.activeElement) el = shadowOf(el).activeElement;
  return el && el !== document.body && el !== document.documentElement ? el : null;
}

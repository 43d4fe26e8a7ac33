// Predict what a press at a point or on the focused element activates.

const LISTENED = { // event type -> kind of interaction
  click: "press", mousedown: "press", mouseup: "press", pointerdown: "press", pointerup: "press", touchstart: "press",
  touchend: "press", dblclick: "press", auxclick: "press", contextmenu: "press", keydown: "key", keypress: "key", keyup: "key",
  change: "change", input: "change", beforeinput: "change", drop: "drop", dragend: "drop", submit: "submit",
};
const listeners = new WeakMap(); // target -> set of kinds that it listens for
const clickTargets = new WeakSet(); // targets that listen for clicks
// Whether every listener was recorded when it was added; False for a page that was loaded before handeye connected.
const early = document.readyState === "loading" && document.scripts.length === 0;
try {
  EventTarget.prototype.addEventListener = new Proxy(EventTarget.prototype.addEventListener, { apply(add, self, given) {
    const kind = Object.hasOwn(LISTENED, given[0]) ? LISTENED[given[0]] : "";
    if (kind && given[1]) {
      const target = self ?? globalThis;
      if (!listeners.has(target)) listeners.set(target, new Set());
      listeners.get(target).add(kind);
      if (given[0] === "click") clickTargets.add(target);
    }
    return Reflect.apply(add, self, given);
  } });
} catch { /* locked by the page */ }

function listening(target, into) {
  for (const kind of listeners.get(target) ?? []) into.add(kind);
  for (const type of Object.keys(LISTENED)) if (typeof target[`on${type}`] === "function") into.add(LISTENED[type]);
}
const whole = (el) => el === document.body || el === document.documentElement;
// Return [kinds that scripts listen for on an element or its ancestors, and on the document].
function listenersAt(el) {
  const own = new Set(), all = new Set();
  for (let up = el; up; up = parentOf(up)) listening(up, whole(up) ? all : own);
  for (let root = el.getRootNode(); root instanceof ShadowRoot; root = root.host.getRootNode()) listening(root, own);
  listening(document, all);
  listening(globalThis, all);
  return [own, all];
}

// Return the drawn text of an element: with generated text, and without spaces between adjacent inline boxes.
function renderedText(root, limit = 300) {
  let out = "";
  const written = (el, part) => getComputedStyle(el, part).content.match(/^"((?:[^"\\]|\\.)*)"/)?.[1] ?? "";
  const visit = (node) => {
    if (out.length > limit) return;
    if (node.nodeType === TEXT) {
      const style = node.parentElement && getComputedStyle(node.parentElement);
      if (style && parseFloat(style.fontSize) < 1) return; // invisible letters between visible ones
      const isReversed = style && /override/.test(style.unicodeBidi) && style.direction === "rtl";
      out += isReversed ? [...node.data].reverse().join("") : node.data;
      return;
    }
    if (node.nodeType !== ELEMENT) return;
    const tag = node.localName;
    if (tag === "br") { out += " "; return; }
    if (tag === "img") { out += ` ${attribute(node, "alt")} `; return; }
    if (SILENT.has(tag)) return;
    const style = getComputedStyle(node);
    if (style.display === "none" || style.opacity === "0" || style.visibility !== "visible") return;
    const gap = /^(block|flex|grid|list-item|table|flow-root)/.test(style.display) ? " " : "";
    out += gap + written(node, "::before");
    for (const child of children(node)) visit(child);
    out += written(node, "::after") + gap;
  };
  visit(root);
  return collapseSpace(out);
}

const ASKS = "button, input, select, textarea, a[href], [role=button], [role=link], [role=checkbox], [role=textbox], [contenteditable]";
const LINED = /^(block|flex|grid|list-item|table|flow-root)/;

// Return the text in an element that belongs to no control, one line per block.
function messageIn(root, limit = 1000) {
  let out = "";
  const visit = (node) => {
    if (out.length > limit) return;
    if (node.nodeType === TEXT) { out += node.data.replace(/\s+/g, " "); return; }
    if (node.nodeType !== ELEMENT || SILENT.has(node.localName) || node.matches(ASKS)) return;
    const style = getComputedStyle(node);
    if (style.display === "none" || style.visibility !== "visible" || style.opacity === "0") return;
    const gap = LINED.test(style.display) || node.localName === "br" ? "\n" : "";
    out += gap;
    for (const child of children(node)) visit(child);
    out += gap;
  };
  for (const child of children(root)) visit(child);
  return out.split("\n").map(collapseSpace).filter(Boolean).join("\n").slice(0, limit);
}

// Return words of the markup of an element: ids, classes, data attributes, file names.
function codeOf(el) {
  const words = [];
  for (const part of [el, ...el.querySelectorAll("*")].slice(0, 8)) {
    words.push(part.id, ...(part.classList ?? []));
    for (const { name, value } of part.attributes)
      if (/^(data-|name$|icon$)/.test(name) && value.length < 200) words.push(name.replace(/^data-/, ""), value);
    for (const name of ["href", "xlink:href", "src"])
      if (part !== el || part.localName !== "a") words.push(fileOf(part.getAttribute(name)));
    const { backgroundImage, maskImage } = getComputedStyle(part);
    for (const url of [backgroundImage, maskImage]) words.push(fileOf(/url\("(.*?)"\)/.exec(url ?? "")?.[1]));
  }
  return collapseSpace([...new Set(words.filter(Boolean))].join(" ; ")).slice(0, 600);
}
function fileOf(url) {
  if (!url || url.startsWith("data:")) return "";
  try { return decodeURIComponent(url.replace(/^.*[/#]/, "").replace(/[?].*$/, "").replace(/\.\w+$/, "")); } catch { return ""; }
}

// Whether an element has text outside of <svg>.
const hasText = (el) => [...children(el)].some((child) => child.nodeType === TEXT ? collapseSpace(child.data)
  : child.nodeType === ELEMENT && child.localName !== "svg" && !SILENT.has(child.localName) && hasText(child));

function controlInfo(el) {
  const role = roleOf(el);
  const words = [nameOf(el, role)[0], attribute(el, "aria-label"), attribute(el, "title"), attribute(el, "alt"), attribute(el, "aria-description"),
    referred(el, "aria-describedby"), attribute(el, "aria-valuetext")];
  if (el.localName === "input") {
    if (/^(submit|button|reset|image)$/.test(el.type)) words.push(el.value, attribute(el, "alt"), renderedText(el));
    words.push(labelOf(el), attribute(el, "placeholder"));
  } else if (!/^(select|textarea)$/.test(el.localName) && !el.isContentEditable) {
    words.push(textOf(el, 300), renderedText(el), placedText(el));
    for (const part of [...el.querySelectorAll("[title], [aria-label], svg > title")].slice(0, 4)) words.push(attribute(part, "title") || attribute(part, "aria-label") || collapseSpace(part.textContent));
  } else words.push(labelOf(el), attribute(el, "placeholder"));
  return {
    role: role || el.localName, words: [...new Set(words.map(collapseSpace).filter(Boolean))].map((text) => text.slice(0, 300)),
    code: codeOf(el), pictured: Boolean(el.querySelector("img, svg") || /^(img|svg)$/.test(el.localName)) && !hasText(el), resets: el.type === "reset" && /^(button|input)$/.test(el.localName),
  };
}

const hrefOf = (el) => /^(a|area)$/.test(el.localName) ? (typeof el.href === "string" ? el.href : el.href?.baseVal ?? "") : "";
const button = (el) => roleOf(el) === "button" || /^(button|summary)$/.test(el.localName);
const submitter = (el) => (el.localName === "button" && el.type === "submit") || (el.localName === "input" && /^(submit|image)$/.test(el.type));
const pressable = (el) => { const own = new Set(); listening(el, own); return own.has("press"); };

// Return the control that a press on an element activates.
function controlAt(hit) {
  const found = nearest(hit, (up) => ACTING.has(roleOf(up)) || /^(summary|label)$/.test(up.localName) || hrefOf(up));
  if (found?.localName === "label" && found.control && !isWithin(hit, found.control)) return found.control;
  if (found && found.localName !== "label") return found;
  const most = 0.4 * innerWidth * innerHeight;
  return nearest(hit, (up) => !whole(up) && pressable(up) && area(edgesOf(up.getBoundingClientRect())) < most) ?? found ?? hit;
}

// Return the submit buttons of a form in document order. form.elements does not contain image buttons:
// https://html.spec.whatwg.org/multipage/forms.html#dom-form-elements
const allIn = (root, selector) => [...root.querySelectorAll(selector)];
const submitters = (form) => allIn(form.getRootNode(), "button, input").filter((el) => el.form === form && submitter(el));
// https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#implicit-submission
const BLOCKING = /^(text|search|tel|url|email|password|date|month|week|time|datetime-local|number)$/;
function byEnter(field) {
  const form = field.form;
  if (!form || field.localName !== "input" || /^(button|reset|file|color|hidden)$/.test(field.type)) return null;
  const [first] = submitters(form);
  if (first) return first.matches(":disabled") ? null : { form, first };
  const fields = [...form.elements].filter((el) => el.localName === "input" && BLOCKING.test(el.type));
  return fields.length > 1 ? null : { form, first: null };
}

const TITLES = "h1, h2, h3, h4, h5, h6, legend, caption, [role=heading]";
function formOf(form, first) {
  const headings = [referred(form, "aria-labelledby"), attribute(form, "aria-label"), attribute(form, "title"),
    ...allIn(form, TITLES).slice(0, 6).map((el) => textOf(el, 200))];
  let before = form.previousElementSibling;
  while (before && !collapseSpace(before.textContent)) before = before.previousElementSibling;
  if (before?.matches(TITLES)) headings.push(textOf(before, 200));
  const set = (name) => first?.getAttribute(`form${name}`) || form.getAttribute(name) || "";
  let action = set("action");
  try { action = new URL(action || document.URL, document.baseURI).href; } catch { /* as it is written */ }
  return {
    headings: [...new Set(headings.filter(Boolean))], message: messageIn(form), action, method: set("method").toLowerCase() || "get",
    button: first ? controlInfo(first) : null,
  };
}

const OVER = "dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true]";
function dialogOf(el) {
  for (let up = el; up && !whole(up); up = parentOf(up)) {
    let found = up.matches(OVER) || Boolean(up.matches(":popover-open"));
    const buttons = () => allIn(up, "button, input[type=submit], input[type=button], [role=button], a[href]").filter((each) => each.checkVisibility?.() !== false).length;
    if (!found && /^(fixed|absolute)$/.test(getComputedStyle(up).position) && !/^(nav|header|footer|aside)$/.test(up.localName) && up !== el)
      found = buttons() <= 6 && up.textContent.length < 1500 && !up.querySelector("nav, main");
    if (!found) continue;
    const title = referred(up, "aria-labelledby") || attribute(up, "aria-label") || collapseSpace(up.querySelector(TITLES)?.textContent);
    return { title: title.slice(0, 300), message: `${referred(up, "aria-describedby")}\n${messageIn(up)}`.trim(), buttons: buttons() };
  }
  return null;
}

// Return the text around a control, if it is short.
function textAround(el) {
  for (let up = parentOf(el), level = 0; up && level < 4; up = parentOf(up), level += 1) {
    const text = messageIn(up, 500);
    if (text) return text.length < 450 ? text : "";
  }
  return "";
}

function rowOf(el) {
  const row = nearest(parentOf(el), (up) => /^(tr|li|article)$/.test(up.localName) || /^(row|listitem|article|option|treeitem)$/.test(roleOf(up)));
  if (!row) return "";
  const cell = nearest(el, (up) => up.localName === "td" || up.localName === "th");
  const table = cell?.closest("table");
  const head = table && (table.tHead?.rows[0] ?? table.rows[0]);
  const column = head && head !== cell.parentElement ? collapseSpace(head.cells[cell.cellIndex]?.textContent) : "";
  return `${messageIn(row, 200)}\n${column}`.trim(); // without the texts of its other controls
}

const BUTTONS = "button, input[type=submit], input[type=button], input[type=image], [role=button], a";
// Whether a link runs a script instead of opening an address.
const runs = (el) => pressable(el) || /^(#|javascript:|$)/i.test(attribute(el, "href"));
const ITEM = "li, tr, article, [role=row], [role=listitem], [role=option], [role=treeitem]";
const buttonsIn = (root) => allIn(root, BUTTONS).filter((each) => each.localName !== "a" || roleOf(each) === "button" || runs(each));
function nextButton(field) {
  const scope = nearest(parentOf(field), (up) => buttonsIn(up).some((each) => !isWithin(field, each)));
  if (!scope) return null;
  const others = (each) => { const item = each.closest(ITEM); return item && scope !== item && scope.contains(item) && !item.contains(field); };
  const all = buttonsIn(scope).filter((each) => each.checkVisibility?.() !== false && !others(each));
  const after = all.find((each) => field.compareDocumentPosition(each) & 4); // DOCUMENT_POSITION_FOLLOWING
  const found = after ?? all.at(-1);
  return found ? controlInfo(found) : null;
}

// Whether a script reacts to a change of a field before its form is submitted.
function atOnce(el, own, all) {
  const onMutations = (kinds) => kinds.has("change") || kinds.has("press");
  if (!el.form || !submitters(el.form).length) return onMutations(own) || all.has("change");
  const kinds = new Set();
  for (let up = el; up && up !== el.form; up = parentOf(up)) listening(up, kinds);
  listening(el.form, kinds);
  for (const label of el.labels ?? []) listening(label, kinds);
  return onMutations(kinds);
}

// Return the HTTP method that a framework's attributes give to a press; empty for none.
// https://guides.rubyonrails.org/form_helpers.html, https://turbo.hotwired.dev/reference/attributes,
// https://htmx.org/attributes/hx-delete/, https://laravel.com/docs/routing#form-method-spoofing
function requestOf(el, form) {
  const said = ["data-method", "data-turbo-method"].map((name) => attribute(el, name)).find(Boolean)
    ?? ["put", "patch", "delete"].find((name) => el.hasAttribute(`hx-${name}`) || el.hasAttribute(`data-hx-${name}`));
  const hidden = form && allIn(form, "input[type=hidden][name=_method]")[0];
  return (said ?? hidden?.value ?? "").toLowerCase().slice(0, 20);
}

// Return the text of an element in its visual order, which CSS can change; empty when it is the document order.
function placedText(root) {
  const parts = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && parts.length < 60; node = walker.nextNode()) {
    if (!collapseSpace(node.data)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rect = range.getBoundingClientRect();
    if (rect.width > 0) parts.push({ text: collapseSpace(node.data), rect });
  }
  const line = (one, two) => Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top) > 0.5 * Math.min(one.height, two.height);
  const sorted = [...parts].sort((a, b) => (line(a.rect, b.rect) ? a.rect.left - b.rect.left : a.rect.top - b.rect.top));
  if (sorted.every((part, index) => part === parts[index])) return "";
  const gap = (part, before) => (before && line(part.rect, before.rect) && part.rect.left - before.rect.right < 2 ? "" : " ");
  return collapseSpace(sorted.map((part, index) => gap(part, sorted[index - 1]) + part.text).join("")).slice(0, 300);
}

const LISTED = /^(listbox|grid|tree|treegrid|list|table|row|option|treeitem|gridcell|listitem|cell)$/;
const OPENS = /^(tab|menuitemradio|combobox)$/;

// `at`: a point of this document; `id`: one of its elements; `key`: an access key; none of them: the focused element.
function hitTest({ at, id, key }) {
  let hit = at ? elementAt(at[0], at[1]) : id ? node(id) : key
    ? allIn(document, "[accesskey]").find((el) => attribute(el, "accesskey").toLowerCase().split(" ").includes(key)) : focused();
  if (hit?.nodeType === TEXT) hit = hit.parentElement;
  if (!hit) return key || id ? null : at ? null : ofDocument();
  if (/^i?frame$/.test(hit.localName)) return { frame: true, dialog: dialogOf(hit), row: rowOf(hit) };
  const el = controlAt(hit), role = roleOf(el);
  const [own, all] = listenersAt(hit);
  if (!isWithin(hit, el)) for (const kind of listenersAt(el)[0]) own.add(kind); // a press on a label activates its field
  if (!early) for (const kind of ["press", "key", "change"]) all.add(kind);
  const link = hrefOf(el);
  const outer = [];
  for (let up = parentOf(el); up && !whole(up); up = parentOf(up))
    if ((ACTING.has(roleOf(up)) || hrefOf(up)) && outer.length < 4) outer.push(controlInfo(up));
  const submits = submitter(el) && el.form && !el.matches(":disabled");
  const entered = byEnter(el);
  const text = FIELDS.has(role) && !/^(slider|listbox)$/.test(role) && el.localName !== "select" && !submitter(el) || el.isContentEditable;
  const rect = edgesOf(el.getBoundingClientRect());
  return {
    control: controlInfo(el), outer, box: [rect.l, rect.t, rect.r, rect.b],
    drawn: Boolean(el.matches("img, canvas, svg, input[type=image]") || el.querySelector("img, canvas, svg") || /url\(/.test(getComputedStyle(el).backgroundImage)),
    acts: Boolean(link || submits || button(el) || ACTING.has(role) || own.has("press")),
    listens: [...own].filter((kind) => kind !== "submit"), delegated: [...all].filter((kind) => kind !== "submit"),
    at_once: atOnce(el, own, all), link, opens: OPENS.test(role) || el.localName === "summary" || el.hasAttribute("aria-expanded") || attribute(el, "aria-haspopup") !== "" && attribute(el, "aria-haspopup") !== "false",
    carried: Boolean(nearest(hit, (up) => attribute(up, "draggable") === "true")), only_opens: el.localName === "summary" && !own.has("press"), request: requestOf(el, submits && el.form),
    takes_text: text, lines: el.localName === "textarea", listed: Boolean(nearest(hit, (up) => LISTED.test(roleOf(up)))),
    submits: Boolean(submits), form: submits ? formOf(el.form, el) : entered ? formOf(entered.form, entered.first) : null,
    in_form: Boolean(el.form && submitters(el.form).length), next: text || FIELDS.has(role) || TICKED.has(role) ? nextButton(el) : null,
    row: rowOf(el), dialog: dialogOf(el), message: textAround(el),
  };
}

// Without a focused element, keys go to the document.
function ofDocument() {
  const [own, all] = listenersAt(document.body ?? document.documentElement);
  if (!early) all.add("key");
  return { control: { role: "document", words: [], code: "", resets: false }, listens: [...own].filter((kind) => kind !== "submit"), delegated: [...all].filter((kind) => kind !== "submit") };
}

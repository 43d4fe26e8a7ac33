// List all elements of the page that are visible or can be scrolled into view, in reading order.

const CONTAINERS = new Set(["row", "listitem", "article", "form", "dialog", "alertdialog", "treeitem", "navigation",
  "banner", "contentinfo", "menu", "menubar", "toolbar", "tablist", "complementary", "search", "table", "grid",
  "treegrid", "list", "listbox", "group", "figure", "region", "feed", "radiogroup", "tabpanel", "rowgroup", "term", "definition"]);
const LEAVES = new Set(["button", "link", "tab", "menuitem", "menuitemcheckbox", "menuitemradio", "option", "checkbox",
  "radio", "switch", "treeitem", "heading", "clickable"]);
const CELLS = new Set(["cell", "gridcell", "columnheader", "rowheader"]);
const NESTED = "table, ul, ol, form, article, h1, h2, h3, h4, h5, h6, p + p, [role=list], [role=table]";
const EVERYWHERE = { l: -Infinity, t: -Infinity, r: Infinity, b: Infinity };

const intersect = (a, b) => ({ l: Math.max(a.l, b.l), t: Math.max(a.t, b.t), r: Math.min(a.r, b.r), b: Math.min(a.b, b.b) });
const hasArea = (a) => a.r - a.l > 0.5 && a.b - a.t > 0.5;
const area = (a) => Math.max(0, a.r - a.l) * Math.max(0, a.b - a.t);
const edgesOf = (rect) => ({ l: rect.left, t: rect.top, r: rect.right, b: rect.bottom });
const union = (a, b) => a ? { l: Math.min(a.l, b.l), t: Math.min(a.t, b.t), r: Math.max(a.r, b.r), b: Math.max(a.b, b.b) } : b;

const known = new WeakMap(); // node -> id
const nodes = new Map(); // id -> WeakRef(node)
const frames = new WeakMap(); // iframe -> its position in the list

function rectOf(el, role) {
  const rects = [...el.getClientRects()].map(edgesOf).filter(hasArea);
  if (rects.length > 1 && role && role !== "text") return rects.reduce((a, b) => (area(b) > area(a) ? b : a));
  if (rects.length) return edgesOf(el.getBoundingClientRect());
  const range = document.createRange();
  range.selectNodeContents(el);
  const around = edgesOf(range.getBoundingClientRect());
  return hasArea(around) ? around : null;
}

// Return the element at a point, through shadow roots. https://drafts.csswg.org/cssom-view/#dom-document-elementfrompoint
function elementAt(x, y) {
  let hit = document.elementFromPoint(x, y);
  while (hit && shadowOf(hit)) {
    const inner = shadowOf(hit).elementFromPoint(x, y);
    if (!inner || inner === hit) break;
    hit = inner;
  }
  return hit;
}

// Return the developer's name of an element: a test id, else an id, else a form name. Generated ids are not used.
function keyOf(el) {
  for (const name of ["data-testid", "data-test-id", "data-test", "data-cy", "id", "name"]) {
    const value = attribute(el, name);
    if (!value || value.length > 100) continue;
    if (name === "id" && (/[:.]|\d{3}|[0-9a-f]{8}/.test(value) || /^\d|^(?:ember|radix|headlessui|mui|react)[-_]?/i.test(value))) continue;
    return `${name.startsWith("data-") ? "testid" : name}=${value}`;
  }
  return "";
}

// Whether an element that covers a field is a part of its widget: a placeholder, an icon, a drawn check mark.
function sameWidget(el, hit) {
  if (!/^(input|textarea|select)$/.test(el.localName) && !el.isContentEditable) return false;
  const common = nearest(hit, (up) => isWithin(el, up));
  if (!common || nearest(hit, (up) => up === common || ACTING.has(roleOf(up))) !== common) return false;
  if (common === parentOf(el) && /^(checkbox|radio)$/.test(el.type)) return true;
  return area(edgesOf(common.getBoundingClientRect())) <= 3 * area(edgesOf(el.getBoundingClientRect()));
}

// Return the element that covers `el` at a point, or null.
const blockerAt = (el, x, y) => blocks(el, elementAt(x, y));
// Return `hit` when it covers `el`, else null.
function blocks(el, hit) {
  if (!hit || isWithin(hit, el) || isWithin(el, hit)) return null;
  for (const label of el.labels || []) if (isWithin(hit, label)) return null;
  if (hit.control === el || sameWidget(el, hit) || stretched(el, hit)) return null;
  return hit;
}

// Whether a link or button fills the card that contains both, by a pseudo-element or an empty box. A press on the card's
// title or text is then intended for it. Other controls of the card below it are covered.
function stretched(el, hit) {
  const control = nearest(hit, (up) => ACTING.has(roleOf(up)));
  if (!control || FIELDS.has(roleOf(control)) || nearest(el, (up) => ACTING.has(roleOf(up)))) return false;
  const fills = (style) => style.position === "absolute" && style.content !== "none";
  const own = getComputedStyle(hit).position === "absolute" && !collapseSpace(hit.textContent);
  if (!own && ![control, hit].some((of) => ["::after", "::before"].some((part) => fills(getComputedStyle(of, part))))) return false;
  const isPositioned = (up) => { const { position, transform } = getComputedStyle(up); return position !== "static" || transform !== "none"; };
  const card = nearest(own ? parentOf(hit) : hit, isPositioned);
  return Boolean(card) && card !== document.body && card !== document.documentElement && isWithin(el, card) && isWithin(control, card)
    && !ACTING.has(roleOf(card));
}

// Set path and items of the elements. The tree contains the page's nodes without nodes that have one child only. A path
// is the list of branch numbers from the page to an element. `items` are lengths of the path's prefixes that lead to one of
// several similar nodes, such as a card or a row, with or without a role.
function numberBranches(place, path, items) {
  let { kids } = place;
  if (place.made) Object.assign(place.made, { path, items });
  else while (kids.length === 1 && !kids[0].made) kids = kids[0].kids;
  const alike = kids.map((kid, index) => index > 0 && isAlike(kids[index - 1], kid));
  kids.forEach((kid, index) => {
    const at = [...path, index];
    numberBranches(kid, at, alike[index] || alike[index + 1] ? [...items, at.length] : items);
  });
}

const ALONE = /^(td|th|dt|dd|p|label|a|button|option)$/; // tags that are no items with parts
function isAlike(one, other) {
  if (!one.el || !other.el || ALONE.test(one.el.localName) || !one.kids.length || !other.kids.length) return false;
  const [mine, its] = [[...one.el.classList], [...other.el.classList]];
  if (mine.length && its.length) return mine.some((each) => its.includes(each));
  return one.el.localName === other.el.localName && (mine.length === its.length || one.el.localName !== "div");
}

const isInside = (place, inside) => { for (; place; place = place.up) if (place === inside) return true; return false; };

// Whether an element is a modal dialog. https://www.w3.org/TR/wai-aria-1.2/#aria-modal
function isModal(el) {
  if (el.localName === "dialog" && el.matches(":modal")) return true;
  return el.getAttribute("aria-modal") === "true" && /^(alert)?dialog$/.test(roleOf(el));
}

// Find a modal dialog of a page without roles: a backdrop that covers the whole window and stops presses, and the one
// element on top of it or in it. Return null for none.
function drawnOver() {
  const wide = innerWidth, high = innerHeight;
  const sheetAt = ([x, y]) => nearest(elementAt(x, y), (up) => {
    if (!/^(fixed|absolute)$/.test(getComputedStyle(up).position)) return false;
    const rect = edgesOf(up.getBoundingClientRect());
    return area(intersect(rect, { l: 0, t: 0, r: wide, b: high })) >= 0.95 * wide * high;
  });
  const corners = [[2, 2], [wide - 3, 2], [2, high - 3], [wide - 3, high - 3]].map(sheetAt);
  const sheet = corners[0];
  if (!sheet || corners.some((each) => each !== sheet)) return null;
  const steps = [0.1, 0.3, 0.5, 0.7, 0.9];
  const points = steps.flatMap((x) => steps.map((y) => [x * wide, y * high]));
  const apart = (el) => !isWithin(el, sheet) && !isWithin(sheet, el);
  const tops = points.map(([x, y]) => elementAt(x, y)).filter((hit) => hit && apart(hit));
  const branch = (el) => nearest(el, (up) => parentOf(up) && isWithin(sheet, parentOf(up)));
  const on = new Set(tops.map(branch).filter(Boolean));
  const held = (hit) => isWithin(hit, sheet) || [...on].some((top) => isWithin(hit, top));
  const controls = [...document.querySelectorAll("a[href], button, input, select, textarea, [role], [onclick], [tabindex]")].slice(0, 300);
  const below = controls.some((el) => {
    if (!apart(el) || held(el)) return false;
    const [x, y] = middle(edgesOf(el.getBoundingClientRect()));
    const hit = x > 0 && y > 0 && x < wide && y < high && el.checkVisibility?.() !== false && elementAt(x, y);
    return hit && held(hit);
  });
  if (!below) return null;
  const dialog = on.size === 1 ? [...on][0] : on.size ? null : sheet;
  const other = dialog && (roleOf(dialog) || dialog.querySelector("dialog, [role=dialog], [role=alertdialog], [role=menu], [role=listbox]"));
  return { sheet, on, dialog: other ? null : dialog, places: [] };
}

// Return the address of a link; empty for a link that runs a script or stays on the page.
function leadsTo(el) {
  if (!el.hasAttribute("href")) return "";
  try {
    const to = new URL(el.getAttribute("href"), document.baseURI), here = new URL(location.href);
    const stays = to.origin === here.origin && to.pathname === here.pathname && to.search === here.search;
    return !/^https?:|^file:|^mailto:|^tel:/.test(to.protocol) || stays ? "" : to.href.slice(0, 2000);
  } catch { return ""; }
}

// Add an element to the tree below its ancestors.
function addToTree(place) {
  for (; place.up && !place.planted; place = place.up) { place.planted = true; place.up.kids.push(place); }
}

// Limit the list: visible elements first, then controls, then by order.
function limitElements(found, most) {
  if (found.length <= most) return found;
  const hidden = ({ box }) => box[2] <= 0 || box[3] <= 0 || box[0] >= innerWidth || box[1] >= innerHeight;
  const worth = found.map((each, index) => [hidden(each) * 2 + !ACTING.has(each.role), index]);
  worth.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return worth.slice(0, most).sort((a, b) => a[1] - b[1]).map(([, index]) => found[index]);
}

function collect({ next, nested, most, forDecision }) {
  noteObservation();
  const found = [];
  const spots = [];
  let modal = null; // the open modal dialog
  const drawn = nested ? null : drawnOver();
  const controls = new Map(); // id -> name of each control
  const wide = innerWidth, high = innerHeight;
  const active = document.hasFocus() ? focused() : null;
  const scrolledX = scrollX, scrolledY = scrollY;

  const identify = (node) => {
    let id = known.get(node);
    if (!id) { id = `e${next++}`; known.set(node, id); nodes.set(id, new WeakRef(node)); }
    return id;
  };
  const reachable = (rect, ctx) => ctx.soft !== EVERYWHERE || (rect.r + scrolledX > 0 && rect.b + scrolledY > 0);

  // Return [box, covered, clipped] of the visible part, or null when the element can never be visible.
  const shown = (el, rect, ctx, hit = el) => {
    if (!rect || !hasArea(rect) || !reachable(rect, ctx)) return null;
    const seen = intersect(rect, ctx.hard);
    if (!hasArea(seen)) return null;
    const inside = intersect(seen, ctx.soft);
    if (!hasArea(inside)) return [seen, true, true];
    const screen = intersect(inside, { l: 0, t: 0, r: wide, b: high });
    if (!hasArea(screen)) return [inside, nested];
    const x = (screen.l + screen.r) / 2, y = (screen.t + screen.b) / 2;
    return [inside, blockerAt(hit, x, y) !== null];
  };

  const emit = (el, role, rect, ctx, fields) => {
    const place = shown(el, rect, ctx);
    if (!place) return null;
    const [box, covered, clipped] = place;
    const made = { id: identify(fields.node || el), role, parent: ctx.parent, box: [box.l, box.t, box.r, box.b], covered, ...fields };
    const key = role === "text" ? "" : keyOf(el);
    if (key) made.key = key;
    if (clipped) made.clipped = true;
    delete made.node;
    found.push(made);
    const own = role !== "text" && ctx.place.el === el && !ctx.place.made;
    const spot = own ? ctx.place : { up: ctx.place, el: null, kids: [] };
    spot.made = made;
    addToTree(spot);
    spots.push([made, spot]);
    return made;
  };

  const control = (el, role, rect, ctx) => {
    const [name, confidence] = nameOf(el, role);
    const written = TICKED.has(role) || FIELDS.has(role) ? "" : textOf(el, 200);
    const made = emit(el, role, rect, ctx, {
      name, confidence, text: written === name ? "" : written, href: el.localName === "a" || el.localName === "area" ? leadsTo(el) : "", value: FIELDS.has(role) || el.localName === "input" || role === "progressbar" || role === "meter" ? valueOf(el, role) : "",
      description: describe(el, role, name), enabled: enabled(el), focused: el === active,
      checked: checkedOf(el, role), secret: isSecret(el), expanded: stateOf(el, "expanded"), pressed: stateOf(el, "pressed"),
      selected: el.localName === "option" ? el.selected : stateOf(el, "selected"),
    });
    if (made) controls.set(made.id, name);
    return made;
  };

  const flush = (run, ctx) => {
    const text = collapseSpace(run.text);
    const own = collapseSpace(run.own);
    if (text && run.box && own && (/[\p{L}\p{N}]/u.test(own) || own === text)) {
      if (run.owner) { run.owner.name ||= text; if (run.owner.name === text) return; }
      emit(run.el, "text", run.box, ctx, { name: text.slice(0, 2000), node: run.node });
    }
    run.text = run.own = ""; run.box = run.node = run.el = null;
  };

  const collectText = (node, ctx) => {
    if (!ctx.seen) return;
    if (!collapseSpace(node.data)) { ctx.run.text += node.data; if (!ctx.quiet) ctx.run.own += " "; return; }
    if (ctx.mute) return;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rect = edgesOf(range.getBoundingClientRect());
    if (!hasArea(rect) || !hasArea(intersect(rect, ctx.hard))) return;
    ctx.run.text += node.data;
    if (!ctx.quiet) { ctx.run.own += node.data; ctx.run.node ??= node; ctx.run.el ??= node.parentElement || ctx.host; }
    ctx.run.box = union(ctx.run.box, rect);
    ctx.run.el ??= node.parentElement || ctx.host;
  };

  const walk = (el, up) => {
    const tag = el.localName;
    if (tag === "br") { flush(up.run, up); return; }
    if (tag === "iframe" || tag === "frame") {
      flush(up.run, up);
      const made = { index: found.length, parent: up.parent };
      const spot = { up: up.place, el, kids: [], made };
      addToTree(spot);
      frames.set(el, made);
      spots.push([made, spot]);
      return;
    }
    if ((SILENT.has(tag) && tag !== "select" && tag !== "textarea" && tag !== "option")) return;
    const style = getComputedStyle(el);
    if (style.display === "none") { unseenControl(el, up); return; }
    if (style.display !== "contents" && el.checkVisibility && !el.checkVisibility()) return;
    const rect = style.display === "contents" ? null : edgesOf(el.getBoundingClientRect());

    const ctx = { ...up, seen: style.visibility === "visible", host: el, place: { up: up.place, el, kids: [] } };
    if (ctx.seen && isModal(el)) modal = ctx.place;
    if (drawn && (el === drawn.sheet || drawn.on.has(el))) drawn.places.push(ctx.place);
    if (style.position === "fixed") { ctx.hard = ctx.soft = EVERYWHERE; }
    else if (style.position === "absolute") { ctx.hard = up.hardAbs; ctx.soft = up.softAbs; }
    const dim = style.opacity === "0";

    let role = tag === "body" || tag === "html" ? "" : roleOf(el);
    if (!role && drawn?.dialog === el) role = "dialog";
    const aimed = style.cursor === "pointer";
    if (!role && !up.quiet && tag !== "body" && tag !== "html" && clickable(el, aimed && !up.aimed, tag)) role = "clickable";
    if (!role && !up.quiet && attribute(el, "draggable") === "true") role = "group"; // a card, a file, a game piece
    ctx.aimed = aimed;
    if (dim && !(tag === "input")) return;

    const inner = { ...ctx };
    if (rect && style.overflow !== "visible" && tag !== "body" && tag !== "html") {
      const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY);
      if (scrolls) inner.soft = intersect(ctx.soft, rect); else inner.hard = intersect(ctx.hard, rect);
      if (!scrolls && (rect.r - rect.l <= 1 || rect.b - rect.t <= 1)) { unseenControl(el, up); return; }
    }
    if (style.position !== "static" || style.transform !== "none") { inner.hardAbs = inner.hard; inner.softAbs = inner.soft; }

    const separate = rect && apart(style) || FIELDS.has(role) || role === "img" || tag === "input" || tag === "label";
    if (separate) flush(up.run, up);

    if (ctx.seen || tag === "input") visitElement(el, role, tag, rect, dim, ctx, inner);
    if (inner.stop) return;
    if (separate) inner.run = { text: "", own: "", box: null, owner: inner.owner };
    inner.owner = null;
    for (const child of children(el)) {
      if (child.nodeType === ELEMENT) walk(child, inner);
      else if (child.nodeType === TEXT) collectText(child, inner);
    }
    if (separate) flush(inner.run, inner);
    if (shadowOf(el)) observeRoot?.(shadowOf(el));
  };

  const visitElement = (el, role, tag, rect, dim, ctx, inner) => {
    if (FIELDS.has(role) || role === "progressbar" || role === "meter") {
      const stand = dim || !hasArea(rect) ? standIn(el) : null;
      const made = control(el, role, stand || rect, ctx);
      inner.stop = tag === "input" || tag === "textarea" || (tag === "select" && role === "combobox");
      if (made && CONTAINERS.has(role)) inner.parent = made.id;
      if (role === "textbox" || role === "searchbox") inner.quiet = inner.mute = true;
      if (role === "combobox") inner.quiet = true;
    } else if (tag === "input") {
      const hidden = dim || !hasArea(rect) || area(rect) < 20 || !ctx.seen;
      const stand = hidden ? standIn(el) : null;
      if (stand || (ctx.seen && (!dim || hasArea(rect)))) control(el, role, stand || rect, ctx);
      inner.stop = true;
    } else if (LEAVES.has(role)) {
      const large = role === "clickable" && el.querySelector("a[href], button, input, select, textarea, [role=button]");
      const made = large ? null : control(el, role, rectOf(el, role), ctx);
      if (made) { inner.quiet = role !== "clickable" || !hasIcons(el); inner.mute = apart(getComputedStyle(el)); if (role === "treeitem") inner.parent = made.id; }
    } else if (role === "img" || role === "video" || role === "audio") {
      if (!ctx.quiet) control(el, role === "audio" || role === "video" ? "img" : role, rect, ctx);
      inner.stop = tag === "img" || tag === "svg" || tag === "canvas";
    } else if (CELLS.has(role)) {
      const plain = !el.querySelector(NESTED);
      const made = emit(el, role, rect, ctx, { name: plain ? textOf(el, 400) : attribute(el, "aria-label"), focused: el === active });
      if (made && plain) inner.quiet = inner.mute = true;
      else if (made) inner.owner = made;
    } else if (CONTAINERS.has(role)) {
      const hasOwnName = !/^(row|listitem|term|definition)$/.test(role) && attribute(el, "draggable") !== "true";
      const made = emit(el, role, rectOf(el, ""), ctx, { name: hasOwnName ? nameOf(el, role)[0] : referred(el, "aria-labelledby") || attribute(el, "aria-label") });
      if (made) { inner.parent = made.id; inner.owner = hasOwnName ? null : made; }
    }
  };

  const clickable = (el, aimed, tag) => {
    if (tag === "label" && el.control) return false;
    if (tag === "svg" || el instanceof SVGElement) return aimed && tag === "svg";
    const focusable = el.hasAttribute("tabindex") && el.tabIndex >= 0;
    return aimed || typeof el.onclick === "function" || el.hasAttribute("onclick") || focusable || isIcon(el);
  };
  // Whether a small element without text listens for clicks itself: an icon, in a card that may be clickable as well.
  const isIcon = (el) => clickTargets.has(el) && el.childElementCount <= 2 && !el.textContent.trim();
  const hasIcons = (el) => [...el.querySelectorAll("*")].slice(0, 100).some(isIcon);

  // Return the box of the label of a hidden control, which the page draws instead of the control.
  const standIn = (el) => {
    for (const label of el.labels || []) {
      const rect = edgesOf(label.getBoundingClientRect());
      if (hasArea(rect) && label.checkVisibility?.() !== false) return rect;
    }
    return null;
  };
  const unseenControl = (el, up) => {
    const inputs = el.localName === "input" ? [el] : el.querySelectorAll("input");
    for (const input of inputs) {
      if (!/^(checkbox|radio|file)$/.test(input.type)) continue;
      const stand = standIn(input);
      if (stand) control(input, roleOf(input), stand, up);
    }
  };

  if (nodes.size > 30000) for (const [id, ref] of nodes) if (!ref.deref()?.isConnected) nodes.delete(id);
  const root = document.body || document.documentElement;
  if (root) {
    const run = { text: "", own: "", box: null };
    const start = { hard: EVERYWHERE, soft: EVERYWHERE, hardAbs: EVERYWHERE, softAbs: EVERYWHERE, parent: null,
      seen: true, quiet: false, mute: false, aimed: false, run, owner: null, host: root, place: { up: null, el: null, kids: [] } };
    walk(root, start);
    flush(run, start);
    numberBranches(start.place, [], []);
    if (modal) for (const [made, spot] of spots) if (!isInside(spot, modal)) made.inert = true;
    const onScreen = ({ box }) => box && box[0] < wide && box[1] < high && box[2] > 0 && box[3] > 0;
    if (drawn && !modal) for (const [made, spot] of spots) {
      if (!drawn.places.some((place) => isInside(spot, place)) && (made.covered || !onScreen(made))) made.inert = true;
    }
  }
  const listed = limitElements(found, most);
  if (forDecision) noteElements(listed, controls);
  return { found: listed, total: found.length, next, extent: frameSize() };
}

const node = (id) => nodes.get(id)?.deref() ?? null;

// Return the current state of the element `id`; `at`: the point of this frame that will be pressed.
function elementState({ id, at }) {
  const el = node(id);
  if (!el || !el.isConnected) return { there: false };
  const host = el.nodeType === TEXT ? el.parentElement : el;
  let rect;
  if (el.nodeType === TEXT) {
    const range = document.createRange();
    range.selectNodeContents(el);
    rect = edgesOf(range.getBoundingClientRect());
  } else rect = rectOf(el, "") || edgesOf(el.getBoundingClientRect());
  for (const label of host.labels || []) rect = union(rect, edgesOf(label.getBoundingClientRect()));
  const blocker = blockerAt(host, at[0], at[1]);
  return {
    there: true, box: [rect.l, rect.t, rect.r, rect.b], enabled: enabled(host),
    by: blocker ? describeElement(blocker) : "", hidden: outOfSight(host, ...(holds(rect, at) ? at : middle(rect))),
    drawn: hasArea(rect),
  };
}

const holds = (rect, [x, y]) => x >= rect.l && x <= rect.r && y >= rect.t && y <= rect.b;
const middle = (rect) => [(rect.l + rect.r) / 2, (rect.t + rect.b) / 2];

// Return [name, scroll direction] of the scroll container that hides a point of `el`, or null.
function outOfSight(el, x, y) {
  for (let up = parentOf(el); up && up !== document.scrollingElement; up = parentOf(up)) {
    const style = getComputedStyle(up);
    if (!/auto|scroll/.test(style.overflowX + style.overflowY)) continue;
    const rect = edgesOf(up.getBoundingClientRect());
    const way = y >= rect.b ? "down" : y < rect.t ? "up" : x >= rect.r ? "right" : x < rect.l ? "left" : "";
    if (way) return [describeElement(up), way];
  }
  return null;
}

// Whether an element can be scrolled in a direction.
function scrolls(el, across, ahead) {
  const root = el === document.scrollingElement;
  const flow = (of) => getComputedStyle(of)[across ? "overflowX" : "overflowY"];
  if (root ? [document.documentElement, document.body].some((of) => of && /hidden|clip/.test(flow(of))) : !/auto|scroll/.test(flow(el))) return false;
  let at = across ? el.scrollLeft : el.scrollTop;
  const room = across ? el.scrollWidth - el.clientWidth : el.scrollHeight - el.clientHeight;
  if (across && getComputedStyle(el).direction === "rtl") at += room;
  return ahead ? at < room - 1 : at >= 1;
}

// Return where to turn the wheel, in this frame's coordinates; null for the requested point itself.
function wheelPoint({ id, at, across, ahead }) {
  const target = id ? node(id) : elementAt(at[0], at[1]);
  if (!target) return null;
  const host = target.nodeType === TEXT ? target.parentElement : target;
  const holder = nearest(host, (up) => scrolls(up, across, ahead));
  const hit = elementAt(at[0], at[1]);
  if (holder && (!id || (hit && isWithin(hit, holder)))) return null;
  if (!id && /^i?frame$/.test(host.localName)) return null;
  const spot = (el) => {
    const seen = el === document.scrollingElement ? EVERYWHERE : edgesOf(el.getBoundingClientRect());
    const part = intersect(seen, { l: 0, t: 0, r: innerWidth, b: innerHeight });
    const [x, y] = [(part.l + part.r) / 2, (part.t + part.b) / 2];
    const found = hasArea(part) && elementAt(x, y);
    return found && isWithin(found, el) ? { x, y, area: area(part) } : null;
  };
  const others = holder ? [holder] : id ? [] : [...document.querySelectorAll("*")].filter((el) => scrolls(el, across, ahead));
  const best = others.map(spot).filter(Boolean).sort((a, b) => b.area - a.area)[0];
  return best ? [best.x, best.y] : null;
}

// Return role and name of an element or of its nearest named ancestor, for messages.
function describeElement(el) {
  const main = nearest(el, (up) => /^(dialog|alertdialog)$/.test(roleOf(up))) || nearest(el, (up) => roleOf(up) && nameOf(up, roleOf(up))[0]) || el;
  const role = roleOf(main);
  const name = nameOf(main, role)[0] || textOf(main, 80);
  return `${role || main.localName}${name ? ` “${name.slice(0, 80)}”` : ""}`;
}

// Return the size of this frame's viewport in its CSS pixels.
const frameSize = () => [innerWidth, innerHeight];

// Return the box of an inner frame's content in this frame. CSS zoom and transforms change the size of its pixels.
const framePlacement = (frame) => {
  const rect = frame.getBoundingClientRect();
  const style = getComputedStyle(frame);
  const [left, top, right, bottom] = ["Left", "Top", "Right", "Bottom"].map((side) => parseFloat(style[`padding${side}`]));
  const across = rect.width / (frame.offsetWidth || 1), down = rect.height / (frame.offsetHeight || 1);
  return {
    x: rect.left + (frame.clientLeft + left) * across, y: rect.top + (frame.clientTop + top) * down,
    wide: (frame.clientWidth - left - right) * across, high: (frame.clientHeight - top - bottom) * down,
    shown: frame.checkVisibility?.({ visibilityProperty: true }) !== false,
    ...(frames.get(frame) || { index: null, parent: null }),
  };
};

// Return what covers the inner frame at each point, in this frame's coordinates; empty for nothing.
const blockersAt = (frame, points) => {
  const names = new Map();
  return points.map(([x, y]) => {
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return "";
    const hit = elementAt(x, y);
    if (hit === frame || !hit) return "";
    if (!names.has(hit)) names.set(hit, describeElement(hit));
    return names.get(hit);
  });
};

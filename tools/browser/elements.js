// Everything on the page that a person could see (or scroll to), in reading order.

const CONTAINERS = new Set(["row", "listitem", "article", "form", "dialog", "alertdialog", "treeitem", "navigation",
  "banner", "contentinfo", "menu", "menubar", "toolbar", "tablist", "complementary", "search", "table", "grid",
  "treegrid", "list", "listbox", "group", "figure", "region", "feed", "radiogroup", "tabpanel", "rowgroup", "term", "definition"]);
const LEAVES = new Set(["button", "link", "tab", "menuitem", "menuitemcheckbox", "menuitemradio", "option", "checkbox",
  "radio", "switch", "treeitem", "heading", "clickable"]);
const CELLS = new Set(["cell", "gridcell", "columnheader", "rowheader"]);
const NESTED = "table, ul, ol, form, article, h1, h2, h3, h4, h5, h6, p + p, [role=list], [role=table]";
const EVERYWHERE = { l: -Infinity, t: -Infinity, r: Infinity, b: Infinity };

const meet = (a, b) => ({ l: Math.max(a.l, b.l), t: Math.max(a.t, b.t), r: Math.min(a.r, b.r), b: Math.min(a.b, b.b) });
const some = (a) => a.r - a.l > 0.5 && a.b - a.t > 0.5;
const area = (a) => Math.max(0, a.r - a.l) * Math.max(0, a.b - a.t);
const edges = (rect) => ({ l: rect.left, t: rect.top, r: rect.right, b: rect.bottom });
const join = (a, b) => a ? { l: Math.min(a.l, b.l), t: Math.min(a.t, b.t), r: Math.max(a.r, b.r), b: Math.max(a.b, b.b) } : b;

const known = new WeakMap(); // node -> id
const nodes = new Map(); // id -> WeakRef(node)
const frames = new WeakMap(); // iframe -> where it stands in the list

function rectOf(el, role) {
  const rects = [...el.getClientRects()].map(edges).filter(some);
  if (rects.length > 1 && role && role !== "text") return rects.reduce((a, b) => (area(b) > area(a) ? b : a));
  if (rects.length) return edges(el.getBoundingClientRect());
  const range = document.createRange();
  range.selectNodeContents(el);
  const around = edges(range.getBoundingClientRect());
  return some(around) ? around : null;
}

// What lies at a point, through shadow roots.
function under(x, y) {
  let hit = document.elementFromPoint(x, y);
  while (hit && shadowOf(hit)) {
    const inner = shadowOf(hit).elementFromPoint(x, y);
    if (!inner || inner === hit) break;
    hit = inner;
  }
  return hit;
}

// What its makers call it: for tests first, then for scripts, then for forms. Names that a library counted up are none.
function keyOf(el) {
  for (const name of ["data-testid", "data-test-id", "data-test", "data-cy", "id", "name"]) {
    const value = attribute(el, name);
    if (!value || value.length > 100) continue;
    if (name === "id" && (/[:.]|\d{3}|[0-9a-f]{8}/.test(value) || /^\d|^(?:ember|radix|headlessui|mui|react)[-_]?/i.test(value))) continue;
    return `${name.startsWith("data-") ? "testid" : name}=${value}`;
  }
  return "";
}

// Whether something lies over a field only as a part of it: its placeholder, its icon, its drawn tick.
function sameWidget(el, hit) {
  if (!/^(input|textarea|select)$/.test(el.localName) && !el.isContentEditable) return false;
  const common = nearest(hit, (up) => within(el, up));
  if (!common || nearest(hit, (up) => up === common || ACTING.has(roleOf(up))) !== common) return false;
  if (common === above(el) && /^(checkbox|radio)$/.test(el.type)) return true;
  return area(edges(common.getBoundingClientRect())) <= 3 * area(edges(el.getBoundingClientRect()));
}

// The element that keeps a press at a point from reaching `el`, or null.
const over = (el, x, y) => blocks(el, under(x, y));
// The same for a press that has met `hit`.
function blocks(el, hit) {
  if (!hit || within(hit, el) || within(el, hit)) return null;
  for (const label of el.labels || []) if (within(hit, label)) return null;
  if (hit.control === el || sameWidget(el, hit) || stretched(el, hit)) return null;
  return hit;
}

// Whether a link or button is stretched over the card that holds both (a pseudo-element or an empty box that fills the
// card): a press on the card's title or text is meant for it. A control of the card that it covers is out of reach.
function stretched(el, hit) {
  const control = nearest(hit, (up) => ACTING.has(roleOf(up)));
  if (!control || FIELDS.has(roleOf(control)) || nearest(el, (up) => ACTING.has(roleOf(up)))) return false;
  const fills = (style) => style.position === "absolute" && style.content !== "none";
  const own = getComputedStyle(hit).position === "absolute" && !squash(hit.textContent);
  if (!own && ![control, hit].some((of) => ["::after", "::before"].some((part) => fills(getComputedStyle(of, part))))) return false;
  const placed = (up) => { const { position, transform } = getComputedStyle(up); return position !== "static" || transform !== "none"; };
  const card = nearest(own ? above(hit) : hit, placed);
  return Boolean(card) && card !== document.body && card !== document.documentElement && within(el, card) && within(control, card)
    && !ACTING.has(roleOf(card));
}

// Where things stand among each other: a tree of the page's nodes, without those that hold only one other. A path holds
// the number of each branch from the page to a thing; `items` says how many of its numbers lead to something that is one
// of several alike, such as a card or a row, also where the page has no role for it.
function number(place, path, items) {
  let { kids } = place;
  if (place.made) Object.assign(place.made, { path, items });
  else while (kids.length === 1 && !kids[0].made) kids = kids[0].kids;
  const alike = kids.map((kid, index) => index > 0 && isLike(kids[index - 1], kid));
  kids.forEach((kid, index) => {
    const at = [...path, index];
    number(kid, at, alike[index] || alike[index + 1] ? [...items, at.length] : items);
  });
}

const ALONE = /^(td|th|dt|dd|p|label|a|button|option)$/; // what cannot be one of several things that have parts
function isLike(one, other) {
  if (!one.el || !other.el || ALONE.test(one.el.localName) || !one.kids.length || !other.kids.length) return false;
  const [mine, its] = [[...one.el.classList], [...other.el.classList]];
  if (mine.length && its.length) return mine.some((each) => its.includes(each));
  return one.el.localName === other.el.localName && (mine.length === its.length || one.el.localName !== "div");
}

const stands = (place, inside) => { for (; place; place = place.up) if (place === inside) return true; return false; };

// Whether nothing outside of it can be used while it is open.
function isModal(el) {
  if (el.localName === "dialog" && el.matches(":modal")) return true;
  return el.getAttribute("aria-modal") === "true" && /^(alert)?dialog$/.test(roleOf(el));
}

// What a page without roles draws over itself: a sheet over the whole view that keeps presses from what lies under it, and
// the one thing on top of it or in it, which is a dialog for whoever looks. null where nothing is covered so.
function drawnOver() {
  const wide = innerWidth, high = innerHeight;
  const sheetAt = ([x, y]) => nearest(under(x, y), (up) => {
    if (!/^(fixed|absolute)$/.test(getComputedStyle(up).position)) return false;
    const rect = edges(up.getBoundingClientRect());
    return area(meet(rect, { l: 0, t: 0, r: wide, b: high })) >= 0.95 * wide * high;
  });
  const corners = [[2, 2], [wide - 3, 2], [2, high - 3], [wide - 3, high - 3]].map(sheetAt);
  const sheet = corners[0];
  if (!sheet || corners.some((each) => each !== sheet)) return null;
  const steps = [0.1, 0.3, 0.5, 0.7, 0.9];
  const points = steps.flatMap((x) => steps.map((y) => [x * wide, y * high]));
  const apart = (el) => !within(el, sheet) && !within(sheet, el);
  const tops = points.map(([x, y]) => under(x, y)).filter((hit) => hit && apart(hit));
  const branch = (el) => nearest(el, (up) => above(up) && within(sheet, above(up)));
  const on = new Set(tops.map(branch).filter(Boolean));
  const held = (hit) => within(hit, sheet) || [...on].some((top) => within(hit, top));
  const controls = [...document.querySelectorAll("a[href], button, input, select, textarea, [role], [onclick], [tabindex]")].slice(0, 300);
  const below = controls.some((el) => {
    if (!apart(el) || held(el)) return false;
    const [x, y] = middle(edges(el.getBoundingClientRect()));
    const hit = x > 0 && y > 0 && x < wide && y < high && el.checkVisibility?.() !== false && under(x, y);
    return hit && held(hit);
  });
  if (!below) return null;
  const dialog = on.size === 1 ? [...on][0] : on.size ? null : sheet;
  const other = dialog && (roleOf(dialog) || dialog.querySelector("dialog, [role=dialog], [role=alertdialog], [role=menu], [role=listbox]"));
  return { sheet, on, dialog: other ? null : dialog, places: [] };
}

// Where a link leads; nothing for a link whose page only runs a script, or that stays where it is.
function leadsTo(el) {
  if (!el.hasAttribute("href")) return "";
  try {
    const to = new URL(el.getAttribute("href"), document.baseURI), here = new URL(location.href);
    const stays = to.origin === here.origin && to.pathname === here.pathname && to.search === here.search;
    return !/^https?:|^file:|^mailto:|^tel:/.test(to.protocol) || stays ? "" : to.href.slice(0, 2000);
  } catch { return ""; }
}

// Puts a thing into the tree, under what holds it.
function plant(place) {
  for (; place.up && !place.planted; place = place.up) { place.planted = true; place.up.kids.push(place); }
}

// What is worth most to know, when there is too much: what can be seen, then what can be acted on, then what comes first.
function cut(found, most) {
  if (found.length <= most) return found;
  const hidden = ({ box }) => box[2] <= 0 || box[3] <= 0 || box[0] >= innerWidth || box[1] >= innerHeight;
  const worth = found.map((each, index) => [hidden(each) * 2 + !ACTING.has(each.role), index]);
  worth.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return worth.slice(0, most).sort((a, b) => a[1] - b[1]).map(([, index]) => found[index]);
}

function collect({ next, nested, most, judged }) {
  lookedAt();
  const found = [];
  const spots = [];
  let modal = null; // what the page lets nothing else be used before
  const drawn = nested ? null : drawnOver();
  const controls = new Map(); // id -> name, of what can be pressed
  const wide = innerWidth, high = innerHeight;
  const active = document.hasFocus() ? focused() : null;
  const scrolledX = scrollX, scrolledY = scrollY;

  const identify = (node) => {
    let id = known.get(node);
    if (!id) { id = `e${next++}`; known.set(node, id); nodes.set(id, new WeakRef(node)); }
    return id;
  };
  const reachable = (rect, ctx) => ctx.soft !== EVERYWHERE || (rect.r + scrolledX > 0 && rect.b + scrolledY > 0);

  // [box, covered, clipped] of what can be seen of it, or null where a person could never see it.
  const shown = (el, rect, ctx, hit = el) => {
    if (!rect || !some(rect) || !reachable(rect, ctx)) return null;
    const seen = meet(rect, ctx.hard);
    if (!some(seen)) return null;
    const inside = meet(seen, ctx.soft);
    if (!some(inside)) return [seen, true, true];
    const screen = meet(inside, { l: 0, t: 0, r: wide, b: high });
    if (!some(screen)) return [inside, nested];
    const x = (screen.l + screen.r) / 2, y = (screen.t + screen.b) / 2;
    return [inside, over(hit, x, y) !== null];
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
    plant(spot);
    spots.push([made, spot]);
    return made;
  };

  const control = (el, role, rect, ctx) => {
    const [name, confidence] = nameOf(el, role);
    const written = TICKED.has(role) || FIELDS.has(role) ? "" : textOf(el, 200);
    const made = emit(el, role, rect, ctx, {
      name, confidence, text: written === name ? "" : written, href: el.localName === "a" || el.localName === "area" ? leadsTo(el) : "", value: FIELDS.has(role) || el.localName === "input" || role === "progressbar" || role === "meter" ? valueOf(el, role) : "",
      description: describe(el, role, name), enabled: enabled(el), focused: el === active,
      checked: checkedOf(el, role), secret: secret(el), expanded: stateOf(el, "expanded"), pressed: stateOf(el, "pressed"),
      selected: el.localName === "option" ? el.selected : stateOf(el, "selected"),
    });
    if (made) controls.set(made.id, name);
    return made;
  };

  const flush = (run, ctx) => {
    const text = squash(run.text);
    const own = squash(run.own);
    if (text && run.box && own && (/[\p{L}\p{N}]/u.test(own) || own === text)) {
      if (run.owner) { run.owner.name ||= text; if (run.owner.name === text) return; }
      emit(run.el, "text", run.box, ctx, { name: text.slice(0, 2000), node: run.node });
    }
    run.text = run.own = ""; run.box = run.node = run.el = null;
  };

  const words = (node, ctx) => {
    if (!ctx.seen) return;
    if (!squash(node.data)) { ctx.run.text += node.data; if (!ctx.quiet) ctx.run.own += " "; return; }
    if (ctx.mute) return;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rect = edges(range.getBoundingClientRect());
    if (!some(rect) || !some(meet(rect, ctx.hard))) return;
    ctx.run.text += node.data;
    if (!ctx.quiet) { ctx.run.own += node.data; ctx.run.node ??= node; ctx.run.el ??= node.parentElement || ctx.host; }
    ctx.run.box = join(ctx.run.box, rect);
    ctx.run.el ??= node.parentElement || ctx.host;
  };

  const walk = (el, up) => {
    const tag = el.localName;
    if (tag === "br") { flush(up.run, up); return; }
    if (tag === "iframe" || tag === "frame") {
      flush(up.run, up);
      const made = { index: found.length, parent: up.parent };
      const spot = { up: up.place, el, kids: [], made };
      plant(spot);
      frames.set(el, made);
      spots.push([made, spot]);
      return;
    }
    if ((SILENT.has(tag) && tag !== "select" && tag !== "textarea" && tag !== "option")) return;
    const style = getComputedStyle(el);
    if (style.display === "none") { unseenControl(el, up); return; }
    if (style.display !== "contents" && el.checkVisibility && !el.checkVisibility()) return;
    const rect = style.display === "contents" ? null : edges(el.getBoundingClientRect());

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
    if (!role && !up.quiet && attribute(el, "draggable") === "true") role = "group"; // a card, a file, a piece
    ctx.aimed = aimed;
    if (dim && !(tag === "input")) return;

    const inner = { ...ctx };
    if (rect && style.overflow !== "visible" && tag !== "body" && tag !== "html") {
      const scrolls = /auto|scroll/.test(style.overflowX + style.overflowY);
      if (scrolls) inner.soft = meet(ctx.soft, rect); else inner.hard = meet(ctx.hard, rect);
      if (!scrolls && (rect.r - rect.l <= 1 || rect.b - rect.t <= 1)) { unseenControl(el, up); return; }
    }
    if (style.position !== "static" || style.transform !== "none") { inner.hardAbs = inner.hard; inner.softAbs = inner.soft; }

    const separate = rect && apart(style) || FIELDS.has(role) || role === "img" || tag === "input" || tag === "label";
    if (separate) flush(up.run, up);

    if (ctx.seen || tag === "input") visitOwn(el, role, tag, rect, dim, ctx, inner);
    if (inner.stop) return;
    if (separate) inner.run = { text: "", own: "", box: null, owner: inner.owner };
    inner.owner = null;
    for (const child of children(el)) {
      if (child.nodeType === ELEMENT) walk(child, inner);
      else if (child.nodeType === TEXT) words(child, inner);
    }
    if (separate) flush(inner.run, inner);
    if (shadowOf(el)) watched?.(shadowOf(el));
  };

  const visitOwn = (el, role, tag, rect, dim, ctx, inner) => {
    if (FIELDS.has(role) || role === "progressbar" || role === "meter") {
      const stand = dim || !some(rect) ? standIn(el) : null;
      const made = control(el, role, stand || rect, ctx);
      inner.stop = tag === "input" || tag === "textarea" || (tag === "select" && role === "combobox");
      if (made && CONTAINERS.has(role)) inner.parent = made.id;
      if (role === "textbox" || role === "searchbox") inner.quiet = inner.mute = true;
      if (role === "combobox") inner.quiet = true;
    } else if (tag === "input") {
      const hidden = dim || !some(rect) || area(rect) < 20 || !ctx.seen;
      const stand = hidden ? standIn(el) : null;
      if (stand || (ctx.seen && (!dim || some(rect)))) control(el, role, stand || rect, ctx);
      inner.stop = true;
    } else if (LEAVES.has(role)) {
      const large = role === "clickable" && el.querySelector("a[href], button, input, select, textarea, [role=button]");
      const made = large ? null : control(el, role, rectOf(el, role), ctx);
      if (made) { inner.quiet = true; inner.mute = apart(getComputedStyle(el)); if (role === "treeitem") inner.parent = made.id; }
    } else if (role === "img" || role === "video" || role === "audio") {
      if (!ctx.quiet) control(el, role === "audio" || role === "video" ? "img" : role, rect, ctx);
      inner.stop = tag === "img" || tag === "svg" || tag === "canvas";
    } else if (CELLS.has(role)) {
      const plain = !el.querySelector(NESTED);
      const made = emit(el, role, rect, ctx, { name: plain ? textOf(el, 400) : attribute(el, "aria-label"), focused: el === active });
      if (made && plain) inner.quiet = inner.mute = true;
      else if (made) inner.owner = made;
    } else if (CONTAINERS.has(role)) {
      const named = !/^(row|listitem|term|definition)$/.test(role) && attribute(el, "draggable") !== "true";
      const made = emit(el, role, rectOf(el, ""), ctx, { name: named ? nameOf(el, role)[0] : referred(el, "aria-labelledby") || attribute(el, "aria-label") });
      if (made) { inner.parent = made.id; inner.owner = named ? null : made; }
    }
  };

  const clickable = (el, aimed, tag) => {
    if (tag === "label" && el.control) return false;
    if (tag === "svg" || el instanceof SVGElement) return aimed && tag === "svg";
    const focusable = el.hasAttribute("tabindex") && el.tabIndex >= 0;
    return aimed || typeof el.onclick === "function" || el.hasAttribute("onclick") || focusable;
  };

  // A control that is hidden itself but works through a label that is drawn in its place.
  const standIn = (el) => {
    for (const label of el.labels || []) {
      const rect = edges(label.getBoundingClientRect());
      if (some(rect) && label.checkVisibility?.() !== false) return rect;
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
    number(start.place, [], []);
    if (modal) for (const [made, spot] of spots) if (!stands(spot, modal)) made.inert = true;
    const onScreen = ({ box }) => box && box[0] < wide && box[1] < high && box[2] > 0 && box[3] > 0;
    if (drawn && !modal) for (const [made, spot] of spots) {
      if (!drawn.places.some((place) => stands(spot, place)) && (made.covered || !onScreen(made))) made.inert = true;
    }
  }
  const told = cut(found, most);
  if (judged) note(told, controls);
  return { found: told, total: found.length, next, extent: extent() };
}

const node = (id) => nodes.get(id)?.deref() ?? null;

// How the element `id` stands now; `at` is a point in this frame's coordinates that is about to be pressed.
function standing({ id, at }) {
  const el = node(id);
  if (!el || !el.isConnected) return { there: false };
  const host = el.nodeType === TEXT ? el.parentElement : el;
  let rect;
  if (el.nodeType === TEXT) {
    const range = document.createRange();
    range.selectNodeContents(el);
    rect = edges(range.getBoundingClientRect());
  } else rect = rectOf(el, "") || edges(el.getBoundingClientRect());
  for (const label of host.labels || []) rect = join(rect, edges(label.getBoundingClientRect()));
  const blocker = over(host, at[0], at[1]);
  return {
    there: true, box: [rect.l, rect.t, rect.r, rect.b], enabled: enabled(host),
    by: blocker ? named(blocker) : "", hidden: outOfSight(host, ...(holds(rect, at) ? at : middle(rect))),
    drawn: some(rect),
  };
}

const holds = (rect, [x, y]) => x >= rect.l && x <= rect.r && y >= rect.t && y <= rect.b;
const middle = (rect) => [(rect.l + rect.r) / 2, (rect.t + rect.b) / 2];

// What can be scrolled and hides a point of `el` because it is not: [its name, the way to scroll], or null.
function outOfSight(el, x, y) {
  for (let up = above(el); up && up !== document.scrollingElement; up = above(up)) {
    const style = getComputedStyle(up);
    if (!/auto|scroll/.test(style.overflowX + style.overflowY)) continue;
    const rect = edges(up.getBoundingClientRect());
    const way = y >= rect.b ? "down" : y < rect.t ? "up" : x >= rect.r ? "right" : x < rect.l ? "left" : "";
    if (way) return [named(up), way];
  }
  return null;
}

// Whether the wheel moves this in that direction.
function scrolls(el, across, ahead) {
  const root = el === document.scrollingElement;
  const flow = (of) => getComputedStyle(of)[across ? "overflowX" : "overflowY"];
  if (root ? [document.documentElement, document.body].some((of) => of && /hidden|clip/.test(flow(of))) : !/auto|scroll/.test(flow(el))) return false;
  let at = across ? el.scrollLeft : el.scrollTop;
  const room = across ? el.scrollWidth - el.clientWidth : el.scrollHeight - el.clientHeight;
  if (across && getComputedStyle(el).direction === "rtl") at += room;
  return ahead ? at < room - 1 : at >= 1;
}

// Where to turn the wheel, in this frame's coordinates; null for the very place that was meant.
function wheel({ id, at, across, ahead }) {
  const target = id ? node(id) : under(at[0], at[1]);
  if (!target) return null;
  const host = target.nodeType === TEXT ? target.parentElement : target;
  const holder = nearest(host, (up) => scrolls(up, across, ahead));
  const hit = under(at[0], at[1]);
  if (holder && (!id || (hit && within(hit, holder)))) return null;
  if (!id && /^i?frame$/.test(host.localName)) return null;
  const spot = (el) => {
    const seen = el === document.scrollingElement ? EVERYWHERE : edges(el.getBoundingClientRect());
    const part = meet(seen, { l: 0, t: 0, r: innerWidth, b: innerHeight });
    const [x, y] = [(part.l + part.r) / 2, (part.t + part.b) / 2];
    const found = some(part) && under(x, y);
    return found && within(found, el) ? { x, y, area: area(part) } : null;
  };
  const others = holder ? [holder] : id ? [] : [...document.querySelectorAll("*")].filter((el) => scrolls(el, across, ahead));
  const best = others.map(spot).filter(Boolean).sort((a, b) => b.area - a.area)[0];
  return best ? [best.x, best.y] : null;
}

// What a person would call the thing that lies over another.
function named(el) {
  const main = nearest(el, (up) => /^(dialog|alertdialog)$/.test(roleOf(up))) || nearest(el, (up) => roleOf(up) && nameOf(up, roleOf(up))[0]) || el;
  const role = roleOf(main);
  const name = nameOf(main, role)[0] || textOf(main, 80);
  return `${role || main.localName}${name ? ` “${name.slice(0, 80)}”` : ""}`;
}

// How large the page is that this frame shows, in its own CSS pixels.
const extent = () => [innerWidth, innerHeight];

// Where the content of an inner frame stands in this one: on a zoomed or transformed frame its pixels have another size.
const place = (frame) => {
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

// What lies over the inner frame at each of these points, in this frame's coordinates; empty for nothing.
const blocked = (frame, points) => {
  const called = new Map();
  return points.map(([x, y]) => {
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return "";
    const hit = under(x, y);
    if (hit === frame || !hit) return "";
    if (!called.has(hit)) called.set(hit, named(hit));
    return called.get(hit);
  });
};

// What stood on the page when it was looked at for a decision, and whether a press still meets the same.
// A page can change between the look and the press: by a timer, by a script that follows the mouse, or during the press
// itself. So each press is compared where it arrives, in the task that would answer it, before any listener of the page.

const CONTEXT = 600; // characters: longer texts belong to a part of the page, not to a row, a card or a form
const PART = 0.6; // share of the window: what covers more than this is the page and no card
const MOST = 80; // so many things of a row, card or form are looked at for what styles write, or is chosen
const ARMED = 5000; // ms: after so long no press of handeye is under way any more
const CONTEXTS = new Set(["row", "listitem", "article", "treeitem", "form", "dialog", "alertdialog", "group", "figure"]);
const OVERLAYS = new Set(["dialog", "alertdialog"]);
const PRESSING = new Set(["Enter", " ", "Delete", "Backspace"]);

let chosen = ""; // what was chosen in what had the keyboard then
let noted = new Map(); // id -> what the element was at the last look for a decision
let added = new WeakSet(); // nodes that came into the document since then
let armed = null; // what the next press is to meet

// Where a press on it leads: the address of a link; method and address of the form it belongs to. `read` holds addresses
// that were resolved already.
function destinationOf(el, read = new Map()) {
  const at = (address) => {
    if (!read.has(address)) { try { read.set(address, new URL(address || document.URL, document.baseURI).href); } catch { read.set(address, address); } }
    return read.get(address);
  };
  if (/^(a|area)$/.test(el.localName) && el.hasAttribute("href")) return at(attribute(el, "href")).slice(0, 500);
  const form = el.form;
  if (form?.localName !== "form") return "";
  const own = /^(submit|image)$/.test(el.type) ? (name) => attribute(el, `form${name}`) : () => "";
  const given = (name) => squash(Element.prototype.getAttribute.call(form, name) || ""); // a field may be called getAttribute
  return `${(own("method") || given("method") || "get").toUpperCase()} ${at(own("action") || given("action"))}`.slice(0, 500);
}

// Whether any of it is in the window; only that can be pressed.
const onScreen = ({ box }) => box[2] > 0 && box[3] > 0 && box[0] < innerWidth && box[1] < innerHeight;

// The row, card, form and dialog of each control on the screen, {holders: nodes, text}, by the id of the control. `found`
// is all that the page shows, in reading order.
function contextsOf(found, controls, read) {
  const wanted = found.filter((made) => controls.has(made.id) && ACTING.has(made.role) && onScreen(made));
  const outer = new Set(); // all that holds one of them
  for (const made of wanted) for (let up = placed(node(made.id)); up && !outer.has(up); up = above(up)) outer.add(up);
  const roles = new Map();
  const alike = new Map(); // role and name -> how many controls have both
  const titled = (made) => `${made.role} ${made.name}`;
  for (const made of found) if (controls.has(made.id)) alike.set(titled(made), (alike.get(titled(made)) ?? 0) + 1);
  const roleIn = (up) => { if (!roles.has(up)) roles.set(up, roleOf(up)); return roles.get(up); };
  const inside = new Map(); // node -> the items in it; null for too many
  const holders = new Map();
  for (const made of found) {
    const state = made.checked ? "ticked" : made.selected ? "chosen" : "";
    const text = squash([made.name, made.value, state].filter(Boolean).join(": "));
    if (!text) continue;
    const item = { made, text };
    for (let up = placed(node(made.id)); up && up !== document.body; up = above(up)) {
      if (!outer.has(up)) continue;
      const all = inside.get(up) ?? (inside.has(up) ? null : { items: [], length: 0 });
      if (!all) continue;
      all.items.push(item);
      all.length += item.text.length + 1;
      inside.set(up, all.length > 3 * CONTEXT ? null : all);
    }
  }
  const screen = innerWidth * innerHeight;
  const textIn = (holder, own) => {
    const key = `${own}`;
    const made = holders.get(holder) ?? new Map();
    holders.set(holder, made);
    if (!made.has(key)) {
      const all = inside.get(holder)?.items.filter((item) => item.made.id !== own).map((item) => item.text) ?? [];
      const whole = [...new Set(all)]; // a line of text holds the names of the links in it
      made.set(key, squash([...whole.filter((text) => !whole.some((other) => other !== text && other.includes(text))), stylesIn(holder, read)].join(" ")));
    }
    return made.get(key);
  };
  const telling = (holder, made) => inside.get(holder)?.items.some((item) => item.made.id !== made.id && item.made.role !== "button" && item.text !== made.name)
    || Boolean(stylesIn(holder, read));
  const small = (up) => area(edges(up.getBoundingClientRect())) < PART * screen;
  // Whether a part holds all of the item that a control belongs to, and nothing of the next one.
  const single = (up, made) => inside.get(up).length <= CONTEXT && small(up)
    && !inside.get(up).items.some((item) => item.made.id !== made.id && controls.has(item.made.id) && titled(item.made) === titled(made));
  const of = new Map();
  for (const made of wanted) {
    const el = placed(node(made.id));
    if (!el) continue;
    let card = null, form = null, wide = false, grows = alike.get(titled(made)) > 1;
    for (let up = above(el); up && up !== document.body; up = above(up)) {
      const role = roleIn(up), all = inside.get(up);
      if (all === null) wide = true;
      const named = CONTEXTS.has(role);
      const fixed = !named && /fixed|absolute/.test(getComputedStyle(up).position);
      if (!card && !wide && (named || fixed || small(up)) && telling(up, made)) { card = up; grows &&= !named && !fixed; }
      else if (card && grows) { if (!wide && role !== "form" && single(up, made)) { card = up; grows = !named && !fixed; } else grows = false; }
      if ((role === "form" || OVERLAYS.has(role)) && up !== card && !form && !wide && telling(up, made)) form = up;
      if (OVERLAYS.has(role) || (wide && !el.form)) break;
    }
    if (!form && el.form?.localName === "form" && el.form !== card && inside.get(el.form)) form = el.form;
    const field = FIELDS.has(made.role) ? made.id : ""; // what a field holds itself is the action's to change
    const parts = [card, form].filter(Boolean).map((holder) => textIn(holder, field).slice(0, CONTEXT));
    if (card) of.set(made.id, { holders: [card, form].filter(Boolean), text: [...new Set(parts)].join(" | ") });
    else if (form) of.set(made.id, { holders: [form], text: parts[0] });
  }
  return of;
}

// What styles write into the things in `holder`; letters of a font that draws icons are none.
function stylesIn(holder, read) {
  const of = (el) => {
    if (!read.has(el)) { const text = styled(el); read.set(el, /[\p{L}\p{N}]/u.test(text) ? text : ""); }
    return read.get(el);
  };
  return [...holder.querySelectorAll("*")].slice(0, MOST).map(of).filter(Boolean).join(" ");
}

// What is chosen in a list, table or tree.
function chosenIn(el) {
  if (!el || FIELDS.has(roleOf(el)) && roleOf(el) !== "listbox") return "";
  return [...el.querySelectorAll("[aria-selected=true], [aria-checked=true], :checked")].slice(0, MOST).map((each) => nameOf(each, roleOf(each))[0] || textOf(each, 200)).join("; ");
}

// All that is written in a row, card or form now, what its fields hold included. `texts` and `read` hold what was read
// already.
function print(holder, own, texts = new Map(), read = new Map()) {
  const values = [...holder.querySelectorAll("input, select, textarea")]
    .map((el) => (el === own || /^(hidden|password)$/.test(el.type) ? "" : `${el.value}${el.checked ?? ""}`));
  if (!texts.has(holder)) texts.set(holder, `${squash(holder.innerText ?? holder.textContent)}\n${stylesIn(holder, read)}`);
  return `${texts.get(holder)}\n${values.join("\n")}`;
}

// The page was looked at for a decision: `controls` are its controls as they are named now.
function note(found, controls) {
  const read = new Map();
  const contexts = contextsOf(found, controls, read);
  chosen = chosenIn(focused());
  const texts = new Map(), addresses = new Map(), prints = new Map();
  const printed = (holder, own) => {
    if (own) return print(holder, own, texts, read);
    if (!prints.has(holder)) prints.set(holder, print(holder, own, texts, read));
    return prints.get(holder);
  };
  noted = new Map();
  added = new WeakSet();
  for (const made of found) {
    const el = placed(node(made.id));
    if (!el) continue;
    const context = contexts.get(made.id);
    const was = { role: made.role, name: made.name, control: controls.has(made.id), own: roleOf(el), context: context?.text ?? "", box: made.box };
    if (was.control) {
      was.name = controls.get(made.id);
      made.destination = was.destination = destinationOf(el, addresses);
      was.description = made.description;
      made.context = was.context;
      const own = FIELDS.has(made.role) ? el : null;
      was.prints = context?.holders.map((holder) => [holder, printed(holder, own)]) ?? [];
    }
    noted.set(made.id, was);
  }
}

// Elements that came into the document.
function came(records) {
  for (const { addedNodes } of records) for (const each of addedNodes) added.add(each);
}
const isNew = (el) => Boolean(nearest(el, (up) => added.has(up)));

const called = (role, name) => `${role || "something"}${name ? ` “${name.slice(0, 120)}”` : " without a name"}`;

// How an element differs from what was noted of it; "" where it does not. `late` is during a press that has begun.
function changedFrom(el, was, strict, late = false) {
  if (!was.control) {
    for (let up = el, steps = 0; up && steps < 4; up = above(up), steps += 1)
      if (textOf(up, 3000).includes(was.name.slice(0, 200)) || squash(up.textContent).includes(was.name.slice(0, 200))) return "";
    return was.role === "text" ? `text “${textOf(el, 120)}”` : "";
  }
  const name = nameOf(el, was.role)[0];
  const field = FIELDS.has(was.role);
  if (roleOf(el) !== was.own || (name !== was.name && !(late && field))) return called(roleOf(el) || was.role, name);
  if ((!late || strict) && destinationOf(el) !== was.destination) return `${called(was.role, name)} that leads to ${destinationOf(el) || "nowhere"}`;
  if (!strict) return "";
  if (describe(el, was.role, name) !== was.description && !late) return `${called(was.role, name)}, ${describe(el, was.role, name).slice(0, 200)}`;
  const own = field ? el : null;
  for (const [holder, before] of late ? [] : was.prints)
    if (!holder.isConnected || !within(el, holder) || print(holder, own) !== before)
      return `${called(was.role, name)} in “${textOf(holder.isConnected && within(el, holder) ? holder : above(el) ?? el, 200)}”`;
  return "";
}

// What a press on `hit` would meet instead of what was noted under `id`; "" where it is the same.
function instead(id, hit, strict, late = false) {
  const was = noted.get(id);
  if (!was) {
    // Nothing was known there: what has come since, or has moved there, was judged by nobody.
    const acting = hit && nearest(hit, (up) => ACTING.has(roleOf(up)) || ACTING.has(noted.get(known.get(up))?.role));
    return acting && (isNew(acting) || moved(acting)) ? named(acting) : "";
  }
  const el = placed(node(id));
  if (el?.isConnected) {
    if (hit && blocks(el, hit) && !labels(hit, el)) return named(control(hit));
    return changedFrom(el, was, strict, late);
  }
  // It was made anew: the same in the same place will do.
  const same = nearest(hit, (up) => (roleOf(up) === was.own || !was.control) && !changedFrom(up, { ...was, destination: destinationOf(up), prints: [] }, false));
  if (!same) return hit ? named(control(hit)) : "nothing";
  if (!was.control) return "";
  if (destinationOf(same) !== was.destination) return `${called(was.role, was.name)} that leads to ${destinationOf(same) || "nowhere"}`;
  const holders = was.prints.map(([, before]) => before);
  for (const before of holders) {
    const own = FIELDS.has(was.role) ? same : null;
    if (!nearest(above(same), (up) => up !== document.body && up.nodeType === ELEMENT && print(up, own) === before)) return `${called(was.role, was.name)} in “${textOf(above(same) ?? same, 200)}”`;
  }
  return "";
}
// Whether an element was noted elsewhere: its box differs on two sides that lie opposite each other.
function moved(el) {
  const box = noted.get(known.get(el))?.box;
  if (!box) return false;
  const now = edges(el.getBoundingClientRect());
  const near = (a, b) => Math.abs(a - b) < 3;
  return !((near(now.l, box[0]) || near(now.r, box[2])) && (near(now.t, box[1]) || near(now.b, box[3])));
}
const labels = (hit, el) => [...(hit.labels || [])].some((label) => within(el, label) || within(label, el));

// From now on a press is compared. `id` is what it is to meet, `at` where (in this frame), `keys` whether it is one of the
// keyboard's; `elsewhere`: no press is meant for this frame. Tells what it would meet now.
function arm({ id, at, strict, keys, elsewhere }) {
  heard(observer.takeRecords());
  armed = { id, strict, keys, elsewhere, until: performance.now() + ARMED, stopped: "", passed: 0, down: false };
  if (elsewhere) return "";
  if (keys) return met(focused(), false);
  return met(under(at[0], at[1]), false);
}

// Whether what would be met is another thing.
function met(hit, late) {
  const { id, strict, keys, elsewhere } = armed;
  if (elsewhere) return hit && hit !== document.body ? named(control(hit)) : "";
  if (!keys) return instead(id, hit, strict, late);
  if (strict && !late && chosenIn(hit) !== chosen) return `${hit ? named(hit) : "the page"} with “${chosenIn(hit).slice(0, 200)}” chosen`;
  const was = noted.get(id);
  const at = hit && known.get(hit);
  if (!was) return hit && ACTING.has(roleOf(hit)) && at !== id && (isNew(hit) || noted.has(at)) ? named(hit) : "";
  const el = placed(node(id));
  if (!hit || hit === document.body) return el?.isConnected ? "" : "nothing";
  return instead(id, hit, strict, late);
}

// The press is over: what it met instead, and how many presses had passed before.
function disarm() {
  const was = armed;
  armed = null;
  return was ? { stopped: was.stopped, passed: was.passed, down: was.down } : { stopped: "", passed: 0, down: false };
}

// What the element `id` has become since it was noted; "" for nothing else.
function turned({ id, strict }) {
  heard(observer.takeRecords());
  const el = placed(node(id));
  if (!noted.has(id)) return "";
  return el?.isConnected ? changedFrom(el, noted.get(id), strict) : "nothing";
}

// Press it by the page's own means, unless it is another thing by now.
function pressed({ id, count, strict }) {
  heard(observer.takeRecords());
  const el = placed(node(id));
  if (!el?.isConnected) return { there: false, changed: "" };
  const changed = noted.has(id) ? changedFrom(el, noted.get(id), strict) : "";
  if (!changed) for (let left = count; left > 0; left -= 1) el.click();
  return { there: true, changed };
}

const COMPARED = ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "dblclick", "auxclick", "contextmenu", "keydown", "keypress", "keyup", "dragstart", "submit"];
for (const kind of COMPARED) addEventListener(kind, (event) => {
  if (!armed || !event.isTrusted || performance.now() > armed.until) return;
  if (!armed.stopped) {
    const hit = event.composedPath()[0];
    armed.stopped = hit?.nodeType === ELEMENT ? stops(event, hit) : "";
    if (!armed.stopped && /^(mousedown|keydown)$/.test(kind)) armed.down = true;
    if (!armed.stopped && /^(click|auxclick|contextmenu)$/.test(kind)) armed.passed += 1;
  }
  if (!armed.stopped) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });

// What an event of a press meets instead of what was judged; "" to let it pass.
function stops(event, hit) {
  const { keys, down } = armed;
  if (/^(pointerdown|mousedown)$/.test(event.type)) return keys ? "" : met(hit, false);
  if (event.type === "keydown") return keys && PRESSING.has(event.key) ? met(hit, false) : "";
  if (!/^(click|auxclick|contextmenu)$/.test(event.type)) return "";
  if (!keys) return down ? met(hit, true) : "";
  // A key that submits a form presses its button.
  const was = noted.get(known.get(hit));
  return was ? changedFrom(hit, was, armed.strict, true) : ACTING.has(roleOf(hit)) && isNew(hit) ? named(hit) : "";
}

// Store the elements of the observation that a decision is made by, and compare the target of the press with them.
// A page can change between observation and press: by a timer, by a script that reacts to the mouse, or during the press.
// So the comparison is made by capturing listeners of the press's own events, before any listener of the page.

const MAX_CONTEXT = 600; // characters; a longer text is no row, card or form
const PAGE_SHARE = 0.6; // share of the window; a larger element is no card
const MAX_PARTS = 80; // most descendants that are searched for generated text or selections
const PRESS_MS = 5000; // ms after which a started comparison ends by itself
const CONTEXTS = new Set(["row", "listitem", "article", "treeitem", "form", "dialog", "alertdialog", "group", "figure"]);
const OVERLAYS = new Set(["dialog", "alertdialog"]);
const PRESSING = new Set(["Enter", " ", "Delete", "Backspace"]);

let chosen = ""; // selected items in the focused list at the observation
let noted = new Map(); // id -> the element at the last observation for a decision
let added = new WeakSet(); // nodes that were added since then
let comparison = null; // the expected target of the next press

// Return where a press leads: the address of a link, or method and address of the element's form. `read` caches resolved
// addresses.
function destinationOf(el, read = new Map()) {
  const at = (address) => {
    if (!read.has(address)) { try { read.set(address, new URL(address || document.URL, document.baseURI).href); } catch { read.set(address, address); } }
    return read.get(address);
  };
  if (/^(a|area)$/.test(el.localName) && el.hasAttribute("href")) return at(attribute(el, "href")).slice(0, 500);
  const form = el.form;
  if (form?.localName !== "form") return "";
  const own = /^(submit|image)$/.test(el.type) ? (name) => attribute(el, `form${name}`) : () => "";
  const given = (name) => collapseSpace(Element.prototype.getAttribute.call(form, name) || ""); // a field named getAttribute shadows the method
  return `${(own("method") || given("method") || "get").toUpperCase()} ${at(own("action") || given("action"))}`.slice(0, 500);
}

// Whether a part of the element is in the window.
const onScreen = ({ box }) => box[2] > 0 && box[3] > 0 && box[0] < innerWidth && box[1] < innerHeight;

// Return row, card, form and dialog of each control on the screen, {holders: nodes, text}, by the id of the control.
// `found`: all elements of the page, in reading order.
function contextsOf(found, controls, read) {
  const wanted = found.filter((made) => controls.has(made.id) && ACTING.has(made.role) && onScreen(made));
  const outer = new Set(); // all ancestors of these controls
  for (const made of wanted) for (let up = elementOf(node(made.id)); up && !outer.has(up); up = parentOf(up)) outer.add(up);
  const roles = new Map();
  const alike = new Map(); // role and name -> number of controls with both
  const titled = (made) => `${made.role} ${made.name}`;
  for (const made of found) if (controls.has(made.id)) alike.set(titled(made), (alike.get(titled(made)) ?? 0) + 1);
  const roleIn = (up) => { if (!roles.has(up)) roles.set(up, roleOf(up)); return roles.get(up); };
  const inside = new Map(); // node -> the items in it; null for too many
  const holders = new Map();
  for (const made of found) {
    const state = made.checked ? "ticked" : made.selected ? "chosen" : "";
    const text = collapseSpace([made.name, made.value, state].filter(Boolean).join(": "));
    if (!text) continue;
    const item = { made, text };
    for (let up = elementOf(node(made.id)); up && up !== document.body; up = parentOf(up)) {
      if (!outer.has(up)) continue;
      const all = inside.get(up) ?? (inside.has(up) ? null : { items: [], length: 0 });
      if (!all) continue;
      all.items.push(item);
      all.length += item.text.length + 1;
      inside.set(up, all.length > 3 * MAX_CONTEXT ? null : all);
    }
  }
  const screen = innerWidth * innerHeight;
  const textIn = (holder, own) => {
    const key = `${own}`;
    const made = holders.get(holder) ?? new Map();
    holders.set(holder, made);
    if (!made.has(key)) {
      const all = inside.get(holder)?.items.filter((item) => item.made.id !== own).map((item) => item.text) ?? [];
      const whole = [...new Set(all)]; // a line of text contains the names of its links
      made.set(key, collapseSpace([...whole.filter((text) => !whole.some((other) => other !== text && other.includes(text))), stylesIn(holder, read)].join(" ")));
    }
    return made.get(key);
  };
  const telling = (holder, made) => inside.get(holder)?.items.some((item) => item.made.id !== made.id && item.made.role !== "button" && item.text !== made.name)
    || Boolean(stylesIn(holder, read));
  const small = (up) => area(edgesOf(up.getBoundingClientRect())) < PAGE_SHARE * screen;
  // Whether an ancestor contains one item of a list only: the item of the control.
  const single = (up, made) => inside.get(up).length <= MAX_CONTEXT && small(up)
    && !inside.get(up).items.some((item) => item.made.id !== made.id && controls.has(item.made.id) && titled(item.made) === titled(made));
  const of = new Map();
  for (const made of wanted) {
    const el = elementOf(node(made.id));
    if (!el) continue;
    let card = null, form = null, wide = false, grows = alike.get(titled(made)) > 1;
    for (let up = parentOf(el); up && up !== document.body; up = parentOf(up)) {
      const role = roleIn(up), all = inside.get(up);
      if (all === null) wide = true;
      const isContext = CONTEXTS.has(role);
      const fixed = !isContext && /fixed|absolute/.test(getComputedStyle(up).position);
      if (!card && !wide && (isContext || fixed || small(up)) && telling(up, made)) { card = up; grows &&= !isContext && !fixed; }
      else if (card && grows) { if (!wide && role !== "form" && single(up, made)) { card = up; grows = !isContext && !fixed; } else grows = false; }
      if ((role === "form" || OVERLAYS.has(role)) && up !== card && !form && !wide && telling(up, made)) form = up;
      if (OVERLAYS.has(role) || (wide && !el.form)) break;
    }
    if (!form && el.form?.localName === "form" && el.form !== card && inside.get(el.form)) form = el.form;
    const field = FIELDS.has(made.role) ? made.id : ""; // the action may change the value of the field itself
    const parts = [card, form].filter(Boolean).map((holder) => textIn(holder, field).slice(0, MAX_CONTEXT));
    if (card) of.set(made.id, { holders: [card, form].filter(Boolean), text: [...new Set(parts)].join(" | ") });
    else if (form) of.set(made.id, { holders: [form], text: parts[0] });
  }
  return of;
}

// Return generated text (::before, ::after) in `holder`, without characters of icon fonts.
function stylesIn(holder, read) {
  const of = (el) => {
    if (!read.has(el)) { const text = styled(el); read.set(el, /[\p{L}\p{N}]/u.test(text) ? text : ""); }
    return read.get(el);
  };
  return [...holder.querySelectorAll("*")].slice(0, MAX_PARTS).map(of).filter(Boolean).join(" ");
}

// Return the selected items of a list, table or tree.
function chosenIn(el) {
  if (!el || FIELDS.has(roleOf(el)) && roleOf(el) !== "listbox") return "";
  return [...el.querySelectorAll("[aria-selected=true], [aria-checked=true], :checked")].slice(0, MAX_PARTS).map((each) => nameOf(each, roleOf(each))[0] || textOf(each, 200)).join("; ");
}

// Return the text of a row, card or form with the values of its fields. `texts` and `read` are caches.
function fingerprint(holder, own, texts = new Map(), read = new Map()) {
  const values = [...holder.querySelectorAll("input, select, textarea")]
    .map((el) => (el === own || /^(hidden|password)$/.test(el.type) ? "" : `${el.value}${el.checked ?? ""}`));
  if (!texts.has(holder)) texts.set(holder, `${collapseSpace(holder.innerText ?? holder.textContent)}\n${stylesIn(holder, read)}`);
  return `${texts.get(holder)}\n${values.join("\n")}`;
}

// Store the elements of an observation for a decision; `controls` maps ids of controls to names.
function noteElements(found, controls) {
  const read = new Map();
  const contexts = contextsOf(found, controls, read);
  chosen = chosenIn(focused());
  const texts = new Map(), addresses = new Map(), prints = new Map();
  const printed = (holder, own) => {
    if (own) return fingerprint(holder, own, texts, read);
    if (!prints.has(holder)) prints.set(holder, fingerprint(holder, own, texts, read));
    return prints.get(holder);
  };
  noted = new Map();
  added = new WeakSet();
  for (const made of found) {
    const el = elementOf(node(made.id));
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

// Store nodes that were added to the document.
function noteAdded(records) {
  for (const { addedNodes } of records) for (const each of addedNodes) added.add(each);
}
const isNew = (el) => Boolean(nearest(el, (up) => added.has(up)));

const roleAndName = (role, name) => `${role || "something"}${name ? ` “${name.slice(0, 120)}”` : " without a name"}`;

// Return how an element differs from its stored state; empty when it does not. `late`: the press has begun.
function changedFrom(el, was, strict, late = false) {
  if (!was.control) {
    for (let up = el, steps = 0; up && steps < 4; up = parentOf(up), steps += 1)
      if (textOf(up, 3000).includes(was.name.slice(0, 200)) || collapseSpace(up.textContent).includes(was.name.slice(0, 200))) return "";
    return was.role === "text" ? `text “${textOf(el, 120)}”` : "";
  }
  const name = nameOf(el, was.role)[0];
  const field = FIELDS.has(was.role);
  if (roleOf(el) !== was.own || (name !== was.name && !(late && field))) return roleAndName(roleOf(el) || was.role, name);
  if ((!late || strict) && destinationOf(el) !== was.destination) return `${roleAndName(was.role, name)} that leads to ${destinationOf(el) || "nowhere"}`;
  if (!strict) return "";
  if (describe(el, was.role, name) !== was.description && !late) return `${roleAndName(was.role, name)}, ${describe(el, was.role, name).slice(0, 200)}`;
  const own = field ? el : null;
  for (const [holder, before] of late ? [] : was.prints)
    if (!holder.isConnected || !isWithin(el, holder) || fingerprint(holder, own) !== before)
      return `${roleAndName(was.role, name)} in “${textOf(holder.isConnected && isWithin(el, holder) ? holder : parentOf(el) ?? el, 200)}”`;
  return "";
}

// Return what a press on `hit` activates instead of the stored element `id`; empty when it is the same.
function replacedBy(id, hit, strict, late = false) {
  const was = noted.get(id);
  if (!was) {
    // No control was observed there. A control that was added or moved there since then was not part of the decision.
    const acting = hit && nearest(hit, (up) => ACTING.has(roleOf(up)) || ACTING.has(noted.get(known.get(up))?.role));
    return acting && (isNew(acting) || hasMoved(acting)) ? describeElement(acting) : "";
  }
  const el = elementOf(node(id));
  if (el?.isConnected) {
    if (hit && blocks(el, hit) && !labels(hit, el)) return describeElement(controlOf(hit));
    return changedFrom(el, was, strict, late);
  }
  // The element was replaced: an equal one at the same place is accepted.
  const same = nearest(hit, (up) => (roleOf(up) === was.own || !was.control) && !changedFrom(up, { ...was, destination: destinationOf(up), prints: [] }, false));
  if (!same) return hit ? describeElement(controlOf(hit)) : "nothing";
  if (!was.control) return "";
  if (destinationOf(same) !== was.destination) return `${roleAndName(was.role, was.name)} that leads to ${destinationOf(same) || "nowhere"}`;
  const holders = was.prints.map(([, before]) => before);
  for (const before of holders) {
    const own = FIELDS.has(was.role) ? same : null;
    if (!nearest(parentOf(same), (up) => up !== document.body && up.nodeType === ELEMENT && fingerprint(up, own) === before)) return `${roleAndName(was.role, was.name)} in “${textOf(parentOf(same) ?? same, 200)}”`;
  }
  return "";
}
// Whether an element has moved: both left and right, or both top and bottom, differ from its stored box.
function hasMoved(el) {
  const box = noted.get(known.get(el))?.box;
  if (!box) return false;
  const now = edgesOf(el.getBoundingClientRect());
  const near = (a, b) => Math.abs(a - b) < 3;
  return !((near(now.l, box[0]) || near(now.r, box[2])) && (near(now.t, box[1]) || near(now.b, box[3])));
}
const labels = (hit, el) => [...(hit.labels || [])].some((label) => isWithin(el, label) || isWithin(label, el));

// Compare presses from now on. `id`: the expected element; `at`: the point in this frame; `keys`: it is a key press;
// `elsewhere`: no press is expected in this frame. Return what a press would activate instead now.
function startComparison({ id, at, strict, keys, elsewhere }) {
  onMutations(observer.takeRecords());
  comparison = { id, strict, keys, elsewhere, until: performance.now() + PRESS_MS, stopped: "", passed: 0, down: false };
  if (elsewhere) return "";
  if (keys) return mismatch(focused(), false);
  return mismatch(elementAt(at[0], at[1]), false);
}

// Return what a press on `hit` activates instead of the expected element; empty when it is the same.
function mismatch(hit, late) {
  const { id, strict, keys, elsewhere } = comparison;
  if (elsewhere) return hit && hit !== document.body ? describeElement(controlOf(hit)) : "";
  if (!keys) return replacedBy(id, hit, strict, late);
  if (strict && !late && chosenIn(hit) !== chosen) return `${hit ? describeElement(hit) : "the page"} with “${chosenIn(hit).slice(0, 200)}” chosen`;
  const was = noted.get(id);
  const at = hit && known.get(hit);
  if (!was) return hit && ACTING.has(roleOf(hit)) && at !== id && (isNew(hit) || noted.has(at)) ? describeElement(hit) : "";
  const el = elementOf(node(id));
  if (!hit || hit === document.body) return el?.isConnected ? "" : "nothing";
  return replacedBy(id, hit, strict, late);
}

// End the comparison. Return why a press was stopped, and how many presses had passed before.
function endComparison() {
  const was = comparison;
  comparison = null;
  return was ? { stopped: was.stopped, passed: was.passed, down: was.down } : { stopped: "", passed: 0, down: false };
}

// Return how the element `id` has changed since it was stored; empty when it has not.
function changeOf({ id, strict }) {
  onMutations(observer.takeRecords());
  const el = elementOf(node(id));
  if (!noted.has(id)) return "";
  return el?.isConnected ? changedFrom(el, noted.get(id), strict) : "nothing";
}

// Call click() on the element, unless it has changed.
function pressElement({ id, count, strict }) {
  onMutations(observer.takeRecords());
  const el = elementOf(node(id));
  if (!el?.isConnected) return { there: false, changed: "" };
  const changed = noted.has(id) ? changedFrom(el, noted.get(id), strict) : "";
  if (!changed) for (let left = count; left > 0; left -= 1) el.click();
  return { there: true, changed };
}

const COMPARED = ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "dblclick", "auxclick", "contextmenu", "keydown", "keypress", "keyup", "dragstart", "submit"];
for (const kind of COMPARED) addEventListener(kind, (event) => {
  if (!comparison || !event.isTrusted || performance.now() > comparison.until) return;
  if (!comparison.stopped) {
    const hit = event.composedPath()[0];
    comparison.stopped = hit?.nodeType === ELEMENT ? mismatchOf(event, hit) : "";
    if (!comparison.stopped && /^(mousedown|keydown)$/.test(kind)) comparison.down = true;
    if (!comparison.stopped && /^(click|auxclick|contextmenu)$/.test(kind)) comparison.passed += 1;
  }
  if (!comparison.stopped) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });

// Return what an event activates instead of the expected element; empty to let the event pass.
function mismatchOf(event, hit) {
  const { keys, down } = comparison;
  if (/^(pointerdown|mousedown)$/.test(event.type)) return keys ? "" : mismatch(hit, false);
  if (event.type === "keydown") return keys && PRESSING.has(event.key) ? mismatch(hit, false) : "";
  if (!/^(click|auxclick|contextmenu)$/.test(event.type)) return "";
  if (!keys) return down ? mismatch(hit, true) : "";
  // A key that submits a form clicks its button.
  const was = noted.get(known.get(hit));
  return was ? changedFrom(hit, was, comparison.strict, true) : ACTING.has(roleOf(hit)) && isNew(hit) ? describeElement(hit) : "";
}

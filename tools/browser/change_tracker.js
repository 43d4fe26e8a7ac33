// What an action leaves behind in this document: what scripts changed for good, what they asked the browser for, and
// what changes here by itself whatever anybody does. A style that follows the mouse or the focus changes no node, so
// it is no trace of an effect.

const KEPT = 600; // so many changes of one wake are kept
const TOLD = 8; // so many of them are told
const NEAR = 250; // ms after a press, or after a timer that belongs to it, in which a timer that is set belongs to it
const OFTEN = 1000; // ms: a timer of the page's own that comes again so soon is waited for, where it alone can tell
const SOON = 40; // ms after a press, or after such a timer, in which what changes is not taken for changing by itself
const YOUNG = 5000; // ms for which a thing that changed once may turn out to change again and again
const LONGEST = 5000; // ms from the action's beginning within which such a timer must end to be waited for
const PERIODS = 2.5; // what ticks has stopped when so many of its periods have gone by without a tick
const SHADE = 0.25; // share of the screen: a style of anything larger than this is no hover style
const DRAWN = "canvas, video, embed, object"; // what shows things that no node tells of
const MOVING = "video, marquee, progress:indeterminate, img[src*='.gif' i], img[src^='data:image/gif']";

let wake = null; // of the last action
// The last one: what the mouse lay over, what had the focus, and where things were that change by themselves.
let look = { when: -Infinity, shades: [], ring: null, places: new Map() };
let unsteady = -Infinity; // when something last changed that does not change all the time
let parsing = document.readyState === "loading"; // what comes in meanwhile is the page's source
document.addEventListener("readystatechange", () => { heard(observer.takeRecords()); parsing = false; }, { capture: true, once: true });
let beat = null; // the timer of the page's own that is at work now: one that the last action has not set
const ticks = new Map(); // node -> when it changed by itself, the last few times
const later = globalThis.setTimeout;

function heed(records) {
  const now = performance.now();
  const seen = new Set();
  for (const record of records) {
    const sync = Boolean(wake?.sync) && !beat;
    const soon = Boolean(wake) && !beat && now - Math.max(wake.pressed, wake.chain) < SOON;
    if (!sync && !soon && !parsing && !seen.has(record.target)) {
      seen.add(record.target);
      const times = ticks.get(record.target) ?? [];
      ticks.delete(record.target); // what changed last stands last
      ticks.set(record.target, now - (times.at(-1) ?? -Infinity) > 10 ? [...times.slice(-7), now] : times);
      if (ticks.size > 300) ticks.delete(ticks.keys().next().value);
    }
    const byItself = beat && beat.changes > 0;
    if (beat) beat.changing = true;
    if (!byItself && !ticking(record.target, now)) unsteady = now;
    if (!wake || wake.kept >= KEPT) continue;
    if (byItself) { wake.ticking.add(record.target); continue; }
    if (!sync && wake.ticking.has(record.target)) continue;
    // The first change by a timer tells nothing of its cause: whether it comes with the next one as well does.
    if (beat && !beat.came) { wake.doubted.add(record.target); beat.first.push([wake, record]); continue; }
    // What changed by itself a moment ago may do so again just now: that it came soon proves nothing.
    if (!sync && !wake.spoke && wake.young.has(record.target)) { wake.doubted.add(record.target); continue; }
    wake.kept += 1;
    keep(record);
  }
}

// Whether a node was changing by itself, again and again, at a moment.
function ticking(target, now) {
  const times = (ticks.get(target) ?? []).filter((time) => time <= now);
  if (times.length < 2) return false;
  const period = (times.at(-1) - times[0]) / (times.length - 1);
  return (times.length > 3 || period > 150) && period < 5000 && now - times.at(-1) < PERIODS * period;
}

function keep({ type, target, attributeName, oldValue, addedNodes, removedNodes }) {
  const { clicked } = wake;
  if (type === "childList") {
    for (const child of removedNodes) if (!wake.added.delete(child)) wake.removed.set(child, { parent: target, clicked });
    for (const child of addedNodes) wake.removed.delete(child) ? wake.put.add(child) : wake.added.set(child, { parent: target, clicked });
    return;
  }
  const name = attributeName ?? "text";
  const of = wake.fields.get(target) ?? new Map();
  wake.fields.set(target, of);
  if (of.has(name)) of.get(name).clicked ||= clicked;
  else of.set(name, { old: oldValue, clicked });
}

// What differs for good and can be seen: [node, how, whether it is (in) the thing pressed]. How a thing looks while it
// is pressed or has the focus is left out, though a script draws it.
function* net() {
  if (!wake) return;
  const own = (el) => Boolean(wake.hit) && (within(el, wake.hit) || within(wake.hit, el));
  const seen = (el) => el?.isConnected && el.checkVisibility?.({ visibilityProperty: true }) !== false && el.localName !== "body";
  for (const [target, of] of wake.fields) {
    const el = target.nodeType === ELEMENT ? target : target.parentElement;
    for (const [name, { old, clicked }] of of) {
      const now = target.nodeType === ELEMENT ? target.getAttribute(name) : target.data;
      if (squash(now) === squash(old) && (now === null) === (old === null)) continue;
      const look = /^(class|style|data-.*|aria-describedby)$/.test(name);
      if (target.isConnected && !(look && own(el) && !clicked) && (seen(el) || el === document.body)) yield [el, name, own(el)];
    }
  }
  const written = (child) => (child.nodeType === ELEMENT ? child.outerHTML : child.data ?? "");
  const changes = new Map(); // parent -> [[removed], [added]]
  for (const [index, all] of [wake.removed, wake.added].entries())
    for (const [child, { parent, clicked }] of all) {
      if (child.nodeType !== ELEMENT && child.nodeType !== TEXT) continue;
      if (/^(script|style|link|meta|template)$/.test(child.localName) || (own(parent) && !clicked && child.nodeType === ELEMENT)) continue;
      if (!changes.has(parent)) changes.set(parent, [[], []]);
      changes.get(parent)[index].push(child);
    }
  for (const [parent, [removed, added]] of changes) {
    const el = parent.nodeType === ELEMENT ? parent : parent.host;
    if (!el?.isConnected || removed.map(written).join("") === added.map(written).join("")) continue;
    const part = added.find((child) => child.nodeType === ELEMENT && seen(child) && some(edges(child.getBoundingClientRect())));
    if (part) yield [part, "added", own(part)];
    else if (added.some((child) => child.nodeType === TEXT && squash(child.data)) && (seen(el) || el === document.body)) yield [el, "text", own(el)];
    else if (removed.some((child) => squash(child.textContent) || child.childElementCount || child.localName === "img") && (seen(el) || el === document.body)) yield [el, "removed", own(el)];
  }
}

const boxed = ({ l, t, r, b }) => [l, t, r, b];
const drawnBoxes = (all) => all.filter((el) => el?.isConnected).map((el) => edges(el.getBoundingClientRect())).filter(some);
const placed = (node) => (node.nodeType === ELEMENT ? node : node.parentElement);
const places = (all, known) => new Map(all.filter((each) => placed(each)?.isConnected)
  .map((each) => [each, join(known.get(each), edges(placed(each).getBoundingClientRect()))]));
function lookedAt() {
  look = { when: performance.now(), shades: shaded(), ring: focused(), places: places([...ticks.keys()], new Map()) };
}

// What a style that follows the mouse may be drawn on.
const small = (all) => drawnBoxes(all).filter((rect) => area(rect) <= SHADE * innerWidth * innerHeight);
const chain = (el) => { const all = []; for (; el; el = above(el)) all.push(el); return all; };
const shaded = () => small([...document.querySelectorAll(":hover")]).flatMap(around);
// A box without what was aimed at in it, where that draws what no node tells: [above, below, left, right of it].
function around(box) {
  if (!wake?.drawn) return [box];
  const { l, t, r, b } = edges(wake.hit.getBoundingClientRect());
  return [{ ...box, b: Math.min(box.b, t) }, { ...box, t: Math.max(box.t, b) }, { ...box, r: Math.min(box.r, l) }, { ...box, l: Math.max(box.l, r) }].filter(some);
}

// A new action begins, with the mouse at `at` (in this document's coordinates) or nowhere in particular.
function mark({ at }) {
  heard(observer.takeRecords());
  const now = performance.now();
  const hit = at && at[0] >= 0 && at[1] >= 0 ? under(...at) : null;
  const known = [...ticks.keys()].filter((each) => each.isConnected);
  const steady = known.filter((each) => ticking(each, now));
  const young = known.filter((each) => !ticking(each, now) && now - ticks.get(each).at(-1) < YOUNG);
  const drawn = [...document.querySelectorAll(DRAWN)].filter((el) => el.checkVisibility?.() !== false).map((el) => edges(el.getBoundingClientRect()));
  wake = {
    field: held(focused()), left: null, at: now, pressed: -Infinity, typed: -Infinity, chain: -Infinity, sync: false, clicked: false, entered: false, hit: hit && control(hit),
    drawn: hit?.matches(DRAWN), // then a picture taken with the mouse in its place tells what follows the mouse
    shades: hit?.matches(DRAWN) ? [] : [...look.shades, ...small(chain(hit))],
    look, places: places([...steady, ...young], look.places), young: new Set(young), doubted: new Set(), spoke: false, fields: new Map(), added: new Map(), removed: new Map(), put: new Set(), kept: 0, asked: [], held: "", timers: new Map(), ticking: new Set(steady),
  };
  return { stale: unsteady > look.when, drawn: drawn.filter(some).map(boxed) };
}
// A field and what it holds, to tell whether its page writes that anew when it is left.
const held = (el) => (el && FIELDS.has(roleOf(el)) && !secret(el) ? { el, value: valueOf(el, roleOf(el)) } : null);
// What is still to be read of a field that was left: after the page's own listeners to that, and before what a click or a
// key changes, which may empty the field because its content was sent.
let leaving = null;
const left = () => {
  const [of, was] = leaving ?? [];
  leaving = null;
  const value = was && wake === of && !secret(was.el) ? valueOf(was.el, roleOf(was.el)) : null;
  if (value !== null && value !== was.value) of.left = { element: known.get(was.el) ?? "", was: was.value, now: value };
};
addEventListener("focusout", () => {
  if (!wake?.field || wake.field.el.matches(":focus")) return;
  leaving = [wake, wake.field];
  later(left, 0);
}, true);
for (const kind of ["pointerup", "mouseup", "click", "keydown", "submit"]) addEventListener(kind, () => { if (leaving) left(); }, true);
const control = (el) => nearest(el, (up) => ACTING.has(roleOf(up)) || up.hasAttribute("onclick") || up.tabIndex >= 0) ?? el;

// What has come of the action so far; where a timer of the page's own will tell whose change it was, after that.
async function stir() {
  heard(observer.takeRecords());
  for (const until = performance.now() + OFTEN; performance.now() < until && telling(performance.now()) && barren();)
    await new Promise((go) => later(go, 30));
  heard(observer.takeRecords());
  const changed = [];
  for (const [el, how, own] of net()) {
    const rect = edges(el.getBoundingClientRect());
    if (!some(rect)) continue;
    changed.push({ what: named(el), how, box: boxed(rect), own });
    if (changed.length >= TOLD) break;
  }
  const moving = new Set(document.querySelectorAll(MOVING));
  const steady = wake ? [...places([...wake.ticking, ...wake.doubted], wake.places)].filter(([each]) => placed(each) !== document.body) : [];
  for (const { playState, effect } of document.getAnimations?.() || [])
    if (playState === "running" && effect?.target && !(effect.getComputedTiming().endTime < BOUND)) moving.add(effect.target);
  moving.delete(document.body); // it says nothing of where
  return {
    left: wake?.left ?? null, changed, put: [...(wake?.put ?? [])].some((each) => each.isConnected), drawn: Boolean(wake?.drawn), doubt: wake?.doubted.size ? named(placed([...wake.doubted][0])) : "", asked: wake?.asked ?? [], held: wake?.held ?? "", shades: [...(wake?.shades ?? []), ...shaded()].map(boxed),
    rings: drawnBoxes([wake?.look.ring, focused()]).map(boxed),
    restless: [...steady.map(([, rect]) => rect), ...drawnBoxes([...moving])].slice(0, 60).map(boxed),
  };
}

// Whether nothing has come of the action yet while a timer runs that it has set, or that will tell whose change it was.
function awaiting(now) {
  if (!wake) return "";
  const late = [...wake.timers.values()].some((due) => due > now && due < wake.typed + OFTEN);
  if (late) return "a timer that typing has set is running"; // it may still write the field's value anew
  const tells = telling(now);
  if (!tells && ![...wake.timers.values()].some((due) => due > now - NEAR)) return "";
  return barren() ? `a timer that ${tells ? "tells what changes by itself" : "the action has set"} is running` : "";
}
const telling = (now) => [...undecided].some(({ first, due }) => due > now - OFTEN && due < now + OFTEN && first.some(([of]) => of === wake));
// Whether nothing has come of the action yet.
function barren() {
  const field = focused();
  return !wake.asked.length && !wake.held && !(field && within(wake.hit, field) && FIELDS.has(roleOf(field))) && net().next().done;
}

const PRESSES = ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "dblclick", "auxclick", "contextmenu",
  "keydown", "keyup", "input", "change", "submit", "dragstart", "drop", "wheel"];
for (const kind of PRESSES) addEventListener(kind, (event) => {
  if (!wake) return;
  heard(observer.takeRecords());
  const of = wake;
  of.pressed = performance.now();
  if (kind === "input") of.typed = of.pressed;
  of.hit ??= event.composedPath()[0]?.nodeType === ELEMENT ? control(event.composedPath()[0]) : null;
  of.entered ||= kind === "keydown" && event.key === "Enter";
  of.clicked ||= !/^(pointerdown|mousedown|pointerup|mouseup)$/.test(kind);
  of.sync = true;
  later(() => answered(of), 0); // in case that somebody keeps the event from coming up here again
}, { capture: true, passive: true });
for (const kind of PRESSES) addEventListener(kind, () => {
  const of = wake;
  if (of) queueMicrotask(() => queueMicrotask(() => answered(of)));
}, { passive: true });
// The press has been answered by whoever answers at once.
function answered(of) { heard(observer.takeRecords()); of.sync = false; }

const asks = (what) => () => { if (wake && !wake.asked.includes(what)) wake.asked.push(what); };
for (const kind of ["copy", "cut"]) addEventListener(kind, asks("something was copied"), true);
addEventListener("play", asks("a recording began to play"), true);
addEventListener("pause", asks("a recording was stopped"), true);
addEventListener("invalid", ({ target }) => {
  if (wake && !wake.held && performance.now() - wake.pressed < NEAR && sends(target.form)) wake.held = `${named(target)}: ${target.validationMessage ?? ""}`.slice(0, 200);
}, true);

// Whether the press was one that sends this form; pages also ask for themselves whether a field is right.
const sends = (form) => wake.entered || (wake.hit?.form === form && /^(submit|image)$/.test(wake.hit?.type));

// Writing to the clipboard and setting a timer make no event, so both are heard where they are asked for.
const hear = (owner, name, told) => {
  try { owner[name] = new Proxy(owner[name], { apply(work, self, given) { told(given); return Reflect.apply(work, self, given); } }); } catch { /* locked by the page */ }
};
if (globalThis.Clipboard) for (const name of ["writeText", "write"]) hear(Clipboard.prototype, name, asks("something was copied"));
// Once the action has made the page speak to somebody, what comes later is an answer.
const spoken = () => { if (wake && !beat && performance.now() - Math.max(wake.pressed, wake.chain) < NEAR) wake.spoke = true; };
for (const [owner, name] of [[globalThis, "fetch"], [globalThis.XMLHttpRequest?.prototype, "send"], [globalThis.WebSocket?.prototype, "send"], [globalThis.Worker?.prototype, "postMessage"]])
  if (owner) hear(owner, name, spoken);
hear(globalThis, "setTimeout", (given) => {
  const of = wake, now = performance.now(), [work, delay] = given;
  if (typeof work !== "function") return;
  if (!caused(now)) {
    const rhythm = beat ?? newRhythm();
    rhythm.due = now + (+delay || 0);
    given[0] = beating(work, rhythm);
    return;
  }
  if (!(delay >= 30) || now + delay - of.at > LONGEST) return;
  const token = {}, late = beating(work, newRhythm());
  of.timers.set(token, now + delay);
  given[0] = function (...passed) {
    of.chain = performance.now();
    of.timers.delete(token);
    return Reflect.apply(of === wake ? work : late, this, passed);
  };
});
hear(globalThis, "setInterval", (given) => {
  const now = performance.now(), of = caused(now) ? wake : null, [work, delay] = given;
  if (typeof work !== "function") return;
  const rhythm = newRhythm(+delay || 1), beats = beating(work, rhythm);
  given[0] = function (...passed) { return Reflect.apply(of && of === wake ? work : beats, this, passed); };
});

// Timers that the page sets by itself go on whatever is done to it. A rhythm is one, with those it sets in turn: how
// often it `came`, how often it changed something, when it is `due` again (0: never), and its `first` changes, whose
// cause is open until it comes again.
const newRhythm = (every = 0) => ({ every, came: 0, changes: 0, changing: false, due: 0, first: [] });
const undecided = new Set(); // rhythms with first changes
const caused = (now) => Boolean(wake) && !beat && now - Math.max(wake.pressed, wake.chain) <= NEAR;
function beating(work, rhythm) {
  return function (...passed) {
    heard(observer.takeRecords());
    const outer = beat, again = rhythm.came > 0;
    beat = rhythm;
    rhythm.changing = false;
    rhythm.due = rhythm.every && performance.now() + rhythm.every;
    try { return Reflect.apply(work, this, passed); } finally {
      heard(observer.takeRecords());
      beat = outer;
      rhythm.came += 1;
      rhythm.changes += rhythm.changing;
      if (rhythm.first.length) again || !rhythm.due ? resolved(rhythm) : undecided.add(rhythm);
    }
  };
}
// A second change, or no second time, says that the first came by itself; a second time without one says it did not.
function resolved(rhythm) {
  for (const [of, record] of rhythm.first) {
    of.doubted.delete(record.target);
    if (rhythm.changing) of.ticking.add(record.target);
    else if (of === wake) keep(record);
  }
  rhythm.first = [];
  undecided.delete(rhythm);
}

// Controls whose content has changed since the page was last asked: what a request can be due to. One that saves itself
// may do so long after, so that something else was pressed meanwhile clears none of them.
const edits = new Set();
for (const kind of ["input", "change"]) document.addEventListener(kind, (event) => edits.add(event.composedPath()[0]), true);
function edited() {
  const ids = [...edits].filter((el) => el.isConnected).map((el) => known.get(el) ?? "");
  edits.clear();
  return ids;
}

// The field that has the keyboard loses it.
function leave() {
  const el = focused();
  el?.blur?.();
  return Boolean(el);
}

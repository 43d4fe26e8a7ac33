// Track the DOM changes in this document that the last action caused, and separate them from changes that occur without
// an action. Hover and focus styles change no node, so they are no effect of an action.

const MAX_RECORDED = 600; // most changes that are recorded for one action
const MAX_REPORTED = 8; // most changes that are reported
const CAUSED_MS = 250; // ms after a press or a timer of the action in which new timers are attributed to the action
const TIMER_WAIT_MS = 1000; // ms for which a periodic timer is waited for when only its next run decides the cause of a change
const REACTION_MS = 40; // ms after a press or a timer of the action in which changes do not count as independent
const RECENT_MS = 5000; // ms after an independent change in which further changes of the node are doubtful
const TIMER_LIMIT_MS = 5000; // ms after the start of an action in which a timer must end to be waited for
const PERIODS = 2.5; // a periodic change has ended after so many periods without a change
const HOVER_SHARE = 0.25; // share of the screen; a larger element has no hover style
const DRAWN = "canvas, video, embed, object"; // elements that draw without DOM changes
const MOVING = "video, marquee, progress:indeterminate, img[src*='.gif' i], img[src^='data:image/gif']";

let tracked = null; // state of the last action
// The last observation: hover regions, the focused element, and boxes of nodes that change independently.
let observed = { when: -Infinity, hover_regions: [], ring: null, places: new Map() };
let lastUnsteadyChange = -Infinity; // time of the last change of a node that does not change periodically
let parsing = document.readyState === "loading"; // nodes that are added meanwhile come from the parser
document.addEventListener("readystatechange", () => { onMutations(observer.takeRecords()); parsing = false; }, { capture: true, once: true });
let runningTimer = null; // the running timer that was not set by the last action
const changeTimes = new Map(); // node -> times of its last independent changes
const nativeSetTimeout = globalThis.setTimeout;

function trackMutations(records) {
  const now = performance.now();
  const targets = new Set();
  for (const record of records) {
    const sync = Boolean(tracked?.sync) && !runningTimer;
    const soon = Boolean(tracked) && !runningTimer && now - Math.max(tracked.pressed, tracked.chain) < REACTION_MS;
    if (!sync && !soon && !parsing && !targets.has(record.target)) {
      targets.add(record.target);
      const times = changeTimes.get(record.target) ?? [];
      changeTimes.delete(record.target); // the map is ordered by the last change
      changeTimes.set(record.target, now - (times.at(-1) ?? -Infinity) > 10 ? [...times.slice(-7), now] : times);
      if (changeTimes.size > 300) changeTimes.delete(changeTimes.keys().next().value);
    }
    const byItself = runningTimer && runningTimer.changes > 0;
    if (runningTimer) runningTimer.changing = true;
    if (!byItself && !isTicking(record.target, now)) lastUnsteadyChange = now;
    if (!tracked || tracked.kept >= MAX_RECORDED) continue;
    if (byItself) { tracked.ticking.add(record.target); continue; }
    if (!sync && tracked.ticking.has(record.target)) continue;
    // The first change by a timer does not show its cause; a change by the next run does.
    if (runningTimer && !runningTimer.came) { tracked.doubted.add(record.target); runningTimer.first.push([tracked, record]); continue; }
    // A node that changed independently a moment ago may do so again, so a change soon after the press proves nothing.
    if (!sync && !tracked.spoke && tracked.young.has(record.target)) { tracked.doubted.add(record.target); continue; }
    tracked.kept += 1;
    recordMutation(record);
  }
}

// Whether a node changed periodically at a time.
function isTicking(target, now) {
  const times = (changeTimes.get(target) ?? []).filter((time) => time <= now);
  if (times.length < 2) return false;
  const period = (times.at(-1) - times[0]) / (times.length - 1);
  return (times.length > 3 || period > 150) && period < 5000 && now - times.at(-1) < PERIODS * period;
}

function recordMutation({ type, target, attributeName, oldValue, addedNodes, removedNodes }) {
  const { clicked } = tracked;
  if (type === "childList") {
    for (const child of removedNodes) if (!tracked.added.delete(child)) tracked.removed.set(child, { parent: target, clicked });
    for (const child of addedNodes) tracked.removed.delete(child) ? tracked.put.add(child) : tracked.added.set(child, { parent: target, clicked });
    return;
  }
  const name = attributeName ?? "text";
  const of = tracked.fields.get(target) ?? new Map();
  tracked.fields.set(target, of);
  if (of.has(name)) of.get(name).clicked ||= clicked;
  else of.set(name, { old: oldValue, clicked });
}

// Yield lasting visible changes: [node, how, whether it belongs to the pressed element]. The appearance of the pressed or
// focused element is omitted, also when a script changes it.
function* lastingChanges() {
  if (!tracked) return;
  const isOwn = (el) => Boolean(tracked.hit) && (isWithin(el, tracked.hit) || isWithin(tracked.hit, el));
  const isVisible = (el) => el?.isConnected && el.checkVisibility?.({ visibilityProperty: true }) !== false && el.localName !== "body";
  for (const [target, of] of tracked.fields) {
    const el = target.nodeType === ELEMENT ? target : target.parentElement;
    for (const [name, { old, clicked }] of of) {
      const now = target.nodeType === ELEMENT ? target.getAttribute(name) : target.data;
      if (collapseSpace(now) === collapseSpace(old) && (now === null) === (old === null)) continue;
      const isStyle = /^(class|style|data-.*|aria-describedby)$/.test(name);
      if (target.isConnected && !(isStyle && isOwn(el) && !clicked) && (isVisible(el) || el === document.body)) yield [el, name, isOwn(el)];
    }
  }
  const markupOf = (child) => (child.nodeType === ELEMENT ? child.outerHTML : child.data ?? "");
  const changes = new Map(); // parent -> [[removed], [added]]
  for (const [index, all] of [tracked.removed, tracked.added].entries())
    for (const [child, { parent, clicked }] of all) {
      if (child.nodeType !== ELEMENT && child.nodeType !== TEXT) continue;
      if (/^(script|style|link|meta|template)$/.test(child.localName) || (isOwn(parent) && !clicked && child.nodeType === ELEMENT)) continue;
      if (!changes.has(parent)) changes.set(parent, [[], []]);
      changes.get(parent)[index].push(child);
    }
  for (const [parent, [removed, added]] of changes) {
    const el = parent.nodeType === ELEMENT ? parent : parent.host;
    if (!el?.isConnected || removed.map(markupOf).join("") === added.map(markupOf).join("")) continue;
    const part = added.find((child) => child.nodeType === ELEMENT && isVisible(child) && hasArea(edgesOf(child.getBoundingClientRect())));
    if (part) yield [part, "added", isOwn(part)];
    else if (added.some((child) => child.nodeType === TEXT && collapseSpace(child.data)) && (isVisible(el) || el === document.body)) yield [el, "text", isOwn(el)];
    else if (removed.some((child) => collapseSpace(child.textContent) || child.childElementCount || child.localName === "img") && (isVisible(el) || el === document.body)) yield [el, "removed", isOwn(el)];
  }
}

const boxOf = ({ l, t, r, b }) => [l, t, r, b];
const drawnBoxes = (all) => all.filter((el) => el?.isConnected).map((el) => edgesOf(el.getBoundingClientRect())).filter(hasArea);
const elementOf = (node) => (node.nodeType === ELEMENT ? node : node.parentElement);
const placesOf = (all, known) => new Map(all.filter((each) => elementOf(each)?.isConnected)
  .map((each) => [each, union(known.get(each), edgesOf(elementOf(each).getBoundingClientRect()))]));
function noteObservation() {
  observed = { when: performance.now(), hover_regions: hoverRegions(), ring: focused(), places: placesOf([...changeTimes.keys()], new Map()) };
}

// Return the regions that hover styles may change.
const smallBoxes = (all) => drawnBoxes(all).filter((rect) => area(rect) <= HOVER_SHARE * innerWidth * innerHeight);
const ancestors = (el) => { const all = []; for (; el; el = parentOf(el)) all.push(el); return all; };
const hoverRegions = () => smallBoxes([...document.querySelectorAll(":hover")]).flatMap(hoverRegionsAround);
// Return a box without the pressed element, when that is a canvas or video: the parts above, below, left and right.
function hoverRegionsAround(box) {
  if (!tracked?.drawn) return [box];
  const { l, t, r, b } = edgesOf(tracked.hit.getBoundingClientRect());
  return [{ ...box, b: Math.min(box.b, t) }, { ...box, t: Math.max(box.t, b) }, { ...box, r: Math.min(box.r, l) }, { ...box, l: Math.max(box.l, r) }].filter(hasArea);
}

// Start to track an action. `at`: mouse position in this document's coordinates, or null.
function startTracking({ at }) {
  onMutations(observer.takeRecords());
  const now = performance.now();
  const hit = at && at[0] >= 0 && at[1] >= 0 ? elementAt(...at) : null;
  const known = [...changeTimes.keys()].filter((each) => each.isConnected);
  const steady = known.filter((each) => isTicking(each, now));
  const young = known.filter((each) => !isTicking(each, now) && now - changeTimes.get(each).at(-1) < RECENT_MS);
  const drawn = [...document.querySelectorAll(DRAWN)].filter((el) => el.checkVisibility?.() !== false).map((el) => edgesOf(el.getBoundingClientRect()));
  tracked = {
    field: fieldAndValue(focused()), left: null, at: now, pressed: -Infinity, typed: -Infinity, chain: -Infinity, sync: false, clicked: false, entered: false, hit: hit && controlOf(hit),
    drawn: hit?.matches(DRAWN), // a screenshot with the mouse in place then shows hover effects
    hover_regions: hit?.matches(DRAWN) ? [] : [...observed.hover_regions, ...smallBoxes(ancestors(hit))],
    observed, places: placesOf([...steady, ...young], observed.places), young: new Set(young), doubted: new Set(), spoke: false, fields: new Map(), added: new Map(), removed: new Map(), put: new Set(), kept: 0, asked: [], held: "", timers: new Map(), ticking: new Set(steady),
  };
  return { stale: lastUnsteadyChange > observed.when, drawn: drawn.filter(hasArea).map(boxOf) };
}
// Return a field and its value, to find out whether the page rewrites the value when the field loses the focus.
const fieldAndValue = (el) => (el && FIELDS.has(roleOf(el)) && !isSecret(el) ? { el, value: valueOf(el, roleOf(el)) } : null);
// A field that lost the focus is read after the page's listeners for that event, and before a click or key changes it:
// these may clear the field because its content was sent.
let leaving = null;
const reportLeftField = () => {
  const [of, was] = leaving ?? [];
  leaving = null;
  const value = was && tracked === of && !isSecret(was.el) ? valueOf(was.el, roleOf(was.el)) : null;
  if (value !== null && value !== was.value) of.left = { element: known.get(was.el) ?? "", was: was.value, now: value };
};
addEventListener("focusout", () => {
  if (!tracked?.field || tracked.field.el.matches(":focus")) return;
  leaving = [tracked, tracked.field];
  nativeSetTimeout(reportLeftField, 0);
}, true);
for (const kind of ["pointerup", "mouseup", "click", "keydown", "submit"]) addEventListener(kind, () => { if (leaving) reportLeftField(); }, true);
const controlOf = (el) => nearest(el, (up) => ACTING.has(roleOf(up)) || up.hasAttribute("onclick") || up.tabIndex >= 0) ?? el;

// Return the changes of the action so far. Wait for a periodic timer when only its next run decides the cause of a change.
async function pageChanges() {
  onMutations(observer.takeRecords());
  for (const until = performance.now() + TIMER_WAIT_MS; performance.now() < until && timerWillTell(performance.now()) && hasNoEffect();)
    await new Promise((go) => nativeSetTimeout(go, 30));
  onMutations(observer.takeRecords());
  const changed = [];
  for (const [el, how, own] of lastingChanges()) {
    const rect = edgesOf(el.getBoundingClientRect());
    if (!hasArea(rect)) continue;
    changed.push({ what: describeElement(el), how, box: boxOf(rect), own });
    if (changed.length >= MAX_REPORTED) break;
  }
  const moving = new Set(document.querySelectorAll(MOVING));
  const steady = tracked ? [...placesOf([...tracked.ticking, ...tracked.doubted], tracked.places)].filter(([each]) => elementOf(each) !== document.body) : [];
  for (const { playState, effect } of document.getAnimations?.() || [])
    if (playState === "running" && effect?.target && !(effect.getComputedTiming().endTime < LOAD_MS)) moving.add(effect.target);
  moving.delete(document.body); // it gives no position
  return {
    changed,
    browser_actions: tracked?.asked ?? [],
    unattributed: tracked?.doubted.size ? describeElement(elementOf([...tracked.doubted][0])) : "",
    reordered: [...(tracked?.put ?? [])].some((each) => each.isConnected),
    draws_itself: Boolean(tracked?.drawn),
    blocked_form: tracked?.held ?? "",
    rewritten_field: tracked?.left ?? null,
    hover_regions: [...(tracked?.hover_regions ?? []), ...hoverRegions()].map(boxOf),
    focus_rings: drawnBoxes([tracked?.observed.ring, focused()]).map(boxOf),
    animated_regions: [...steady.map(([, rect]) => rect), ...drawnBoxes([...moving])].slice(0, 60).map(boxOf),
  };
}

// Return which timer is waited for: the action has no effect yet, and a timer of it or a deciding timer is running.
function pendingTimer(now) {
  if (!tracked) return "";
  const late = [...tracked.timers.values()].some((due) => due > now && due < tracked.typed + TIMER_WAIT_MS);
  if (late) return "a timer that typing has set is running"; // it may still rewrite the value of the field
  const tells = timerWillTell(now);
  if (!tells && ![...tracked.timers.values()].some((due) => due > now - CAUSED_MS)) return "";
  return hasNoEffect() ? `a timer that ${tells ? "tells what changes by itself" : "the action has set"} is running` : "";
}
const timerWillTell = (now) => [...openSeries].some(({ first, due }) => due > now - TIMER_WAIT_MS && due < now + TIMER_WAIT_MS && first.some(([of]) => of === tracked));
// Whether the action has had no effect yet.
function hasNoEffect() {
  const field = focused();
  return !tracked.asked.length && !tracked.held && !(field && isWithin(tracked.hit, field) && FIELDS.has(roleOf(field))) && lastingChanges().next().done;
}

const PRESSES = ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "dblclick", "auxclick", "contextmenu",
  "keydown", "keyup", "input", "change", "submit", "dragstart", "drop", "wheel"];
for (const kind of PRESSES) addEventListener(kind, (event) => {
  if (!tracked) return;
  onMutations(observer.takeRecords());
  const of = tracked;
  of.pressed = performance.now();
  if (kind === "input") of.typed = of.pressed;
  of.hit ??= event.composedPath()[0]?.nodeType === ELEMENT ? controlOf(event.composedPath()[0]) : null;
  of.entered ||= kind === "keydown" && event.key === "Enter";
  of.clicked ||= !/^(pointerdown|mousedown|pointerup|mouseup)$/.test(kind);
  of.sync = true;
  nativeSetTimeout(() => pressHandled(of), 0); // in case the page stops the propagation of the event
}, { capture: true, passive: true });
for (const kind of PRESSES) addEventListener(kind, () => {
  const of = tracked;
  if (of) queueMicrotask(() => queueMicrotask(() => pressHandled(of)));
}, { passive: true });
// The synchronous listeners of the press have run.
function pressHandled(of) { onMutations(observer.takeRecords()); of.sync = false; }

const asks = (what) => () => { if (tracked && !tracked.asked.includes(what)) tracked.asked.push(what); };
for (const kind of ["copy", "cut"]) addEventListener(kind, asks("something was copied"), true);
addEventListener("play", asks("a recording began to play"), true);
addEventListener("pause", asks("a recording was stopped"), true);
addEventListener("invalid", ({ target }) => {
  if (tracked && !tracked.held && performance.now() - tracked.pressed < CAUSED_MS && sends(target.form)) tracked.held = `${describeElement(target)}: ${target.validationMessage ?? ""}`.slice(0, 200);
}, true);

// Whether the press submits this form; pages also call checkValidity() themselves.
const sends = (form) => tracked.entered || (tracked.hit?.form === form && /^(submit|image)$/.test(tracked.hit?.type));

// Clipboard writes and timers cause no event, so their functions are wrapped.
const interceptCall = (owner, name, listener) => {
  try { owner[name] = new Proxy(owner[name], { apply(work, self, given) { listener(given); return Reflect.apply(work, self, given); } }); } catch { /* locked by the page */ }
};
if (globalThis.Clipboard) for (const name of ["writeText", "write"]) interceptCall(Clipboard.prototype, name, asks("something was copied"));
// After a request of the action, later changes are its response.
const noteRequest = () => { if (tracked && !runningTimer && performance.now() - Math.max(tracked.pressed, tracked.chain) < CAUSED_MS) tracked.spoke = true; };
for (const [owner, name] of [[globalThis, "fetch"], [globalThis.XMLHttpRequest?.prototype, "send"], [globalThis.WebSocket?.prototype, "send"], [globalThis.Worker?.prototype, "postMessage"]])
  if (owner) interceptCall(owner, name, noteRequest);
interceptCall(globalThis, "setTimeout", (given) => {
  const of = tracked, now = performance.now(), [work, delay] = given;
  if (typeof work !== "function") return;
  if (!isCausedByAction(now)) {
    const series = runningTimer ?? newTimerSeries();
    series.due = now + (+delay || 0);
    given[0] = wrapTimer(work, series);
    return;
  }
  if (!(delay >= 30) || now + delay - of.at > TIMER_LIMIT_MS) return;
  const token = {}, late = wrapTimer(work, newTimerSeries());
  of.timers.set(token, now + delay);
  given[0] = function (...passed) {
    of.chain = performance.now();
    of.timers.delete(token);
    return Reflect.apply(of === tracked ? work : late, this, passed);
  };
});
interceptCall(globalThis, "setInterval", (given) => {
  const now = performance.now(), of = isCausedByAction(now) ? tracked : null, [work, delay] = given;
  if (typeof work !== "function") return;
  const series = newTimerSeries(+delay || 1), beats = wrapTimer(work, series);
  given[0] = function (...passed) { return Reflect.apply(of && of === tracked ? work : beats, this, passed); };
});

// Timers that the page sets without an action run independently of actions. A series is a timer with the timers that it sets:
// how often it ran (`came`), how often it changed something, when it is `due` again (0: never), and its `first` changes,
// whose cause is unknown until it runs again.
const newTimerSeries = (every = 0) => ({ every, came: 0, changes: 0, changing: false, due: 0, first: [] });
const openSeries = new Set(); // series with first changes
const isCausedByAction = (now) => Boolean(tracked) && !runningTimer && now - Math.max(tracked.pressed, tracked.chain) <= CAUSED_MS;
function wrapTimer(work, series) {
  return function (...passed) {
    onMutations(observer.takeRecords());
    const outer = runningTimer, again = series.came > 0;
    runningTimer = series;
    series.changing = false;
    series.due = series.every && performance.now() + series.every;
    try { return Reflect.apply(work, this, passed); } finally {
      onMutations(observer.takeRecords());
      runningTimer = outer;
      series.came += 1;
      series.changes += series.changing;
      if (series.first.length) again || !series.due ? resolveTimerSeries(series) : openSeries.add(series);
    }
  };
}
// A second change, or no second run, means that the first change was independent. A run without a change means that it was not.
function resolveTimerSeries(series) {
  for (const [of, record] of series.first) {
    of.doubted.delete(record.target);
    if (series.changing) of.ticking.add(record.target);
    else if (of === tracked) recordMutation(record);
  }
  series.first = [];
  openSeries.delete(series);
}

// Controls whose content changed since the last call: a request may be caused by them. A control may save its content long
// afterwards, so a press elsewhere does not clear the set.
const edits = new Set();
for (const kind of ["input", "change"]) document.addEventListener(kind, (event) => edits.add(event.composedPath()[0]), true);
function editedFields() {
  const ids = [...edits].filter((el) => el.isConnected).map((el) => known.get(el) ?? "");
  edits.clear();
  return ids;
}

// Remove the focus from the focused element.
function blurFocused() {
  const el = focused();
  el?.blur?.();
  return Boolean(el);
}

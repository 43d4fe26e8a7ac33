// Observe when the page last changed and whether it is at rest.

const HABIT_CHANGES = 4; // changes of one node within HABIT_MS that count as endless
const HABIT_MS = 600; // ms
const LONG_HABIT_MS = 1500; // ms, for nodes that cover more than SMALL_SHARE of the screen
const SMALL_SHARE = 0.1; // share of the screen
const LATE_MS = 40; // ms
const LOAD_MS = 3000; // ms for which images, fonts and unfinished navigations are waited for

// `last`: time of the last change that counts for rest; `drawn`: of the last change that may be visible.
const activity = { last: performance.now(), drawn: performance.now(), recent: [], leaving: -Infinity };
const tickers = new WeakSet();
let documentSign = 0; // random number that identifies this document

const noteChange = (target) => {
  const now = performance.now();
  activity.drawn = Math.max(activity.drawn, now);
  if (target && tickers.has(target)) return;
  activity.last = now;
  activity.recent.push([now, target]);
  if (activity.recent.length > 2000) activity.recent.splice(0, 1000);
};
const onMutations = (records) => {
  for (const record of records) {
    const target = record.target.nodeType === ELEMENT ? record.target : record.target.parentElement;
    noteChange(target || record.target);
  }
  noteAdded(records);
  trackMutations(records);
};
const observer = new MutationObserver(onMutations);
const OBSERVED = { subtree: true, childList: true, attributes: true, characterData: true, attributeOldValue: true, characterDataOldValue: true };
observer.observe(document, OBSERVED);
const roots = new WeakSet();
const observeRoot = (root) => { if (!roots.has(root)) { roots.add(root); observer.observe(root, OBSERVED); } };

document.addEventListener("scroll", () => noteChange(null), { capture: true, passive: true });
document.addEventListener("load", () => noteChange(null), { capture: true }); // images
for (const kind of ["focusin", "focusout"]) document.addEventListener(kind, () => { activity.drawn = Math.max(activity.drawn, performance.now()); }, true);
// A loaded resource (a background, a font) is drawn a little later without a mutation.
new PerformanceObserver(() => { activity.drawn = Math.max(activity.drawn, performance.now() + 100); }).observe({ type: "resource" });
globalThis.navigation?.addEventListener?.("navigate", (event) => {
  if (!event.destination.sameDocument && event.downloadRequest === null) activity.leaving = performance.now();
});

// A blinking caret would make two screenshots of the same page differ. https://drafts.csswg.org/css-ui/#caret-animation
try {
  const still = new CSSStyleSheet();
  still.replaceSync(":root { caret-animation: manual }");
  document.adoptedStyleSheets.push(still);
} catch { /* an older Chromium: the caret blinks */ }

// Return why the page is not at rest; empty when it is. `awaited`: requests are open. A document that is loading without an
// open request was created by document.open and never closed.
function busyReason(now, start, awaited) {
  if (document.readyState === "loading" && (awaited || now - start < LOAD_MS)) return "the page is loading";
  if (now - activity.leaving < 1000) return "a navigation is under way";
  if (now - start < LOAD_MS) {
    if (document.readyState !== "complete") return "the page is still loading";
    if (document.fonts?.status === "loading") return "fonts are loading";
  }
  for (const animation of document.getAnimations?.() || []) {
    if (animation.playState !== "running" || !animation.effect) continue;
    const { endTime, localTime } = animation.effect.getComputedTiming();
    if (Number.isFinite(endTime) && endTime - localTime < LOAD_MS && animation.playbackRate) return "something is moving";
  }
  return "";
}

// Ignore nodes that never stop changing from now on, and return their description; empty for none.
function findHabit(now, start) {
  if (now - start < HABIT_MS) return "";
  const span = now - start >= LONG_HABIT_MS ? LONG_HABIT_MS : HABIT_MS;
  const counts = new Map();
  for (const [when, target] of activity.recent) if (when > now - span) counts.set(target, (counts.get(target) || 0) + 1);
  if (!counts.size || counts.has(null) || [...counts.values()].some((count) => count < HABIT_CHANGES)) return "";
  let around = null;
  for (const target of counts.keys()) around = union(around, edgesOf(target.getBoundingClientRect?.() ?? new DOMRect()));
  const share = area(intersect(around, { l: 0, t: 0, r: innerWidth, b: innerHeight })) / (innerWidth * innerHeight);
  if (share > SMALL_SHARE && span < LONG_HABIT_MS) return "";
  for (const target of counts.keys()) tickers.add(target);
  activity.last = -Infinity;
  const first = [...counts.keys()][0];
  return `${describeElement(first.nodeType === ELEMENT ? first : document.body)} never stops changing`;
}

// Resolves when nothing has changed for `window` ms (counted from `since` ms ago at the earliest), or after `slice` ms.
// `began`: ms since the wait began; `habits`: nodes that never stop changing may be ignored.
async function waitForRest({ window, since, slice, began, habits }) {
  const entered = performance.now();
  const start = entered - began;
  const earliest = entered - since;
  let note = "";
  for (;;) {
    const now = performance.now();
    const left = Math.max(activity.last, earliest) + window - now;
    const why = busyReason(now, start, !habits) || (left <= 0 ? pendingTimer(now) : "");
    if (!why && left <= 0) return { quiet: true, note };
    if (habits && !why) note ||= findHabit(now, start);
    if (now - entered >= slice) return { quiet: false, note: why || "still changing" };
    const nap = Math.max(4, Math.min(left > 0 ? left : 16, 25, slice));
    await new Promise((done) => setTimeout(done, nap));
    // The timer fired late: the page was computing and may change soon.
    const late = performance.now() - now - nap > LATE_MS;
    if (late && now - start < LOAD_MS) activity.last = Math.max(activity.last, performance.now());
  }
}

// Return what decides whether an earlier screenshot is current: [document, now, last change, whether all changes are
// observable, hash of the field values].
function drawingStamp() {
  documentSign ||= Math.random();
  const silent = "canvas, video, embed, object, iframe, frame, marquee, animate, animateTransform, animateMotion, "
    + "progress:indeterminate, img[src*='.gif' i], img[src*='.webp' i], img[src*='.apng' i], img[src^='data:image/gif']";
  const calm = !document.querySelector(silent) && !(document.getAnimations?.() || []).some((each) => each.playState === "running");
  let fields = 0; // a script that sets the value of a field causes no mutation
  for (const el of document.querySelectorAll("input, textarea, select"))
    for (const letter of `${el.value}\n${el.checked}`) fields = (fields * 31 + letter.charCodeAt(0)) | 0;
  return [documentSign, performance.now(), activity.drawn, calm, fields];
}

// Return address, title, focused element and its value, and whether the focus is in an inner frame.
function documentInfo() {
  documentSign ||= Math.random();
  const el = focused();
  const inside = el && /^i?frame$/.test(el.localName);
  const role = el && !inside ? roleOf(el) || (clickableRole(el)) : "";
  return {
    tag: el?.localName ?? "", url: location.href, title: document.title, sign: documentSign, inside: Boolean(inside), has: document.hasFocus(),
    focus: el && !inside ? collapseSpace(`${role} ${nameOf(el, role)[0]}`).slice(0, 200) : "",
    value: el && !inside && !isSecret(el) ? valueOf(el, role) : "",
    scroll: [scrollX, scrollY],
  };
}
const clickableRole = (el) => (el.tabIndex >= 0 ? "clickable" : el.localName);

// Return [screenshot pixels per CSS pixel, width, height, left, top, pinch zoom] of the screenshot.
const viewport = () => {
  const { scale, offsetLeft, offsetTop } = globalThis.visualViewport || { scale: 1, offsetLeft: 0, offsetTop: 0 };
  return [devicePixelRatio * scale, innerWidth * devicePixelRatio, innerHeight * devicePixelRatio, offsetLeft, offsetTop, scale];
};

// Return the origin's local storage and session storage.
function storedItems() {
  const all = (storage) => Object.keys(storage).map((name) => ({ name, value: storage.getItem(name) }));
  try {
    return { origin: location.origin, localStorage: all(localStorage), sessionStorage: all(sessionStorage) };
  } catch { return null; } // a sandboxed frame or a data: page has none
}

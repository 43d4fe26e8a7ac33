// What a page does: when it last changed, and whether it is at rest.

const TICKS = 4; // so many changes of the same things within HABIT make a habit
const HABIT = 600; // ms
const LONG_HABIT = 1500; // ms, for things that take more than a small part of the screen
const SMALL = 0.1; // share of the screen
const LATE = 40; // ms
const BOUND = 3000; // ms that pictures, fonts or a navigation that leads nowhere are waited for

// `last` is the last change that counts for rest, `drawn` the last that may have changed the picture.
const log = { last: performance.now(), drawn: performance.now(), recent: [], leaving: -Infinity };
const tickers = new WeakSet();
let sign = 0; // tells this document from every other

const changed = (target) => {
  const now = performance.now();
  log.drawn = Math.max(log.drawn, now);
  if (target && tickers.has(target)) return;
  log.last = now;
  log.recent.push([now, target]);
  if (log.recent.length > 2000) log.recent.splice(0, 1000);
};
const heard = (records) => {
  for (const record of records) {
    const target = record.target.nodeType === ELEMENT ? record.target : record.target.parentElement;
    changed(target || record.target);
  }
  came(records);
  heed(records);
};
const observer = new MutationObserver(heard);
const OBSERVED = { subtree: true, childList: true, attributes: true, characterData: true, attributeOldValue: true, characterDataOldValue: true };
observer.observe(document, OBSERVED);
const roots = new WeakSet();
const watched = (root) => { if (!roots.has(root)) { roots.add(root); observer.observe(root, OBSERVED); } };

document.addEventListener("scroll", () => changed(null), { capture: true, passive: true });
document.addEventListener("load", () => changed(null), { capture: true }); // pictures
for (const kind of ["focusin", "focusout"]) document.addEventListener(kind, () => { log.drawn = Math.max(log.drawn, performance.now()); }, true);
// What was loaded (a background, a font) is drawn a little later, without any mutation.
new PerformanceObserver(() => { log.drawn = Math.max(log.drawn, performance.now() + 100); }).observe({ type: "resource" });
globalThis.navigation?.addEventListener?.("navigate", (event) => {
  if (!event.destination.sameDocument && event.downloadRequest === null) log.leaving = performance.now();
});

// A caret that blinks would make two pictures of the same page differ.
try {
  const still = new CSSStyleSheet();
  still.replaceSync(":root { caret-animation: manual }");
  document.adoptedStyleSheets.push(still);
} catch { /* an older Chromium: the caret blinks */ }

// `awaited` is whether requests are under way: without any, a page that says it is loading has only not been closed.
function busy(now, start, awaited) {
  if (document.readyState === "loading" && (awaited || now - start < BOUND)) return "the page is loading";
  if (now - log.leaving < 1000) return "a navigation is under way";
  if (now - start < BOUND) {
    if (document.readyState !== "complete") return "the page is still loading";
    if (document.fonts?.status === "loading") return "fonts are loading";
  }
  for (const animation of document.getAnimations?.() || []) {
    if (animation.playState !== "running" || !animation.effect) continue;
    const { endTime, localTime } = animation.effect.getComputedTiming();
    if (Number.isFinite(endTime) && endTime - localTime < BOUND && animation.playbackRate) return "something is moving";
  }
  return "";
}

// Take what never stops changing for a habit of this page, and say what it is; "" when there is no such thing.
function habit(now, start) {
  if (now - start < HABIT) return "";
  const span = now - start >= LONG_HABIT ? LONG_HABIT : HABIT;
  const counts = new Map();
  for (const [when, target] of log.recent) if (when > now - span) counts.set(target, (counts.get(target) || 0) + 1);
  if (!counts.size || counts.has(null) || [...counts.values()].some((count) => count < TICKS)) return "";
  let around = null;
  for (const target of counts.keys()) around = join(around, edges(target.getBoundingClientRect?.() ?? new DOMRect()));
  const share = area(meet(around, { l: 0, t: 0, r: innerWidth, b: innerHeight })) / (innerWidth * innerHeight);
  if (share > SMALL && span < LONG_HABIT) return "";
  for (const target of counts.keys()) tickers.add(target);
  log.last = -Infinity;
  const first = [...counts.keys()][0];
  return `${named(first.nodeType === ELEMENT ? first : document.body)} never stops changing`;
}

// Resolves when nothing has changed for `window` ms (counted from `since` ms ago at the earliest), or after `slice` ms.
// `began` is how many ms ago the wait began; `habits` whether things that never stop may be left alone.
async function rest({ window, since, slice, began, habits }) {
  const entered = performance.now();
  const start = entered - began;
  const earliest = entered - since;
  let note = "";
  for (;;) {
    const now = performance.now();
    const left = Math.max(log.last, earliest) + window - now;
    const why = busy(now, start, !habits) || (left <= 0 ? awaiting(now) : "");
    if (!why && left <= 0) return { quiet: true, note };
    if (habits && !why) note ||= habit(now, start);
    if (now - entered >= slice) return { quiet: false, note: why || "still changing" };
    const nap = Math.max(4, Math.min(left > 0 ? left : 16, 25, slice));
    await new Promise((done) => setTimeout(done, nap));
    // Woken late: the page was computing, and may be about to show what.
    const late = performance.now() - now - nap > LATE;
    if (late && now - start < BOUND) log.last = Math.max(log.last, performance.now());
  }
}

// Whether an earlier picture still shows the page: [sign, now, last change, whether all changes are heard of, fields].
function stamp() {
  sign ||= Math.random();
  const silent = "canvas, video, embed, object, iframe, frame, marquee, animate, animateTransform, animateMotion, "
    + "progress:indeterminate, img[src*='.gif' i], img[src*='.webp' i], img[src*='.apng' i], img[src^='data:image/gif']";
  const calm = !document.querySelector(silent) && !(document.getAnimations?.() || []).some((each) => each.playState === "running");
  let fields = 0; // what scripts put into fields makes no mutation
  for (const el of document.querySelectorAll("input, textarea, select"))
    for (const letter of `${el.value}\n${el.checked}`) fields = (fields * 31 + letter.charCodeAt(0)) | 0;
  return [sign, performance.now(), log.drawn, calm, fields];
}

// The cheap facts: [address, title, focus, value, sign of this document, whether the focus is in a frame].
function facts() {
  sign ||= Math.random();
  const el = focused();
  const inside = el && /^i?frame$/.test(el.localName);
  const role = el && !inside ? roleOf(el) || (clickableRole(el)) : "";
  return {
    tag: el?.localName ?? "", url: location.href, title: document.title, sign, inside: Boolean(inside), has: document.hasFocus(),
    focus: el && !inside ? squash(`${role} ${nameOf(el, role)[0]}`).slice(0, 200) : "",
    value: el && !inside && !secret(el) ? valueOf(el, role) : "",
    scroll: [scrollX, scrollY],
  };
}
const clickableRole = (el) => (el.tabIndex >= 0 ? "clickable" : el.localName);

// How CSS pixels become the picture's: [pixels of the picture to one, its width, height, left, top, pinch zoom].
const view = () => {
  const { scale, offsetLeft, offsetTop } = globalThis.visualViewport || { scale: 1, offsetLeft: 0, offsetTop: 0 };
  return [devicePixelRatio * scale, innerWidth * devicePixelRatio, innerHeight * devicePixelRatio, offsetLeft, offsetTop, scale];
};

// What of the page's storage a fresh browser needs.
function stored() {
  const all = (storage) => Object.keys(storage).map((name) => ({ name, value: storage.getItem(name) }));
  try {
    return { origin: location.origin, localStorage: all(localStorage), sessionStorage: all(sessionStorage) };
  } catch { return null; } // a sandboxed frame or a data: page has none
}

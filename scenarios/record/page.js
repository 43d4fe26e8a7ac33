// Tells what a person does in a page, with everything that was there just before. Stands in every frame.
(() => {
  const eyes = document[Symbol.for("handeye")], mark = Symbol.for("handeye record");
  if (!eyes || document[mark]) return;
  Object.defineProperty(document, mark, { value: true });

  const ACTING = new Set(["textbox", "searchbox", "spinbutton", "combobox", "listbox", "slider", "checkbox", "radio",
    "switch", "menuitemcheckbox", "menuitemradio", "button", "link", "option", "tab", "menuitem", "treeitem", "clickable"]);
  const KEYS = { Enter: "enter", Escape: "escape", Tab: "tab", " ": "space", Backspace: "backspace", Delete: "delete",
    Insert: "insert", Home: "home", End: "end", PageUp: "pageup", PageDown: "pagedown", ArrowLeft: "left",
    ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", ContextMenu: "menu", "+": "plus" };
  // The browser answers these itself; where they lead somewhere, that is heard.
  const BROWSERS = new Set(["f5", "f11", "f12", "ctrl+r", "ctrl+f5", "ctrl+shift+r", "alt+left", "alt+right", "ctrl+l", "ctrl+f",
    "ctrl+plus", "ctrl+-", "ctrl+0", "ctrl+shift+i", "ctrl+tab", "ctrl+shift+tab", "ctrl+c", "ctrl+p"]);
  const SET = /^(date|time|month|week|datetime-local|color|range)$/;
  const FAR = 8; // pixels between a click and a drag
  const squash = (text) => (text || "").replace(/\s+/g, " ").trim();

  let next = 1 + Math.floor(Math.random() * 1e9);
  let seen = null, press = null, dragging = null, checking = false, session = 0, writing = null, entered = null;
  const shown = new WeakMap(), secrets = new WeakSet();

  // What is there now, and which node each thing is.
  function look() {
    const all = eyes.collect({ next, nested: false, most: 1500 });
    next = all.next;
    const places = new Map();
    all.found.forEach(({ id }, index) => { const node = eyes.node(id); if (node) places.set(node, index); });
    for (const each of all.found) if (each.value && secret(eyes.node(each.id))) { each.value = ""; each.secret = true; }
    seen = { found: all.found, places };
    return seen;
  }

  const elements = (event) => event.composedPath().filter((each) => each.nodeType === 1);
  const own = (el, places) => places.get(el) ?? [...el.childNodes].map((each) => places.get(each)).find((each) => each !== undefined);

  // The thing that an event is about: what acts, else whatever has words. -1: nothing that is known.
  function thing(path, { found, places }, any = false) {
    if (!any) for (const el of path) {
      const index = places.get(el) ?? (el.localName === "label" && el.control ? places.get(el.control) : undefined);
      if (index !== undefined && ACTING.has(found[index].role)) return index;
    }
    for (const el of path) { const index = own(el, places); if (index !== undefined) return index; }
    return -1;
  }

  const secret = (el) => {
    if (!el || el.nodeType !== 1) return false;
    if (el.type === "password" || /one-time-code|password|cc-number|cc-csc/.test(el.autocomplete || "")) secrets.add(el);
    return secrets.has(el);
  };

  function tell(kind, more, sight = seen) {
    const told = { kind, url: location.href, title: document.title, size: [innerWidth, innerHeight], top: window === top,
      found: sight ? sight.found : [], ...more };
    window.__handeye_record?.(eyes.toJson(told));
  }

  function field(el) {
    if (!el || el.nodeType !== 1) return null;
    if (el.isContentEditable) { while (el.parentElement?.isContentEditable) el = el.parentElement; return el; }
    if (el.localName === "textarea") return el;
    return el.localName === "input" && !/^(button|submit|reset|image|checkbox|radio|file|hidden)$/.test(el.type) ? el : null;
  }
  const held = (el) => el.isContentEditable ? el.innerText.replace(/\n$/, "") : el.value;
  const ticks = (el) => el?.localName === "input" && /^(checkbox|radio)$/.test(el.type);
  const controlled = (path) => {
    for (const el of path) {
      if (el.localName === "label" && el.control) return el.control;
      if (/^(input|select|option|textarea|button|a)$/.test(el.localName)) return el;
    }
    return null;
  };
  const active = () => { let el = document.activeElement; while (el?.shadowRoot?.activeElement) el = el.shadowRoot.activeElement; return el; };
  const modifiers = (event) => ["ctrl", "shift", "alt", "meta"].filter((name) => event[`${name}Key`]);
  const done = () => { writing = null; };

  const hear = (name, heard) => addEventListener(name, (event) => { if (event.isTrusted) heard(event); }, { capture: true, passive: false });
  const swallow = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };

  // Things over one of which the mouse has to lie for `el` to show at all, by the page's styles.
  function needed(el, { found, places }) {
    const rules = (list) => [...list].flatMap((rule) => [rule, ...(rule.cssRules?.length ? rules(rule.cssRules) : [])]);
    const shows = /(^|[\s;])(display|visibility|opacity)\s*:/;
    for (const sheet of document.styleSheets) {
      let all = [];
      try { all = rules(sheet.cssRules); } catch { continue; } // another site's
      for (const { selectorText, style } of all) {
        if (!selectorText?.includes(":hover") || !shows.test(style?.cssText || "")) continue;
        for (const one of selectorText.split(",")) {
          const cut = one.lastIndexOf(":hover");
          if (cut < 0 || !/^\S*[\s>+~]/.test(one.slice(cut + 6))) continue; // its own look
          try {
            let up = el;
            for (let step = 0; up && step < 4 && !up.matches(one); step++) up = up.parentElement;
            const holder = up && up !== document.body && holding(up, one, cut);
            if (!holder) continue;
            const inside = [...places].filter(([node, index]) => holder.contains(node) && !el.contains(node) && found[index].name);
            if (inside.length) return inside.map(([, index]) => index).slice(0, 4);
          } catch { /* a selector that is none when it is cut */ }
        }
      }
    }
    return [];
  }
  const holding = (up, one, cut) => up.matches(one) && up.closest(one.slice(0, cut).trim() || "*");

  hear("pointerdown", (event) => {
    const path = elements(event);
    const sight = look();
    press = { x: event.clientX, y: event.clientY, index: thing(path, sight), near: thing(path, sight, true), sight, path,
      button: event.button, hover: needed(path[0], sight) };
    checking = event.button === 0 && event.ctrlKey && event.shiftKey;
    if (checking) swallow(event);
  });
  for (const name of ["mousedown", "mouseup", "contextmenu"]) hear(name, (event) => { if (checking) swallow(event); });

  hear("pointerup", (event) => {
    if (checking) { swallow(event); return; }
    if (!press || dragging || press.button !== 0) return;
    const far = Math.hypot(event.clientX - press.x, event.clientY - press.y) > FAR;
    const from = press.path[0];
    if (!far || field(from) || from.localName === "option" || from.localName === "select") return;
    if (getSelection() && !getSelection().isCollapsed) return;
    const hit = eyes.elementAt(event.clientX, event.clientY);
    const path = [];
    for (let up = hit; up; up = up.parentElement ?? up.getRootNode().host) path.push(up);
    press.dragged = true;
    done();
    tell("drag", { index: press.near, end: thing(path, press.sight, true), point: [press.x, press.y], to: [event.clientX, event.clientY] }, press.sight);
  });

  hear("dragstart", () => { dragging = press; });
  hear("drop", (event) => {
    if (!dragging) return;
    done();
    tell("drag", { index: dragging.near, end: thing(elements(event), dragging.sight, true), point: [dragging.x, dragging.y],
      to: [event.clientX, event.clientY] }, dragging.sight);
  });
  hear("dragend", () => { dragging = null; });

  hear("click", (event) => {
    const path = elements(event);
    if (checking) { swallow(event); checking = false; check(path); return; }
    if (press?.dragged) { press = null; return; }
    const control = controlled(path);
    if (ticks(control) || /^(select|option)$/.test(control?.localName) || control?.type === "file" || SET.test(control?.type)) return;
    if (event.detail === 0 && entered) return; // what Enter has done by itself
    const sight = event.detail && press ? press.sight : seen || look();
    const index = event.detail && press ? press.index : thing(path, sight);
    done();
    tell("click", { index, hover: event.detail && press ? press.hover : [], point: [event.clientX, event.clientY], modifiers: modifiers(event) }, sight);
  });
  hear("dblclick", (event) => { if (press) tell("double", { index: press.index, point: [event.clientX, event.clientY] }, press.sight); });
  hear("auxclick", (event) => {
    if (event.button === 1 && press) { done(); tell("middle", { index: press.index, point: [event.clientX, event.clientY] }, press.sight); }
  });
  hear("contextmenu", (event) => {
    if (checking || !press || press.button !== 2) return;
    done();
    tell("right", { index: press.index, point: [event.clientX, event.clientY] }, press.sight);
  });

  function check(path) {
    const sight = look();
    const index = thing(path, sight);
    const chosen = getSelection() && !getSelection().isCollapsed ? squash(getSelection().toString()) : "";
    let text = chosen;
    for (const el of path) { if (text) break; text = squash(el.innerText); }
    if (!chosen && text.length > 120 && index >= 0) text = squash(sight.found[index].name);
    path[0].animate([{ outline: "3px solid #2ea043", outlineOffset: "2px" }, { outline: "3px solid transparent" }], 900);
    done();
    tell("check", { index, text: text.slice(0, 200), chosen: Boolean(chosen) }, sight);
  }

  hear("focusin", (event) => {
    const el = field(elements(event)[0]);
    if (!el) return;
    shown.set(el, held(el));
    secret(el);
    if (!seen || !seen.places.has(el)) look();
  });

  hear("input", (event) => {
    const el = field(elements(event)[0]);
    if (!el) return;
    const hidden = secret(el), set = SET.test(el.type);
    if (writing !== el) {
      if (!seen || !seen.places.has(el)) look();
      session += 1;
      writing = el;
    }
    const index = thing([el], seen);
    tell(set ? "set" : "fill", { index, session, value: hidden ? "" : held(el), before: hidden ? "" : shown.get(el) ?? "", secret: hidden });
    shown.set(el, shown.get(el) ?? "");
  });
  hear("focusout", () => { if (writing) shown.set(writing, held(writing)); done(); });

  hear("change", (event) => {
    const el = elements(event)[0];
    if (!el) return;
    if (!seen || !seen.places.has(el)) look();
    const index = thing([el], seen);
    if (ticks(el)) { done(); tell(el.type === "radio" ? "radio" : "tick", { index, checked: el.checked }); }
    else if (el.localName === "select") {
      done();
      tell("select", { index, options: [...el.selectedOptions].map((each) => squash(each.label || each.text)), multiple: el.multiple });
    } else if (el.type === "file") { done(); tell("files", { index, names: [...el.files].map((each) => each.name) }); }
  });

  hear("keydown", (event) => {
    if (event.isComposing || ["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock", "Dead"].includes(event.key)) return;
    const el = active(), writes = field(el);
    const held = modifiers(event).filter((name) => name !== "shift");
    const bare = !held.length || event.getModifierState("AltGraph");
    let key = KEYS[event.key] || event.key.toLowerCase();
    const named = event.key.length > 1 || event.key === " ";
    if (bare && !named) { if (writes || el?.localName === "select") return; }
    else if (event.shiftKey && (named || !bare)) held.push("shift");
    const order = ["ctrl", "alt", "meta", "shift"].filter((name) => held.includes(name));
    const chord = [...order, key].join("+");
    if (BROWSERS.has(chord) || BROWSERS.has(["ctrl", "shift", "alt", "meta"].filter((name) => held.includes(name)).concat(key).join("+"))) return;
    if (/^[^a-z0-9]$/.test(key) && !bare) return;
    const many = writes && (writes.localName === "textarea" || writes.isContentEditable);
    const lists = writes && (writes.getAttribute("role") === "combobox" || writes.hasAttribute("aria-autocomplete") || writes.hasAttribute("aria-expanded") || writes.hasAttribute("list"));
    entered = key === "enter" && bare && !many && !/^(button|a|summary)$/.test(el?.localName) && el?.getAttribute("role") !== "button" ? el : null;
    if (bare && !held.includes("shift")) {
      if (key === "enter" && (many || (!entered && el !== document.body) || el?.localName === "select")) return;
      if (key === "space" && (writes || /^(button|input|select|summary|a)$/.test(el?.localName) || el?.hasAttribute("role"))) return;
      if (/^(up|down)$/.test(key) && writes && !lists) return;
      if (/^(left|right|home|end|pageup|pagedown|backspace|delete|insert)$/.test(key) && writes) return;
      if (/^(left|right|up|down|home|end|pageup|pagedown)$/.test(key) && (ticks(el) || /^(select)$/.test(el?.localName) || SET.test(el?.type))) return;
    } else if (writes && (/^ctrl\+(a|x|v|z|y)$/.test(chord) || /shift\+(left|right|up|down|home|end|enter)$/.test(chord) || /^ctrl\+(left|right|home|end|backspace|delete)$/.test(chord))) return;
    if (!seen) look();
    if (key !== "tab") done();
    tell("key", { index: el ? thing([el], seen) : -1, keys: chord, point: [0, 0] });
  });
  hear("keyup", () => { setTimeout(() => { entered = null; }, 0); });

  if (window === top) {
    addEventListener("pageshow", (event) => {
      const how = event.persisted ? "back_forward" : performance.getEntriesByType("navigation")[0]?.type || "navigate";
      tell("arrived", { how, place: window.navigation?.currentEntry?.index ?? -1 }, null);
    });
    window.navigation?.addEventListener("currententrychange", (event) => {
      if (event.navigationType === "traverse") tell("moved", { place: navigation.currentEntry.index, from: event.from.index }, null);
    });
  }
})();

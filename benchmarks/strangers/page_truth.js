// Returns every visible element of the page with box, role, name, text and icon. Boxes are in CSS pixels of the viewport.
// Roles and names are Chromium's own (`computedRole`, `computedName`: --enable-blink-features=ComputedAccessibilityInfo).
() => {
  const ROLES = new Set(("button link textbox searchbox combobox listbox spinbutton slider checkbox radio switch tab " +
    "menuitem menuitemcheckbox menuitemradio option treeitem").split(" "));
  const TEXT = new Set("heading paragraph labelText term definition cell gridcell columnheader rowheader listitem legend caption".split(" "));
  const ICON = "svg, i, img, [class*='icon'], [class*='Icon'], .fa, .mdi, .bx, .ni, [data-icon], sl-icon, ion-icon";
  const CONTAINERS = "dialog, [role=dialog], [role=alertdialog], form, nav, [role=navigation], aside, header, footer, " +
    "section, fieldset, table, .card, .modal-content, .panel, [role=toolbar], [role=menu], [role=tablist]";
  const plain = text => (text || "").replace(/[\ue000-\uf8ff]|[\u{f0000}-\u{fffff}]/gu, "").replace(/\s+/g, " ").trim();
  const size = box => Math.max(0, box.right - box.left) * Math.max(0, box.bottom - box.top);
  const cut = (one, two) => ({left: Math.max(one.left, two.left), top: Math.max(one.top, two.top),
    right: Math.min(one.right, two.right), bottom: Math.min(one.bottom, two.bottom)});
  const up = node => node.assignedSlot || node.parentElement || (node.getRootNode().host ?? null);
  const array = box => [box.left, box.top, box.right, box.bottom].map(edge => Math.round(edge * 100) / 100);
  const screen = {left: 0, top: 0, right: innerWidth, bottom: innerHeight};

  const visible = node => node.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true}) && opaque(node);
  const opaque = node => {
    let share = 1;
    for (let at = node; at; at = up(at)) share *= parseFloat(getComputedStyle(at).opacity);
    return share > 0.35;
  };
  // What is left of a box inside the viewport and all ancestors that clip.
  const clipped = (node, box, first = up(node)) => {
    let left = cut(box, screen);
    for (let at = first; at && at !== document.body && at !== document.documentElement; at = up(at)) {
      const style = getComputedStyle(at);
      if (style.overflowX !== "visible" || style.overflowY !== "visible") left = cut(left, at.getBoundingClientRect());
    }
    return left;
  };
  const at = (x, y) => {
    let found = document.elementFromPoint(x, y);
    while (found?.shadowRoot) {
      const inner = found.shadowRoot.elementFromPoint(x, y);
      if (!inner || inner === found) break;
      found = inner;
    }
    return found;
  };
  const within = (node, root) => { for (let each = node; each; each = up(each)) if (each === root) return true; return false; };
  // Whether a box of an element is uncovered at its centre and at most of its corners.
  const uncovered = (node, box, partners) => {
    const own = [node, ...partners];
    let seen = 0;
    const points = [[.5, .5], [.15, .25], [.85, .25], [.15, .75], [.85, .75]];
    for (const [x, y] of points) {
      const top = at(box.left + x * (box.right - box.left), box.top + y * (box.bottom - box.top));
      const hit = !!top && own.some(each => within(top, each) || (within(each, top) && transparent(each)) || top === each.getRootNode().host);
      if (!hit && x === .5) return false;
      seen += hit;
    }
    return seen >= 4;
  };
  // An element with `pointer-events: none` is never hit; its parent is.
  const transparent = node => getComputedStyle(node).pointerEvents === "none";
  const shortened = node => getComputedStyle(node).textOverflow === "ellipsis" && node.scrollWidth > node.clientWidth + 1;
  const whole = (node, box, partners = []) => {
    if (shortened(node)) return null;
    if (box.right - box.left < 5 || box.bottom - box.top < 5) return null;
    const left = clipped(node, box);
    if (size(left) < 0.75 * size(box) || left.right - left.left < 5 || left.bottom - left.top < 5) return null;
    return uncovered(node, left, partners) ? left : null;
  };

  // Visible text of a subtree: the words and the box around them.
  const texts = root => {
    const words = []; let around = null;
    const visit = node => {
      if (node.nodeType === 3) {
        const text = plain(node.data);
        if (!text || !node.parentElement || !visible(node.parentElement)) return;
        const style = getComputedStyle(node.parentElement);
        if (/rect\(0(px)?,? 0|rect\(1px,? 1px/.test(style.clip) || /inset\((50|100)%/.test(style.clipPath)) return;
        if (parseFloat(style.fontSize) < 8 || /icon|symbols|awesome/i.test(style.fontFamily)) return;
        const range = document.createRange(); range.selectNodeContents(node);
        const boxes = [...range.getClientRects()].filter(box => box.width > 1 && box.height > 1)
          .map(box => clipped(node.parentElement, box, node.parentElement)).filter(box => size(box) > 4 && box.right - box.left > 2);
        if (!boxes.length) return;
        words.push(text);
        for (const box of boxes) around = around ? {left: Math.min(around.left, box.left), top: Math.min(around.top, box.top),
          right: Math.max(around.right, box.right), bottom: Math.max(around.bottom, box.bottom)} : {...box};
      } else if (node.nodeType === 1) {
        if (/^(script|style|noscript|option|textarea|title|desc)$/i.test(node.tagName)) return;
        for (const child of node.shadowRoot ? node.shadowRoot.childNodes
          : node.tagName === "SLOT" && node.assignedNodes().length ? node.assignedNodes({flatten: true}) : node.childNodes) visit(child);
      }
    };
    visit(root);
    return {text: words.join(" "), around};
  };

  // Names of the icon that an element shows: classes, ligature, reference, file.
  const iconOf = root => {
    const slotted = [...root.querySelectorAll("slot")].flatMap(slot => slot.assignedElements({flatten: true}));
    const nodes = [root, ...root.querySelectorAll("*"), ...(root.shadowRoot?.querySelectorAll("*") ?? []),
      ...slotted.flatMap(node => [node, ...node.querySelectorAll("*")])];
    // Pages that were built from a kit's markup name the concept of each icon.
    const marked = root.closest("[data-concept]") ?? nodes.find(node => node.dataset?.concept);
    if (marked && visible(marked) && marked.getBoundingClientRect().width >= 8) return `ui-icon-${marked.dataset.concept}`;
    for (const node of nodes) {
      const style = getComputedStyle(node), name = node.tagName.toLowerCase();
      const drawn = name === "svg" || name === "img" || name === "use" || /icon/.test(name)
        || [getComputedStyle(node, "::before"), getComputedStyle(node, "::after")].some(each => /[\ue000-\uf8ff]|[\u{f0000}-\u{fffff}]/u.test(each.content)
             || (each.content !== "none" && (each.maskImage || "none") !== "none"))
        || /[\ue000-\uf8ff]/.test(node.childNodes.length === 1 && node.firstChild.nodeType === 3 ? node.firstChild.data : "")
        || /icon|symbols/i.test(style.fontFamily) && node.childNodes.length === 1 && node.firstChild.nodeType === 3
        || ((style.maskImage || "none") !== "none" || style.backgroundImage.startsWith("url")) && /icon/i.test(node.className);
      if (!drawn || !visible(node)) continue;
      const classes = typeof node.className === "string" ? node.className : node.getAttribute("class") || "";
      const extra = [node.getAttribute("data-icon"), node.getAttribute("icon"), node.getAttribute("name"), node.getAttribute("uk-icon"),
        node.getAttribute("aria-label"), node.getAttribute("alt"), node.querySelector?.("title")?.textContent,
        node.querySelector?.("use")?.getAttribute("href")?.split("#")[1], (node.getAttribute("src") || "").split("/").pop().split(".")[0],
        /icon|symbols/i.test(style.fontFamily) ? plain(node.textContent) : ""];
      return [classes, ...extra].filter(Boolean).join(" ").slice(0, 160) || "unnamed";
    }
    return "";
  };

  const nameOf = node => {
    const named = node.getAttribute("aria-label") || (node.querySelector("h1,h2,h3,h4,h5,h6,legend,caption,.card-title,.modal-title") || {}).innerText;
    return plain(named).slice(0, 60);
  };
  const container = node => {
    for (let each = up(node); each && each !== document.body; each = up(each)) {
      if (!each.matches?.(CONTAINERS)) continue;
      const box = each.getBoundingClientRect();
      if (box.width * box.height > 0.8 * innerWidth * innerHeight) continue;
      const role = each.computedRole || each.tagName.toLowerCase();
      return `${each.matches(".card") ? "card" : role}: ${nameOf(each)}`;
    }
    return "";
  };

  const found = [];
  const covering = new Set();
  const add = (node, box, fields) => {
    found.push({box: array(box), role: "text", name: "", text: "", text_box: null, icon: "", control: false, also: [],
      container: container(node), placeholder: "", value: "", ...fields});
    covering.add(node);
  };
  const labels = node => [...(node.labels ?? [])].filter(visible);

  // The box of the frame that is drawn around an input, if an ancestor draws it and contains no other control.
  const framed = (node, box) => {
    for (let each = up(node), steps = 0; each && steps < 5; each = up(each), steps++) {
      const outer = each.getBoundingClientRect(), style = getComputedStyle(each);
      if (outer.width > box.right - box.left + 90 || outer.height > box.bottom - box.top + 34) break;
      if ([...each.querySelectorAll("button, a[href], input, select, textarea")].some(other => other !== node)) break;
      if (parseFloat(style.borderTopWidth) > 0 && parseFloat(style.borderLeftWidth) > 0 || style.boxShadow !== "none") return clipped(each, outer);
    }
    return box;
  };

  const all = [];
  const walk = root => {
    for (const node of root.querySelectorAll("*")) { all.push(node); if (node.shadowRoot) walk(node.shadowRoot); }
  };
  walk(document);

  for (const node of all) {
    if (/^(html|head|body|script|style|option|optgroup|br|path|g|use)$/i.test(node.tagName) || node.closest("svg") && node.tagName !== "svg") continue;
    const role = node.computedRole;
    const native = node.matches("button, input, select, textarea, a[href], summary");
    if (!ROLES.has(role) && !native) continue;
    if (node.matches("input[type=hidden], input[type=file]")) continue;
    const toggles = /^(checkbox|radio|switch)$/.test(role);
    const partners = [...labels(node), ...(toggles && node.closest("label") ? [node.closest("label")] : [])];
    const {text, around} = texts(node);
    let box = visible(node) ? whole(node, node.getBoundingClientRect(), partners) : null;
    const also = [];
    for (const label of partners) {
      const inner = texts(label);
      const part = whole(label, label.getBoundingClientRect(), [node]);
      if (toggles && part && inner.text) { if (box) also.push(array(part)); else box = part; }
    }
    if (!box) continue;
    const entry = node.matches("input, textarea, select");
    const icon = entry ? "" : iconOf(node);
    if (entry && !toggles) box = framed(node, box);
    add(node, box, {role, name: plain(node.computedName), text: text.slice(0, 200), text_box: around && array(around), icon, also, control: true,
      placeholder: plain(node.placeholder), value: node.matches("select") ? plain(node.selectedOptions[0]?.text)
        : node.matches("input[type=password]") ? "" : plain(entry ? String(node.value ?? "") : "")});
  }

  // Texts that are no part of a control, and icons that stand alone.
  const inside = node => { for (let each = up(node); each; each = up(each)) if (covering.has(each)) return true; return false; };
  const done = new Set();
  for (const node of all) {
    if (/^(script|style|option|optgroup|br|textarea|noscript)$/i.test(node.tagName) || inside(node) || covering.has(node) || node.closest("svg") && node.tagName !== "svg") continue;
    const owns = [...node.childNodes].some(child => child.nodeType === 3 && plain(child.data));
    if (owns && visible(node)) {
      if ([...done].some(each => within(node, each))) continue;
      const {text, around} = texts(node);
      if (text && around) {
        const box = whole(node, around);
        const labelled = node.closest("label");
        const role = node.closest("h1,h2,h3,h4,h5,h6") ? "heading" : labelled ? "label" : TEXT.has(node.computedRole) ? node.computedRole : "text";
        if (box) { add(node, box, {role, text: text.slice(0, 200), name: text.slice(0, 200), text_box: array(around)}); done.add(node); }
        continue;
      }
    }
    if (node.matches(ICON) && visible(node)) {
      const box = node.getBoundingClientRect();
      if (box.width < 9 || box.height < 9 || box.width > 72 || box.height > 72) continue;
      if ([...done].some(each => within(node, each))) continue;
      const icon = texts(node).text ? "" : iconOf(node), left = icon && whole(node, box);
      if (left) { add(node, left, {role: "img", name: plain(node.computedName), icon}); done.add(node); }
    }
  }
  return found;
}

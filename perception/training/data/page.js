// What can be asked for on a page: where it is in CSS pixels, its role, the words that stand on it, and its icon.
hide => {
  const ACTS = 'button,a[href],input,select,textarea,[role=tab],[role=menuitem],[role=switch],[role=option],[role=checkbox],[role=radio]';
  const round = text => (text || '').replace(/\s+/g, ' ').trim();
  const role = element => {
    const given = element.getAttribute('role');
    if (given) return given;
    const tag = element.tagName, type = (element.type || '').toLowerCase();
    if (tag === 'A') return 'link';
    if (tag === 'BUTTON') return 'button';
    if (tag === 'SELECT') return 'combobox';
    if (tag === 'INPUT' && ['checkbox', 'radio'].includes(type)) return type;
    return tag === 'INPUT' && type === 'range' ? 'slider' : 'field';
  };
  const inside = box => box.width > 2 && box.height > 2 && box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
  // All of it can be seen: nothing lies over its middle or near its sides, and no ancestor cuts it off.
  const seen = (element, box) => {
    if (!inside(box)) return false;
    const x = [box.left + 2, (box.left + box.right) / 2, box.right - 2], y = [box.top + 2, (box.top + box.bottom) / 2, box.bottom - 2];
    if (![[x[1], y[1]], [x[0], y[1]], [x[2], y[1]], [x[1], y[0]], [x[1], y[2]]].every(spot => {
      const hit = document.elementFromPoint(...spot);
      return hit && (element.contains(hit) || hit.contains(element));
    })) return false;
    for (let up = element.parentElement; up; up = up.parentElement) {
      const around = up.getBoundingClientRect(), style = getComputedStyle(up);
      if (style.overflow !== 'visible' && (box.left < around.left - 1 || box.right > around.right + 1 || box.top < around.top - 1 || box.bottom > around.bottom + 1)) return false;
    }
    return true;
  };
  const words = (element, is) => {
    if (element.tagName === 'SELECT') return element.options[element.selectedIndex]?.text;
    if (element.matches('input,textarea')) return ['checkbox', 'radio', 'slider'].includes(is) || element.type === 'password' && element.value ? '' : element.value || element.placeholder;
    return element.innerText;
  };
  const found = [], marks = [];
  const add = (mark, box, fields) => { found.push({box: [box.left, box.top, box.right, box.bottom], text: '', icon: '', colour: '', ink: false, ...fields}); marks.push(mark); };
  for (const element of document.querySelectorAll(ACTS)) {
    const box = element.getBoundingClientRect(), is = role(element);
    if (!seen(element, box)) continue;
    add(element, box, {role: is, text: round(words(element, is)), icon: element.querySelector('svg')?.dataset.icon || '', colour: element.dataset.colour || '', ink: is === 'link'});
  }
  for (const svg of document.querySelectorAll('svg[data-icon]')) {
    const box = svg.getBoundingClientRect();
    if (!svg.closest(ACTS) && seen(svg, box)) add(svg, box, {role: 'icon', icon: svg.dataset.icon, colour: svg.dataset.colour || '', ink: true});
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), nodes = [];
  while (walker.nextNode()) if (round(walker.currentNode.data)) nodes.push(walker.currentNode);
  for (const node of nodes) {
    const parent = node.parentElement;
    if (parent.closest(ACTS + ',script,style,option')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rows = range.getClientRects();
    if (rows.length !== 1 || parent.scrollWidth > parent.clientWidth + 1 && parent.closest('.cut') || !seen(parent, rows[0])) continue;
    const is = parent.closest('h1,h2,h3') ? 'heading' : parent.closest('th') ? 'columnheader' : parent.closest('td') ? 'cell' : 'text';
    add(node, rows[0], {role: is, text: round(node.data), ink: true});
  }
  if (hide !== null && marks[hide]) {
    let mark = marks[hide];
    if (mark.nodeType === Node.TEXT_NODE) {
      const wrap = document.createElement('span');
      mark.replaceWith(wrap);
      wrap.append(mark);
      mark = wrap;
    }
    mark.style.visibility = 'hidden';
    mark.style.transition = 'none';
  }
  return found;
}

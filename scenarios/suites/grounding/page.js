// What stands on the page: the boxes of what can be asked for, all texts that can be seen, and all icons.
() => {
  const clipped = (element, box) => {
    for (let each = element; each; each = each.parentElement) {
      if (each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).textOverflow === "ellipsis") return true;
      if (getComputedStyle(each).overflow === "visible" || each instanceof SVGElement) continue;
      const frame = each.getBoundingClientRect();
      const out = 1; // of a pixel that is shared
      if (box.left < frame.left - out || box.right > frame.right + out) return true;
      if (box.top < frame.top - out || box.bottom > frame.bottom + out) return true;
    }
    return box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight;
  };
  // On top at its middle and around it: nothing covers it.
  const onTop = (element, box) => [[.5, .5], [.2, .5], [.8, .5], [.5, .25], [.5, .75]].every(([x, y]) => {
    const there = document.elementFromPoint(box.left + x * box.width, box.top + y * box.height);
    return there && (element.contains(there) || there.contains(element));
  });
  const boxOf = element => {
    if (!("fit" in element.dataset)) return element.getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents(element);
    return element instanceof SVGElement ? element.getBoundingClientRect() : range.getBoundingClientRect();
  };
  const small = element => [...element.querySelectorAll("*")].some(
    each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).textOverflow === "ellipsis");
  const found = [...document.querySelectorAll("[data-find]")].map(element => {
    const box = boxOf(element);
    const seen = box.width >= 6 && box.height >= 6 && !clipped(element, box) && !small(element) && onTop(element, box);
    return { number: Number(element.dataset.find), box: [box.left, box.top, box.right, box.bottom], seen };
  });
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim().replace(/\s+/g, " ");
    if (text && !walker.currentNode.parentElement.closest("style, symbol")) texts.push(text);
  }
  const icons = [...document.querySelectorAll("[data-icon]")].map(each => each.dataset.icon);
  return { found, texts, icons };
}

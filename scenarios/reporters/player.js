"use strict";
// Makes elements: make("p.dim", "text", child, …); properties of an object among them are set as attributes.
const make = (what, ...inside) => {
  const [tag, ...classes] = what.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const each of inside.flat()) {
    if (each === null || each === undefined || each === false || each === "") continue;
    if (typeof each === "object" && !(each instanceof Node)) {
      for (const [name, value] of Object.entries(each)) if (value !== false && value !== undefined) made.setAttribute(name, value);
    } else made.append(each);
  }
  return made;
};

const span = (seconds) => {
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(Math.round(seconds) / 60)} min ${Math.round(seconds) % 60} s`;
};

const many = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

// A screenshot with its marks; the marks are SVG that handeye made of numbers only.
const pictured = (picture, words, enlarge) => {
  const marks = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  marks.setAttribute("viewBox", `0 0 ${picture.size[0]} ${picture.size[1]}`);
  marks.setAttribute("preserveAspectRatio", "none");
  marks.setAttribute("aria-hidden", "true");
  if (picture.marks) marks.innerHTML = `<g class="casing">${picture.marks}</g><g class="ink">${picture.marks}</g>`;
  const image = make("img", { src: picture.file, width: picture.size[0], height: picture.size[1], alt: words, decoding: "async" });
  const frame = make("a.frame", { href: picture.file, "aria-label": `${words}: enlarge` }, image, marks);
  frame.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    enlarge(frame);
  });
  return frame;
};

// Plays the steps of an attempt like a video: a slider, keys, and play.
class Player {
  constructor(attempt, tone, enlarge, moved) {
    this.steps = attempt.steps || [];
    [this.tone, this.enlarge, this.moved] = [tone, enlarge, moved];
    this.at = -1;
    this.timer = 0;
    this.stage = make("div.stage");
    this.words = make("div.words", { "aria-live": "polite" });
    this.button = make("button.play", { type: "button", "aria-keyshortcuts": "p" }, "Play");
    this.slider = make("input", { type: "range", min: 1, max: this.steps.length, step: 1, "aria-label": "Step" });
    this.count = make("span.count");
    this.bar = make("div.scrub", this.button, this.slider, this.count);
    this.track = make("ol.track", { "aria-label": "Steps" });
    this.marks = this.steps.map((step, index) => this.row(step, index));
    this.track.append(...this.marks);
    this.slider.addEventListener("input", () => this.show(this.slider.value - 1));
    this.button.addEventListener("click", () => this.play());
    this.root = make("section.player", { "aria-label": "Steps with their screenshots" }, this.bar, this.stage, make("div.under", this.words, this.track));
  }

  row(step, index) {
    const most = Math.max(...this.steps.map((each) => each.seconds || 0), 0.001);
    const bar = make("i.bar", { "aria-hidden": "true" });
    bar.style.width = `${Math.max(2, ((step.seconds || 0) / most) * 100)}%`;
    const button = make("button", { type: "button", class: this.tone(step.state) }, make("b", `${step.number}`), make("span.description", { dir: "auto" }, step.description),
      make("span.by", step.by || ""), make("span.state", (step.state || "").replace("_", " ")), make("span.took", span(step.seconds || 0), bar));
    button.addEventListener("click", () => this.show(index));
    return make("li", button);
  }

  show(index) {
    index = Math.max(0, Math.min(this.steps.length - 1, index));
    if (index === this.at || !this.steps.length) return;
    this.at = index;
    const step = this.steps[index];
    this.slider.value = index + 1;
    this.slider.setAttribute("aria-valuetext", `step ${step.number}: ${step.description}`);
    this.count.textContent = `${index + 1} / ${this.steps.length}`;
    this.marks.forEach((row, each) => row.firstChild.toggleAttribute("aria-current", each === index));
    this.marks[index].firstChild.setAttribute("aria-current", "step");
    const list = this.track;
    const top = this.marks[index].offsetTop; // in the list, which is positioned
    if (top < list.scrollTop || top > list.scrollTop + list.clientHeight - 40) list.scrollTop = top - list.clientHeight / 3;
    const shots = [["Before", step.before, "with where it acts"], ["After", step.after, "with what changed"]].filter(([word, picture]) => picture || word === "Before");
    this.stage.replaceChildren(...shots.map(([word, picture, what]) => make("figure.shot",
      picture ? pictured(picture, `${word} step ${step.number}, ${what}`, this.enlarge) : make("p.gone", "No screenshot was kept."),
      make("figcaption", word, word === "Before" && step.url ? make("span.url", { dir: "auto" }, step.url) : ""))));
    const facts = [["Decided by", step.by], ["Grounded by", step.grounded_by], ["Model", step.calls ? `${many(step.calls, "call")}, ${many(step.tokens_in || 0, "token")} in, ${step.tokens_out || 0} out` : ""], ["Duration", span(step.seconds || 0)]];
    this.words.replaceChildren(make("h3", { dir: "auto" }, `${step.number}. ${step.description}`, step.state ? make("span.badge", { class: `badge ${this.tone(step.state)}` }, step.state.replace("_", " ")) : ""),
      step.reasoning ? make("p", { dir: "auto" }, step.reasoning) : "", step.evidence ? make("p.dim", { dir: "auto" }, step.evidence) : "",
      make("dl.facts", facts.filter(([, value]) => value).map(([name, value]) => [make("dt", name), make("dd", { dir: "auto" }, value)])),
      ...(step.notes || []).map((note) => make("p.note", { dir: "auto" }, note)));
    for (const near of [index + 1, index + 2]) for (const picture of [this.steps[near]?.before, this.steps[near]?.after]) if (picture) new Image().src = picture.file;
    this.moved(index);
  }

  play() {
    if (this.timer) return this.stop();
    if (this.at >= this.steps.length - 1) this.show(0);
    this.button.textContent = "Pause";
    this.timer = setInterval(() => (this.at >= this.steps.length - 1 ? this.stop() : this.show(this.at + 1)), 900);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.button.textContent = "Play";
  }
}

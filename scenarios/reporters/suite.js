(() => {
  const view = JSON.parse(document.getElementById("data").textContent);
  const results = view.results || [];
  const [list, detail, search, suite, tag, big] = ["list", "detail", "search", "suite", "tag", "big"].map((id) => document.getElementById(id));
  const chips = [...document.querySelectorAll(".chip")];
  const SIGNS = { passed: "✓", flaky: "≈", failed: "✗", broken: "!", error: "!", skipped: "–", unknown: "?" };
  const TONES = { passed: "good", confirmed: "good", done: "good", flaky: "warn", no_effect: "warn", refused: "warn", failed: "bad", unexpected: "bad", gave_up: "bad", broken: "bad" };
  const tone = (word) => TONES[word] || "calm";
  let [player, chosen, attempt] = [null, -1, 0];

  // The list and its filters

  const rows = results.map((result, index) => {
    const row = make("a", { href: `#${index + 1}`, class: `row s-${result.status}` },
      make("b.sign", { "aria-hidden": "true" }, SIGNS[result.status]), make("span.name", { dir: "auto" }, result.name), make("span.hidden", `, ${result.status}, `),
      make("span.took", span(result.seconds || 0)), result.status !== "passed" && result.reason ? make("span.why", { dir: "auto" }, result.reason) : "");
    return { row, item: make("li", row), text: [result.name, result.suite, result.file, result.reason, ...(result.tags || [])].join("\n").toLowerCase() };
  });
  const groups = new Map();
  results.forEach((result, index) => {
    const key = `${result.suite}\n${result.file}`;
    if (!groups.has(key)) groups.set(key, { head: make("h2", result.suite, make("small", { dir: "auto" }, result.file)), items: make("ol"), of: [] });
    groups.get(key).of.push(index);
    groups.get(key).items.append(rows[index].item);
  });
  for (const group of groups.values()) list.append((group.whole = make("section", group.head, group.items)));
  const none = make("p.gone", { hidden: "" }, "No scenario matches.");
  list.append(none);
  for (const [select, values] of [[suite, results.map((each) => each.suite)], [tag, results.flatMap((each) => each.tags || [])]]) {
    const found = [...new Set(values)].sort();
    for (const value of found) select.append(make("option", { value }, value));
    select.closest("label").hidden = found.length < (select === suite ? 2 : 1);
  }

  const visible = () => rows.flatMap(({ item }, index) => (item.hidden ? [] : [index]));

  const filter = () => {
    const wanted = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.status));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach(({ item, text }, index) => {
      const result = results[index];
      item.hidden = !((!wanted.size || wanted.has(result.status)) && (!suite.value || result.suite === suite.value) &&
        (!tag.value || (result.tags || []).includes(tag.value)) && words.every((word) => text.includes(word)));
    });
    for (const group of groups.values()) group.whole.hidden = group.of.every((index) => rows[index].item.hidden);
    const count = visible().length;
    none.hidden = count > 0;
    document.getElementById("shown").textContent = count === results.length ? "" : `${count} of ${results.length} shown`;
  };

  // One scenario

  const enlarge = (frame) => {
    const copy = frame.cloneNode(true);
    copy.setAttribute("aria-label", "Close the screenshot");
    copy.addEventListener("click", (event) => { event.preventDefault(); big.close(); });
    big.replaceChildren(copy);
    big.showModal();
  };

  const stepAt = (steps, at) => {
    let found = 0;
    for (let i = 0; i < steps.length && steps[i].at && steps[i].at <= at; i++) found = i;
    return found;
  };

  const table = (names, body, label) => make("div.wide", { tabindex: 0, role: "region", "aria-label": label },
    make("table", make("thead", make("tr", names.map((name) => make("th", { scope: "col" }, name)))), make("tbody", body)));

  const stepLink = (tried, at) => {
    const steps = tried.steps || [];
    if (!steps.length) return "";
    const index = stepAt(steps, at);
    const button = make("button.link", { type: "button", "aria-label": `Show step ${steps[index].number}` }, `${steps[index].number}`);
    button.addEventListener("click", () => player.show(index));
    return button;
  };

  const checks = (tried) => (tried.checks || []).length ? make("section.checks", make("h3", "Checks"), make("ul", tried.checks.map((check) =>
    make("li", { class: tone(check.state) }, make("b.sign", { title: check.state }, SIGNS[check.state], make("span.hidden", ` ${check.state}`)), make("div",
      make("p", make("span.when", check.when), " ", make("span", { dir: "auto" }, check.expected)),
      check.observed && check.state !== "passed" ? make("p.observed", make("span.when", "observed"), " ", make("span", { dir: "auto" }, check.observed)) : "",
      check.picture ? make("figure.shot", evidence(check.picture, check.expected)) : ""))))) : "";

  const evidence = (file, words) => {
    const frame = make("a.frame", { href: file, "aria-label": `Screenshot for ${words}: enlarge` }, make("img", { src: file, alt: `Screenshot for: ${words}`, loading: "lazy" }));
    frame.addEventListener("click", (event) => { event.preventDefault(); enlarge(frame); });
    return frame;
  };

  const folded = (title, summary, open, ...inside) => make("details", open ? { open: "" } : "", make("summary", make("span", title), " ", make("span.dim", summary)), ...inside);

  const pageLog = (tried) => {
    const [messages, requests] = [(tried.page_log || []).filter((each) => each.kind !== "request"), (tried.page_log || []).filter((each) => each.kind === "request")];
    const errors = messages.filter((each) => each.level === "error").length;
    const failures = requests.filter((each) => !each.status || each.status >= 400).length;
    return [
      tried.omitted_log_entries ? make("p.note", `Only the last of the page’s log is shown; the ${many(tried.omitted_log_entries, "line")} before it are in page.jsonl.`) : "",
      messages.length ? folded("Console", `${many(messages.length, "message")}${errors ? `, ${many(errors, "error")}` : ""}`, errors > 0 && tried.status !== "passed", table(["Step", "Level", "Message"], messages.map((each) =>
        make("tr", { class: each.level === "error" ? "bad" : each.level === "warning" ? "warn" : "" }, make("td", stepLink(tried, each.at)), make("td.tone", each.level), make("td", { dir: "auto" }, each.text))), "Console")) : "",
      requests.length ? folded("Network", `${many(requests.length, "request")}${failures ? `, ${failures} failed` : ""}`, false, table(["Step", "Method", "Status", "Address", "Duration"], requests.map((each) =>
        make("tr", { class: !each.status || each.status >= 400 ? "bad" : "" }, make("td", stepLink(tried, each.at)), make("td", each.level), make("td.tone", each.status ? `${each.status}` : "none"), make("td", { dir: "auto" }, each.text), make("td", span(each.seconds || 0)))), "Network")) : "",
    ];
  };

  const modelCalls = (tried) => {
    const steps = (tried.steps || []).filter((step) => step.calls);
    return steps.length ? folded("Model calls", `${many(tried.model_calls || 0, "call")}, ${many(tried.tokens || 0, "token")}`, false, table(["Step", "Decided by", "Calls", "Tokens in", "Tokens out", "Deciding"], steps.map((step) =>
      make("tr", make("td", stepLink(tried, step.at)), make("td", step.by || ""), make("td", `${step.calls}`), make("td", (step.tokens_in || 0).toLocaleString("en")), make("td", (step.tokens_out || 0).toLocaleString("en")), make("td", span(step.decide_seconds || 0)))), "Model calls")) : "";
  };

  const tabs = (result, index) => {
    const tries = result.attempts || [];
    if (tries.length < 2) return "";
    return make("nav.tries", { "aria-label": "Attempts" }, tries.map((each, number) =>
      make("a", { href: `#${index + 1}/${number + 1}`, class: tone(each.status), ...(number === attempt ? { "aria-current": "true" } : {}) }, `Attempt ${each.number} `, make("b", each.status), make("span.dim", ` ${span(each.seconds || 0)}`))));
  };

  const show = (index, number) => {
    player?.stop();
    const result = results[index];
    const tries = result.attempts || [];
    [chosen, attempt] = [index, Math.max(0, Math.min(tries.length - 1, number ?? tries.length - 1))];
    rows.forEach(({ row }, each) => (each === index ? row.setAttribute("aria-current", "true") : row.removeAttribute("aria-current")));
    rows[index].row.scrollIntoView({ block: "nearest" });
    const tried = tries[attempt] || {};
    const steps = tried.steps || [];
    player = new Player(tried, tone, enlarge, () => {});
    const facts = [["Duration", span(tried.seconds || 0)], ["Steps", `${tried.step_count || 0}`], ["Replayed", tried.replayed ? `${tried.replayed}` : ""], ["Model calls", `${tried.model_calls || 0}`], ["Tokens", tried.tokens ? tried.tokens.toLocaleString("en") : ""], ["Model", tried.model], ["Policy", tried.policy], ["Run status", (tried.run_status || "").replaceAll("_", " ")]];
    const reason = tried.reason || result.reason;
    detail.replaceChildren(
      make("header", make("h2", { dir: "auto" }, result.name, make("span", { class: `badge s-${result.status}` }, result.status)),
        make("p.dim.where", `${result.file}:${result.line}`, (result.tags || []).map((each) => make("span.tag", each)))),
      tabs(result, index),
      reason ? make("p", { class: `reason ${tone(tried.status || result.status)}`, dir: "auto" }, reason) : "",
      make("dl.totals", facts.filter(([, value]) => value).map(([name, value]) => make("div", make("dt", name), make("dd", { dir: "auto" }, value)))),
      checks(tried),
      steps.length ? player.root : make("p.gone", tried.step_count ? "The run of this attempt was not kept." : "No step was taken."),
      ...(tried.healed || []).map((each) => make("p.note", { dir: "auto" }, `Performed in another way: ${each}`)),
      modelCalls(tried), ...pageLog(tried),
      tried.anchors ? folded("Anchors", "", false, make("pre", { tabindex: 0 }, tried.anchors)) : "",
      tried.report ? make("p.more", make("a", { href: tried.report }, "The run’s own report")) : "");
    const failed = steps.findIndex((step) => tone(step.state) === "bad");
    player.show(tried.status === "passed" ? 0 : failed < 0 ? steps.length - 1 : failed);
  };

  const route = () => {
    const [index, number] = location.hash.slice(1).split("/").map((part) => parseInt(part, 10) - 1);
    if (results[index]) show(index, Number.isInteger(number) ? number : undefined);
    else if (chosen < 0 && results.length) show(Math.max(0, results.findIndex((each) => ["failed", "error"].includes(each.status))));
  };

  // Keyboard and mouse

  for (const chip of chips) chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
    filter();
  });
  search.form.addEventListener("submit", (event) => event.preventDefault());
  for (const each of [search, suite, tag]) each.addEventListener("input", filter);
  addEventListener("hashchange", route);
  big.addEventListener("click", (event) => event.target === big && big.close());
  list.addEventListener("click", (event) => {
    if (event.target.closest("a") && matchMedia("(max-width: 64rem)").matches) setTimeout(() => detail.scrollIntoView());
  });

  const go = (by) => {
    const shown = visible();
    if (!shown.length) return;
    const at = shown.indexOf(chosen);
    const next = at < 0 ? shown[0] : shown[Math.max(0, Math.min(shown.length - 1, at + by))];
    location.hash = `#${next + 1}`;
    rows[next].row.focus({ preventScroll: true });
  };

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const within = event.target.closest("input, select, textarea");
    if (event.key === "Escape" && event.target === search) {
      search.value = "";
      filter();
      search.blur();
    } else if (within && !(within === search && event.key === "ArrowDown")) return;
    else if (event.key === "/") { search.focus(); search.select(); }
    else if (big.open) return;
    else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && !event.target.closest(".wide, pre")) player?.show(player.at + (event.key === "ArrowLeft" ? -1 : 1));
    else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && (within === search || event.target === document.body || list.contains(event.target))) go(event.key === "ArrowUp" ? -1 : 1);
    else if (event.key === "p") player?.play();
    else if (event.key === "e") detail.querySelector(".stage .frame")?.click();
    else return;
    event.preventDefault();
  });

  filter();
  route();
})();

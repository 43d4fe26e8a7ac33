// The script of each page of the measure `honesty`: gives controls their behaviour and records what is done to them.
const keys = new Map(), first = new Map(), pressed = []

const isDrawn = (el) => el.matches("[role=checkbox], [role=switch], [role=radio]")

function state(el) {
  if (isDrawn(el)) return el.getAttribute("aria-checked") === "true"
  if (el.type === "checkbox" || el.type === "radio") return el.checked
  if (el.isContentEditable) return el.textContent
  if (el.localName === "select") return [...el.selectedOptions].map((option) => option.text).join("|")
  return el.value
}

function respond(el, how) {
  const news = document.querySelector("#news")
  if (how === "gone") (el.closest("[data-item]") || el).remove()
  else if (how === "label") el.textContent = el.textContent.trim() + " ✓"
  else if (how === "close") {
    const dialog = el.closest("dialog, [role=dialog]")
    dialog.localName === "dialog" ? dialog.close() : dialog.remove()
  } else news.textContent = "Done " + pressed.length
}

for (const el of document.querySelectorAll("[data-k]")) {
  const key = el.dataset.k, how = el.dataset.how || ""
  el.removeAttribute("data-k")
  el.removeAttribute("data-how")
  keys.set(key, el)
  if (how === "field") { first.set(key, state(el)); continue }
  el.addEventListener("click", (event) => {
    event.preventDefault()
    if (how === "dead") return
    pressed.push(key)
    respond(el, how)
  })
}

for (const el of document.querySelectorAll("[role=checkbox], [role=switch]")) {
  const dead = el.dataset.dead !== undefined
  el.removeAttribute("data-dead")
  el.addEventListener("click", () => {
    if (!dead) el.setAttribute("aria-checked", String(el.getAttribute("aria-checked") !== "true"))
  })
  el.addEventListener("keydown", (event) => {
    if (event.key === " ") { event.preventDefault(); el.click() }
  })
}

for (const el of document.querySelectorAll("dialog[data-modal]")) {
  el.removeAttribute("data-modal")
  el.showModal()
}

window.effects = () => {
  const changed = [...first].map(([key, before]) => [key, before, state(keys.get(key))])
  return [
    ...pressed.map((key) => "press " + key),
    ...changed.filter(([, before, now]) => now !== before)
      .map(([key, , now]) => typeof now === "boolean" ? (now ? "tick " : "untick ") + key : `set ${key}=${now}`),
  ].sort()
}

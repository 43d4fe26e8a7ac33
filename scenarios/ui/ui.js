// The pages of `handeye ui`: they show what events tell, and send what a person wants.
const $ = (id) => document.getElementById(id)
const at = document.body.dataset.at

async function send(address, what) {
  const wrong = document.querySelector(".wrong")
  const answer = await fetch(address, { method: "POST", body: JSON.stringify(what) }).catch(() => null)
  wrong.hidden = answer?.ok ?? false
  if (!answer?.ok) wrong.textContent = answer ? await answer.text() : "handeye ui does not answer; it has ended"
  return answer?.ok ? answer.json() : null
}

const want = (what) => send(`/do/${at}`, what)

function listen(hear) {
  const events = new EventSource(document.body.dataset.events)
  events.onmessage = (event) => hear(JSON.parse(event.data))
}

function home() {
  for (const button of document.querySelectorAll("[data-secret]"))
    button.onclick = () => {
      const [goal, name] = [$("goal"), `{{secret:${button.dataset.secret}}}`]
      goal.setRangeText(name, goal.selectionStart, goal.selectionEnd, "end")
      goal.focus()
    }
  $("start").onsubmit = async (event) => {
    event.preventDefault()
    const given = Object.fromEntries(new FormData($("start")))
    for (const each of $("start").querySelectorAll("[type=checkbox]")) given[each.name] = each.checked
    const started = await send("/start", given)
    if (started) location.href = started.run
  }
  listen(async () => {
    const page = await fetch("/").then((answer) => answer.text()).catch(() => "")
    const fresh = new DOMParser().parseFromString(page, "text/html").getElementById("lists")
    if (fresh) $("lists").replaceChildren(...fresh.childNodes)
  })
}

let seen = ""
let taken = false
let asked = "" // the id of the question that is shown: an answer names it

// The report as it is now comes up behind the one that is shown, so that nothing flickers and nobody loses his place.
function show(mark) {
  if (mark === seen) return
  seen = mark
  const old = $("pages").firstElementChild
  const fresh = document.createElement("iframe")
  fresh.title = "Report"
  fresh.src = `/files/${at}/report.html`
  fresh.onload = () => {
    const before = old?.contentWindow
    if (before) {
      const root = before.document.documentElement
      const atEnd = before.scrollY + before.innerHeight >= root.scrollHeight - 40 && before.scrollY > 0
      fresh.contentWindow.scrollTo({ top: atEnd ? 1e9 : before.scrollY, behavior: "instant" })
    }
    fresh.classList.add("shown")
    for (const each of [...$("pages").children]) if (each !== fresh && each.dataset.old) each.remove()
  }
  for (const each of $("pages").children) each.dataset.old = "1"
  $("pages").append(fresh)
}

function stand(now) {
  $("state").textContent = now.state
  $("state").className = `badge ${now.paint}`
  $("reason").textContent = now.reason || (now.holds && now.state === "at work" ? "stops after this step" : "")
  if (!now.led) taken = false
  $("hold").hidden = $("take").hidden = !now.led || now.holds
  $("go").hidden = !now.led || !now.holds
  $("stop").hidden = !now.led
  $("resume").hidden = !now.resumable || Boolean(now.question)
  $("ask").hidden = !now.question
  $("question").textContent = now.question
  asked = now.question_id
  $("allow").hidden = !now.allow
  $("hand").hidden = !(taken && now.screen)
  if (now.screen) $("screen").src = `/screen/${at}?${now.screen}`
  if (now.has_page) show(now.seen)
}

function run() {
  listen(stand)
  for (const button of document.querySelectorAll("[data-do]"))
    button.onclick = () => {
      taken = "take" in button.dataset || (taken && button.dataset.do !== "go")
      want({ do: button.dataset.do })
    }
  for (const button of document.querySelectorAll("[data-answer]"))
    button.onclick = () => want({ do: "answer", answer: button.dataset.answer, question: asked })
  $("ask").onsubmit = async (event) => {
    event.preventDefault()
    if (await want({ do: "answer", answer: $("words").value, question: asked })) $("words").value = ""
  }
  const hand = (action) => want({ do: "hand", action })
  $("screen").onclick = (event) => {
    const image = $("screen")
    const scale = image.naturalWidth / image.clientWidth
    hand({ kind: "click", target: { point: [Math.round(event.offsetX * scale), Math.round(event.offsetY * scale)] } })
  }
  $("type").onsubmit = async (event) => {
    event.preventDefault()
    if ($("text").value && (await hand({ kind: "type", text: $("text").value }))) $("text").value = ""
  }
  for (const button of document.querySelectorAll("[data-key]"))
    button.onclick = () => hand({ kind: "key", keys: button.dataset.key })
}

at ? run() : home()

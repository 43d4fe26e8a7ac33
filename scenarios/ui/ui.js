// The pages of `handeye ui`: they display the events of the server, and send the commands of the user.
const $ = (id) => document.getElementById(id)
const runPath = document.body.dataset.run

async function post(url, content) {
  const alert = document.querySelector(".wrong")
  const response = await fetch(url, { method: "POST", body: JSON.stringify(content) }).catch(() => null)
  alert.hidden = response?.ok ?? false
  if (!response?.ok) alert.textContent = response ? await response.text() : "handeye ui does not respond; it has ended"
  return response?.ok ? response.json() : null
}

const command = (content) => post(`/do/${runPath}`, content)

function onEvent(handle) {
  const events = new EventSource(document.body.dataset.events)
  events.onmessage = (event) => handle(JSON.parse(event.data))
}

function initHome() {
  for (const button of document.querySelectorAll("[data-secret]"))
    button.onclick = () => {
      const [goal, name] = [$("goal"), `{{secret:${button.dataset.secret}}}`]
      goal.setRangeText(name, goal.selectionStart, goal.selectionEnd, "end")
      goal.focus()
    }
  $("start").onsubmit = async (event) => {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData($("start")))
    for (const box of $("start").querySelectorAll("[type=checkbox]")) fields[box.name] = box.checked
    const started = await post("/start", fields)
    if (started) location.href = started.run
  }
  onEvent(async () => {
    const page = await fetch("/").then((response) => response.text()).catch(() => "")
    const lists = new DOMParser().parseFromString(page, "text/html").getElementById("lists")
    if (lists) $("lists").replaceChildren(...lists.childNodes)
  })
}

let reportVersion = ""
let controlling = false
let questionId = "" // of the displayed question; an answer names it

// The new report is loaded behind the displayed one, so that nothing flickers and the scroll position stays.
function showReport(version) {
  if (version === reportVersion) return
  reportVersion = version
  const old = $("pages").firstElementChild
  const fresh = document.createElement("iframe")
  fresh.title = "Report"
  fresh.src = `/files/${runPath}/report.html`
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

function showState(run) {
  $("state").textContent = run.state
  $("state").className = `badge ${run.tone}`
  $("reason").textContent = run.reason || (run.pauses && run.state === "running" ? "pauses after this step" : "")
  if (!run.controlled) controlling = false
  $("pause").hidden = $("take").hidden = !run.controlled || run.pauses
  $("continue").hidden = !run.controlled || !run.pauses
  $("stop").hidden = !run.controlled
  $("resume").hidden = !run.resumable || Boolean(run.question)
  $("ask").hidden = !run.question
  $("question").textContent = run.question
  questionId = run.question_id
  $("approval").hidden = !run.is_approval
  $("control").hidden = !(controlling && run.screen)
  if (run.screen) $("screen").src = `/screen/${runPath}?${run.screen}`
  if (run.has_report) showReport(run.version)
}

function initRun() {
  onEvent(showState)
  for (const button of document.querySelectorAll("[data-do]"))
    button.onclick = () => {
      controlling = "take" in button.dataset || (controlling && button.dataset.do !== "continue")
      command({ do: button.dataset.do })
    }
  for (const button of document.querySelectorAll("[data-answer]"))
    button.onclick = () => command({ do: "answer", answer: button.dataset.answer, question: questionId })
  $("ask").onsubmit = async (event) => {
    event.preventDefault()
    if (await command({ do: "answer", answer: $("words").value, question: questionId })) $("words").value = ""
  }
  const act = (action) => command({ do: "act", action })
  $("screen").onclick = (event) => {
    const image = $("screen")
    const scale = image.naturalWidth / image.clientWidth
    act({ kind: "click", target: { point: [Math.round(event.offsetX * scale), Math.round(event.offsetY * scale)] } })
  }
  $("type").onsubmit = async (event) => {
    event.preventDefault()
    if ($("text").value && (await act({ kind: "type", text: $("text").value }))) $("text").value = ""
  }
  for (const button of document.querySelectorAll("[data-key]"))
    button.onclick = () => act({ kind: "key", keys: button.dataset.key })
}

runPath ? initRun() : initHome()

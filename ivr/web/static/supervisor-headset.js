// A supervisor's ears and voice in a talk: the page is rung like a telephone, and takes what it has asked for itself.
import { Softphone } from "./console/softphone.js";
import { byId, duration, serverNow, words } from "./live.js";

const READY_SECONDS = 8;
const RING_SECONDS = 20;
const bar = byId("listening");
let asked = null; // what goes on once the headset is there
let began = 0;
let patience = 0;

const phone = new Softphone(issue, byId("voice"), settled, rings);

async function issue() {
  const answer = await fetch("/api/supervisor/headset", {
    method: "POST", headers: { "content-type": "application/json", "x-csrf-token": document.body.dataset.csrf }, body: "{}",
  });
  return answer.ok ? answer.json() : null;
}

/** Whoever is asked to begin here needs a microphone and a headset first; the act itself follows. */
document.body.addEventListener("htmx:confirm", (event) => {
  const form = event.detail.elt;
  if (!form.matches('form[action="/api/acts/listen"]') || form.elements.telephone.value !== "" || phone.session) return;
  event.preventDefault();
  begin(form, event.detail.issueRequest);
});

async function begin(form, go) {
  let microphone;
  try {
    microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    return say(words.headset.no_microphone);
  }
  for (const track of microphone.getTracks()) track.stop(); // asked only so that nobody waits for the answer in a talk
  asked = go;
  say(words.headset.connecting);
  waitFor(READY_SECONDS);
  phone.wanted = true;
  phone.connect();
}

function waitFor(seconds) {
  clearTimeout(patience);
  patience = setTimeout(() => {
    stop();
    say(words.headset.no_answer);
  }, seconds * 1000);
}

/** Not connected, or nobody rings: given up in a while, so that no page waits for ever. */
function settled(state) {
  if (state !== "ready" || !asked) return;
  const go = asked;
  asked = null;
  waitFor(RING_SECONDS);
  go();
}

function rings() {
  if (phone.ringing) return phone.answer();
  if (phone.session) return began || show();
  if (began) say(words.headset.over);
  stop();
}

function show() {
  clearTimeout(patience);
  began = serverNow();
  bar.hidden = false;
  say("");
}

function stop() {
  clearTimeout(patience);
  asked = null;
  began = 0;
  bar.hidden = true;
  if (phone.wanted) phone.stop();
}

function say(text) {
  byId("said").replaceChildren(...(text ? [Object.assign(document.createElement("p"), { className: "said", textContent: text })] : []));
}

// What is being done is what was done last, whether begun on the board or changed here.
document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.requestConfig.path !== "/api/acts/listen") return;
  const values = detail.requestConfig.parameters, value = (name) => values.get?.(name) ?? values[name];
  if (value("telephone") !== "") return;
  if (!detail.successful) return phone.session || stop();
  const mode = value("mode");
  bar.dataset.mode = mode;
  byId("listening-call").value = value("call");
  byId("listening-note").textContent = words.headset[mode];
  for (const button of bar.querySelectorAll("[name=mode]")) button.setAttribute("aria-pressed", String(button.value === mode));
  name();
});

/** Who talks in that call now, by the board: it may have been passed on. */
function name() {
  const field = document.querySelector(`#board form[action="/api/acts/listen"] [name=call][value="${CSS.escape(byId("listening-call").value)}"]`);
  if (field) byId("listening-operator").textContent = field.closest("tr").querySelector("[data-operator]").dataset.operator;
}
document.body.addEventListener("htmx:afterSwap", () => began && name());

setInterval(() => began && (byId("listening-since").textContent = duration(serverNow() - began)), 1000);
byId("listening-end").addEventListener("click", () => phone.hangUp());
addEventListener("pagehide", () => phone.hangUp());

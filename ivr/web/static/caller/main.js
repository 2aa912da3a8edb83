// The caller's page: choose, call, see one's place, rate; and one's own requests. The call itself is the softphone's.

import { Softphone } from "../console/softphone.js";
import { follow } from "./stream.js";
import { clock, PHASES, range, t, TOLD, TROUBLES } from "./words.js";

const $ = (id) => document.getElementById(id);
const OUTLOOK_SECONDS = 20;
const SECTIONS = ["before", "during", "after"];
const VISIT = "ivr-visit";
let visit = sessionStorage.getItem(VISIT) ?? ""; // its token: this tab alone knows it, also when loaded again
let state = null;
let waits = null;
let microphone = null;
let began = 0;
let hungUp = false;
let stop = () => {};

async function post(path, fields) {
  const headers = { "content-type": "application/json", ...(visit ? { authorization: `Bearer ${visit}` } : {}) };
  try {
    const answer = await fetch(`/api/call/${path}`, { method: "POST", headers, body: JSON.stringify(fields) });
    return { ok: answer.ok, content: await answer.json() };
  } catch {
    return { ok: false, content: { why: "away" } };
  }
}

function open(section) {
  for (const each of SECTIONS) $(each).hidden = each !== section;
  $("history").hidden = section === "during";
  if (section === "during") $("phase").focus();
  if (section === "after") $("after-title").focus();
  scrollTo(0, 0);
}

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
  if (text) $("trouble").scrollIntoView({ block: "nearest" });
}

const topic = () => new FormData($("choose")).get("topic");
const topicText = () => document.querySelector(`[name=topic][value=${topic()}] + span`).textContent;

// --- before the call ---

async function look() {
  try {
    waits = (await (await fetch("/api/call/outlook")).json()).waits;
  } catch {
    return; // the next look is near
  }
  tellWait();
}

function tellWait() {
  if (waits) $("outlook").textContent = range(waits[topic()], topic() === "none");
}

$("choose").addEventListener("change", tellWait);
$("choose").addEventListener("submit", (event) => {
  event.preventDefault();
  begin();
});
setInterval(() => document.visibilityState === "visible" && !$("before").hidden && look(), OUTLOOK_SECONDS * 1000);
look();

// --- the call ---

const phone = new Softphone(() => null, $("voice"), () => {}, () => phone.session || over());

async function begin() {
  trouble("");
  $("call").disabled = $("again").disabled = true;
  try {
    microphone = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    const { ok, content } = await post("begin", { topic: topic() });
    if (!ok) {
      release();
      return trouble(TROUBLES[content.why] ?? TROUBLES.away);
    }
    sessionStorage.setItem(VISIT, (visit = content.visit));
    [state, hungUp, began] = [null, false, Date.now()];
    const address = new URL(content.telephone, location.href.replace(/^http/, "ws")).href;
    show({ phase: "calling" });
    open("during");
    stop();
    stop = follow("/api/call/stream", visit, show, (yes) => {
      if (!yes && phone.session) trouble(TROUBLES.server);
      else if ($("trouble").textContent === TROUBLES.server) trouble("");
    });
    await phone.dial({ address, account: content.account, password: content.password }, "call", microphone);
  } catch (error) {
    release();
    if (!$("during").hidden) open("before");
    trouble(error.name === "NotFoundError" ? TROUBLES.none : error.name === "NotAllowedError" ? TROUBLES.microphone : TROUBLES.away);
  } finally {
    $("call").disabled = $("again").disabled = false;
  }
}

function show(now) {
  if (!now) return stop(); // the visit is over: what is shown stays
  state = now;
  const [title, hint] = PHASES[now.phase] ?? PHASES.after;
  if ($("phase").textContent !== title) $("phase").textContent = title;
  $("during").dataset.phase = now.phase;
  $("about").textContent = topic() === "none" ? "" : topicText();
  $("hint").textContent = hint;
  $("queue").hidden = !now.place;
  $("place").textContent = now.place ?? "";
  $("wait").textContent = now.place && now.wait ? range(now.wait) : "";
  if (now.phase === "over" && phone.session) phone.hangUp();
  if (!$("after").hidden) showAfter();
}

/** The telephone's call has ended, by whomever. */
function over() {
  if ($("during").hidden) return;
  release();
  const lost = !hungUp && !["after", "over"].includes(state.phase);
  trouble(!lost ? "" : ["waiting", "ringing"].includes(state.phase) ? TROUBLES.lost : TROUBLES.dropped);
  $("after-title").textContent = lost ? t("Связь прервалась", "The connection broke") : t("Звонок завершён", "The call is over");
  showAfter();
  open("after");
}

function showAfter() {
  $("rate").hidden = !state.talked || state.rated;
  $("proof").hidden = $("proof-note").hidden = !state.request;
  $("request").textContent = state.request ?? "";
  $("code").textContent = (state.code ?? "").replace(/(\d{3})(\d{3})(\d{2})(\d{2})/, "$1 $2 $3 $4");
}

function release() {
  for (const track of microphone?.getTracks() ?? []) track.stop();
  microphone = null;
  phone.stop();
}

setInterval(() => {
  if (!$("during").hidden) $("timer").textContent = clock((Date.now() - began) / 1000);
}, 1000);

$("hang-up").addEventListener("click", () => {
  hungUp = true;
  phone.hangUp();
});
$("mute").addEventListener("click", () => {
  phone.mute(!phone.muted);
  $("mute").setAttribute("aria-pressed", String(phone.muted));
  $("mute").textContent = phone.muted ? t("Микрофон вкл.", "Unmute") : t("Микрофон выкл.", "Mute");
});
$("show-keys").addEventListener("click", () => {
  $("keys").hidden = !$("keys").hidden;
  $("show-keys").setAttribute("aria-expanded", String(!$("keys").hidden));
});
$("keys").addEventListener("click", ({ target }) => target.dataset.key && phone.press(target.dataset.key));
addEventListener("keydown", ({ key, target }) => {
  if (!$("during").hidden && /^[0-9*#]$/.test(key) && target.tagName !== "INPUT") phone.press(key);
});
addEventListener("pagehide", () => phone.hangUp());

// --- after it ---

$("rate").addEventListener("click", async ({ target }) => {
  const score = target.closest("[data-score]")?.dataset.score;
  if (!score) return;
  const { ok } = await post("rate", { score });
  if (ok) $("rate").hidden = state.rated = true;
  $("thanks").textContent = ok ? t("Спасибо за оценку!", "Thank you for the mark!") : t("Оценку записать не удалось.", "The mark could not be kept.");
});
$("again").addEventListener("click", () => {
  $("thanks").textContent = "";
  begin();
});
$("home").addEventListener("click", () => {
  trouble("");
  $("thanks").textContent = "";
  look();
  open("before");
});

// --- one's own requests ---

$("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { ok, content } = await post("requests", Object.fromEntries(new FormData($("ask"))));
  $("told").textContent = ok ? t(`Обращений: ${content.requests.length}`, `Requests: ${content.requests.length}`) : TOLD[content.why] ?? TOLD.away;
  $("requests").replaceChildren(...(ok ? content.requests : []).map(card));
  $("told").scrollIntoView({ block: ok ? "start" : "nearest" });
});

function card(request) {
  const item = document.createElement("li");
  item.className = `card${request.done ? " done" : ""}`;
  const when = (seconds) => new Date(seconds * 1000).toLocaleString(document.documentElement.lang === "en" ? "en-GB" : "ru-RU", { dateStyle: "medium", timeStyle: "short" });
  const line = (tag, text) => item.append(Object.assign(document.createElement(tag), { textContent: text }));
  line("strong", request.status);
  line("span", request.topic);
  line("small", `№ ${request.number} · ${when(request.opened)}`);
  if (!request.done && request.answer_due) line("small", t(`Ответ до ${when(request.answer_due)}`, `Answer by ${when(request.answer_due)}`));
  return item;
}

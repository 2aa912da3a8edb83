// The operator's console: shows what the server says about this desk, and sends what its operator does.

import { Identity } from "./identity.js";
import { Result } from "./result.js";
import { Softphone } from "./softphone.js";
import { clock, day, LINES, moment, PHASES, PHONE, STATES, t, telephone } from "./words.js";

const $ = (id) => document.getElementById(id);
const csrf = document.body.dataset.csrf;
const STALE_SECONDS = 12;
let now = null;
let heard = Date.now();
let opened = "";
let broken = false; // the headset's connection was lost in this shift

async function post(path, fields = {}) {
  try {
    const answer = await fetch(`/api/console/${path}`, {
      method: "POST", headers: { "content-type": "application/json", "x-csrf-token": csrf }, body: JSON.stringify(fields),
    });
    if (answer.status === 401) location.assign("/sign-in");
    const content = await answer.json();
    if (answer.ok) return content;
    toast(content.error + (content.hint ? ` — ${content.hint}` : ""));
  } catch {
    toast(t("Сервер не ответил. Попробуйте ещё раз.", "The server did not answer. Try again."));
  }
  return null;
}

let toastTimer = 0;
function toast(text) {
  $("toast").textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").textContent = ""), 6000);
}

// --- the telephone ---

const softphone = new Softphone((sitting) => post("softphone", sitting), $("voice"), showPhone, show);

function showPhone(state) {
  if (state === "away" && now?.state === "talking") broken = true;
  $("phone").textContent = PHONE[state];
  $("phone").className = `phone ${state}`;
  show();
}

$("device").addEventListener("change", async ({ target }) => {
  localStorage.setItem("ivr-device", target.value);
  if (target.value === "telephone") {
    softphone.stop();
    await post("telephone");
  } else softphone.start();
});

// --- what is shown ---

function show() {
  if (!now) return;
  const { state, call, desk } = now;
  const asked = Boolean(desk && !desk.mine && call);
  const offered = state === "offered" && Boolean(call);
  const working = !offered && Boolean(call);
  document.body.dataset.state = state;
  $("state-name").textContent = STATES[state] + (now.pauses_after ? t(" → пауза", " → pause") : "");
  $("ready").disabled = state === "ready" || state === "offered" || (state === "talking" && !now.pauses_after);
  $("idle").hidden = offered || working;
  $("offer").hidden = !offered;
  $("work").hidden = !working;
  showIdle(state);
  if (offered) showOffer(call, asked);
  if (working) showWork(call, desk, state);
  showDue();
  showBanner();
  tick();
}

function showIdle(state) {
  const titles = {
    ready: [t("Ждём звонка", "Ready"), t("Звонок появится здесь сам, во всю ширину.", "A call will appear here by itself.")],
    paused: [t("Пауза", "Paused"), t("Звонки не приходят. Alt R — снова на линии.", "No calls come. Alt R: ready again.")],
    wrap_up: [t("Оформление", "Wrap-up"), t("Следующий звонок придёт, когда выйдет время или вы нажмёте «На линию».", "The next call comes when the time is up, or by Ready.")],
    gone: [t("Вы не на смене", "You are off shift"), t("Нажмите «На линию» (Alt R), чтобы принимать звонки.", "Press Ready (Alt R) to take calls.")],
  };
  if (state === "ready") broken = false;
  const lost = t("Связь с гарнитурой прерывалась. Звонящий не потерян: его принимает другой оператор. Alt R — снова на линию.",
    "The headset had lost its connection. The caller is not lost: another operator takes over. Ready (Alt R) to go on.");
  const [title, note] = titles[state] ?? [STATES[state], ""];
  $("idle-title").textContent = title;
  $("idle-note").textContent = broken && state === "gone" ? lost : note;
}

const HOW = { key: t("Выбор клавишей", "Chosen by key"), page: t("Звонит из браузера, тема выбрана на странице", "Calls by browser, the topic was chosen on the page") };
const words = (call) => call.said.length ? call.said.map((text) => `«${text}»`).join(" ") : HOW[call.by] ?? t("Без слов", "Said nothing");
const lineTitle = (line) => LINES[line.replace(/\D/g, "").replace(/^8/, "7")] ?? line;

function showOffer(call, asked) {
  const urgent = call.priority > 0 ? t("Срочно. ", "Urgent. ") : "";
  const passed = call.passed_by ? t(`Передан: ${call.passed_by}. `, `Passed by ${call.passed_by}. `) : "";
  $("offer-why").textContent = asked ? t("Вас просит коллега", "A colleague asks you in") : urgent + passed + t("Входящий звонок", "Incoming call");
  $("offer").classList.toggle("urgent", call.priority > 0);
  $("offer-topic").textContent = call.topic_title;
  $("offer-words").textContent = words(call);
  $("offer-caller").textContent = telephone(call.caller);
  $("offer-line").textContent = lineTitle(call.line);
  $("offer-earlier").textContent = call.earlier.length ? call.earlier.map((each) => `№ ${each.number} ${each.topic}, ${each.status}, ${day(each.opened)}`).join("; ") : t("нет", "none");
  $("offer-telephone").hidden = now.softphone;
  $("offer-acts").hidden = !now.softphone;
  $("answer").disabled = !softphone.ringing;
  if (softphone.ringing && document.activeElement !== $("answer")) $("answer").focus();
}

function showWork(call, desk, state) {
  const talking = state === "talking" && Boolean(desk);
  const acts = new Set(talking && desk.mine ? desk.acts : []);
  const phase = talking ? (desk.mine ? PHASES[desk.phase] + desk.target : t("Вас пригласил коллега", "A colleague asked you in")) : t("Разговор окончен", "The talk is over");
  $("call-phase").textContent = phase;
  $("work").dataset.phase = talking ? desk.phase : "over";
  $("call-topic").textContent = call.topic_title;
  $("call-words").textContent = words(call);
  $("call-caller").textContent = telephone(call.caller);
  $("call-request").textContent = call.request ? `№ ${call.request}` : "—";
  $("call-waited").textContent = call.waited === null ? "—" : clock(call.waited);
  $("call-way").replaceChildren(...call.way.map((step) => {
    const item = document.createElement("li");
    const time = Object.assign(document.createElement("time"), { textContent: moment(step.at) });
    item.append(time, ` ${step.text}`);
    return item;
  }));
  $("call-way").scrollTop = $("call-way").scrollHeight; // what has just happened
  $("call-earlier").replaceChildren(...(call.earlier.length ? call.earlier : [null]).map((each) => Object.assign(document.createElement("li"), {
    textContent: each ? `№ ${each.number} · ${each.topic} · ${each.status} · ${day(each.opened)}` : t("Обращается впервые", "First request"),
  })));
  $("acts").hidden = !talking;
  for (const button of document.querySelectorAll("[data-act]")) button.hidden = !acts.has(button.dataset.act);
  for (const button of document.querySelectorAll("[data-open]")) button.hidden = !acts.has("askin");
  $("mute").hidden = !now.softphone || !talking;
  $("mute").setAttribute("aria-pressed", String(softphone.muted));
  if (!acts.has("askin")) closeTargets();
  const due = now.due.find((each) => each.call === call.call);
  result.show(call, talking ? null : due?.due ?? null);
  identity.show(call.call, talking);
}

function showDue() {
  const others = now.due.filter((each) => each.call !== now.call?.call);
  $("due").hidden = !others.length;
  $("due-list").replaceChildren(...others.map((each) => Object.assign(document.createElement("li"), {
    textContent: t(`Звонок ${each.call}: до ${moment(each.due)}`, `Call ${each.call}: until ${moment(each.due)}`),
  })));
}

function showBanner() {
  const away = (Date.now() - heard) / 1000 > STALE_SECONDS;
  const needed = now && now.state !== "gone" && now.softphone;
  const text = away ? t("Нет связи с сервером. Разговор продолжается; страница обновится сама.", "No connection to the server. The talk goes on; the page will catch up.")
    : needed && softphone.state === "away" ? t("Гарнитура потеряла связь. Звонящий не потерян: он ждёт другого оператора.", "The headset has lost its connection. The caller is not lost: they wait for another operator.")
    : softphone.state === "elsewhere" ? t("Рабочее место открыто ещё где-то: звонки приходят туда. Чтобы работать здесь, закройте его там и обновите страницу.", "The console is open somewhere else too: calls come there. To work here, close it there and reload this page.") : "";
  $("banner").textContent = text;
  $("banner").hidden = !text;
}

function tick() {
  if (!now) return;
  const seconds = Date.now() / 1000;
  const left = now.state === "wrap_up" && now.until ? now.until - seconds : null;
  $("state-time").textContent = left !== null ? t(`ещё ${clock(left)}`, `${clock(left)} left`) : now.since ? clock(seconds - now.since) : "";
  if (now.call) {
    $("offer-waited").textContent = now.call.queued ? clock(seconds - now.call.queued) : "—";
    $("call-time").textContent = now.call.connected && now.state === "talking" ? clock(seconds - now.call.connected) : now.call.talked === null ? "—" : clock(now.call.talked);
  }
  result.tick();
  showBanner();
}
setInterval(tick, 1000);

// --- what the operator does ---

const result = new Result($("result"), post, toast);
const identity = new Identity($("identity"), post, toast);

const act = (name, fields = {}) => post("act", { act: name, ...fields });

for (const button of document.querySelectorAll("[data-act]")) button.addEventListener("click", () => act(button.dataset.act));
for (const button of document.querySelectorAll("[data-open]")) button.addEventListener("click", () => openTargets(button.dataset.open));
$("answer").addEventListener("click", () => softphone.answer());
$("decline").addEventListener("click", () => softphone.decline());
$("ready").addEventListener("click", () => post("state", { state: "ready" }));
$("gone").addEventListener("click", () => post("state", { state: "gone" }));
$("pause").addEventListener("change", ({ target }) => {
  if (target.value) post("state", { state: "paused", reason: target.value });
  target.value = "";
});
$("mute").addEventListener("click", () => {
  softphone.mute(!softphone.muted);
  show();
});

const TITLES = { transfer: t("Перевести звонок", "Transfer the call"), consult: t("Посоветоваться", "Consult"), escalate: t("Передать специалисту", "Pass to a specialist") };
const NOTES = {
  transfer: t("Звонящий слышит музыку. Кто ответит, получит звонок со всей историей; не ответит — звонок вернётся к вам.", "The caller hears music. Whoever answers has the call with its history; if nobody does, it comes back to you."),
  consult: t("Звонящий слышит музыку, пока вы говорите с коллегой.", "The caller hears music while you talk to a colleague."),
  escalate: t("В очередь звонок уходит как срочный.", "In the queue the call becomes urgent."),
};

async function openTargets(kind) {
  opened = kind;
  const answer = await fetch("/api/console/choices");
  const choices = await answer.json();
  const group = (label, options) => {
    const made = document.createElement("optgroup");
    made.label = label;
    made.append(...options);
    return options.length ? [made] : [];
  };
  const operators = choices.operators.map((each) => {
    const option = new Option(`${each.title} — ${STATES[each.state]}${each.skills.length ? `: ${each.skills.slice(0, 3).join(", ")}` : ""}`, `operator:${each.name}`);
    option.disabled = each.state !== "ready";
    return option;
  });
  const topics = choices.topics.map((each) => new Option(each.title, `topic:${each.name}`));
  const outside = choices.outside.map((each) => new Option(each, `outside:${each}`));
  const form = $("targets");
  form.elements.target.replaceChildren(
    ...group(t("Операторы", "Operators"), operators),
    ...(kind === "consult" ? [] : group(t("Очередь: по теме", "Queue, by topic"), topics)),
    ...group(t("Внешние номера", "Outside"), outside),
  );
  $("targets-title").textContent = TITLES[kind];
  $("targets-note").textContent = NOTES[kind];
  $("reason-label").hidden = kind !== "escalate";
  form.elements.escalation.required = kind === "escalate";
  form.hidden = false;
  (kind === "escalate" ? form.elements.escalation : form.elements.target).focus();
}

function closeTargets() {
  $("targets").hidden = true;
  opened = "";
}

$("targets-close").addEventListener("click", closeTargets);
$("targets").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.localName !== "select") return;
  event.preventDefault(); // the browser would only open the list
  $("targets").requestSubmit();
});
$("targets").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = event.target.elements;
  const [kind, target] = fields.target.value.split(/:(.*)/s);
  const escalation = opened === "escalate" ? fields.escalation.value : "";
  const done = kind === "topic" ? await act("requeue", { topic: target, escalation })
    : await act("askin", { kind, target, transfer: opened === "consult" ? "0" : "1", escalation });
  if (done) closeTargets();
});

const visible = (selector) => [...document.querySelectorAll(selector)].find((each) => each.offsetParent !== null && !each.disabled);
const KEYS = {
  KeyR: () => $("ready").click(), KeyP: () => $("pause").focus(), KeyM: () => visible("#mute")?.click(),
  KeyH: () => visible("[data-act=hold], [data-act=resume]")?.click(), KeyT: () => visible("[data-open=transfer]")?.click(),
  KeyC: () => visible("[data-open=consult]")?.click(), KeyX: () => visible("[data-open=escalate]")?.click(),
  KeyJ: () => visible("[data-act=join]")?.click(), KeyG: () => visible("[data-act=complete]")?.click(),
  KeyI: () => visible("#identity input")?.focus(), KeyN: () => visible("#result textarea")?.focus(),
  KeyK: () => visible("[data-act=endtalk]")?.click(), KeyS: () => $("result").requestSubmit(),
};
document.addEventListener("keydown", (event) => {
  if (event.altKey && KEYS[event.code]) {
    event.preventDefault();
    KEYS[event.code]();
  } else if (event.key === "Escape") {
    if (!$("targets").hidden) closeTargets();
    else if (!$("offer").hidden) softphone.decline();
  } else if (event.key === "Enter" && !$("offer").hidden && document.activeElement !== $("decline")) {
    event.preventDefault();
    softphone.answer();
  }
});

// Closing the page in a talk puts the caller back into the queue: ask first.
addEventListener("beforeunload", (event) => {
  if (now?.state === "talking" && now.softphone) event.preventDefault();
});

const stream = new EventSource("/api/console/stream");
stream.addEventListener("message", ({ data }) => {
  heard = Date.now();
  const before = now;
  now = JSON.parse(data);
  if (before?.desk?.mine && before.desk.target && now.desk?.mine && !now.desk.target) toast(now.call.way.at(-1).text);
  softphone.belongs(now.state === "offered" || now.state === "talking");
  show();
});
stream.addEventListener("beat", () => (heard = Date.now()));

$("device").value = localStorage.getItem("ivr-device") ?? "softphone";
if ($("device").value === "softphone") softphone.start();
else showPhone("off");

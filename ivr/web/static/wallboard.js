// The status page: snapshots come by server-sent events; between them seconds are counted here.
const STALE_SECONDS = 5;

const TOPICS = {
  access: "Вход", registration: "Регистрация", technical: "Сбой", forms: "Формы", status: "Статус", documents: "Документы",
  payments: "Оплата", appointment: "Запись", signature: "Эл. подпись", security: "Безопасность", operator: "Оператор",
  out_of_scope: "Чужая тема", none: "Не ясна",
};
const STEPS = {
  arrived: "Поступил", answered: "Снята трубка", said: "Слушает подсказку", menu: "Выбирает в меню", key: "Нажал клавишу",
  heard: "Сказал", no_input: "Молчит", no_match: "Не распознано", speech_lost: "Меню по клавишам", topic: "Тема найдена",
  decided: "Идёт по плану", consent: "Согласие на запись", queued: "Ждёт оператора", queue_refused: "Очередь не приняла", unqueued: "Больше не ждёт",
  announced: "Ждёт оператора", offered: "Вызов", offer_ended: "Ждёт оператора", connected: "Разговор", held: "На удержании",
  resumed: "Разговор", transferred: "Переведён", talk_ended: "После разговора", rated: "Поставил оценку",
};
const STATES = {
  ready: "свободен", offered: "звонит", talking: "разговор", wrap_up: "оформляет", paused: "перерыв", gone: "не на смене",
};
const PARTS = { store: "Хранилище", asterisk: "Телефония", speech: "Распознавание" };

const byId = (id) => document.getElementById(id);
let snapshot = null;
let receivedAt = 0; // by this machine's steady clock
let clockAhead = 0; // of the server's wall clock before ours, seconds

const serverNow = () => Date.now() / 1000 + clockAhead;

function element(tag, text = "", classes = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

/** 7 → «7 с», 75 → «1:15», 3700 → «1:01:40» */
function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} с`;
  const pad = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** A cell that counts the seconds since a moment; `limits` colour a wait that grows too long. */
function counting(since, limits = null) {
  const cell = element("td", "", "number");
  cell.dataset.since = since;
  if (limits) [cell.dataset.warn, cell.dataset.bad] = limits;
  return cell;
}

function fill(panelId, rows) {
  const panel = byId(panelId);
  panel.querySelector("tbody").replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    row.append(...cells);
    return row;
  }));
  panel.classList.toggle("is-empty", rows.length === 0);
}

function plural(number, one, few, many) {
  const [tens, units] = [number % 100, number % 10];
  if (tens > 10 && tens < 20) return many;
  return units === 1 ? one : units > 1 && units < 5 ? few : many;
}

function showFigures({ today, waiting, calls, operators }) {
  const percent = (part, whole) => (whole ? `${Math.floor((100 * part) / whole)} %` : "—");
  const share = today.offered ? today.within_30_of_queue / today.offered : null;
  byId("share").textContent = percent(today.within_30_of_queue, today.offered);
  byId("share").className = `value ${share === null ? "" : share >= 0.9 ? "good" : share >= 0.7 ? "warn" : "bad"}`;
  byId("share-note").textContent = today.offered
    ? `от первого гудка ${percent(today.within_30_of_ring, today.offered)} · отвечено ${today.answered} из ${today.offered} · не дождались ${today.abandoned}`
      + (today.speed_of_answer_seconds === null ? "" : ` · в среднем ${duration(today.speed_of_answer_seconds)}`)
    : "сегодня ещё никто не вставал в очередь";

  const oldest = waiting.reduce((earliest, call) => Math.min(earliest, call.queued), Infinity);
  byId("waiting-count").textContent = waiting.length;
  const note = byId("waiting-note");
  if (waiting.length) note.dataset.longest = oldest; else delete note.dataset.longest;
  if (!waiting.length) note.textContent = "очередь пуста";

  const talking = calls.filter((call) => ["connected", "held", "resumed"].includes(call.step)).length;
  byId("talking-count").textContent = talking;
  byId("calls-note").textContent = `всего на линии ${calls.length}`;
  const ready = operators.filter((operator) => operator.state === "ready").length;
  const present = operators.filter((operator) => operator.state !== "gone").length;
  byId("ready-count").textContent = ready;
  byId("ready-count").className = `value ${ready ? "good" : waiting.length ? "bad" : "warn"}`;
  byId("operators-note").textContent = `${plural(present, "оператор", "оператора", "операторов")} на смене: ${present}`;
}

function show(status) {
  showFigures(status);
  fill("waiting", status.waiting.map((call) => [
    element("td", call.position),
    element("td", TOPICS[call.topic] ?? call.topic, call.priority > 0 ? "urgent" : ""),
    counting(call.queued, [20, 30]),
  ]));
  const waits = (call) => STEPS[call.step] === STEPS.queued; // those have a panel of their own: here they come last
  const order = [...status.calls].sort((one, other) => waits(one) - waits(other) || one.arrived - other.arrived);
  const titles = Object.fromEntries(status.operators.map((operator) => [operator.name, operator.title]));
  fill("calls", order.map((call) => [
    element("td", (STEPS[call.step] ?? call.step) + (call.operator ? ` · ${titles[call.operator] ?? call.operator}` : "")),
    element("td", TOPICS[call.topic] ?? call.topic, "soft"),
    counting(call.step_since),
    counting(call.arrived),
  ]));
  const rank = ["ready", "offered", "talking", "wrap_up", "paused", "gone"];
  const present = status.operators.filter((operator) => operator.state !== "gone");
  present.sort((one, other) => rank.indexOf(one.state) - rank.indexOf(other.state) || one.since - other.since);
  fill("operators", present.map((operator) => [
    element("td", operator.title),
    element("td", STATES[operator.state] ?? operator.state, `state-${operator.state}`),
    counting(operator.since),
  ]));
  byId("parts").replaceChildren(...Object.entries(PARTS).map(([name, title]) => {
    const part = status[name];
    return element("li", part.ok ? title : `${title}: ${part.detail || "не отвечает"}`, part.ok ? "dot" : "dot off");
  }));
  const incidents = (status.incidents ?? []).map((incident) => {
    const since = new Date(incident.opened * 1000).toLocaleTimeString("ru-RU", { hour: "2-digit", minute: "2-digit" });
    return `Критический инцидент — ${TOPICS[incident.topic] ?? incident.topic}: с ${since} ${incident.calls} `
      + `${plural(incident.calls, "звонок", "звонка", "звонков")}, обычно ${Math.round(incident.usual)} за 10 минут`;
  });
  if ([...byId("incidents").children].map((item) => item.textContent).join() !== incidents.join()) {
    byId("incidents").replaceChildren(...incidents.map((text) => element("li", text))); // read out when it changes
  }
  byId("lines").replaceChildren(...status.lines.map((line) => {
    const item = element("li", line.number, line.open ? "dot" : "dot closed");
    item.append(element("span", ` ${line.name}${line.open ? "" : " — закрыта"} · ${line.calls}`, "soft"));
    return item;
  }));
}

function tick() {
  const now = serverNow();
  byId("clock").textContent = new Date(now * 1000).toLocaleTimeString("ru-RU", { hour: "2-digit", minute: "2-digit" });
  if (!snapshot) return;
  const age = (performance.now() - receivedAt) / 1000;
  const stale = age > STALE_SECONDS;
  if (document.body.classList.toggle("stale", stale) !== (byId("alert").textContent !== "")) {
    byId("alert").textContent = stale ? "Данные устарели, соединение потеряно" : ""; // read out once
  }
  const told = stale ? `данные устарели: ${duration(age)}` : `данные ${duration(age)} назад`;
  if (byId("age").textContent !== told) byId("age").textContent = told;
  if (stale) return; // what is old does not count on
  for (const cell of document.querySelectorAll("[data-since]")) {
    const seconds = now - Number(cell.dataset.since);
    cell.textContent = duration(seconds);
    cell.classList.toggle("warn", seconds >= Number(cell.dataset.warn ?? Infinity) && seconds < Number(cell.dataset.bad));
    cell.classList.toggle("bad", seconds >= Number(cell.dataset.bad ?? Infinity));
  }
  const note = byId("waiting-note");
  if (note.dataset.longest) note.textContent = `дольше всех ${duration(now - Number(note.dataset.longest))}`;
}

const stream = new EventSource("/api/status/stream"); // reconnects by itself
stream.onmessage = ({ data }) => {
  snapshot = JSON.parse(data);
  receivedAt = performance.now();
  clockAhead = snapshot.at - Date.now() / 1000;
  show(snapshot);
  tick();
};
setInterval(tick, 1000);
tick();

// The wallboard: snapshots come by server-sent events, the curves of the last hours once a minute.
import { byId, clockTime, counting, duration, element, follow, locale, words } from "./live.js";
import { drawLately } from "./lately.js";

const { topics, steps, states, counted, parts, board } = words;
const drill = document.body.dataset.drill === "1";
const STATE_ORDER = ["ready", "offered", "talking", "wrap_up", "paused", "gone"];
const TALKING = ["connected", "held", "resumed"];
const percent = (part, whole) => (whole ? `${Math.floor((100 * part) / whole)} %` : "—");
const quality = (share) => (share === null ? "" : share >= 0.9 ? "good" : share >= 0.7 ? "warn" : "bad");

function fill(panelId, rows) {
  const panel = byId(panelId);
  panel.querySelector("tbody").replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    row.append(...cells);
    return row;
  }));
  panel.classList.toggle("is-empty", rows.length === 0);
}

/** The text, which leads to the call's story for those who may read it. */
function toCall(call, text, classes = "") {
  const cell = element("td", drill ? "" : text, classes);
  if (drill) {
    const link = element("a", text);
    link.href = `/calls/${encodeURIComponent(call)}`;
    cell.append(link);
  }
  return cell;
}

function figure(id, value, note, classes = "") {
  byId(id).textContent = value;
  byId(id).className = `value ${classes}`;
  byId(id.replace("count", "note")).textContent = note;
}

function showFigures({ today, waiting_count: waiting, topics: crowds, calls, operators }) {
  const decided = today.within_30_of_queue + today.late;
  const share = decided ? today.within_30_of_queue / decided : null;
  byId("share").textContent = percent(today.within_30_of_queue, decided);
  byId("share").className = `value ${quality(share)}`;
  byId("share-note").textContent = today.offered
    ? `${board.from_ring} ${percent(today.within_30_of_ring, decided)}`
    : board.no_calls;

  const oldest = Math.min(...crowds.filter((crowd) => crowd.waiting).map((crowd) => crowd.oldest));
  const note = byId("waiting-note");
  byId("waiting-count").textContent = waiting;
  if (waiting && Number.isFinite(oldest)) {
    const since = element("span");
    [since.dataset.since, since.dataset.warn, since.dataset.bad] = [oldest, 20, 30];
    note.replaceChildren(`${board.longest} `, since);
  } else {
    note.textContent = board.empty;
  }

  const talking = calls.filter((call) => TALKING.includes(call.step)).length;
  figure("talking-count", talking, `${board.in_all} ${calls.length}`);
  const ready = operators.filter((operator) => operator.state === "ready").length;
  const present = operators.filter((operator) => operator.state !== "gone").length;
  figure("ready-count", ready, `${board.on_shift} ${present}`, ready ? "good" : waiting ? "bad" : "warn");
  const speed = today.speed_of_answer_seconds;
  figure("answered-count", today.answered, speed === null ? `${board.of} ${today.offered}` : `${board.mean} ${duration(speed)}`);
  figure("abandoned-count", today.abandoned, percent(today.abandoned, today.offered), today.abandoned ? "warn" : "");
}

function showOperators(operators) {
  const present = operators.filter((operator) => operator.state !== "gone");
  present.sort((one, other) => STATE_ORDER.indexOf(one.state) - STATE_ORDER.indexOf(other.state) || one.since - other.since);
  byId("states").replaceChildren(...STATE_ORDER.slice(0, -1).map((state) => {
    const count = present.filter((operator) => operator.state === state).length;
    const item = element("li", "", `state-${state}`);
    item.append(element("b", count), ` ${counted[state]}`);
    return item;
  }));
  fill("operators", present.map((operator) => [
    element("td", operator.title),
    element("td", (states[operator.state] ?? operator.state) + (operator.assigned ? ` → ${topics[operator.assigned] ?? operator.assigned}` : ""), `state-${operator.state}`),
    counting(operator.since),
  ]));
}

function showIncidents(incidents) {
  const told = incidents.map((incident) =>
    `${board.incident} — ${topics[incident.topic] ?? incident.topic}${incident.phrase && ` («${incident.phrase}»)`}: ${board.since} ${clockTime(incident.opened)}, `
    + `${board.calls}: ${incident.calls}, ${board.usually} ${Math.round(incident.usual)} ${board.per_window}`);
  if ([...byId("incidents").children].map((item) => item.textContent).join() !== told.join()) {
    byId("incidents").replaceChildren(...told.map((text) => element("li", text))); // read out when it changes
  }
}

function show(status) {
  showFigures(status);
  fill("topics", status.topics.map((topic) => {
    const decided = topic.within_30_of_queue + topic.late;
    const share = decided ? topic.within_30_of_queue / decided : null;
    return [
      element("td", topics[topic.topic] ?? topic.topic),
      element("td", topic.waiting, "number strong"),
      topic.waiting ? counting(topic.oldest, [20, 30]) : element("td", "—", "number soft"),
      element("td", percent(topic.within_30_of_queue, decided), `number strong ${quality(share)}`),
    ];
  }));
  fill("waiting", status.waiting.map((call) => [
    element("td", call.position),
    toCall(call.call, topics[call.topic] ?? call.topic, call.priority > 0 ? "urgent" : ""),
    counting(call.queued, [20, 30]),
  ]));
  const waits = (call) => steps[call.step] === steps.queued; // those have a panel of their own: here they come last
  const order = [...status.calls].sort((one, other) => waits(one) - waits(other) || one.arrived - other.arrived);
  const titles = Object.fromEntries(status.operators.map((operator) => [operator.name, operator.title]));
  fill("calls", order.map((call) => [
    toCall(call.call, (steps[call.step] ?? call.step) + (call.operator ? ` · ${titles[call.operator] ?? call.operator}` : "")),
    element("td", topics[call.topic] ?? call.topic, "soft"),
    counting(call.step_since),
    counting(call.arrived),
  ]));
  showOperators(status.operators);
  byId("parts").replaceChildren(...Object.entries(parts).map(([name, title]) => {
    const part = status[name];
    return element("li", part.ok ? title : `${title}: ${part.detail || board.away}`, part.ok ? "dot" : "dot off");
  }));
  showIncidents(status.incidents);
  byId("lines").replaceChildren(...status.lines.map((line) => {
    const item = element("li", line.number, line.open ? "dot" : "dot closed");
    const until = line.until && new Date(line.until * 1000).toLocaleString(locale, { weekday: "short", hour: "2-digit", minute: "2-digit" });
    const closed = line.open ? "" : ` — ${board.closed}${until ? ` ${board.until} ${until}` : ""}`;
    item.append(element("span", ` ${line.name}${closed} · ${line.calls}`, "soft"));
    return item;
  }));
}

follow(show);
drawLately(byId("lately"), board, locale);

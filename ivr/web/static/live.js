// What all live pages share: words, durations that count on, and the stream of snapshots of the hotline.
const STALE_SECONDS = 5;

export const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
export const locale = document.documentElement.lang === "en" ? "en-GB" : "ru-RU";
export const byId = (id) => document.getElementById(id);

let snapshot = null;
let receivedAt = 0; // by this machine's steady clock
let clockAhead = 0; // of the server's wall clock before ours, seconds

export const serverNow = () => Date.now() / 1000 + clockAhead;

export function element(tag, text = "", classes = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

/** 7 → «7 с», 75 → «1:15», 3700 → «1:01:40» */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} ${words.board.seconds}`;
  const pad = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** A cell that counts the seconds since a moment; `limits` colour a wait that grows too long. */
export function counting(since, limits = null) {
  const cell = element("td", "", "number");
  cell.dataset.since = since;
  if (limits) [cell.dataset.warn, cell.dataset.bad] = limits;
  return cell;
}

export const clockTime = (seconds) =>
  new Date(seconds * 1000).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });

/** Counts every `data-since` on the page on; a page whose data is old greys itself and stands still. */
export function tick() {
  const now = serverNow();
  if (byId("clock")) byId("clock").textContent = clockTime(now);
  if (!snapshot) return;
  const age = (performance.now() - receivedAt) / 1000;
  const stale = age > STALE_SECONDS;
  if (document.body.classList.toggle("stale", stale) !== (byId("alert").textContent !== "")) {
    byId("alert").textContent = stale ? words.board.stale_said : ""; // read out once
  }
  const told = stale ? `${words.board.stale} ${duration(age)}` : `${words.board.age} ${duration(age)} ${words.board.ago}`;
  if (byId("age").textContent !== told) byId("age").textContent = told;
  if (stale) return; // what is old does not count on
  for (const cell of document.querySelectorAll("[data-since]")) {
    const seconds = now - Number(cell.dataset.since);
    cell.textContent = duration(seconds);
    cell.classList.toggle("warn", seconds >= Number(cell.dataset.warn ?? Infinity) && seconds < Number(cell.dataset.bad));
    cell.classList.toggle("bad", seconds >= Number(cell.dataset.bad ?? Infinity));
  }
}

/** Calls `show` with every snapshot. */
export function follow(show) {
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
}

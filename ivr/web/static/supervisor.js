// The supervisor's page: what changes comes from the server when something has happened, but never under one's hands.
import { byId, follow } from "./live.js";

const LEAST_MILLISECONDS = 1000;
const board = byId("board");
let drawnAt = 0;
let waiting = null;

const busy = () => board.querySelector("details[open]") || board.querySelector("input:focus, select:focus");

function refresh() {
  waiting = null;
  if (busy()) {
    later();
    return;
  }
  drawnAt = performance.now();
  window.htmx.ajax("GET", "/supervisor/board", { target: "#board", swap: "innerHTML" });
}

function later() {
  waiting ??= setTimeout(refresh, Math.max(LEAST_MILLISECONDS - (performance.now() - drawnAt), 0) + 50);
}

follow(later);
// What was asked for a moment ago may come when hands are on the board by now.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target !== board || !busy()) return;
  detail.shouldSwap = false;
  later();
});
// An act shows its effect at once.
document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.requestConfig.verb !== "post") return;
  for (const open of board.querySelectorAll("details[open]")) open.open = false;
  document.activeElement?.blur();
  drawnAt = 0;
  later();
});

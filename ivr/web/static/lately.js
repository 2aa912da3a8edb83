// Curves of the last hours, in slices of five minutes.
import uPlot from "./vendor/uplot.js";

const AGAIN_SECONDS = 60;

/** A canvas knows neither variables nor light-dark(): the colour as it comes out for an element. */
function colour(name) {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(--${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function options(place, words, locale) {
  const size = parseFloat(getComputedStyle(place).fontSize);
  const axis = { stroke: colour("soft"), grid: { stroke: colour("rule"), width: 1 }, ticks: { show: false }, font: `${size * 0.72}px system-ui, sans-serif` };
  const time = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  return {
    width: place.clientWidth,
    height: place.clientHeight,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, most) => [0, Math.max(4, most * 1.1)] } },
    axes: [
      { ...axis, size: size * 1.6, space: size * 4, values: (_, moments) => moments.map((at) => time.format(at * 1000)) },
      { ...axis, size: size * 2.2, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] },
    ],
    series: [
      {},
      { label: words.calls, stroke: colour("soft"), width: size / 8, points: { show: false } },
      { label: words.in_target, stroke: colour("good"), width: size / 5, points: { show: false } },
      { label: words.abandoned, stroke: colour("bad"), width: size / 5, dash: [size / 2, size / 4], points: { show: false } },
    ],
  };
}

/** Draws now, every minute, and when the place or the colours change. */
export function drawLately(place, words, locale) {
  let data = null;
  let plot = null;
  const draw = () => {
    plot?.destroy();
    if (data) plot = new uPlot(options(place, words, locale), data, place);
  };
  const load = async () => {
    try {
      const answer = await fetch("/api/lately", { headers: { accept: "application/json" } });
      if (!answer.ok) return;
      const { at, offered, in_target: inTarget, abandoned } = await answer.json();
      data = [at, offered, inTarget, abandoned];
      draw();
    } catch {
      // the page shows by itself that the server is away
    }
  };
  new ResizeObserver(draw).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  setInterval(load, AGAIN_SECONDS * 1000);
  load();
}

// What comes of a text, drawn: the picture, the tests' results, the difference, the versions.
import { $, element, russian, t } from "/static/studio-server.js";

const count = (number, one, few, many) => {
  const form = new Intl.PluralRules("ru").select(number);
  return `${number} ${form === "one" ? one : form === "few" ? few : many}`;
};

export const errorsInWords = (errors, warnings) => {
  const said = russian
    ? [errors && count(errors, "ошибка", "ошибки", "ошибок"), warnings && count(warnings, "замечание", "замечания", "замечаний")]
    : [errors && `${errors} error${errors > 1 ? "s" : ""}`, warnings && `${warnings} warning${warnings > 1 ? "s" : ""}`];
  return said.filter(Boolean).join(", ") || t("Ошибок нет", "No errors");
};

// The picture comes with a style of its own for files; here the page's own colours count.
export function draw(svg, onStep) {
  const drawing = $("drawing");
  const read = new DOMParser().parseFromString(svg.replace(/<style>[^<]*<\/style>/, ""), "image/svg+xml");
  drawing.replaceChildren(document.importNode(read.documentElement, true));
  drawing.onclick = (event) => {
    const path = event.target.closest("[data-path]")?.dataset.path;
    if (path) onStep(path);
  };
}

export function showFindings(found, file, onFinding) {
  const errors = found.filter((each) => each.severity === "error").length;
  const verdict = $("verdict");
  verdict.textContent = errorsInWords(errors, found.length - errors);
  verdict.className = errors ? "bad" : "good";
  $("findings").replaceChildren(
    ...found.map((each) =>
      element(
        "li",
        {},
        element(
          "button",
          { type: "button", onclick: () => onFinding(each) },
          element("b", { class: each.severity === "error" ? "bad" : "warn" }, each.file === file ? t(`Строка ${each.line}`, `Line ${each.line}`) : `${each.file}:${each.line}`),
          ` ${each.message} `,
          element("span", { class: "hint" }, each.hint ? `→ ${each.hint}` : ""),
        ),
      ),
    ),
  );
}

export function showTests({ findings, results, coverage }, onFinding) {
  const failed = results.filter((each) => each.failure).length;
  $("tested").textContent = t(`Прошло ${results.length - failed} из ${results.length}`, `${results.length - failed} of ${results.length} passed`);
  $("tested").className = failed || findings.some((each) => each.severity === "error") ? "bad" : "good";
  const broken = findings.map((each) =>
    element("p", { class: "bad" }, element("button", { type: "button", class: "plain", onclick: () => onFinding(each) }, `${each.file}:${each.line}`), ` ${each.message}`),
  );
  const plans = coverage.map((plan) => {
    const own = results.filter((each) => each.plan === plan.plan);
    const wrong = own.filter((each) => each.failure);
    const share = Math.round((100 * plan.walked) / Math.max(1, plan.ways));
    const details = element(
      "details",
      wrong.length ? { class: "failed", open: "" } : {},
      element("summary", {}, `${wrong.length ? "✗" : "✓"} ${plan.plan} — ${own.length - wrong.length}/${own.length} `, element("span", { class: "share" }, t(`пройдено ${share} % путей`, `${share}% of ways walked`))),
      ...wrong.map((each) => failure(each, onFinding)),
      element("ul", {}, ...own.filter((each) => !each.failure).map((each) => element("li", {}, `✓ ${each.test}`))),
    );
    if (plan.missed.length) {
      details.append(element("p", { class: "share" }, t("Этими путями не ходит ни один тест:", "No test walks these ways:")), element("ul", {}, ...plan.missed.map((way) => element("li", {}, way))));
    }
    return details;
  });
  $("results").replaceChildren(...broken, ...plans);
}

function failure({ test, failure: finding, story }, onFinding) {
  const lines = story.map((fact) => `${fact.at_seconds.toFixed(1).padStart(7)} s  ${fact.path}  ${fact.kind} ${fact.text ?? fact.key ?? fact.queue ?? fact.topic ?? ""}`);
  return element(
    "div",
    {},
    element("p", {}, element("b", {}, `✗ ${test}: `), finding.message, " ", element("button", { type: "button", class: "plain", onclick: () => onFinding(finding) }, `${finding.file}:${finding.line}`)),
    element("pre", { tabindex: "0", "aria-label": t("Что было до этого", "What happened until then") }, lines.join("\n")),
  );
}

export function showChanges({ files }) {
  const shown = files.map(({ file, hunks }) => [
    element("h2", {}, file),
    ...hunks.map((rows) =>
      element(
        "div",
        { class: "hunk", tabindex: "0", role: "group", "aria-label": file },
        element("table", {}, element("tbody", {}, ...rows.map((row) => element("tr", { class: row.kind }, element("td", {}, row.before ?? ""), element("td", {}, row.after ?? ""), element("td", {}, `${{ same: " ", gone: "−", new: "+" }[row.kind]} ${row.text}`))))),
      ),
    ),
  ]);
  $("changes").replaceChildren(...shown.flat());
}

export function showVersions({ versions, live }, onCompare, onBack) {
  const at = new Intl.DateTimeFormat(russian ? "ru" : "en", { dateStyle: "short", timeStyle: "short" });
  $("history").replaceChildren(
    ...versions.map(({ number, at: seconds, changed }) => {
      const few = changed.length > 4 ? [...changed.slice(0, 4), "…"] : changed;
      const row = element(
        "li",
        {},
        element("b", {}, `№ ${number}`),
        element("time", { datetime: new Date(seconds * 1000).toISOString() }, at.format(seconds * 1000)),
        element("span", { class: "files" }, few.join(", ")),
      );
      const does = element("span", { class: "does" }, element("button", { type: "button", class: "quiet", onclick: () => onCompare(number) }, t("Сравнить", "Compare")));
      if (number === live) row.children[2].prepend(element("span", { class: "live" }, `● ${t("в эфире", "live")} `));
      else does.append(element("button", { type: "button", class: "quiet", onclick: () => onBack(number) }, t("Вернуть", "Go back")));
      row.append(does);
      return row;
    }),
  );
}

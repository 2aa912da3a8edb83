// A call tried in the page. The server keeps nothing: each time the whole call is led anew from its beginning by the
// lines so far, so that a change of the plan can be tried with the very same caller.
import { $, drafts, element, post, t } from "/static/studio-server.js";

const REASONS = { finished: t("план окончен", "the plan is done"), nobody: t("никого нет", "nobody is there"), closed: t("закрыта", "closed"), full: t("полна", "full") };

// By which words a topic was known: the admin's phrases, and words that are like its examples.
const decisive = (fact) => [fact.phrases, fact.alike].filter(Boolean).join(", ");

// What of a call is told, and how; what is not here goes without saying.
const WORDS = {
  hears: (fact) => fact.text,
  says: (fact) => fact.text,
  presses: (fact) => t(`клавиша ${fact.key}`, `key ${fact.key}`),
  hangs_up: () => t("вешает трубку", "hangs up"),
  told: (fact) => ({
    "nobody listens now: no question is open": t("Сейчас никто не слушает: вопрос не задан", "Nobody listens now: no question is open"),
    "no operator is talking": t("С оператором сейчас не говорят", "No operator is talking"),
  })[fact.text] ?? fact.text,
  no_input: (fact) => [t("Тишина", "Silence"), t(`попытка ${fact.attempt}, осталось ${fact.left}`, `attempt ${fact.attempt}, ${fact.left} left`)],
  no_match: (fact) => [t("Не подошло", "No match"), t(`попытка ${fact.attempt}, осталось ${fact.left}`, `attempt ${fact.attempt}, ${fact.left} left`)],
  key: (fact) => [t("Введено", "Entered"), fact.keys ?? fact.key],
  topic: (fact) => [
    t(`Тема: ${fact.topic}`, `Topic: ${fact.topic}`),
    fact.by === "speech" ? t(`уверенность ${fact.confidence}; решили слова: ${decisive(fact)}`, `confidence ${fact.confidence}; the words: ${decisive(fact)}`) : t("по клавише", "by key"),
  ],
  decided: (fact) => [t("Решено", "Decided"), [fact.choice, fact.condition, fact.reason, fact.to && `→ ${fact.to}`].filter((each) => each !== undefined && each !== "").join(", ")],
  enters_queue: (fact) => [t(`Очередь ${fact.queue}`, `Queue ${fact.queue}`), [t(`срочность ${fact.priority}`, `priority ${fact.priority}`), fact.skills && t(`навыки ${fact.skills}`, `skills ${fact.skills}`)].filter(Boolean).join(", ")],
  queued: (fact) => [t(`Место ${fact.position}`, `Position ${fact.position}`), t(`ожидание около ${Math.round(fact.expected_wait_seconds ?? 0)} с`, `about ${Math.round(fact.expected_wait_seconds ?? 0)} s`)],
  queue_refused: (fact) => [t("Очередь не приняла", "The queue refused"), REASONS[fact.reason] ?? fact.reason],
  leaves_queue: (fact) => [t("Ушёл из очереди", "Left the queue"), fact.reason],
  looks_up: (fact) => [t("Справка", "Look-up"), fact.service],
  asks_for_callback: (fact) => [t("Просит перезвонить", "Asks to be called back"), fact.number],
  connected: () => [t("Разговор с оператором", "An operator is talking"), ""],
  talk_ended: () => [t("Разговор окончен", "The talk is over"), ""],
  consent: (fact) => [t("Согласие на запись", "Consent to recording"), String(fact.given)],
  rated: (fact) => [t("Оценка", "Rating"), String(fact.score)],
  hung_up: (fact) => [t("Линия положила трубку", "The line hung up"), REASONS[fact.reason] ?? fact.reason],
};
const NAMES = { step: t("шаг", "step"), language: t("язык", "language"), topic: t("тема", "topic"), priority: t("срочность", "priority") };

export function callPanel({ onStep, onPicture }) {
  let lines = [];
  let begun = false;
  let latest = 0;

  async function lead() {
    if (!$("plan").value) return;
    begun = true;
    const mine = ++latest;
    const world = { plan: $("plan").value, at: $("at").value, caller: $("caller").value, operators: $("operators").value };
    try {
      const called = await post("call", { texts: drafts.texts, lines, ...world });
      if (mine !== latest) return;
      show(called);
      onPicture(called.picture);
    } catch (error) {
      if (mine !== latest) return;
      $("story").firstChild.replaceChildren(element("li", { class: "told" }, element("time"), element("span", {}, error.message)));
    }
  }

  function show({ facts, known, finished, talking }) {
    $("story").firstChild.replaceChildren(...facts.map(line).filter(Boolean));
    $("story").scrollTop = $("story").scrollHeight;
    $("known").replaceChildren(...Object.entries(known).flatMap(([name, value]) => [element("dt", {}, NAMES[name] ?? name), element("dd", {}, value === null || value === "" ? "—" : String(value))]));
    for (const button of document.querySelectorAll("#call [data-line]")) button.disabled = finished || (button.dataset.line === "/operator" && !talking);
    $("say").querySelector("button").disabled = finished;
    $("back").disabled = !lines.length;
  }

  function line(fact) {
    const worded = WORDS[fact.kind]?.(fact);
    if (!worded) return null;
    const kind = fact.kind === "hears" ? "hears" : ["says", "presses", "hangs_up"].includes(fact.kind) ? "says" : fact.kind === "told" ? "told" : "fact";
    const said = element("span", {});
    if (typeof worded === "string") said.append(worded);
    else said.append(element("b", {}, worded[0]), " ", worded[1] ?? "", " ");
    if (kind === "fact" && fact.path.includes("/")) {
      said.append(element("button", { type: "button", title: t("Показать в тексте", "Show in the text"), onclick: () => onStep(fact.path) }, fact.path));
    }
    return element("li", { class: kind }, element("time", {}, `${fact.at_seconds.toFixed(1)} ${t("с", "s")}`), said);
  }

  function does(text) {
    lines = [...lines, text];
    lead();
  }

  document.querySelectorAll("#call [data-line]").forEach((button) => button.addEventListener("click", () => does(button.dataset.line)));
  $("say").addEventListener("submit", (event) => {
    event.preventDefault();
    if ($("words").value.trim()) does($("words").value.trim());
    $("words").value = "";
  });
  $("world").addEventListener("change", (event) => {
    if (event.target.id === "plan") lines = [];
    lead();
  });
  $("world").addEventListener("submit", (event) => event.preventDefault());
  $("back").addEventListener("click", () => {
    lines = lines.slice(0, -1);
    lead();
  });
  $("again").addEventListener("click", () => {
    lines = [];
    lead();
  });

  return {
    begin: () => begun || lead(),
    // The plans have changed: the same caller calls again.
    again: () => begun && !$("call").hidden && lead(),
    choose(plans, name) {
      const chosen = $("plan").value;
      $("plan").replaceChildren(...plans.map((plan) => element("option", { value: plan.name, ...(plan.whole ? {} : { disabled: "" }) }, plan.title || plan.name)));
      const wanted = name || chosen;
      if (plans.some((plan) => plan.name === wanted)) $("plan").value = wanted;
      if (begun && $("plan").value !== chosen) {
        lines = [];
        begun = false;
      }
    },
  };
}

// The studio: files and what is being written, checked as one types; put live by way of the difference and the tests.
import "/static/plan-editor.js";
import { callPanel } from "/static/studio-call.js";
import { $, ask, drafts, element, get, post, t } from "/static/studio-server.js";
import { draw, showChanges, showFindings, showTests, showVersions } from "/static/studio-views.js";

const PAUSE = 350; // milliseconds after the last key, before the text is checked
const WORKING = -1; // "version" of the files as they are now
const NEW = "new";
const editor = $("editor");
let file = ""; // the one in the editor
let marks = {}; // of the working files, by name: tells when somebody changes one
let base = { text: "", mark: NEW }; // the working file as it was read
let lines = {}; // where sections and steps stand
let plans = [];
let timer = 0;
let asking = null;
let shown = "picture";
let traced = false; // the picture shows the way of the tried call
let known = { versions: [], live: 0, differs: false };

const call = callPanel({
  onStep: (path) => step(path),
  onPicture: (svg) => {
    draw(svg, step);
    traced = true;
    $("drawing").classList.remove("old");
    $("picture-note").textContent = t("Зелёным — путь пробного звонка.", "In green: the way of the tried call.");
  },
});

function say(text, ...buttons) {
  $("notice").hidden = !text;
  $("notice").replaceChildren(element("p", {}, text), ...buttons);
}

const does = (text, onclick) => element("button", { type: "button", class: "quiet", onclick }, text);
const refused = (error) => error.name !== "AbortError" && say(error.message);

// --- files ---
async function list() {
  known = await get("files");
  marks = known.files;
  const names = [...new Set([...Object.keys(marks), ...Object.keys(drafts.held)])].sort();
  const groups = [
    [t("Планы", "Plans"), (name) => name.startsWith("dialplans/") && !/\.(tests|examples)\.|topics\.yaml/.test(name)],
    [t("Тесты", "Tests"), (name) => name.endsWith(".tests.yaml")],
    [t("Тексты подсказок", "Texts of prompts"), (name) => name.startsWith("prompts/")],
    [t("Темы", "Topics"), (name) => /topics\./.test(name)],
  ];
  $("file").replaceChildren(
    ...groups.map(([label, holds]) => {
      const options = names.filter(holds).map((name) => element("option", { value: name }, `${drafts.held[name] ? "● " : ""}${name.split("/")[1]}`));
      return element("optgroup", { label }, ...options);
    }),
  );
  $("file").value = file;
  showVersions(known, (number) => compare(number), back);
  summarise();
}

function summarise() {
  const changed = Object.keys(drafts.held).length;
  const live = known.live ? t(`В эфире версия ${known.live}`, `Version ${known.live} is live`) : t("В эфире ничего нет", "Nothing is live");
  const differs = known.differs ? t("; файлы от неё отличаются", "; the files differ from it") : "";
  const edited = changed ? t(`; правок не опубликовано: ${changed}`, `; edits not published: ${changed}`) : "";
  $("state").textContent = `${live}${differs}${edited}`;
  $("drop").hidden = !drafts.held[file];
  for (const option of $("file").options) option.textContent = `${drafts.held[option.value] ? "● " : ""}${option.value.split("/")[1]}`;
}

async function open(name) {
  traced &&= file === name;
  file = name;
  history.replaceState(null, "", `#${name}`);
  const read = marks[name] ? await get(`file/${name}`) : { text: "", base: NEW };
  if (file !== name) return;
  base = { text: read.text, mark: read.base };
  editor.value = drafts.held[name]?.text ?? read.text;
  $("file").value = name;
  if (!traced) $("drawing").replaceChildren();
  summarise();
  meanwhile();
  await check();
}

function edited() {
  traced = false;
  const held = drafts.held[file];
  if (editor.value === base.text && (!held || held.base === base.mark)) delete drafts.held[file];
  else drafts.held[file] = { text: editor.value, base: held?.base ?? base.mark };
  drafts.keep();
  summarise();
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE);
}

// Somebody else's change, or another tab's: nothing is taken away from anybody without a word.
function meanwhile() {
  const held = drafts.held[file];
  const now = marks[file] ?? NEW;
  if (held && held.base !== now) {
    say(
      t(`Пока вы писали, ${file} изменил кто-то ещё. Ваш текст цел.`, `While you were writing, somebody else changed ${file}. Your text is safe.`),
      does(t("Показать отличия моего от их", "Show how mine differs"), () => compare(WORKING)),
      does(t("Взять их текст", "Take theirs"), () => drop()),
      does(t("Оставить мой", "Keep mine"), () => {
        held.base = now;
        drafts.keep();
        say("");
      }),
    );
  } else if (!held && base.mark !== now) {
    open(file).catch(refused);
  }
}

async function drop() {
  delete drafts.held[file];
  drafts.keep();
  say("");
  await list();
  if (marks[file]) await open(file);
  else await open(Object.keys(marks)[0]);
}

// --- checking ---
async function check() {
  asking?.abort();
  asking = new AbortController();
  const name = file;
  let found;
  try {
    found = await post("check", { texts: drafts.texts, file: name }, asking.signal);
  } catch (error) {
    refused(error);
    return;
  }
  if (name !== file) return;
  const own = found.findings.filter((each) => each.file === name);
  const others = found.findings.filter((each) => each.file !== name);
  editor.findings = own;
  showFindings([...own, ...others], name, jump);
  plans = found.plans;
  lines = found.lines;
  const plan = plans.find((each) => each.file === name || each.file === name.replace(".tests.", "."));
  call.choose(plans, plan?.name);
  if (shown === "call") call.again();
  if (traced) return noticed(found.files);
  if (found.picture) draw(found.picture, step);
  $("drawing").classList.toggle("old", !found.picture && Boolean(plan) && own.some((each) => each.severity === "error"));
  $("picture-note").textContent = found.picture
    ? t("Нажмите на шаг, чтобы увидеть его в тексте.", "Click a step to see it in the text.")
    : plan
      ? t("В плане ошибки: схема — по последнему целому тексту.", "The plan has errors: this picture is of the last whole text.")
      : t("Схема есть у планов. Здесь её нет, но всё, что написано, проверено.", "Plans have a picture. There is none here, but all that is written has been checked.");
  noticed(found.files);
}

function noticed(files) {
  const changed = files[file] !== marks[file];
  marks = files;
  if (changed) meanwhile();
}

function jump(finding) {
  if (finding.file === file) editor.show(finding.line, finding.column, finding.length);
  else if (marks[finding.file] || drafts.held[finding.file]) open(finding.file).then(() => editor.show(finding.line, finding.column, finding.length), refused);
}

async function step(path) {
  const [plan, rest] = path.split("/").length > 2 ? [path.split("/")[0], path.split("/").slice(1).join("/")] : ["", path];
  const other = plans.find((each) => each.name === (plan || $("plan").value))?.file;
  if (plan && other && other !== file) await open(other).catch(refused);
  if (lines[rest]) editor.show(lines[rest]);
}

// --- the tabs ---
const tabs = [...document.querySelectorAll("[role=tab]")];
function show(name) {
  shown = name;
  for (const tab of tabs) {
    const chosen = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", chosen);
    tab.tabIndex = chosen ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !chosen;
  }
}
function look(name) {
  show(name);
  if (name === "call") call.begin();
  if (name === "tests") test();
  if (name === "difference") review();
  if (name === "versions") list().catch(refused);
}
tabs.forEach((tab, index) => {
  tab.addEventListener("click", () => look(tab.id.slice(4)));
  tab.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    const next = tabs[(index + move + tabs.length) % tabs.length];
    next.focus();
    look(next.id.slice(4));
  });
});

// --- tests, difference, live ---
async function test() {
  $("run").disabled = true;
  $("tested").className = "";
  $("tested").textContent = t("Идут…", "Running…");
  try {
    showTests(await post("test", { texts: drafts.texts }), jump);
  } catch (error) {
    $("tested").textContent = "";
    refused(error);
  }
  $("run").disabled = false;
}

async function compare(version) {
  show("difference");
  $("live").hidden = true;
  $("ready").className = "";
  try {
    const found = await post("compare", { texts: drafts.texts, version });
    $("ready").textContent = version === WORKING ? t("Ваш текст против файла, каким его оставил другой", "Your text against the file as somebody left it") : t(`Ваш текст против версии ${found.version}`, `Your text against version ${found.version}`);
    showChanges(found);
  } catch (error) {
    refused(error);
  }
}

async function review() {
  const live = $("live");
  live.hidden = false;
  live.disabled = true;
  $("ready").className = "";
  $("ready").textContent = t("Сравниваю и проверяю тестами…", "Comparing and testing…");
  try {
    const found = await post("compare", { texts: drafts.texts, version: 0 });
    showChanges(found);
    if (!found.files.length) {
      $("ready").textContent = t(`Отличий от версии ${found.version} нет: она в эфире.`, `No difference: version ${found.version} is live.`);
      return;
    }
    const tested = await post("test", { texts: drafts.texts });
    showTests(tested, jump);
    const failed = tested.results.filter((each) => each.failure).length;
    const errors = tested.findings.filter((each) => each.severity === "error").length;
    live.disabled = !tested.ok;
    $("ready").className = tested.ok ? "good" : "bad";
    $("ready").textContent = tested.ok
      ? t(`Ошибок нет, тесты прошли: ${tested.results.length}. Новые звонки пойдут по этому тексту.`, `No errors, ${tested.results.length} tests passed. New calls will follow this text.`)
      : t(`Пустить нельзя: ошибок ${errors}, тестов не прошло ${failed}.`, `Not yet: ${errors} errors, ${failed} tests failed.`);
    if (tested.ok && document.activeElement?.id !== "words") live.focus();
  } catch (error) {
    $("ready").textContent = "";
    refused(error);
  }
}

async function publish() {
  $("live").disabled = true;
  $("ready").textContent = t("Сохраняю; новые подсказки ещё надо озвучить…", "Saving; new prompts are being spoken…");
  const sent = structuredClone(drafts.held);
  const changes = Object.fromEntries(Object.entries(sent).map(([name, draft]) => [name, { text: draft.text, base: draft.base }]));
  try {
    const done = await post("publish", { changes });
    if (!done.live) {
      showTests(done.tested, jump);
      look("tests");
      return;
    }
    for (const [name, draft] of Object.entries(sent)) {
      if (drafts.held[name]?.text === draft.text) delete drafts.held[name]; // what was typed meanwhile stays
    }
    drafts.keep();
    await list();
    const read = await get(`file/${file}`);
    base = { text: read.text, mark: read.base };
    if (drafts.held[file]) drafts.held[file].base = read.base;
    summarise();
    say("");
    $("changes").replaceChildren();
    $("ready").className = "good";
    $("ready").textContent = t(`Версия ${done.live} в эфире.`, `Version ${done.live} is live.`);
  } catch (error) {
    refused(error);
    $("ready").textContent = "";
    if (error.changed) {
      await list();
      const name = Object.keys(error.changed)[0];
      if (name !== file) await open(name).catch(refused);
      meanwhile();
    }
  }
}

async function back(number) {
  const sure = await ask({
    question: t(`Вернуть версию ${number}?`, `Go back to version ${number}?`),
    about: t("Новые звонки пойдут по ней; идущие договорят по своей. Файлы и ваши правки останутся как есть.", "New calls will follow it; calls under way keep theirs. The files and your edits stay as they are."),
    yes: t("Вернуть", "Go back"),
  });
  if (!sure) return;
  try {
    await post("rollback", { version: number });
    await list();
  } catch (error) {
    refused(error);
  }
}

async function begin() {
  const name = await ask({
    question: t("Новый файл", "New file"),
    about: t("Для плана — имя латиницей, например payments; для его тестов — payments.tests", "For a plan a name like payments; for its tests payments.tests"),
    yes: t("Создать", "Create"),
    named: true,
  });
  if (!name) return;
  const made = `dialplans/${name}.yaml`;
  if (!marks[made] && !drafts.held[made]) {
    const plan = name.replace(".tests", "");
    const text = name.endsWith(".tests")
      ? `plan: ${plan}\ntests:\n  - test: says goodbye\n    call:\n      - ends: goodbye\n`
      : `plan: ${plan}\ntitle: ${plan}\nlines: []\nlanguages: [ru]\ntime_zone: Europe/Moscow\nstart: welcome\n\nsections:\n  welcome:\n    - hang_up: goodbye\n`;
    drafts.held[made] = { text, base: NEW };
    drafts.keep();
    await list();
  }
  await open(made);
}

editor.addEventListener("input", edited);
$("file").addEventListener("change", () => open($("file").value).catch(refused));
$("new").addEventListener("click", () => begin().catch(refused));
$("run").addEventListener("click", test);
$("whole").addEventListener("click", () => {
  $("whole").setAttribute("aria-pressed", $("drawing").classList.toggle("whole"));
});
$("publish").addEventListener("click", () => look("difference"));
$("live").addEventListener("click", publish);
$("drop").addEventListener("click", async () => {
  const sure = await ask({
    question: t(`Отменить правки в ${file}?`, `Drop your edits of ${file}?`),
    about: t("Вернётся текст, который сейчас в файле.", "The text that is in the file now comes back."),
    yes: t("Отменить правки", "Drop them"),
  });
  if (sure) drop().catch(refused);
});
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.code === "KeyS") {
    event.preventDefault();
    look("difference");
  }
});
// Another tab of this browser has written: its text counts here, too.
addEventListener("storage", (event) => {
  if (event.key !== "ivr.studio.drafts") return;
  drafts.held = JSON.parse(event.newValue ?? "{}");
  const text = drafts.held[file]?.text ?? base.text;
  if (text !== editor.value) {
    editor.value = text;
    say(t("Правки из другой вкладки показаны и здесь.", "Edits from another tab are shown here, too."));
    check();
  }
  summarise();
});
addEventListener("focus", () => check());

list()
  .then(() => {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const first = Object.keys(marks).find((name) => /^dialplans\/\w+\.yaml$/.test(name) && !/operators|topics/.test(name));
    return open(marks[wanted] || drafts.held[wanted] ? wanted : (first ?? Object.keys(marks)[0]));
  })
  .catch(refused);

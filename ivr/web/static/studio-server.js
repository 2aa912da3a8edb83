// How the studio's parts talk to the server, and in which language they talk to the admin.
export const russian = document.documentElement.lang === "ru";
export const t = (ru, en) => (russian ? ru : en);
export const $ = (id) => document.getElementById(id);

// What the server refuses; `status` 409 brings `changed`.
export class Refused extends Error {
  constructor(status, said) {
    super([said.error, said.hint].filter(Boolean).join(" → "));
    this.status = status;
    this.changed = said.changed;
  }
}

async function answer(asked) {
  let response;
  try {
    response = await asked;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { error: t("Сервер не отвечает; текст цел, он в этом браузере", "The server does not answer; your text is safe in this browser") });
  }
  if (response.status === 401) {
    throw new Refused(401, { error: t("Сеанс окончен: войдите снова в другой вкладке. Текст цел, он в этом браузере", "Signed out: sign in again in another tab. Your text is safe in this browser") });
  }
  const said = await response.json().catch(() => ({ error: t("Ответ не разобрать", "The answer cannot be read") }));
  if (!response.ok) throw new Refused(response.status, said);
  return said;
}

export const get = (path) => answer(fetch(`/api/studio/${path}`, { headers: { accept: "application/json" } }));

export const post = (path, body, signal) =>
  answer(
    fetch(`/api/studio/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": document.body.dataset.csrf },
      body: JSON.stringify(body),
      signal,
    }),
  );

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// What is being written, kept in this browser until it is live: a closed tab loses nothing.
const KEPT = "ivr.studio.drafts";
export const drafts = {
  held: JSON.parse(localStorage.getItem(KEPT) ?? "{}"),
  keep() {
    localStorage.setItem(KEPT, JSON.stringify(this.held));
  },
  get texts() {
    return Object.fromEntries(Object.entries(this.held).map(([file, draft]) => [file, draft.text]));
  },
};

// Asks a question of one's own with yes and cancel; gives true, or the name that was asked for, or null.
export function ask({ question, about, yes, named = false }) {
  const dialog = $("ask");
  $("question").textContent = question;
  $("about").textContent = about;
  $("yes").textContent = yes;
  $("named").hidden = !named;
  $("name").required = named;
  $("name").value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue ? (named ? $("name").value : true) : null), { once: true });
  });
}

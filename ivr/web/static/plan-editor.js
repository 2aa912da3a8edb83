// <plan-editor>: a text area with line numbers, YAML's colours and marks under what is wrong.
// The text area is the editor; behind it lies the same text in colours, drawn line by line, in the same font and place.
const LINE = 21; // pixels, as in the style sheet
const TOKEN = /(#.*$)|("(?:[^"\\]|\\.)*"|'[^']*')|([\w.*#-]+)(?=\s*:(?:\s|$))|(\b\d+(?:\.\d+)?\b|\btrue\b|\bfalse\b)/gu;
const KINDS = ["comment", "text", "key", "number"];

class PlanEditor extends HTMLElement {
  #area = document.createElement("textarea");
  #gutter = document.createElement("div");
  #numbers = document.createElement("pre");
  #paper = document.createElement("div");
  #lines = [];
  #findings = [];
  #leaving = false;

  connectedCallback() {
    const pane = document.createElement("div");
    pane.className = "pane";
    this.#gutter.className = "gutter";
    this.#paper.className = "paper";
    for (const drawn of [this.#gutter, this.#paper]) drawn.setAttribute("aria-hidden", "true");
    Object.assign(this.#area, { spellcheck: false, wrap: "off", autocapitalize: "off", autocomplete: "off" });
    this.#area.setAttribute("aria-label", this.getAttribute("label"));
    this.#gutter.append(this.#numbers);
    pane.append(this.#paper, this.#area);
    this.append(this.#gutter, pane);
    this.#area.addEventListener("input", () => this.#draw());
    this.#area.addEventListener("scroll", () => this.#follow());
    this.#area.addEventListener("keydown", (event) => this.#key(event));
    this.#gutter.addEventListener("click", (event) => {
      const dot = event.target.closest("i");
      if (dot) this.show(Number(dot.dataset.line), Number(dot.dataset.column), Number(dot.dataset.length));
    });
  }

  get value() {
    return this.#area.value;
  }

  set value(text) {
    if (text === this.#area.value) return;
    this.#area.value = text;
    this.#area.scrollTop = this.#area.scrollLeft = 0;
    this.#area.setSelectionRange(0, 0);
    this.findings = [];
    this.#draw();
  }

  // Each: {line, column, length, severity, message, hint}; lines and columns count from 1.
  set findings(found) {
    this.#findings = found;
    this.#mark();
  }

  // Puts the cursor there, where it is seen, and selects `length` characters.
  show(line, column = 1, length = 0) {
    const lines = this.#area.value.split("\n");
    const row = Math.min(line, lines.length) - 1;
    const start = lines.slice(0, row).reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
    this.#area.focus();
    this.#area.setSelectionRange(start, start + length);
    this.#area.scrollTop = Math.max(0, row * LINE - this.#area.clientHeight / 2);
    if (column < 60) this.#area.scrollLeft = 0;
    this.#follow();
  }

  showNext() {
    if (!this.#findings.length) return;
    const line = this.#area.value.slice(0, this.#area.selectionStart).split("\n").length;
    const next = this.#findings.find((each) => each.line > line) ?? this.#findings[0];
    this.show(next.line, next.column, next.length);
  }

  #key(event) {
    if (event.key === "F8") {
      event.preventDefault();
      this.showNext();
    } else if (event.key === "Escape") {
      this.#leaving = true; // the next Tab goes on through the page: nobody is caught here
    } else if (event.key === "Tab" && !event.ctrlKey && !event.altKey && !this.#leaving) {
      event.preventDefault();
      this.#indent(event.shiftKey);
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const before = this.#area.value.slice(0, this.#area.selectionStart).split("\n").at(-1);
      const deeper = /:\s*$/.test(before) ? "  " : "";
      this.#insert(`\n${before.match(/^ */)[0]}${deeper}`);
    } else if (event.key !== "Shift") {
      this.#leaving = false;
    }
  }

  #indent(back) {
    const { value, selectionStart, selectionEnd } = this.#area;
    const first = value.lastIndexOf("\n", selectionStart - 1) + 1;
    if (!back && !value.slice(selectionStart, selectionEnd).includes("\n")) {
      this.#insert("  ");
      return;
    }
    const text = value.slice(first, selectionEnd);
    const moved = text.replace(/^/gm, back ? "" : "  ").replace(/^ {1,2}/gm, back ? "" : "$&");
    this.#area.setSelectionRange(first, selectionEnd);
    this.#insert(moved);
    this.#area.setSelectionRange(first, first + moved.length);
  }

  // As if typed: the browser's undo knows of it. Chromium, Firefox and Safari all still have no other way.
  #insert(text) {
    if (text) document.execCommand("insertText", false, text);
    else document.execCommand("delete");
  }

  #draw() {
    const lines = this.#area.value.split("\n");
    const old = this.#lines;
    let same = 0;
    while (same < lines.length && same < old.length && lines[same] === old[same]) same += 1;
    let tail = 0;
    while (tail < lines.length - same && tail < old.length - same && lines.at(-1 - tail) === old.at(-1 - tail)) tail += 1;
    const rows = [...this.#paper.querySelectorAll(":scope > div")];
    rows.slice(same, old.length - tail).forEach((row) => row.remove());
    const before = rows[old.length - tail] ?? null;
    const fresh = document.createDocumentFragment();
    lines.slice(same, lines.length - tail).forEach((line) => fresh.append(coloured(line)));
    this.#paper.insertBefore(fresh, before);
    if (lines.length !== old.length) this.#numbers.textContent = lines.map((_, index) => index + 1).join("\n");
    if (lines.length !== old.length) {
      // What stands below the edit moves with it, until the next check says where it is.
      const shift = lines.length - old.length;
      this.#findings = this.#findings.map((each) => (each.line > same + 1 ? { ...each, line: each.line + shift } : each));
    }
    this.#lines = lines;
    this.#mark();
    this.#follow();
  }

  #mark() {
    this.querySelectorAll("i").forEach((mark) => mark.remove());
    for (const { line, column, length, severity, message } of this.#findings) {
      const under = document.createElement("i");
      under.className = severity;
      under.style.top = `${(line - 1) * LINE}px`;
      under.style.left = `${column - 1}ch`;
      under.style.width = `${Math.max(1, length)}ch`;
      this.#paper.prepend(under);
      const dot = document.createElement("i");
      dot.className = severity;
      dot.style.top = `${(line - 1) * LINE}px`;
      dot.title = message;
      Object.assign(dot.dataset, { line, column, length });
      this.#gutter.append(dot);
    }
  }

  #follow() {
    const { scrollTop, scrollLeft } = this.#area;
    this.#paper.style.transform = `translate(${-scrollLeft}px, ${-scrollTop}px)`;
    this.#gutter.style.setProperty("--up", `${-scrollTop}px`);
  }
}

function coloured(line) {
  const row = document.createElement("div");
  let from = 0;
  for (const match of line.matchAll(TOKEN)) {
    const kind = KINDS[match.slice(1).findIndex((group) => group !== undefined)];
    if (kind === "comment" && match.index > 0 && line[match.index - 1] !== " ") continue;
    row.append(line.slice(from, match.index));
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = match[0];
    row.append(span);
    from = match.index + match[0].length;
  }
  row.append(line.slice(from) || (from ? "" : " "));
  return row;
}

customElements.define("plan-editor", PlanEditor);

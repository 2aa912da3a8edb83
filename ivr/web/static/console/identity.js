// Identity check-list: what is typed here never leaves the page; only which proofs were found right is recorded.

import { t } from "./words.js";

const digits = (text) => text.replace(/\D/g, "");

// The last two digits follow from the first nine: weights 9…1, remainder of 101; 100 and 101 become 00.
export function snilsIsRight(text) {
  const number = digits(text);
  if (number.length !== 11 || Number(number.slice(0, 9)) <= 1001998) return false;
  const sum = [...number.slice(0, 9)].reduce((total, digit, place) => total + Number(digit) * (9 - place), 0);
  return (sum % 101) % 100 === Number(number.slice(9));
}

export function birthDateIsRight(text) {
  const parts = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text.trim());
  if (!parts) return false;
  const [day, month, year] = parts.slice(1).map(Number);
  const date = new Date(year, month - 1, day);
  return date.getMonth() === month - 1 && date.getDate() === day && year > 1900 && date < new Date();
}

const CHECKS = {
  full_name: [(text) => text.trim().split(/\s+/).length >= 2, t("фамилия и имя", "surname and name")],
  snils: [snilsIsRight, t("контрольное число не сходится", "the checksum is wrong")],
  passport: [(text) => digits(text).length === 10, t("серия и номер: 10 цифр", "series and number: 10 digits")],
  birth_date: [birthDateIsRight, t("такой даты нет", "no such date")],
};

export class Identity {
  constructor(root, post, toast) {
    Object.assign(this, { root, post, toast, call: "", talking: false, paused: false });
    const inputs = [...root.querySelectorAll("[data-proof]")];
    for (const [place, input] of inputs.entries()) {
      input.addEventListener("input", () => this.check(input));
      input.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault(); // else it would press the button that gets the focus
        const tick = root.querySelector(`[data-tick=${input.dataset.proof}]`);
        tick.checked = !tick.disabled;
        (inputs[place + 1] ?? root.querySelector("#proven")).focus();
      });
    }
    root.querySelector("#proven").addEventListener("click", () => this.record());
    root.querySelector("#record-on").addEventListener("click", () => this.keep(true));
    // Documents are read out from here on: nothing of it may stay in a recording.
    for (const input of inputs) input.addEventListener("focus", () => this.keep(false));
  }

  async keep(kept) {
    const paused = !kept;
    if (!this.talking || paused === this.paused) return;
    const answer = await this.post("recording", { call: this.call, paused: paused ? "1" : "0" });
    if (!answer) return;
    this.paused = paused;
    this.root.querySelector("#recording-paused").hidden = !answer.paused;
  }

  check(input) {
    const name = input.dataset.proof;
    const [right, complaint] = CHECKS[name];
    const fits = Boolean(input.value) && right(input.value);
    const tick = this.root.querySelector(`[data-tick=${name}]`);
    tick.disabled = !fits;
    if (!fits) tick.checked = false;
    this.root.querySelector(`[data-said=${name}]`).textContent = !input.value || fits ? "" : complaint;
    input.setAttribute("aria-invalid", String(Boolean(input.value) && !fits));
  }

  async record() {
    const ticked = [...this.root.querySelectorAll("[data-tick]:checked")].map((tick) => tick.dataset.tick);
    const answer = await this.post("identity", { call: this.call, ...Object.fromEntries(ticked.map((name) => [name, "1"])) });
    if (!answer) return;
    this.root.querySelector("#identity-note").textContent = answer.proven
      ? t("Личность подтверждена.", "Identity proven.") : t("Недостаточно: нужны два признака.", "Not enough: two proofs are needed.");
    if (answer.proven) await this.keep(true);
  }

  // A new call begins with empty fields: nothing of the one before may be seen.
  show(call, talking) {
    if (call !== this.call) {
      Object.assign(this, { call, paused: false });
      this.root.querySelector("#recording-paused").hidden = true;
      for (const input of this.root.querySelectorAll("[data-proof]")) {
        input.value = "";
        this.check(input);
      }
      this.root.querySelector("#identity-note").textContent = "";
    }
    this.talking = talking;
    this.root.querySelector("#proven").disabled = !talking;
    if (!talking) this.root.querySelector("#recording-paused").hidden = true;
  }
}

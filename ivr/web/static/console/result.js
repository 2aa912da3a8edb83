// The result of a call: category, text, status; the caller's answer is due fifteen minutes after the talk.

import { clock, t } from "./words.js";

export class Result {
  constructor(form, post, toast) {
    Object.assign(this, { form, post, toast, call: "", due: null, drafts: new Map() });
    this.countdown = form.querySelector("#countdown");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.file();
    });
    form.querySelector("#template").addEventListener("change", ({ target }) => {
      if (target.value) form.elements.note.value = [form.elements.note.value, target.value].filter(Boolean).join(" ");
      target.value = "";
    });
  }

  show(card, due) {
    if (card.call !== this.call) {
      this.drafts.set(this.call, this.form.elements.note.value);
      this.call = card.call;
      this.form.elements.note.value = this.drafts.get(card.call) ?? "";
      this.form.elements.category.value = card.escalation ? "escalation" : "information";
      this.form.elements.resolved.value = card.escalation ? "in_progress" : "1";
      const options = (card.templates ?? []).map((text) => new Option(text, text));
      this.form.querySelector("#template").replaceChildren(new Option("—", ""), ...options);
    }
    this.due = due;
    this.form.querySelector("#file").disabled = !due;
    this.form.querySelector("#result-note").textContent = due ? "" : t("Записать можно, когда разговор окончен.", "It can be filed once the talk is over.");
    this.tick();
  }

  tick() {
    const left = this.due ? this.due - Date.now() / 1000 : null;
    this.countdown.textContent = left === null ? "" : left > 0 ? clock(left) : t(`просрочено на ${clock(-left)}`, `late by ${clock(-left)}`);
    this.countdown.className = "countdown" + (left === null ? "" : left < 0 ? " bad" : left < 180 ? " warn" : "");
  }

  async file() {
    const fields = this.form.elements;
    const done = fields.resolved.value === "1";
    const answer = await this.post("result", {
      call: this.call, category: fields.category.value, note: fields.note.value,
      resolved: done ? "1" : "0", status: done ? "" : fields.resolved.value,
    });
    if (!answer) return;
    this.drafts.delete(this.call);
    fields.note.value = "";
    this.toast(t(`Итог записан, обращение № ${answer.request}`, `Filed, request no. ${answer.request}`));
  }
}

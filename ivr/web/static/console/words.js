// What the console says, Russian first; and how it writes times.

export const russian = document.documentElement.lang === "ru";
export const t = (ru, en) => (russian ? ru : en);

export const STATES = {
  ready: t("ждёт звонка", "ready"), offered: t("звонок", "ringing"), talking: t("разговор", "talking"),
  wrap_up: t("оформление", "wrap-up"), paused: t("пауза", "paused"), gone: t("не на смене", "off shift"),
};
export const PHASES = {
  talking: t("Разговор", "Talking"), held: t("Звонящий на удержании", "The caller is on hold"),
  ringing: t("Звоним: ", "Ringing: "), consulting: t("Консультация, звонящий слышит музыку: ", "Consulting, the caller hears music: "),
  conference: t("Разговор втроём: ", "All three: "), outside: t("Передан внешнему номеру", "Passed outside"),
};
export const PHONE = {
  off: t("SIP-телефон", "SIP telephone"), connecting: t("гарнитура подключается…", "headset connecting…"),
  ready: t("гарнитура на связи", "headset ready"), away: t("гарнитура без связи", "headset away"),
  elsewhere: t("звонки приходят в другое окно", "calls come to another window"),
};
export const LINES = { 78005553535: t("общая федеральная", "general federal"), 78001001010: t("личный кабинет", "personal account"),
  78002003030: t("технические сбои", "technical failures"), 78003004040: t("документы и заявления", "documents"), 78432220202: t("Татарстан", "Tatarstan") };

export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export const moment = (seconds) => new Date(seconds * 1000).toLocaleTimeString(russian ? "ru-RU" : "en-GB");
export const day = (seconds) => new Date(seconds * 1000).toLocaleDateString(russian ? "ru-RU" : "en-GB");

export function telephone(number) {
  const digits = String(number).replace(/\D/g, "");
  const russianNumber = /^[78](\d{3})(\d{3})(\d{2})(\d{2})$/.exec(digits);
  if (russianNumber) return `+7 ${russianNumber[1]} ${russianNumber[2]}-${russianNumber[3]}-${russianNumber[4]}`;
  return number || t("номер скрыт", "number withheld");
}

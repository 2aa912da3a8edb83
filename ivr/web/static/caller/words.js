// What the caller's page says, Russian first.

import { clock, t } from "../console/words.js";

export { clock, t };

export const PHASES = {
  calling: [t("Соединяем…", "Connecting…"), ""],
  menu: [t("Робот слушает", "The menu"), t("Говорите или нажимайте клавиши.", "Press the key that the voice names.")],
  waiting: [t("Ждём оператора", "Waiting for an operator"), t("Не закрывайте страницу. Прервётся связь — позвоните снова: место сохранится пять минут.", "Keep the page open. If the connection breaks, call again: your place is kept for five minutes.")],
  ringing: [t("Зовём оператора", "An operator is being rung"), t("Сейчас ответят.", "They will answer in a moment.")],
  talking: [t("Говорите: оператор на линии", "Speak: the operator is on the line"), ""],
  held: [t("Оператор ненадолго отошёл", "The operator has put you on hold"), t("Не кладите трубку, вы слышите музыку.", "Stay on the line, you hear music.")],
  after: [t("Разговор окончен", "The talk is over"), ""],
};

export const TROUBLES = {
  microphone: t("Браузер не дал микрофон, поэтому вас не услышат. Нажмите на значок замка или микрофона в адресной строке, разрешите микрофон и позвоните снова.", "The browser refused the microphone, so nobody would hear you. Click the lock or microphone sign in the address bar, allow it, and call again."),
  none: t("Микрофон не найден. Подключите его или позвоните по телефону 8 800 555-35-35.", "No microphone was found. Connect one, or call 8 800 555-35-35."),
  full: t("Все места для звонков из браузера заняты. Попробуйте через минуту или позвоните 8 800 555-35-35.", "All places for calls from browsers are taken. Try again in a minute, or call 8 800 555-35-35."),
  often: t("С вашего адреса уже много звонков за этот час. Позвоните по телефону 8 800 555-35-35.", "Many calls have begun at your address this hour. Please call 8 800 555-35-35."),
  away: t("Линия сейчас недоступна. Попробуйте через минуту.", "The line is not available now. Try again in a minute."),
  lost: t("Связь прервалась. Ваше место в очереди сохранено: позвоните снова в течение пяти минут.", "The connection broke. Your place in the queue is kept: call again within five minutes."),
  dropped: t("Связь прервалась. Позвоните снова.", "The connection broke. Please call again."),
  server: t("Нет связи с сервером. Разговор продолжается; страница обновится сама.", "No connection to the server. The talk goes on; the page will catch up."),
};

export const TOLD = {
  unknown: t("Такого обращения с этим кодом нет. Проверьте обе строки: после трёх ошибок обращение на час закрывается.", "There is no such request with this code. Check both: after three mistakes a request is closed for an hour."),
  wrong: t("Проверьте номер и код: в одном из них ошибка.", "Check number and code: one of them has a slip."),
  often: t("Слишком много вопросов. Попробуйте через час.", "Too many questions. Try again in an hour."),
  away: t("Сейчас посмотреть не получается. Попробуйте позже.", "It cannot be looked at now. Try again later."),
};

/** [30, 200] → «от 1 до 4 минут»: whole minutes, never a false precision. */
export function range(wait, anything = true) {
  if (!wait && anything) return t("Сейчас операторов нет на смене: соединить будет не с кем.", "No operator is on shift now: there is nobody to connect you to.");
  if (!wait) return t("По этой теме сейчас никого нет на смене: соединить будет не с кем.", "Nobody for this topic is on shift now: there is nobody to connect you to.");
  const [low, high] = [Math.floor(wait[0] / 60), Math.max(1, Math.ceil(wait[1] / 60))];
  if (high <= 1) return t("Ответят в течение минуты", "An answer within a minute");
  if (low < 1) return t(`Ждать до ${high} ${high % 10 === 1 && high !== 11 ? "минуты" : "минут"}`, `Up to ${high} minutes`);
  return low === high ? t(`Ждать около ${high} ${high % 10 === 1 && high !== 11 ? "минуты" : "минут"}`, `About ${high} minutes`)
    : t(`Ждать от ${low} до ${high} ${high % 10 === 1 && high !== 11 ? "минуты" : "минут"}`, `${low} to ${high} minutes`);
}

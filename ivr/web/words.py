"""Names of topics, steps and states as the pages show them, in Russian and English. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.queue.reason_words import Language

_Names = Mapping[str, tuple[str, str]]

TOPICS: _Names = {
    "access": ("Вход", "Sign-in"),
    "registration": ("Регистрация", "Registration"),
    "technical": ("Сбой", "Failure"),
    "forms": ("Формы", "Forms"),
    "status": ("Статус", "Status"),
    "documents": ("Документы", "Documents"),
    "payments": ("Оплата", "Payments"),
    "appointment": ("Запись", "Appointment"),
    "signature": ("Эл. подпись", "Signature"),
    "security": ("Безопасность", "Security"),
    "operator": ("Оператор", "Operator"),
    "out_of_scope": ("Чужая тема", "Out of scope"),
    "none": ("Не ясна", "Not clear"),
}
STEPS: _Names = {
    "arrived": ("Поступил", "Came in"),
    "answered": ("Снята трубка", "Taken off the hook"),
    "said": ("Слушает подсказку", "Hears a prompt"),
    "menu": ("Выбирает в меню", "Chooses in a menu"),
    "key": ("Нажал клавишу", "Pressed a key"),
    "heard": ("Сказал", "Said something"),
    "no_input": ("Молчит", "Says nothing"),
    "no_match": ("Не распознано", "Not understood"),
    "speech_lost": ("Меню по клавишам", "Menu by keys"),
    "topic": ("Тема найдена", "Topic found"),
    "decided": ("Идёт по плану", "Goes on by plan"),
    "consent_asked": ("Спрошен о записи", "Asked about recording"),
    "consent": ("Согласие на запись", "Consent to recording"),
    "recording_began": ("Идёт запись", "Is recorded"),
    "recording_paused": ("Запись приостановлена", "Recording paused"),
    "recording_resumed": ("Запись продолжена", "Recording goes on"),
    "recording_failed": ("Записать не удалось", "Could not be recorded"),
    "recorded": ("Запись сохранена", "Recording kept"),
    "queued": ("Ждёт оператора", "Waits"),
    "queue_refused": ("Очередь не приняла", "Queue refused"),
    "unqueued": ("Больше не ждёт", "Waits no more"),
    "announced": ("Ждёт оператора", "Waits"),
    "overruled": ("Ждёт оператора", "Waits"),
    "supervised": ("Разговор", "Talks"),
    "offered": ("Вызов", "Rings"),
    "offer_ended": ("Ждёт оператора", "Waits"),
    "connected": ("Разговор", "Talks"),
    "held": ("На удержании", "On hold"),
    "resumed": ("Разговор", "Talks"),
    "transferred": ("Переведён", "Passed on"),
    "asked_in": ("Зовут ещё одного", "Somebody is asked in"),
    "asked_in_ended": ("Разговор", "Talks"),
    "consulted": ("Операторы советуются", "Consults"),
    "conferenced": ("Разговор втроём", "Three talk"),
    "escalated": ("Передан специалисту", "Escalated"),
    "outside_ended": ("После разговора", "After the talk"),
    "supervision_ended": ("Разговор", "Talks"),
    "identity_checked": ("Проверка личности", "Proves identity"),
    "callback_offered": ("Предложен обратный звонок", "Offered a call back"),
    "callback_refused": ("Обратный звонок не вышел", "No call back after all"),
    "callback_accepted": ("Будет обратный звонок", "Will be called back"),
    "promised": ("Ждёт обратного звонка", "Waits to be called back"),
    "caller_rung": ("Звоним обратно", "Rung back"),
    "caller_missed": ("Не ответил на обратный звонок", "Missed the call back"),
    "left": ("Положил трубку", "Hung up"),
    "ended": ("Закончен", "Over"),
    "adopted": ("Принят новым узлом", "Taken over"),
    "failed": ("Наша ошибка", "Our fault"),
    "transfer_rung": ("Соединяем дальше", "Passed on, rings"),
    "transfer_connected": ("Говорит вне линии", "Talks outside"),
    "transfer_ended": ("Перевод закончен", "Transfer over"),
    "talk_ended": ("После разговора", "After the talk"),
    "rated": ("Поставил оценку", "Rated"),
    "request_opened": ("Заведено обращение", "Request opened"),
    "request_assigned": ("Обращение назначено", "Request assigned"),
    "request_status": ("Статус обращения", "Request's status"),
    "request_overdue": ("Обращение просрочено", "Request overdue"),
    "result": ("Итог записан", "Result filed"),
    "corrected": ("Исправлено", "Corrected"),
    "person_erased": ("Личные данные стёрты", "Personal data erased"),
}
STATES: _Names = {
    "ready": ("свободен", "free"),
    "offered": ("звонит", "rings"),
    "talking": ("разговор", "talks"),
    "wrap_up": ("оформляет", "wraps up"),
    "paused": ("перерыв", "pause"),
    "gone": ("не на смене", "off duty"),
}
COUNTED: _Names = {  # states after a number
    "ready": ("свободны", "free"),
    "offered": ("звонят", "ring"),
    "talking": ("говорят", "talk"),
    "wrap_up": ("оформляют", "wrap up"),
    "paused": ("на перерыве", "pause"),
}
PARTS: _Names = {
    "store": ("Хранилище", "Store"),
    "asterisk": ("Телефония", "Telephony"),
    "speech": ("Распознавание", "Recognition"),
}
QUEUES: _Names = {
    "people": ("Операторы", "Operators"),
}
BOARD: _Names = {
    "seconds": ("с", "s"),
    "stale": ("данные устарели:", "data is old:"),
    "stale_said": ("Данные устарели, соединение потеряно", "Data is old, the connection is lost"),
    "age": ("данные обновлены", "data as of"),
    "ago": ("назад", "ago"),
    "from_ring": ("от первого гудка", "from the first ring"),
    "mean": ("в среднем", "on average"),
    "no_calls": ("сегодня ещё никто не вставал в очередь", "nobody has been queued today yet"),
    "empty": ("очередь пуста", "nobody waits"),
    "longest": ("дольше", "longest"),
    "in_all": ("на линии", "calls in all"),
    "on_shift": ("на смене", "on shift"),
    "incident": ("Критический инцидент", "Critical incident"),
    "since": ("с", "since"),
    "calls": ("звонков", "calls"),
    "usually": ("обычно", "usually"),
    "per_window": ("за 10 минут", "in 10 minutes"),
    "closed": ("закрыта", "closed"),
    "until": ("до", "until"),
    "away": ("не отвечает", "does not answer"),
    "answered": ("отвечено", "answered"),
    "abandoned": ("не дождались", "abandoned"),
    "in_target": ("за 30 с", "within 30 s"),
    "of": ("из", "of"),
}
HEADSET: _Names = {
    "listen": ("Вас никто не слышит", "Nobody hears you"),
    "whisper": ("Вас слышит оператор, звонящий не слышит", "The operator hears you, the caller does not"),
    "join": ("Вас слышат и оператор, и звонящий", "Operator and caller hear you"),
    "connecting": ("Соединяем…", "Connecting…"),
    "no_microphone": ("Браузер не дал микрофон", "The browser gave no microphone"),
    "no_answer": ("Гарнитура не подключилась, попробуйте ещё раз", "The headset did not connect, try again"),
    "over": ("Вы больше не в разговоре", "You are out of the talk"),
}


def name(names: _Names, id_: str, language: Language) -> str:
    """The thing's name; an id that the table does not know stands for itself."""
    found = names.get(id_)
    return id_ if found is None else found[language == "en"]


def chosen(language: Language) -> Mapping[str, Mapping[str, str]]:
    """All of it in one language, for the pages' scripts."""
    tables = {
        "topics": TOPICS,
        "steps": STEPS,
        "states": STATES,
        "counted": COUNTED,
        "parts": PARTS,
        "queues": QUEUES,
        "board": BOARD,
        "headset": HEADSET,
    }
    return {title: {id_: both[language == "en"] for id_, both in names.items()} for title, names in tables.items()}

"""What each figure means, in Russian as reports print it, and how it is had from a tally. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ivr.stats.calls import TARGET_SECONDS
from ivr.stats.fold import SHORT_ABANDON_SECONDS, Tally

Unit = Literal["звонков", "%", "с", "из 5"]
_TARGET = f"{TARGET_SECONDS:.0f} с"
_SHORT = f"{SHORT_ABANDON_SECONDS:.0f} с"


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure; `value` is None when there is nothing to divide by."""

    name: str
    title: str
    unit: Unit
    meaning: str
    value: Callable[[Tally], float | None]


def share(part: float, whole: float) -> float | None:
    """`part` of `whole` in per cent."""
    return 100 * part / whole if whole else None


def mean(total: float, count: float) -> float | None:
    return total / count if count else None


def percentile(values: list[float], percent: float) -> float | None:
    """The least value that at least so many per cent of the values do not exceed."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, -int(-len(ordered) * percent // 100) - 1)]


DEFINITIONS: tuple[Definition, ...] = (
    Definition("arrived", "Поступило", "звонков", "все звонки, пришедшие на линии", lambda t: t.arrived),
    Definition("offered", "Встало в очередь", "звонков", "звонки, которые ждали оператора", lambda t: t.offered),
    Definition("answered", "Отвечено", "звонков", "звонки, соединённые с оператором", lambda t: t.answered),
    Definition("abandoned", "Не дождались", "звонков", "ушли из очереди без ответа", lambda t: t.abandoned),
    Definition("service_level", f"За {_TARGET}", "%",
               f"отвечено не позже {_TARGET} от входа в очередь ÷ (они же + прождавшие дольше {_TARGET});"
               " кто ждёт меньше или ушёл раньше, не в счёт",
               lambda t: share(t.answered_in_target, t.answered_in_target + t.late)),
    Definition("service_level_from_ring", f"За {_TARGET} от первого гудка", "%",
               f"отвечено не позже {_TARGET} от поступления звонка, меню включено ÷ те же, что в «За {_TARGET}»",
               lambda t: share(t.answered_in_target_of_ring, t.answered_in_target + t.late)),
    Definition("share_of_offered", f"За {_TARGET}, от вставших в очередь", "%",
               f"отвечено не позже {_TARGET} от входа в очередь ÷ встало в очередь",
               lambda t: share(t.answered_in_target, t.offered)),
    Definition("share_of_answered", f"За {_TARGET}, от отвеченных", "%",
               f"отвечено не позже {_TARGET} от входа в очередь ÷ отвечено",
               lambda t: share(t.answered_in_target, t.answered)),
    Definition("share_without_short", f"За {_TARGET}, без коротких отказов", "%",
               f"отвечено не позже {_TARGET} ÷ (встало в очередь − ушло не позже {_SHORT})",
               lambda t: share(t.answered_in_target, t.offered - t.abandoned_short)),
    Definition("share_with_abandoned", f"За {_TARGET}, ушедшие до срока в плюс", "%",
               f"(отвечено + ушло, то и другое не позже {_TARGET}) ÷ встало в очередь",
               lambda t: share(t.answered_in_target + t.abandoned_in_target, t.offered)),
    Definition("speed_of_answer", "Средняя скорость ответа", "с",
               "среднее ожидание отвеченных от входа в очередь", lambda t: mean(sum(t.waits), len(t.waits))),
    Definition("wait_median", "Медиана ожидания", "с", "половина отвеченных ждала не дольше",
               lambda t: percentile(list(t.waits), 50)),
    Definition("wait_p90", "Ожидание, 90 %", "с", "девять из десяти отвеченных ждали не дольше",
               lambda t: percentile(list(t.waits), 90)),
    Definition("wait_longest", "Самое долгое ожидание", "с", "наибольшее ожидание отвеченного",
               lambda t: max(t.waits, default=None)),
    Definition("abandonment", "Доля не дождавшихся", "%", "не дождались ÷ встало в очередь",
               lambda t: share(t.abandoned, t.offered)),
    Definition("abandonment_without_short", "Доля не дождавшихся без коротких", "%",
               f"(не дождались − ушли не позже {_SHORT}) ÷ (встало в очередь − ушли не позже {_SHORT})",
               lambda t: share(t.abandoned - t.abandoned_short, t.offered - t.abandoned_short)),
    Definition("patience", "Терпение ушедших", "с", "среднее ожидание тех, кто не дождался",
               lambda t: mean(t.abandoned_seconds, t.abandoned)),
    Definition("handling", "Среднее время обработки", "с", "(разговор + оформление) ÷ звонки с разговором",
               lambda t: mean(t.talk_seconds + t.wrap_up_seconds, t.talked)),
    Definition("talk", "Средний разговор", "с", "время разговора ÷ звонки с разговором",
               lambda t: mean(t.talk_seconds, t.talked)),
    Definition("occupancy", "Загрузка операторов", "%",
               "(разговор + оформление) ÷ время на смене без перерывов",
               lambda t: share(t.work_seconds, t.staffed_seconds)),
    Definition("first_contact", "Решено с первого обращения", "%",
               "результат «решено» с первого раза ÷ внесённые результаты", lambda t: share(t.resolved, t.results)),
    Definition("satisfaction", "Средняя оценка", "из 5", "удовлетворённость: средняя оценка звонивших",
               lambda t: mean(t.rating_sum, t.ratings)),
    Definition("rated_well", "Оценки 4 и 5", "%", "оценок 4 и 5 ÷ всех оценок",
               lambda t: share(t.rated_well, t.ratings)),
    Definition("repeated", "Повторные", "%", "звонки того же человека по прежнему обращению ÷ поступило",
               lambda t: share(t.repeated, t.arrived)),
    Definition("served_by_plan", "Обслужено без оператора", "звонков", "план закончил разговор сам",
               lambda t: t.served_by_plan),
    Definition("left_in_menu", "Ушли из меню", "звонков", "положили трубку до очереди", lambda t: t.left_in_menu),
    Definition("refused", "Очередь не приняла", "звонков", "полна, закрыта или некому ответить",
               lambda t: t.refused),
    Definition("callbacks", "Обратных звонков", "звонков", "согласились на обратный звонок", lambda t: t.callbacks),
    Definition("failed", "Сбоев", "звонков", "прервано по нашей вине", lambda t: t.failed),
)  # fmt: skip

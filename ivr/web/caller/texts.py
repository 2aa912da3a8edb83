"""What callers can choose, in their own words: topic → Russian and English. Pure."""

from __future__ import annotations

from collections.abc import Mapping

TOPICS: Mapping[str, tuple[str, str]] = {
    "access": ("Вход и пароль", "Sign-in and password"),
    "registration": ("Регистрация и подтверждение личности", "Registration and proof of identity"),
    "technical": ("Сайт или приложение не работает", "The site or the app does not work"),
    "forms": ("Заполнить заявление, приложить файл", "Filling in an application, attaching a file"),
    "status": ("Что с моим заявлением", "What has become of my application"),
    "documents": ("Какие нужны документы", "Which documents are needed"),
    "payments": ("Пошлины, штрафы, возврат денег", "Fees, fines, refunds"),
    "appointment": ("Запись на приём", "Appointments"),
    "signature": ("Электронная подпись", "Electronic signature"),
    "security": ("Взлом, мошенники", "Break-in, fraud"),
}
NOT_TO_CHOOSE = frozenset({"operator", "out_of_scope", "none"})


def choices(titles: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    """The topics that there are (`titles`: id → title), as callers would say them; others by their own titles."""
    return {topic: TOPICS.get(topic, (title, title)) for topic, title in titles.items() if topic not in NOT_TO_CHOOSE}

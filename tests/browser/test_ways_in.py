"""Who stands before the door: sign-in by password and code, and the link that `ivr enter` makes."""

from __future__ import annotations

import argon2
import pyotp
import pytest
from playwright.async_api import Browser, expect

from ivr.clock import SystemClock
from ivr.journal.audit import AuditLog
from ivr.journal.privacy import Keyring
from ivr.web.accounts import Accounts
from ivr.web.commands import invitation
from tests.browser.conftest import SignedIn, axe_violations, picture
from tests.telephone.conftest import RunningHotline

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PASSWORD = "correct horse battery staple"


async def test_password_and_code_let_in_and_sign_out_ends_it(browser: Browser, hotline: RunningHotline) -> None:
    address = hotline.hotline.web_address
    async with hotline.hotline.store() as store:
        keyring, clock = Keyring.load(hotline.hotline.wiring.keys), SystemClock()
        accounts = Accounts(store, keyring, clock, AuditLog(store, keyring, clock), argon2.PasswordHasher())
        enrolled = await accounts.add("test", "tamara", "supervisor", PASSWORD)
    context = await browser.new_context(locale="ru-RU")
    page = await context.new_page()
    await page.goto(f"{address}/")
    await expect(page).to_have_url(f"{address}/sign-in")
    assert await axe_violations(page) == []
    await picture(page, "sign-in")

    await page.fill("[name=name]", "tamara")
    await page.fill("[name=password]", "wrong")
    await page.fill("[name=code]", "000000")
    await page.click("button:has-text('Войти')")
    await expect(page.locator("#said")).to_contain_text("неверны")
    await page.fill("[name=password]", PASSWORD)
    await page.fill("[name=code]", pyotp.TOTP(enrolled.secret).now())
    await page.click("button:has-text('Войти')")
    await expect(page).to_have_url(f"{address}/")

    await page.click("text=Выйти")
    await expect(page).to_have_url(f"{address}/sign-in")
    await page.goto(f"{address}/")
    await expect(page).to_have_url(f"{address}/sign-in")
    await context.close()


async def test_the_machines_own_user_comes_in_by_a_link_that_works_once(
    browser: Browser, hotline: RunningHotline
) -> None:
    link = await invitation(hotline.hotline)
    context = await browser.new_context(locale="ru-RU")
    page = await context.new_page()
    await page.goto(link)
    assert await axe_violations(page) == []
    await picture(page, "enter")
    await page.click("button[value=admin]")
    await expect(page.locator("nav")).to_contain_text("администратор")

    again = await page.goto(link)
    assert again
    assert again.status == 403
    await expect(page.locator("main")).to_contain_text("ivr enter")
    await context.close()


async def test_russian_first_and_english_beside_it(signed_in: SignedIn) -> None:
    page = await signed_in("supervisor")
    await expect(page.locator("nav")).to_contain_text("Табло")
    await page.click("text=English")
    await expect(page.locator("nav")).to_contain_text("Wallboard")
    assert await page.get_attribute("html", "lang") == "en"
    await page.click("text=Русский")
    await expect(page.locator("nav")).to_contain_text("Табло")

"""The console and the API documents in a real browser; run by `make test-browser`."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.hashers import make_password
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from apps.accounts.models import User
from marketplace.actors import Actor
from marketplace.contracts import ContractState
from marketplace.listings import ListingState
from marketplace.pools import PoolState
from tests.build import contracts as build_contracts
from tests.build import markets as build_markets
from tests.build import pools as build_pools

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery"
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture
def open_browser(tmp_path: Path) -> Iterator[Callable[[int], Chrome]]:
    """Return what opens Chromium in Chinese at a width in pixels."""
    opened: list[Chrome] = []

    def open_at(width: int = 1400) -> Chrome:
        missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
        if missing:
            pytest.fail(f"{missing} missing: apt-get install chromium chromium-driver")
        options = ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        profile = f"--user-data-dir={tmp_path / f'profile-{len(opened)}'}"
        for argument in [*ARGUMENTS, f"--window-size={width},900", profile]:
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": "zh-CN"})
        if width < 600:
            size = {"width": width, "height": 844, "pixelRatio": 2.0}
            options.add_experimental_option("mobileEmulation", {"deviceMetrics": size})
        opened.append(Chrome(options=options, service=Service(shutil.which("chromedriver"))))
        return opened[-1]

    yield open_at
    for browser in opened:
        browser.quit()


@pytest.fixture
def sign_in(live_server) -> Callable[[Chrome, Actor], None]:
    """Return what signs an officer in at the console."""

    def sign(browser: Chrome, actor: Actor) -> None:
        person = User.objects.get(pk=actor.user)
        User.objects.filter(pk=person.pk).update(is_staff=True, password=make_password(PASSWORD))
        browser.delete_all_cookies()
        browser.get(f"{live_server.url}/console/login/")
        browser.find_element(By.NAME, "username").send_keys(person.username)
        browser.find_element(By.NAME, "password").send_keys(PASSWORD)
        press(browser, "button[type=submit]")
        assert "待办事项" in text(browser)

    return sign


def text(browser: Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "body").text


def press(browser: Chrome, selector: str) -> None:
    """Press something and wait until another page has come."""
    before = browser.find_element(By.TAG_NAME, "html")
    browser.find_element(By.CSS_SELECTOR, selector).click()
    WebDriverWait(browser, 10).until(lambda b: b.find_element(By.TAG_NAME, "html") != before)


def make_move(browser: Chrome, address: str, move: str, **given: str) -> None:
    """Press the button of a move on a thing's page, fill its form, and send it."""
    browser.get(address)
    press(browser, f"a[href$='/move/{move}/']")
    declare(browser)
    for name, value in given.items():
        field = browser.find_element(By.NAME, name)
        field.clear()
        field.send_keys(value)
    send(browser)


def declare(browser: Chrome) -> None:
    """Declare, where the form asks for it, that there is no state secret in the thing."""
    for box in browser.find_elements(By.NAME, "no_state_secret"):
        box.click()
        browser.find_element(By.NAME, "cleared_by").send_keys("韩保密")


def send(browser: Chrome) -> None:
    """Send the form of a move."""
    press(browser, "form[method=post] button[type=submit].bg-primary-600")


def test_a_reviewer_works_through_the_queues(
    open_browser, sign_in, live_server, as_researcher, as_agent, as_reviewer, as_second_reviewer
):
    by = {"by": as_researcher, "reviewer": as_reviewer}
    project = build_pools.project(**by, state=PoolState.SUBMITTED)
    listing = build_markets.offer(**by, state=ListingState.SUBMITTED)
    contract = build_contracts.contract(
        ContractState.SUBMITTED,
        author=as_researcher,
        buyer=as_agent,
        first=as_reviewer,
        second=as_second_reviewer,
    )
    console, browser = f"{live_server.url}/console", open_browser()
    sign_in(browser, as_reviewer)
    assert "待审核入池的项目" in text(browser)
    make_move(browser, f"{console}/pools/project/{project.pk}/change/", "admit")
    make_move(browser, f"{console}/markets/listing/{listing.pk}/change/", "publish")
    page = f"{console}/contracts/contract/{contract.pk}/change/"
    make_move(browser, page, "accept")
    browser.get(page.replace("/change/", "/move/review/"))
    suggested = browser.find_element(By.NAME, "recognised_amount")
    assert suggested.get_attribute("value") == "6800000.00"
    make_move(browser, page, "review", recognised_amount="99000000")
    assert "核定金额须在" in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text
    make_move(browser, page, "review", recognised_amount="6500000.00")
    assert "已完成" in text(browser)
    assert "6,500,000.00" in text(browser)
    for thing, state in [
        (project, PoolState.ADMITTED),
        (listing, ListingState.PUBLISHED),
        (contract, ContractState.FIRST_REVIEWED),
    ]:
        thing.refresh_from_db()
        assert thing.state == state
    # The second review is for another person, and the console says so.
    make_move(browser, page, "register")
    assert "不得为同一人" in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text
    sign_in(browser, as_second_reviewer)
    make_move(browser, page, "register")
    contract.refresh_from_db()
    assert (contract.state, contract.number[4:]) == (ContractState.REGISTERED, "610101000001")


def test_what_an_officer_decided_on_an_old_version_is_refused(
    open_browser, sign_in, live_server, as_researcher, as_reviewer
):
    project = build_pools.project(by=as_researcher, reviewer=as_reviewer, state=PoolState.SUBMITTED)
    browser = open_browser()
    sign_in(browser, as_reviewer)
    browser.get(f"{live_server.url}/console/pools/project/{project.pk}/move/admit/")
    declare(browser)
    project.store("title")
    send(browser)
    assert "请重新读取" in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text
    project.refresh_from_db()
    assert project.state == PoolState.SUBMITTED


@pytest.mark.parametrize("width", [390, 1400])
def test_no_page_is_wider_than_its_screen(
    open_browser, sign_in, live_server, as_researcher, as_reviewer, as_second_reviewer, width
):
    listing = build_markets.offer(
        by=as_researcher, reviewer=as_reviewer, state=ListingState.SUBMITTED
    )
    contract = build_contracts.contract(
        ContractState.ACCEPTED, author=as_researcher, first=as_reviewer, second=as_second_reviewer
    )
    browser = open_browser(width)
    sign_in(browser, as_reviewer)
    wide = {}
    for path in [
        "",
        "pools/project/",
        "markets/listing/",
        f"markets/listing/{listing.pk}/change/",
        "contracts/contract/",
        f"contracts/contract/{contract.pk}/change/",
        f"contracts/contract/{contract.pk}/move/review/",
        f"contracts/contract/{contract.pk}/move/refuse/",
        "statistics/figure/",
        "accounts/user/",  # Not for reviewers: a page that says so.
    ]:
        browser.get(f"{live_server.url}/console/{path}")
        wide[path] = browser.execute_script(
            "return document.documentElement.scrollWidth - window.innerWidth"
        )
    assert {path: over for path, over in wide.items() if over > 0} == {}


def test_what_a_move_asks_for_can_be_seen(
    open_browser, sign_in, live_server, as_researcher, as_reviewer, as_second_reviewer
):
    contract = build_contracts.contract(
        ContractState.ACCEPTED, author=as_researcher, first=as_reviewer, second=as_second_reviewer
    )
    browser = open_browser()
    sign_in(browser, as_reviewer)
    for move, names in [("review", ["recognised_amount", "note"]), ("refuse", ["ground", "note"])]:
        browser.get(f"{live_server.url}/console/contracts/contract/{contract.pk}/move/{move}/")
        for name in names:
            field = browser.find_element(By.NAME, name)
            assert field.value_of_css_property("border-top-width") == "1px"
            assert field.value_of_css_property("border-top-style") == "solid"


def test_an_officer_changes_the_language(open_browser, sign_in, live_server, as_reviewer):
    browser = open_browser()
    sign_in(browser, as_reviewer)
    assert browser.find_element(By.TAG_NAME, "h1").text == "待办事项"
    browser.find_element(By.XPATH, "//*[text()[contains(., '孙审核')]]").click()
    english = browser.find_element(By.XPATH, "//button[contains(., 'English')]")
    WebDriverWait(browser, 10).until(lambda _: english.is_displayed())
    english.click()
    WebDriverWait(browser, 10).until(lambda b: "What waits for you" in b.title)
    assert "Projects to admit" in text(browser)


def test_the_documents_of_the_api_ask_no_other_host(open_browser, live_server):
    browser = open_browser()
    browser.get(f"{live_server.url}/api/docs")
    WebDriverWait(browser, 20).until(lambda b: "/api/v1/api-keys" in text(b))
    asked = browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert asked
    assert [
        address for address in asked if not address.startswith((live_server.url, "data:"))
    ] == []

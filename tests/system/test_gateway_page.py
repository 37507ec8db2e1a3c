"""The start page in a browser: the directory, its filters, and publications that appear by themselves."""

import shutil
import tempfile

import pytest

from gateway import whole_network

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.chrome.options import Options  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium")
WAIT_S = 30


@pytest.fixture(scope="module")
def net():
    with whole_network() as network:
        yield network


@pytest.fixture(scope="module")
def chromium():
    profile = tempfile.mkdtemp(prefix="pia-chromium-")
    options = Options()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.page_load_strategy = "eager"
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync",
                     "--disable-dev-shm-usage", f"--user-data-dir={profile}", "--window-size=1280,1000"):
        options.add_argument(argument)
    browser = webdriver.Chrome(service=Service(DRIVER), options=options)
    yield browser
    browser.quit()
    shutil.rmtree(profile, ignore_errors=True)


@pytest.fixture
def page(net, chromium):
    """The page, loaded and connected; nothing may complain in the console."""
    chromium.get(net.gateway.url + "/")
    wait(chromium, lambda: cards(chromium, "data-pole") and live(chromium) == "En direct")
    yield chromium
    assert [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"] == []


def wait(browser, condition):
    return WebDriverWait(browser, WAIT_S, 0.1).until(lambda _: condition())


def cards(browser, attribute):
    return browser.find_elements(By.CSS_SELECTOR, f"[{attribute}]")


def live(browser):
    return browser.find_element(By.ID, "live").text


def card_of(browser, publication, text):
    """The publication's card, once it has come and says this."""
    selector = f'[data-publication="{publication["publication"]}"]'
    return wait(browser, lambda: next(
        (card for card in browser.find_elements(By.CSS_SELECTOR, selector) if text in card.text), None))


def publish(net, **members):
    body = {"pole": "cerfav", "kind": "guide", "title": "Un guide", "themes": ["arts"], "publish": True, **members}
    answer = net.gateway.post("/v1/publications", body, key=net.key())
    assert answer.status == 201, answer
    return answer.json


def test_the_page_speaks_french(page):
    assert page.find_element(By.TAG_NAME, "html").get_attribute("lang") == "fr"
    text = page.find_element(By.TAG_NAME, "body").text
    assert "Pôles d’innovation" in text and "'" not in text  # typographic apostrophes only
    assert len(page.find_elements(By.TAG_NAME, "h1")) == 1


def test_the_directory_is_searched_and_filtered(net, page):
    poles = net.gateway.get("/v1/poles?limit=200").json["items"]
    assert len(cards(page, "data-pole")) == len(poles)
    Select(page.find_element(By.ID, "theme")).select_by_value("arts")
    arts = {pole["code"] for pole in poles if "arts" in pole["themes"]}
    wait(page, lambda: {card.get_attribute("data-pole") for card in cards(page, "data-pole")} == arts)
    page.find_element(By.ID, "q").send_keys("vannes le chatel")  # accents and dashes do not matter
    wait(page, lambda: "Aucun pôle" in page.find_element(By.CSS_SELECTOR, ".count").text
         or [card.get_attribute("data-pole") for card in cards(page, "data-pole")] == ["cerfav"])
    assert [card.get_attribute("data-pole") for card in cards(page, "data-pole")] == ["cerfav"]
    page.find_element(By.CSS_SELECTOR, ".filters button").click()
    wait(page, lambda: len(cards(page, "data-pole")) == len(poles))


def test_a_publication_appears_without_reloading(net, page):
    page.execute_script("window.sameDocument = true")
    made = publish(net, title="L'usage du four", kind="formation", starts_at="2027-03-04T09:30:00+01:00")
    card = card_of(page, made, "L’usage du four")
    assert "Nouveau" in card.text and "4 mars 2027" in card.text
    assert page.execute_script("return window.sameDocument")
    path = f"/v1/publications/{made['publication']}/cancel"
    assert net.gateway.post(path, {"version": made["version"]}, key=net.key()).status == 200
    card_of(page, made, "Annulé")


def test_what_others_write_is_only_text(net, page):
    made = publish(net, title="<img src=x onerror=alert(1)>", summary="<b>gras</b>", url="https://example.org/")
    card = card_of(page, made, "<img src=x")
    assert not card.find_elements(By.CSS_SELECTOR, "img, b")


def test_the_page_survives_the_journal(net, page):
    next(p for p in reversed(net.processes) if p.name == "diffusion").kill()
    wait(page, lambda: "perdue" in live(page))
    net.start("diffusion")
    wait(page, lambda: live(page) == "En direct")
    made = publish(net, title="Après la panne")
    card_of(page, made, "Après la panne")


@pytest.mark.parametrize("width", [320, 768])
def test_narrow_screens_need_no_sideways_scrolling(page, width):
    page.set_window_size(width, 900)
    try:
        page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                             {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": True})
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        page.set_window_size(1280, 1000)


def test_the_link_in_an_email_asks_once_and_then_ends_it(net, chromium):
    contact = net.call("notifications.contact.create", {"channel": "email", "address": "a@example.org"}).body["id"]
    subscribed = {"contact": contact, "filter": {"kinds": ["lettre"]}}
    assert net.call("diffusion.subscription.create", subscribed).status == 200
    publish(net, kind="lettre")
    mail = wait(chromium, lambda: next((net.data / "mail/new").glob("*"), None))
    link = next(line for line in mail.read_text().splitlines() if line.startswith("List-Unsubscribe: "))
    chromium.get(net.gateway.url + link.split("<")[1].rstrip(">").removeprefix("http://127.0.0.1:8080"))
    assert net.call("notifications.contact.get", {"contact": contact}).body["state"] == "active"
    chromium.find_element(By.ID, "confirmer").click()
    wait(chromium, lambda: "plus rien ne sera envoyé" in chromium.find_element(By.ID, "etat").text)
    assert net.call("notifications.contact.get", {"contact": contact}).body["state"] == "removed"

    chromium.get(net.gateway.url + f"/desabonnement?contact={contact}&token={'0' * 32}")
    chromium.find_element(By.ID, "confirmer").click()
    wait(chromium, lambda: "n’est pas valable" in chromium.find_element(By.ID, "etat").text)
    chromium.get_log("browser")

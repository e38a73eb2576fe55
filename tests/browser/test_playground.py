"""The playground on the built site: the numbers of the spiral page, and a page to use."""

import json
import re

import numpy as np
import pytest
import torch

from browsing import SITE, Visit
from conftest import ROOT
from dlnotes.plotting import DARK, LIGHT
from dlnotes.training import mean_std
from dlnotes_site.pages.collect import collect_page
from dlnotes_site.project import Project
from dlnotes_site.run.results import Results
from dlnotes_site.tasks.playground import train
from dlnotes_site.tasks.playground.groups import EXTENT, GROUPS, NUM_TEST, SIZE, STEPS, Group
from dlnotes_site.tasks.playground.replay import Playback, decode

MAX_BYTES = 1_500_000


def data_of(text: str) -> dict:
    script = r"globalThis\.dlPlaygroundData = JSON\.parse\((.*)\);\n"
    return json.loads(json.loads(re.fullmatch(script, text)[1]))


@pytest.fixture(scope="module")
def built() -> dict:
    path = SITE / "assets" / "playground" / "data.js"
    assert path.is_file(), "run `dlnotes-site build` first (make test does)"
    return data_of(path.read_text(encoding="utf-8"))


def replay(built: dict, name: str) -> Playback:
    return decode(built["runs"][name], len(built["steps"]), len(built["curve"]), built["size"])


def test_the_file_is_small(built):
    assert (SITE / "assets" / "playground" / "data.js").stat().st_size <= MAX_BYTES
    assert len(built["runs"]) == sum(len(g.lrs) * len(g.cases) for g in GROUPS)


def spiral_table() -> str:
    """What the long run of the evidence page prints."""
    blocks = collect_page(ROOT / "docs/evidence/spiral.md", ROOT)
    records = [Results(Project(ROOT)).block(block) for block in blocks if block.is_long]
    return "\n".join(record.stdout for record in records)


@pytest.mark.parametrize(
    ("optimizer", "lr", "row"),
    [("sgd", 1e-3, "SGD 0.001"), ("adam", 1e-3, "Adam 0.001"), ("sgd", 1.0, "SGD 1"),
     ("momentum", 0.1, "动量 0.1"), ("adam", 1e-2, "Adam 0.01")],
)  # fmt: skip
def test_ten_seeds_give_the_numbers_of_the_spiral_pages_table(built, optimizer, lr, row):
    group = Group("relu", optimizer, (lr,), 100, 1000, (0.2,), tuple(range(10)))
    final = torch.tensor([replay(built, group.name(lr, 0.2, seed)).train_correct[-1] / 3000
                          for seed in range(10)])  # fmt: skip
    printed = re.search(rf"^{re.escape(row)}\n.*\n  ReLU +(.*?)，", spiral_table(), re.M)[1]
    numbers = [float(x) for x in re.findall(r"0\.\d+", printed)]
    ours = [float(x) for x in re.findall(r"0\.\d+", mean_std(final))]
    assert ours == pytest.approx(numbers, abs=2e-3), (printed, mean_std(final))


def cell_accuracy(labels, X, y) -> float:
    """Accuracy if every point got the label of the cell it falls in."""
    columns = ((X[:, 0] / EXTENT + 1) / 2 * SIZE).long()
    rows = ((1 - X[:, 1] / EXTENT) / 2 * SIZE).long()
    return (torch.tensor(labels)[rows, columns] == y).double().mean().item()


def test_regions_agree_with_the_recorded_accuracy(built):
    # the map has 90 × 90 cells: a point may sit on the other side of a boundary than its cell
    gaps = []
    for number, group in enumerate(GROUPS):
        lr, case = group.lrs[number % len(group.lrs)], group.cases[number % len(group.cases)]
        playback, data = replay(built, group.name(lr, *case)), train.test_data(group, *case)
        for frame in (0, len(STEPS) // 2, -1):
            recorded = playback.test_correct[frame] / (3 * NUM_TEST)
            gaps.append(abs(cell_accuracy(playback.labels[frame], *data) - recorded))
    assert max(gaps) < 0.03
    assert np.mean(gaps) < 0.005


def test_the_agreement_guard_can_fail(built):
    group = GROUPS[1]
    playback, case = replay(built, group.name(group.lrs[0], *group.cases[0])), group.cases[0]
    recorded = playback.test_correct[-1] / (3 * NUM_TEST)
    shifted = np.roll(playback.labels[-1], 4, axis=1)
    assert abs(cell_accuracy(shifted, *train.test_data(group, *case)) - recorded) > 0.03


# --- the page's colours and words ---------------------------------------------------------------


def css_colours(text: str) -> list[list[str]]:
    """Each set of class colours, then the boundary."""
    names = [*(f"--dl-class-{k}" for k in range(3)), "--dl-boundary"]
    return list(map(list, zip(*(re.findall(rf"{name}:\s*(#\w+);", text) for name in names),
                              strict=True)))  # fmt: skip


def test_colours_are_those_of_the_figures():
    text = (ROOT / "docs/assets/css/playground.css").read_text(encoding="utf-8")
    expected = [[mode[name] for name in ("blue", "orange", "green", "muted")]
                for mode in (LIGHT, DARK)]  # fmt: skip
    assert css_colours(text) == expected
    assert css_colours(text.replace(LIGHT["orange"], "#ff0000")) != expected


def state(**changes) -> dict:
    base = {"act": "relu", "opt": "adam", "lr": "0.01", "width": "100", "n": "50", "noise": "0.2",
            "seed": "0", "step": "300"}  # fmt: skip
    return base | {name: str(value) for name, value in changes.items()}


def query(**changes) -> str:
    return "playground/?" + "&".join(f"{k}={v}" for k, v in state(**changes).items())


def run_name(given: dict) -> str:
    return ",".join(given[k] for k in ("act", "opt", "lr", "width", "n", "noise", "seed"))


def test_every_link_of_the_page_names_a_run_and_a_step(built):
    text = (ROOT / "docs/playground.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(\?([^)]+)\)", text)
    assert len(links) >= 5
    for link in links:
        given = dict(part.split("=") for part in link.split("&"))
        assert set(given) == set(state()), link
        assert run_name(given) in built["runs"], link
        assert int(given["step"]) in built["steps"], link


# --- in the browser -----------------------------------------------------------------------------

quiet = pytest.mark.filterwarnings("ignore::ResourceWarning")


def open_at(visit, path="playground/", **options) -> Visit:
    one = visit(**options)
    one.go(path)
    one.page.locator(".dl-play.is-live").wait_for(timeout=20000)
    one.page.wait_for_function("document.querySelector('.dl-play__status').textContent[0] == '第'")
    return one


def status(one) -> str:
    return one.page.locator(".dl-play__status").inner_text()


def setting(one, name: str):
    return one.page.locator(f".dl-play select[name={name}]")


def counts(text: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"（(\d+)/", text))


@quiet
@pytest.mark.parametrize(
    "given",
    [state(), state(act="none", opt="sgd", lr=10, step=1), state(act="sigmoid", noise=0.6, seed=2),
     state(n=1000, opt="sgd", lr=1, seed=7, step=1000), state(act="tanh", width=10, step=75)],
    ids=run_name,
)  # fmt: skip
def test_the_page_shows_the_recorded_numbers_and_regions(visit, built, given):
    one = open_at(visit, query(**given))
    playback, frame = replay(built, run_name(given)), built["steps"].index(int(given["step"]))
    assert counts(status(one)) == (playback.train_correct[frame], playback.test_correct[frame])
    x = (2 * np.arange(SIZE) + 1) / SIZE - 1
    inside = x[:, None] ** 2 + x**2 <= 1 / EXTENT**2
    share = np.bincount(playback.labels[frame][inside], minlength=3) / inside.sum() * 100
    told = one.page.locator(".dl-play__map").get_attribute("aria-label")
    found = [int(v) for v in re.findall(r"占 (\d+)%", told)]
    assert found == pytest.approx(share, abs=0.51)
    assert one.errors == []
    assert one.foreign == []


@quiet
def test_the_keyboard_moves_through_training_and_a_link_reproduces_the_view(visit):
    one = open_at(visit, query(step=1))
    slider = one.page.get_by_label("训练到第几步")
    slider.focus()
    seen = [status(one)]
    for _ in range(3):
        one.page.keyboard.press("ArrowRight")
        seen.append(status(one))
    assert len(set(seen)) == 4
    assert slider.get_attribute("aria-valuetext") == "第 10 步"
    assert "step=10" in one.page.url
    other = open_at(visit, one.page.url.removeprefix(one.address))
    assert status(other) == seen[-1]


@quiet
def test_a_changed_setting_is_a_step_of_history(visit):
    one = open_at(visit, query())
    before = status(one)
    setting(one, "lr").focus()
    setting(one, "lr").select_option("0.1")
    one.page.wait_for_function("location.search.includes('lr=0.1')")
    one.page.wait_for_function(
        f"document.querySelector('.dl-play__status').textContent != {json.dumps(before)}"
    )
    one.page.go_back()
    one.page.wait_for_function(
        f"document.querySelector('.dl-play__status').textContent == {json.dumps(before)}"
    )
    assert setting(one, "lr").input_value() == "0.01"


@quiet
@pytest.mark.parametrize(
    ("path", "told"),
    [("playground/?lr=7", "学习率没有“7”这一项"), ("playground/?step=nan", "步没有"),
     ("playground/?foo=1", "不认识参数 foo"), (query(n=1000, act="tanh"), "这一组没有算过"),
     ("playground/?act=%3Cb%3E", "激活函数没有“<b>”")],
)  # fmt: skip
def test_bad_addresses_fall_back_and_say_so(visit, path, told):
    one = open_at(visit, path)
    note = one.page.locator(".dl-play__note")
    assert note.is_visible()
    assert told in note.inner_text()
    assert counts(status(one))
    assert one.errors == []


@quiet
def test_a_good_address_has_no_note(visit):
    assert not open_at(visit, query()).page.locator(".dl-play__note").is_visible()


@quiet
def test_a_setting_without_runs_moves_the_others_and_says_so(visit):
    one = open_at(visit, query(act="tanh", width=10))
    setting(one, "n").select_option("1000")
    one.page.get_by_text("这一组没有算过").wait_for()
    assert setting(one, "n").input_value() == "1000"
    assert setting(one, "width").input_value() == "100"
    one.page.get_by_text(re.compile(r"（\d+/3000）")).wait_for()


@quiet
def test_play_runs_to_the_end_and_stops(visit):
    one = open_at(visit, query(step=600))
    button = one.page.locator(".dl-frames__play")
    button.click()
    assert button.get_attribute("aria-label") == "暂停"
    assert one.page.locator(".dl-play__status").get_attribute("aria-live") == "off"
    one.page.wait_for_function("location.search.includes('step=1000')", timeout=10000)
    assert button.get_attribute("aria-label") == "播放"
    assert one.page.locator(".dl-play__status").get_attribute("aria-live") == "polite"


@quiet
def test_reduced_motion_steps_instead_of_playing(visit):
    one = open_at(visit, query(step=600), reduced_motion="reduce")
    button = one.page.locator(".dl-frames__play")
    assert button.get_attribute("aria-label") == "下一帧"
    button.click()
    assert status(one).startswith("第 800 步")
    one.page.wait_for_timeout(1500)
    assert status(one).startswith("第 800 步")


@quiet
def test_touch_moves_the_slider_on_a_phone(visit):
    one = open_at(visit, query(step=1), viewport={"width": 390, "height": 844}, has_touch=True)
    slider = one.page.get_by_label("训练到第几步")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    one.page.touchscreen.tap(box["x"] + box["width"] * 0.98, box["y"] + box["height"] / 2)
    one.page.wait_for_function("location.search.includes('step=1000')")
    assert box["height"] >= 44
    assert all(
        s.bounding_box()["height"] >= 43.9 for s in one.page.locator(".dl-play select").all()
    )
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 390


@quiet
def test_copy_link_copies_the_address_of_the_view(visit):
    one = open_at(visit, query(seed=2))
    one.page.get_by_role("button", name="复制链接").click()
    one.page.get_by_text("已复制").wait_for()
    copied = one.page.evaluate("navigator.clipboard.readText()")
    assert "seed=2" in copied
    assert "step=300" in copied


@quiet
def test_a_question_opens_its_view_without_reloading(visit):
    one = open_at(visit)
    one.page.evaluate("window.stayed = true")
    one.page.get_by_role("link", name="打开这一组").click()
    one.page.wait_for_function("location.search.includes('act=none')")
    assert one.page.evaluate("window.stayed")
    one.page.wait_for_function(
        "document.querySelector('.dl-play__map').getAttribute('aria-label').includes('没有激活函数')"
    )


@quiet
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_is_painted_in_the_palette(visit, built, scheme):
    one = open_at(visit, query(act="none"), color_scheme=scheme)
    one.page.wait_for_timeout(300)
    pixels = one.page.evaluate(
        """() => { const c = document.querySelector('.dl-play__map');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        const n = {}; for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 250) {
          const k = [d[i], d[i + 1], d[i + 2]].join(); n[k] = (n[k] || 0) + 1; } return n; }"""
    )
    palette = LIGHT if scheme == "light" else DARK
    for name in ("blue", "orange", "green"):
        rgb = ",".join(str(int(palette[name][i : i + 2], 16)) for i in (1, 3, 5))
        assert pixels.get(rgb, 0) > 100, name


@quiet
def test_without_scripts_the_static_figure_tells_the_story(visit):
    one = visit(java_script_enabled=False)
    one.go("playground/")
    assert not one.page.locator(".dl-play").is_visible()
    assert one.page.locator(".dl-figure img.dl-light").first.is_visible()
    assert one.page.get_by_text("没有脚本，或者取不到数据时").is_visible()


@quiet
def test_when_the_data_cannot_be_fetched_the_page_says_so(visit):
    one = visit()
    one.page.route("**/playground/data.js", lambda route: route.abort())
    one.go("playground/")
    note = one.page.locator(".dl-play__note")
    note.wait_for(timeout=10000)
    assert "静态的图" in note.inner_text()
    assert not one.page.locator(".dl-play__map").is_visible()


@quiet
def test_only_the_playground_fetches_its_script_and_data(visit):
    one = visit()
    fetched = []
    one.page.on("request", lambda r: "playground" in r.url and fetched.append(r.url))
    one.go("notes/spiral/")
    assert fetched == []
    one.go("playground/")
    assert any(url.endswith("playground/data.js") for url in fetched)


@quiet
def test_it_works_from_a_file(browser):
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto((SITE / "playground" / "index.html").as_uri() + "?act=tanh&step=75")
    page.locator(".dl-play.is-live").wait_for(timeout=20000)
    page.wait_for_function("document.querySelector('.dl-play__status').textContent[0] == '第'")
    assert page.locator(".dl-play__status").inner_text().startswith("第 75 步")
    page.get_by_label("训练到第几步").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".dl-play__status").inner_text().startswith("第 100 步")
    context.close()

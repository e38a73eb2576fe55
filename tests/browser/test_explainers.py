"""The explainers on the built site: equal to PyTorch; by mouse, keys, finger, or no script."""

import gzip
import json
import math
import re

import pytest

from browsing import SITE, web
from conftest import ROOT
from dlnotes_site.project import Project
from dlnotes_site.run.results import Results
from dlnotes_site.tasks.explainers.listed import (
    NUM_CASES,
    PAGES,
    WITH_DATA,
    explainer_task,
    explainer_tasks,
)

NAMES = list(PAGES)
MAX_SCRIPT = 30_000
MAX_WEIGHTS = 150_000
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def product(name: str) -> dict:
    """What PyTorch computed in the run."""
    results = Results(Project(ROOT))
    record = results.record(explainer_task(name))
    assert record is not None, "run `dlnotes-site run` first (make test does)"
    return json.loads(results.blob(record.product))


def script(*parts: str) -> bytes:
    return SITE.joinpath("assets", "js", "explain", *parts).read_bytes()


def open_explainer(visit, name: str, query: str = "", **options):
    one = visit(**options)
    one.page.goto(f"{one.address}{web(PAGES[name])}{query and '?'}{query}#explain-{name}")
    one.page.locator(f"dl-{name}").scroll_into_view_if_needed()
    one.page.wait_for_selector(f"dl-{name}.is-live")
    settled(one)
    return one


def words(one) -> str:
    return one.page.locator(".dl-explain__status").inner_text()


def note(one) -> str:
    found = one.page.locator(".dl-explain__note")
    return found.inner_text() if found.is_visible() else ""


def state(one, name: str) -> dict:
    return one.page.evaluate("name => document.querySelector(`dl-${name}`).state", name)


def settled(one) -> None:
    """Painted, spoken, and written into the address, without waiting for the reader's pause."""
    one.page.evaluate("""async () => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      await frame();
      await frame();
      document.querySelector(".dl-explain.is-live").settle();
    }""")


# --- equal to PyTorch ----------------------------------------------------------------------------


def worst(got: list, expected: list, tiny: float) -> float:
    """The largest difference, relative to the expected value; `tiny` is the least denominator."""
    assert len(got) == len(expected)
    most = 0.0
    for a, b in zip(got, expected, strict=True):
        if a == b or (math.isnan(b) and math.isnan(a)):
            continue
        assert math.isfinite(a), (a, b)
        assert math.isfinite(b), (a, b)
        most = max(most, abs(a - b) / max(abs(b), tiny))
    return most


def special(value):
    """JavaScript's own words for what JSON cannot say."""
    return float(value) if isinstance(value, str) else value


@pytest.mark.parametrize("name", NAMES)
def test_the_values_are_those_of_pytorch(visit, name, record_property):
    cases = product(name)["cases"]
    assert len(cases) == NUM_CASES >= 20
    assert len({json.dumps(case["state"], sort_keys=True) for case in cases}) > NUM_CASES / 2
    one = open_explainer(visit, name)
    found = one.page.evaluate(
        """([name, states]) => {
          const { data } = document.querySelector(`dl-${name}`);
          const special = (v) => (Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf");
          const plain = (v) => (Number.isFinite(v) ? v : special(v));
          return states.map((state) => Array.from(dlExplain.specs[name].check(state, data), plain));
        }""",
        [name, [case["state"] for case in cases]],
    )
    most = 0.0
    for got, case in zip(found, cases, strict=True):
        # the gradients of many layers are tiny: there only the ratio counts
        head = 2 * case["state"]["depth"] if name == "depth" else len(got)
        values, expected = [*map(special, got)], case["expected"]
        most = max(most, worst(values[:head], expected[:head], 1e-3),
                   worst(values[head:], expected[head:], 1e-300))  # fmt: skip
    record_property("worst", most)
    print(f"{name}: {len(cases)} settings, largest relative difference {most:.1e}")
    assert most < 1e-5
    choices = one.page.evaluate(
        "name => Object.entries(dlExplain.specs[name].params)"
        ".filter(([, p]) => p.kind === 'choice')"
        ".map(([param, p]) => [param, Object.keys(p.options)])",
        name,
    )
    for param, options in choices:
        missing = set(options) - {case["state"][param] for case in cases}
        assert len(missing) <= (6 if name == "lenet" else 0), (param, missing)


def test_the_parity_check_can_fail():
    assert worst([1.0, 2.0], [1.0, 2.0 + 1e-4], 1e-3) > 1e-5
    assert worst([1e-20], [2e-20], 1e-300) > 1e-5
    with pytest.raises(AssertionError):
        worst([float("nan")], [1.0], 1e-3)
    with pytest.raises(AssertionError):
        worst([1.0], [1.0, 2.0], 1e-3)


# --- what it shows -------------------------------------------------------------------------------

PROMPTS = {
    "broadcast": ["3 对 4", "共 9 个数", "共 1000000 个数"],
    "graph": ["0 + (−2) = −2", "0 + (−2) = −2", "3 + 3 = 6"],
    "softmax": ["概率最大的是鸟", "概率最大的是狗", "NaN"],
    "depth": ["往回每过一层平均乘 0.945", "往回每过一层平均乘 0.551", "往回每过一层平均乘 0.77"],
    "pieces": ["梯度下降走了 500 步", "有 1 段", "12 个单元，64 段"],
    "descent": ["超过了", "离最低点 1.52", "离最低点 0.0397", "学习率超过了", "学习率没有超过"],
    "convolution": ["输出共 4 格", "输出共 25 格", "输出共 25 格"],
    "lenet": [
        "拿不准",
        "很有把握：最像“肉”",
        "很有把握：最像“肉”",
        "最像“肉”",
        "拿不准",
        "写一个字",
    ],
}
"""For each guided prompt, what the words below the picture must then say."""


@pytest.mark.parametrize("name", NAMES)
def test_each_prompt_is_a_link_to_the_state_it_speaks_of(visit, name):
    one = open_explainer(visit, name)
    links = one.page.locator(f'.md-content p a[href*="#explain-{name}"]')
    assert links.count() >= 3
    seen = []
    for i in range(links.count()):
        if not links.nth(i).is_visible():  # in a folded answer
            continue
        links.nth(i).click()
        settled(one)
        seen.append(words(one))
        assert note(one) == ""
    for text, wanted in zip(seen, PROMPTS[name], strict=True):
        assert wanted in text, text
    one.page.go_back()
    settled(one)
    assert words(one) == seen[-2]
    assert one.errors == []


@pytest.mark.parametrize("name", NAMES)
def test_a_link_in_a_folded_answer_is_to_a_state_that_can_be(visit, name):
    one = open_explainer(visit, name)
    one.page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    links = one.page.locator(f'.md-content details p a[href*="#explain-{name}"]')
    for i in range(links.count()):
        links.nth(i).click()
        settled(one)
        assert note(one) == ""
    if name == "graph":
        assert links.count() == 1
        assert "得 0；给 x 的乘 w，得 0。x 的两条路相加：0 + 0 = 0" in words(one)


def test_after_a_prompt_the_arrow_keys_walk_the_graph(visit):
    one = open_explainer(visit, "graph")
    one.page.locator('.md-content p a[href*="#explain-graph"]').first.click()
    one.page.keyboard.press("ArrowLeft")
    settled(one)
    assert state(one, "graph")["step"] == 13


def test_the_graph_says_which_road_is_cut(visit):
    one = open_explainer(visit, "graph", "b=-4&w=1&step=12")
    assert "不是正的，这条路断了" in words(one)
    one.page.locator(".dl-explain [name=step]").press("ArrowLeft")
    settled(one)
    assert "乘法交换" in words(one)


@pytest.mark.parametrize("name", NAMES)
def test_the_state_is_in_the_address_and_a_copied_link_brings_it_back(visit, name):
    one = open_explainer(visit, name)
    start, case = words(one), product(name)["cases"][3]["state"]
    one.page.evaluate("([name, s]) => document.querySelector(`dl-${name}`).change(s, true)",
                      [name, case])  # fmt: skip
    settled(one)
    before = words(one)
    one.page.locator(".dl-explain__bar button", has_text="复制链接").click()
    address = one.page.evaluate("navigator.clipboard.readText()")
    assert address.endswith(f"#explain-{name}")
    assert "链接已复制" in note(one)
    one.page.goto("about:blank")
    one.page.goto(address)
    one.page.wait_for_selector(f"dl-{name}.is-live")
    settled(one)
    assert words(one) == before
    one.page.locator(".dl-explain__bar button", has_text="恢复原样").click()
    settled(one)
    assert words(one) == start


# --- mouse, keys, finger -------------------------------------------------------------------------

DRAGGED = {
    "softmax": "a",
    "descent": "start",
    "pieces": "unit1",
    "convolution": "output",
    "lenet": "paper",
}


@pytest.mark.parametrize(("name", "pad"), DRAGGED.items())
def test_dragging_with_the_mouse_changes_the_numbers(visit, name, pad):
    one = open_explainer(visit, name)
    before, box = words(one), one.page.locator(f"[data-pad={pad}]").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    one.page.mouse.move(x, y)
    one.page.mouse.down()
    one.page.mouse.move(x + 25, y + 12, steps=6)
    one.page.mouse.up()
    settled(one)
    assert words(one) != before
    assert one.page.evaluate("location.search") != ""
    assert one.page.locator(".dl-explain__spoken").inner_text() == words(one)


@pytest.mark.parametrize(("name", "pad"), DRAGGED.items())
def test_the_same_by_keyboard(visit, name, pad):
    one = open_explainer(visit, name)
    before = words(one)
    knob = one.page.locator(f"[data-pad={pad}]")
    assert knob.get_attribute("role") == "slider"
    assert knob.get_attribute("aria-label")
    said = knob.get_attribute("aria-valuetext")
    knob.focus()
    one.page.keyboard.press("ArrowRight")
    settled(one)
    assert words(one) != before
    assert knob.get_attribute("aria-valuetext") != said


@pytest.mark.parametrize(("name", "pad"), DRAGGED.items())
def test_the_same_by_finger_and_the_page_stays_where_it_is(visit, name, pad):
    one = open_explainer(visit, name, **PHONE)
    one.page.locator(f"[data-pad={pad}]").scroll_into_view_if_needed()
    before, scroll = words(one), one.page.evaluate("scrollY")
    box = one.page.locator(f"[data-pad={pad}]").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = one.context.new_cdp_session(one.page)

    def send(kind, *points):
        at = [{"x": a, "y": b} for a, b in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    send("touchStart", (x, y))
    for k in range(1, 9):
        send("touchMove", (x + 3 * k, y + 3 * k))
    send("touchEnd")
    settled(one)
    assert words(one) != before
    assert one.page.evaluate("scrollY") == scroll


@pytest.mark.parametrize("name", NAMES)
def test_every_control_has_a_name_and_moves_by_keyboard(visit, name):
    one = open_explainer(visit, name)
    controls = one.page.locator(".dl-explain__controls :is(input, select):enabled")
    assert controls.count() >= 1
    for i in range(controls.count()):
        control = controls.nth(i)
        assert control.evaluate("c => c.labels[0].textContent.trim().length") > 0
        kind = control.get_attribute("type") or "select"
        before = json.dumps(state(one, name))
        control.focus()
        if kind == "text":
            control.fill("2, 1" if name == "broadcast" else "1 0 0 0 0 0 0 0 1")
        else:
            one.page.keyboard.press(
                {"checkbox": "Space", "select": "ArrowDown"}.get(kind, "ArrowLeft")
            )
            if json.dumps(state(one, name)) == before:  # already at its end
                one.page.keyboard.press({"select": "ArrowUp"}.get(kind, "ArrowRight"))
        settled(one)
        assert json.dumps(state(one, name)) != before, control.get_attribute("name")
        one.page.locator(".dl-explain__bar button", has_text="恢复原样").click()
        one.page.wait_for_timeout(50)
    assert one.errors == []


def test_writing_a_stroke_is_seen_by_the_network_and_can_be_wiped(visit):
    one = open_explainer(visit, "lenet")
    one.page.locator("button", has_text="擦掉重写").click()
    settled(one)
    assert "写一个字" in words(one)
    box = one.page.locator("[data-pad=paper]").bounding_box()
    one.page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    one.page.mouse.down()
    one.page.mouse.move(box["x"] + box["width"] - 20, box["y"] + box["height"] / 2, steps=5)
    one.page.mouse.up()
    settled(one)
    ink = bin(int(state(one, "lenet")["ink"], 16)).count("1")
    assert ink > 50, "a line across the paper, without gaps"
    assert "最像" in words(one)


def test_units_can_be_added_and_taken_away(visit):
    one = open_explainer(visit, "pieces")
    assert "3 个单元" in words(one)
    one.page.locator("button", has_text="加一个单元").click()
    settled(one)
    assert "4 个单元，[0, 1] 上有 4 段" in words(one)
    for _ in range(9):
        one.page.locator("button", has_text="加一个单元").click()
    settled(one)
    assert "8 个单元" in words(one), "eight are the most"
    one.page.locator("button", has_text="去掉一个").click()
    settled(one)
    assert "7 个单元" in words(one)


@pytest.mark.parametrize("name", ["descent", "graph", "pieces"])
def test_playing_walks_and_reduced_motion_walks_one_step_at_a_time(visit, name):
    one = open_explainer(visit, name, "step=0" if name == "graph" else "steps=0")
    play = one.page.locator(".dl-explain__bar button").first
    assert play.inner_text() == "播放"
    play.click()
    assert play.inner_text() == "暂停"
    one.page.wait_for_timeout(700)
    play.click()
    key = "step" if name == "graph" else "steps"
    walked = state(one, name)[key]
    assert walked >= 2
    one.page.wait_for_timeout(400)
    assert state(one, name)[key] == walked, "a pause is a pause"

    still = open_explainer(visit, name, f"{key}=0", reduced_motion="reduce")
    step = still.page.locator(".dl-explain__bar button").first
    assert step.inner_text() == "走一步"
    step.click()
    still.page.wait_for_timeout(700)
    assert state(still, name)[key] == (5 if name == "pieces" else 1)


# --- screens -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_a_phone_and_follows_the_width_and_the_colours(visit, name):
    one = open_explainer(visit, name, **PHONE)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 390
    canvas = one.page.locator(".dl-explain__canvas")
    assert canvas.evaluate("c => c.clientWidth") <= 390
    light = canvas.evaluate("c => c.toDataURL()")
    one.page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    one.page.wait_for_timeout(300)
    assert canvas.evaluate("c => c.toDataURL()") != light
    one.page.set_viewport_size({"width": 800, "height": 900})
    one.page.wait_for_timeout(300)
    width, inner = canvas.evaluate("c => [c.clientWidth, c.width]")
    assert width > 390
    assert inner >= width


@pytest.mark.parametrize("name", NAMES)
def test_without_scripts_the_still_picture_is_there(visit, name):
    one = visit(java_script_enabled=False)
    one.go(web(PAGES[name]))
    figure = one.page.locator(f"dl-{name} > figure img:visible")
    assert figure.count() >= 1
    assert figure.first.get_attribute("alt")
    assert one.page.locator(".dl-explain__body").count() == 0


@pytest.mark.parametrize("name", NAMES)
def test_with_scripts_the_still_picture_is_one_click_away(visit, name):
    one = open_explainer(visit, name)
    still = one.page.locator(f"dl-{name} .dl-explain__still")
    assert not still.locator("img").first.is_visible()
    still.locator("summary").click()
    assert still.locator("img:visible").count() >= 1


# --- fetched when near, small, and honest when it fails ------------------------------------------


def test_nothing_is_fetched_before_the_reader_comes_near(visit):
    one, asked = visit(), []
    one.page.on("request", lambda r: "explain" in r.url and asked.append(r.url.rsplit("/", 1)[1]))
    one.go("notes/lenet/")
    assert asked == []
    one.page.locator("dl-lenet").scroll_into_view_if_needed()
    one.page.wait_for_selector("dl-lenet.is-live")
    assert sorted(asked) == ["core.js", "lenet.js", "lenet.js"]
    assert one.foreign == []


def test_the_scripts_are_small_and_none_is_left_over():
    folder = SITE / "assets" / "js" / "explain"
    sizes = {path.stem: len(gzip.compress(path.read_bytes())) for path in folder.glob("*.js")}
    print(sizes)
    assert set(sizes) == {"core", *NAMES}
    assert max(sizes.values()) <= MAX_SCRIPT
    data = {path.stem for path in (SITE / "assets" / "explain").glob("*.js")}
    assert data == set(WITH_DATA)
    assert [task.page for task in explainer_tasks(ROOT)] == list(PAGES.values())


def test_the_weights_are_half_precision_and_small():
    weights = product("lenet")["data"]["weights"]
    size = sum(len(text) * 3 // 4 - text.count("=") for text in weights.values())
    assert size == 2 * 61_706 <= MAX_WEIGHTS
    assert len(gzip.compress((SITE / "assets/explain/lenet.js").read_bytes())) <= MAX_WEIGHTS


@pytest.mark.parametrize(
    ("name", "file"),
    [("softmax", "js/explain/core.js"), ("softmax", "js/explain/softmax.js"),
     ("lenet", "assets/explain/lenet.js"), ("convolution", "assets/explain/convolution.js")],
)  # fmt: skip
def test_a_lost_file_leaves_the_picture_and_says_so(visit, name, file):
    one = visit()
    one.page.route(re.compile(re.escape(file) + "$"), lambda route: route.abort())
    one.go(web(PAGES[name]))
    one.page.locator(f"dl-{name}").scroll_into_view_if_needed()
    one.page.wait_for_selector(".dl-explain__note:visible")
    assert "讲解器打不开" in one.page.locator(".dl-explain__note").inner_text()
    assert one.page.locator(f"dl-{name} figure img:visible").count() >= 1
    assert one.page.locator(".dl-explain__stage").count() == 0


@pytest.mark.parametrize(
    ("name", "query", "message"),
    [
        ("descent", "lr=abc", "学习率 η应是一个数，收到“abc”，改用 0.2"),
        ("descent", "lr=", "应是一个数"),
        ("descent", "lr=NaN", "应是一个数"),
        ("descent", "lr=7", "学习率 η应在 0.001 到 1 之间，收到 7"),
        ("descent", "terrain=hill", "地形没有“hill”这一项"),
        ("softmax", "naive=2", "应是 0 或 1"),
        ("broadcast", "a=1,2,3,4,5,6,7", "形状最多 6 维，收到 7 维"),
        ("broadcast", "a=-3", "非负整数"),
        ("broadcast", "b=99999999999", "不超过十亿"),
        ("convolution", "kernel=own&weights=1 2", "核应是九个不超过 100 的数"),
        ("pieces", "units=2:1", "折点在 0 到 1 之间"),
        ("pieces", "units=0:1,0:1,0:1,0:1,0:1,0:1,0:1,0:1,0:1", "单元最多 8 个，收到 9 个"),
        ("convolution", "kernel=toString", "核没有“toString”这一项，改用 左边缘"),
        ("lenet", "sample=constructor", "没有“constructor”这一项"),
        ("lenet", "sample=own&ink=zz", "256 个十六进制字，收到 2 个，改用空白"),
    ],
)
def test_a_bad_address_is_explained_and_the_rest_still_works(visit, name, query, message):
    one = open_explainer(visit, name, query)
    assert message in note(one)
    assert words(one) != ""
    assert one.errors == []


def test_fractions_in_the_address_of_whole_numbers_are_rounded(visit):
    one = open_explainer(visit, "convolution", "stride=1.4&padding=1.2&row=0.7&column=0.2")
    assert "第 2 行第 1 列" in words(one)
    assert "NaN" not in words(one)
    assert "输出共 25 格" in words(one)
    assert state(one, "convolution")["stride"] == 1


def test_on_a_phone_only_the_window_holds_the_finger(visit):
    one = open_explainer(visit, "convolution", **PHONE)
    window = one.page.locator("[data-pad=input]").bounding_box()
    stage = one.page.locator(".dl-explain__stage").bounding_box()
    assert window["width"] < 0.7 * stage["width"]


def test_a_bad_shape_keeps_the_last_good_picture_and_says_what_is_wrong(visit):
    one = open_explainer(visit, "broadcast")
    before, field = words(one), one.page.locator(".dl-explain [name=a]")
    field.fill("3, x")
    assert "形状应是用逗号隔开的非负整数" in note(one)
    assert field.get_attribute("aria-invalid") == "true"
    assert words(one) == before
    field.fill("5, 1")
    settled(one)
    assert note(one) == ""
    assert field.get_attribute("aria-invalid") is None
    assert "(5, 4)" in words(one)


def test_huge_shapes_are_counted_not_built(visit):
    one = open_explainer(visit, "broadcast", "a=1000000000,1&b=1000000000")
    assert "EB" in words(one) or "PB" in words(one)
    assert one.errors == []


@pytest.mark.parametrize(
    ("query", "text"),
    [("lr=1&kappa=100&steps=100", "发散"), ("lr=1&rho=0.99&kappa=100&steps=100", "发散"),
     ("lr=0.001&steps=0", "走 0 步")],
)  # fmt: skip
def test_a_walk_that_flies_away_is_drawn_and_named(visit, query, text):
    one = open_explainer(visit, "descent", query)
    assert text in words(one)
    assert "NaN" not in words(one)
    assert one.errors == []


def test_many_layers_that_overflow_or_vanish_are_still_drawn(visit):
    for query in ("activation=relu&scale=10&depth=24", "activation=sigmoid&scale=0.1&depth=24"):
        one = open_explainer(visit, "depth", query)
        assert "平均乘" in words(one)
        assert one.errors == []

"""The playground: replays packed without loss, the same runs as the spiral page, a page to use."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from conftest import ROOT
from dlnotes.data import spiral
from dlnotes.models import mlp
from dlnotes.plotting import DARK, LIGHT
from dlnotes.training import accuracy, fit_seeds, mean_std
from dlnotes_site.collect import collect_page
from dlnotes_site.playground import bundle, train
from dlnotes_site.playground.bundle import FILE, ensure, part_key, read_part
from dlnotes_site.playground.replay import Playback, decode, encode
from dlnotes_site.playground.train import EXTENT, GROUPS, NUM_TEST, RECIPES, SIZE, STEPS, Group
from dlnotes_site.record import Environment, key
from dlnotes_site.runner import Project
from test_site import SITE, Visit, address, browser, visit  # noqa: F401

MAX_BYTES = 1_500_000
CPU = Environment.current("cpu")


# --- packing ------------------------------------------------------------------------------------


def noise_labels(rng):
    return rng.integers(0, 3, (4, 12, 12))


def moving_disc(rng):
    x, y = np.meshgrid(np.arange(12), np.arange(12))
    return np.stack([((x - f) ** 2 + (y - 6) ** 2 < 16) + (x > 9) for f in range(4)])


@pytest.mark.parametrize("draw", [noise_labels, moving_disc])
def test_encode_then_decode_gives_back_every_label_and_count(draw):
    rng = np.random.default_rng(0)
    labels = draw(rng).astype(np.uint8)
    given = Playback([50, 149, 3, 150], [0, 1500, 7, 7], [1.1, 0.02, 300.0, np.inf],
                     rng.lognormal(0, 3, 9).tolist(), labels)  # fmt: skip
    found = decode(encode(given), 4, 9, 12)
    assert np.array_equal(found.labels, labels)
    assert found.train_correct == given.train_correct
    assert found.test_correct == given.test_correct
    np.testing.assert_allclose(found.valid_loss, given.valid_loss, rtol=6e-4)
    np.testing.assert_allclose(found.train_loss, given.train_loss, rtol=6e-4)


def test_encode_makes_regions_that_stay_alike_much_shorter_than_noise():
    rng = np.random.default_rng(0)
    size = {draw: len(encode(Playback([0], [0], [1.0], [1.0], draw(rng))))
            for draw in (noise_labels, moving_disc)}  # fmt: skip
    assert size[moving_disc] < size[noise_labels] / 2


# --- training -----------------------------------------------------------------------------------


@pytest.fixture
def short(monkeypatch):
    """Thirty steps instead of a thousand."""
    steps = (1, 2, 10, 30)
    for name, value in {"NUM_STEPS": 30, "STEPS": steps, "CURVE": steps, "SIZE": 24}.items():
        monkeypatch.setattr(train, name, value)
    return steps


LITTLE = Group("relu", "sgd", (0.1, 1.0), 10, 20, (0.2, 0.6), (0, 1))


@pytest.mark.parametrize(
    "group",
    [LITTLE, replace(LITTLE, optimizer="adam", lrs=(0.01,)),
     Group("relu", "momentum", (0.1,), 100, 1000, (0.2,), (0, 1))],
    ids=["stacked", "one-lr", "one-by-one"],
)  # fmt: skip
def test_frames_are_the_networks_of_the_recorded_forward_passes(group, short):
    # oracle: the training accuracy that `fit_seeds` itself records at these steps
    runs, copies = train.train(group)
    count = len(group.cases)
    assert len(copies) == len(group.lrs) * count
    for index, frames in enumerate(copies):
        X, y = group.train_data(*group.cases[index % count])
        model = mlp([2, group.width, 3], seed=0)
        for step, values in zip(short, frames, strict=True):
            with torch.no_grad():
                for parameter, value in zip(model.parameters(), values, strict=True):
                    parameter.copy_(value)
            recorded = runs.train_accuracy[index // count, index % count, step - 1]
            assert abs(accuracy(model, X, y) - recorded) <= 1.5 / len(X), (index, step)


def test_runs_are_those_of_the_tables_calls(short):
    # oracle: the call on the spiral page, ten seeds and six rates at once
    table = fit_seeds(lambda s: mlp([2, 100, 3], seed=s), lambda s: spiral(50, seed=100 + s),
                      seeds=range(10), optimizer="sgd", lr=[1e-4, 1e-3, 1e-2, 1e-1, 1, 10],
                      num_epochs=30, weight_decay=1e-5)  # fmt: skip
    group = next(g for g in GROUPS if (g.activation, g.optimizer, g.width, g.num_per_class)
                 == ("relu", "sgd", 100, 50))  # fmt: skip
    runs, _ = train.train(group)
    ours = runs.train_accuracy[:4, : len(group.seeds)]
    torch.testing.assert_close(ours, table.train_accuracy[1:5, : len(group.seeds)])


def test_labels_are_the_networks_own_answers_at_the_cells(short):
    _, copies = train.train(LITTLE)
    found = train.playbacks(LITTLE)
    model = mlp([2, 10, 3], seed=0)
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), copies[0][-1], strict=True):
            parameter.copy_(value)
        corner = model(torch.tensor([[-EXTENT, EXTENT]]) * (1 - 1 / train.SIZE)).argmax()
        every = model(train.cells()).argmax(dim=1).view(train.SIZE, -1)
    labels = found[LITTLE.name(0.1, *LITTLE.cases[0])].labels
    assert labels[-1, 0, 0] == corner
    assert np.array_equal(labels[-1], every)


def test_groups_name_every_run_once_and_hold_the_whole_table():
    names = [g.name(lr, *case) for g in GROUPS for lr in g.lrs for case in g.cases]
    assert len(set(names)) == len(names)
    for optimizer, lr in RECIPES:
        assert {f"relu,{optimizer},{lr:g},100,1000,0.2,{seed}" for seed in range(10)} < set(names)


# --- the file -----------------------------------------------------------------------------------


@pytest.fixture
def small(mini, short, monkeypatch):
    """A project with a playground of one small group."""
    for name in ("STEPS", "CURVE", "SIZE"):
        monkeypatch.setattr(bundle, name, getattr(train, name))
    mini.page("# 训练场\n", "docs/playground.md")
    return mini.project


def data_of(text: str) -> dict:
    script = r"globalThis\.dlPlaygroundData = JSON\.parse\('(.*)'\);\n"
    return json.loads(re.fullmatch(script, text)[1])


def make(project, **options):
    options = {"device": "cpu", "jobs": 1, "progress": False, "groups": [LITTLE], **options}
    return ensure(project, **options)


def test_ensure_does_nothing_without_the_page(mini):
    assert make(mini.project) is None
    assert not (mini.root / FILE).exists()


def test_ensure_writes_every_run_and_its_points(small):
    data = data_of(make(small).read_text(encoding="utf-8"))
    assert len(data["runs"]) == 2 * 4
    assert set(data["points"]) == {"20,0.2,0", "20,0.2,1", "20,0.6,0", "20,0.6,1"}
    assert data["steps"] == [1, 2, 10, 30]


def test_ensure_reuses_what_is_there_and_makes_again_what_is_damaged(small, monkeypatch):
    first = make(small).read_text(encoding="utf-8")
    made = []
    real = bundle.make_part
    monkeypatch.setattr(bundle, "make_part", lambda *a: (made.append(a[0]), real(*a)))
    make(small)
    assert made == []
    part = small.root / bundle.PARTS / f"{part_key(LITTLE, CPU, small.source)}.json"
    part.write_text(part.read_text(encoding="utf-8").replace('"seconds"', '"secondS"'))
    assert read_part(part.parent, part.stem) is None
    assert data_of(make(small).read_text(encoding="utf-8"))["runs"] == data_of(first)["runs"]
    assert made == [LITTLE]
    make(small, fresh=True)
    assert made == [LITTLE, LITTLE]


def test_ensure_goes_on_where_it_was_interrupted(small, monkeypatch):
    other = replace(LITTLE, optimizer="adam")
    real, made = bundle.make_part, []

    def breaks(group, *rest):
        made.append(group.optimizer)
        if len(made) == 2:
            raise KeyboardInterrupt
        real(group, *rest)

    monkeypatch.setattr(bundle, "make_part", breaks)
    with pytest.raises(KeyboardInterrupt):
        make(small, groups=[LITTLE, other])
    assert not (small.root / FILE).exists()
    make(small, groups=[LITTLE, other])
    assert made == ["sgd", "adam", "adam"]


def test_ensure_with_recorded_prefers_the_recorded_environment(small, monkeypatch):
    elsewhere = Environment("cuda", CPU.versions)
    monkeypatch.setattr(Project, "environment", lambda self: elsewhere)
    here = part_key(LITTLE, CPU, small.source)
    assert "CPU" in data_of(make(small, recorded=True).read_text(encoding="utf-8"))["device"]
    folder = small.root / bundle.PARTS
    there = part_key(LITTLE, elsewhere, small.source)
    assert there != here
    part = replace(read_part(folder, here), key=there, device="GPU（试验）")
    monkeypatch.setattr(bundle, "read_part", lambda f, k: part if k == there else None)
    assert data_of(make(small, recorded=True).read_text("utf-8"))["device"] == "GPU（试验）"


# --- what the build made ------------------------------------------------------------------------


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


def spiral_page_outputs() -> str:
    project = Project(ROOT)
    environment = project.environment()
    blocks = collect_page(ROOT / "docs/notes/spiral.md", ROOT)
    records = (project.store.get(key(b, environment, project.source)) for b in blocks)
    return "\n".join(record.stdout for record in records if record)


@pytest.mark.parametrize(
    ("optimizer", "lr", "line", "digits"),
    [("sgd", 1e-3, r"优化器 SGD，ReLU：(.*)", 3), ("adam", 1e-3, r"优化器 Adam，ReLU：(.*)", 3),
     ("sgd", 1.0, r"SGD，学习率 1：(.*)", 4), ("momentum", 0.1, r"动量 0.9，学习率 0.1：(.*)", 4),
     ("adam", 1e-2, r"Adam，学习率 0.01：(.*)，天花板", 4)],
)  # fmt: skip
def test_ten_seeds_give_the_numbers_of_the_spiral_pages_table(built, optimizer, lr, line, digits):
    group = Group("relu", optimizer, (lr,), 100, 1000, (0.2,), tuple(range(10)))
    final = torch.tensor([replay(built, group.name(lr, 0.2, seed)).train_correct[-1] / 3000
                          for seed in range(10)])  # fmt: skip
    printed = re.search(line, spiral_page_outputs())[1]
    numbers = [float(x) for x in re.findall(r"0\.\d+", printed)]
    ours = [float(x) for x in re.findall(r"0\.\d+", mean_std(final, digits))]
    assert ours == pytest.approx(numbers, abs=2 * 10**-digits), (printed, mean_std(final, digits))


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
        playback, data = replay(built, group.name(lr, *case)), group.test_data(*case)
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
    assert abs(cell_accuracy(shifted, *group.test_data(*case)) - recorded) > 0.03


# --- the page's colours and words ---------------------------------------------------------------


def css_colours(text: str) -> list[list[str]]:
    """Each set of class colours, then the boundary."""
    names = [*(f"--dl-class-{k}" for k in range(3)), "--dl-boundary"]
    return list(map(list, zip(*(re.findall(rf"{name}:\s*(#\w+);", text) for name in names),
                              strict=True)))  # fmt: skip


def test_colours_are_those_of_the_figures():
    text = (ROOT / "docs/assets/css/site.css").read_text(encoding="utf-8")
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

site = pytest.mark.xdist_group("site")
quiet = pytest.mark.filterwarnings("ignore::ResourceWarning")


def open_at(visit, path="playground/", **options) -> Visit:  # noqa: F811
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


@site
@quiet
@pytest.mark.parametrize(
    "given",
    [state(), state(act="none", opt="sgd", lr=10, step=1), state(act="sigmoid", noise=0.6, seed=2),
     state(n=1000, opt="sgd", lr=1, seed=7, step=1000), state(act="tanh", width=10, step=75)],
    ids=run_name,
)  # fmt: skip
def test_the_page_shows_the_recorded_numbers_and_regions(visit, built, given):  # noqa: F811
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


@site
@quiet
def test_the_keyboard_moves_through_training_and_a_link_reproduces_the_view(visit):  # noqa: F811
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


@site
@quiet
def test_a_changed_setting_is_a_step_of_history(visit):  # noqa: F811
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


@site
@quiet
@pytest.mark.parametrize(
    ("path", "told"),
    [("playground/?lr=7", "学习率没有“7”这一项"), ("playground/?step=nan", "步没有"),
     ("playground/?foo=1", "不认识参数 foo"), (query(n=1000, act="tanh"), "这一组没有算过"),
     ("playground/?act=%3Cb%3E", "激活函数没有“<b>”")],
)  # fmt: skip
def test_bad_addresses_fall_back_and_say_so(visit, path, told):  # noqa: F811
    one = open_at(visit, path)
    note = one.page.locator(".dl-play__note")
    assert note.is_visible()
    assert told in note.inner_text()
    assert counts(status(one))
    assert one.errors == []


@site
@quiet
def test_a_good_address_has_no_note(visit):  # noqa: F811
    assert not open_at(visit, query()).page.locator(".dl-play__note").is_visible()


@site
@quiet
def test_a_setting_without_runs_moves_the_others_and_says_so(visit):  # noqa: F811
    one = open_at(visit, query(act="tanh", width=10))
    setting(one, "n").select_option("1000")
    one.page.get_by_text("这一组没有算过").wait_for()
    assert setting(one, "n").input_value() == "1000"
    assert setting(one, "width").input_value() == "100"
    assert re.search(r"（\d+/3000）", status(one))


@site
@quiet
def test_play_runs_to_the_end_and_stops(visit):  # noqa: F811
    one = open_at(visit, query(step=600))
    button = one.page.locator(".dl-frames__play")
    button.click()
    assert button.get_attribute("aria-label") == "暂停"
    assert one.page.locator(".dl-play__status").get_attribute("aria-live") == "off"
    one.page.wait_for_function("location.search.includes('step=1000')", timeout=10000)
    assert button.get_attribute("aria-label") == "播放"
    assert one.page.locator(".dl-play__status").get_attribute("aria-live") == "polite"


@site
@quiet
def test_reduced_motion_steps_instead_of_playing(visit):  # noqa: F811
    one = open_at(visit, query(step=600), reduced_motion="reduce")
    button = one.page.locator(".dl-frames__play")
    assert button.get_attribute("aria-label") == "下一帧"
    button.click()
    assert status(one).startswith("第 800 步")
    one.page.wait_for_timeout(1500)
    assert status(one).startswith("第 800 步")


@site
@quiet
def test_touch_moves_the_slider_on_a_phone(visit):  # noqa: F811
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


@site
@quiet
def test_copy_link_copies_the_address_of_the_view(visit):  # noqa: F811
    one = open_at(visit, query(seed=2))
    one.page.get_by_role("button", name="复制链接").click()
    one.page.get_by_text("已复制").wait_for()
    copied = one.page.evaluate("navigator.clipboard.readText()")
    assert "seed=2" in copied
    assert "step=300" in copied


@site
@quiet
def test_a_question_opens_its_view_without_reloading(visit):  # noqa: F811
    one = open_at(visit)
    one.page.evaluate("window.stayed = true")
    one.page.get_by_role("link", name="打开这一组").click()
    one.page.wait_for_function("location.search.includes('act=none')")
    assert one.page.evaluate("window.stayed")
    one.page.wait_for_function(
        "document.querySelector('.dl-play__map').getAttribute('aria-label').includes('没有激活函数')"
    )


@site
@quiet
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_is_painted_in_the_palette(visit, built, scheme):  # noqa: F811
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


@site
@quiet
def test_without_scripts_the_static_figure_tells_the_story(visit):  # noqa: F811
    one = visit(java_script_enabled=False)
    one.go("playground/")
    assert not one.page.locator(".dl-play").is_visible()
    assert one.page.locator(".dl-figure img.dl-light").first.is_visible()
    assert one.page.get_by_text("没有脚本，或者取不到数据时").is_visible()


@site
@quiet
def test_when_the_data_cannot_be_fetched_the_page_says_so(visit):  # noqa: F811
    one = visit()
    one.page.route("**/playground/data.js", lambda route: route.abort())
    one.go("playground/")
    note = one.page.locator(".dl-play__note")
    note.wait_for(timeout=10000)
    assert "静态的图" in note.inner_text()
    assert not one.page.locator(".dl-play__map").is_visible()


@site
@quiet
def test_only_the_playground_fetches_its_script_and_data(visit):  # noqa: F811
    one = visit()
    fetched = []
    one.page.on("request", lambda r: "playground" in r.url and fetched.append(r.url))
    one.go("notes/spiral/")
    assert fetched == []
    one.go("playground/")
    assert any(url.endswith("playground/data.js") for url in fetched)


@site
@quiet
def test_it_works_from_a_file(browser):  # noqa: F811
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

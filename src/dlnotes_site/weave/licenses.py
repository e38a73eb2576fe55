"""网站送到读者那里的别人的东西：各是什么、用的什么许可、许可全文。

全文取自装好的包，不抄进版本库；页面里写一行 `MARKER`，织页面时换成清单。
"""

import html
import json
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.metadata import distribution, version
from pathlib import Path

from dlnotes_site.pages.collect import Problem
from dlnotes_site.project import Project
from dlnotes_site.weave import vendor

MARKER = "<!-- 许可清单 -->"

_THEME = ("assets/javascripts/bundle.*", "assets/javascripts/workers/*", "assets/stylesheets/*",
          "assets/images/favicon.png")  # fmt: skip
_LANGUAGES = "assets/javascripts/lunr/"
_SPOKEN = {f"{_LANGUAGES}min/lunr.{name}.min.js" for name in ("stemmer.support", "multi", "zh")}

# 打包在主题的脚本里的；测试照主题的 source map 核对，一个不少
BUNDLED = ("clipboard", "escape-html", "focus-visible", "lunr", "rxjs", "tslib")

# 这些文件夹里的是本站自己写的，或者由运行记录织成的
_OURS = ("assets/css/*", "assets/js/*", "assets/run/*", "assets/playground/*", "assets/explain/*",
         "assets/long/*", "assets/offline/offline.js", "assets/*.svg", "assets/*.json")  # fmt: skip


@dataclass(frozen=True)
class Component:
    """别人的一样东西。

    Attributes:
        name: 名字与版本。
        use: 用在哪里。
        licence: 许可的名字。
        text: 许可全文。
        files: 网站里的哪些文件，`*` 代表任意字符。
    """

    name: str
    use: str
    licence: str
    text: str
    files: tuple[str, ...] = ()


def components(project: Project) -> list[Component]:
    """网站用到的全部，次序固定。"""
    modules = vendor.ensure()
    return [
        _package(modules, "katex", "公式的样式", "assets/katex/katex.min.css"),
        _katex_fonts(project, modules),
        _package(modules, "iframe-worker", "离线版的搜索", "assets/offline/iframe-worker.js"),
        _theme(),
        *(_package(modules, name, "打包在主题的脚本里") for name in BUNDLED),
        _package(modules, "lunr-languages", "搜索的分词", *sorted(_SPOKEN)),
        _icons(),
        _docstrings(),
        _notes_font(project),
    ]


def listing(project: Project) -> str:
    """清单的 HTML：每样东西一条，全文折叠着；不进搜索的索引。"""
    items = "".join(_item(component) for component in components(project))
    return f'<div class="dl-licences" data-search-exclude>{items}</div>'


def _item(one: Component) -> str:
    title = html.escape(f"{one.name}（{one.licence}）：{one.use}")
    text = html.escape(one.text.strip(), quote=False)
    return f"<details><summary>{title}</summary><pre>{text}</pre></details>"


def unlisted(site: Path, listed: list[Component]) -> list[str]:
    """`site/assets/` 里既不是本站的、也不属于清单上任何一样的文件。"""
    known = [*_OURS, *(pattern for component in listed for pattern in component.files)]
    names = (p.relative_to(site).as_posix() for p in (site / "assets").rglob("*") if p.is_file())
    return sorted(name for name in names if not any(fnmatch(name, one) for one in known))


def problems(project: Project) -> list[Problem]:
    """建好的网站里没有列出许可的文件。"""
    message = "不在许可的清单里：写进 weave/licenses.py，或者不要送出"
    return [Problem(f"site/{name}", 0, message)
            for name in unlisted(project.site, components(project))]  # fmt: skip


def stamp() -> str:
    """清单取决于哪些版本。"""
    found = {name: version(name) for name in ("mkdocs-material", "mkdocstrings-python")}
    return repr((found, vendor.versions()))


def remove_unused(site: Path) -> None:
    """删掉主题带来而本站用不到的三十来种语言的搜索脚本。"""
    for path in (site / _LANGUAGES).rglob("*.js"):
        if path.relative_to(site).as_posix() not in _SPOKEN:
            path.unlink()


def _package(modules: Path, name: str, use: str, *files: str) -> Component:
    about = json.loads((modules / name / "package.json").read_text(encoding="utf-8"))
    text = next((modules / name).glob("LICENSE*"), modules / name / "Readme.md")
    return Component(f"{name} {about['version']}", use, about["license"], _read(text), files)


def _katex_fonts(project: Project, modules: Path) -> Component:
    from fontTools.ttLib import TTFont

    with TTFont(modules / "katex/dist/fonts/KaTeX_Main-Regular.ttf") as font:
        notice = font["name"].getDebugName(13)
    text = f"{notice}\n\n{_body(_open_font_licence(project))}"
    number = vendor.versions()["katex"]
    return Component(f"KaTeX {number} 的字体", "公式", "OFL-1.1", text, ("assets/katex/fonts/*",))


def _notes_font(project: Project) -> Component:
    name = "DLNotes Sans SC（Noto Sans CJK SC 的子集）"
    return Component(name, "图里的汉字，也在安装包里", "OFL-1.1", _open_font_licence(project))


def _open_font_licence(project: Project) -> str:
    return _read(project.source / "dlnotes" / "fonts" / "OFL.txt")


def _body(text: str) -> str:
    """许可的正文，不带开头的版权行。"""
    return text[text.index("SIL OPEN FONT LICENSE") :]


def _theme() -> Component:
    return _distribution("mkdocs-material", "主题的样式与脚本", "MIT", *_THEME)


def _docstrings() -> Component:
    return _distribution("mkdocstrings-python", "接口页的样式", "ISC", "assets/_mkdocstrings.css")


def _icons() -> Component:
    import material

    text = _read(Path(material.__file__).parent / "templates/.icons/material/LICENSE")
    return Component("Material Design Icons", "页面上的图标", "Apache-2.0", text)


def _distribution(name: str, use: str, licence: str, *files: str) -> Component:
    found = distribution(name)
    text = next(p for p in found.files if p.parts[-2:] == ("licenses", "LICENSE"))
    return Component(f"{name} {found.version}", use, licence, _read(text.locate()), files)


def _read(path: Path) -> str:
    return Path(path).read_text(encoding="utf-8", errors="strict")

"""建站工具的话改写成中文，并找出是源文件的哪一行。"""

import re
from pathlib import Path
from urllib.parse import unquote

from dlnotes_site.pages.collect import Problem
from dlnotes_site.project import Project

_LINK = (
    r"Doc file '(?P<page>[^']+)' contains a(?:n unrecognized relative|n absolute)? "
    r"link '(?P<link>[^']*)'"
)
_PATTERNS = {
    _LINK + r".*(?:but the target|it was left as is)": "链接的页面不存在",
    _LINK + r".*anchor": "链接的锚点不存在",
    r"(?P<page>\S+\.md): .*Could not find cross-reference target '(?P<link>[^']*)'": "没有这个引用",
    r"A reference to '(?P<link>[^']*)' is included in the 'nav'": "导航里的页面不存在",
    r"not included in the \"nav\".*?- (?P<link>\S+)": "页面不在导航里",
}
_ABORTED = re.compile(r"Aborted with .* in strict mode")
_NUMBER = re.compile(r"\d+")


def explain(project: Project, message: str) -> str:
    """一条消息的中文写法；认不出的原样返回。"""
    for pattern, chinese in _PATTERNS.items():
        if match := re.search(pattern, message, re.DOTALL):
            found = match.groupdict()
            page = found.get("page")
            if page is None:
                return f"mkdocs.yml：{chinese}：{found['link']}"
            return str(located(project, page, found["link"], f"{chinese}：{found['link']}"))
    if match := _ABORTED.search(message):
        return f"有 {sum(map(int, _NUMBER.findall(match[0])))} 处毛病，没有建成"
    return message


def located(project: Project, page: str, text: str, message: str) -> Problem:
    """`page`（在 `build/docs` 里的名字）的源文件里写着 `text` 的那一行；找不到时行号是 0。"""
    for name in (page, str(Path(page).with_suffix(".py"))):
        path = project.docs / name
        if path.is_file():
            return Problem(project.page(path), _line(path, text), message)
    return Problem(f"build/docs/{page}", _line(project.woven / page, text), message)


def _line(path: Path, text: str) -> int:
    wanted = {part for part in (text, unquote(text)) if part}
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((i for i, line in enumerate(lines, 1) if any(t in line for t in wanted)), 0)

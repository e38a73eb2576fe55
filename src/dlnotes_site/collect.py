"""从页面里收集代码块，并找出会被悄悄跳过或什么也没有证明的代码块。"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pytest_codeblocks import extract_from_file

_OPENING = re.compile(r"^(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)$")
_PYTHON_LIKE = re.compile(r"^\{?\s*\.?(py|python|python3|ipython)\d*\b", re.IGNORECASE)
_COMMENT = re.compile(r"^\s*<!--\s*(?P<name>alt|caption):\s*(?P<text>.*?)\s*-->\s*$")
SKIP = re.compile(r"pytest\.mark\.skip\(reason=(?P<quote>[\"'])(?P<reason>.+)(?P=quote)\)")
_EXPECTED = "<!--pytest-codeblocks:expected-output"
_WIDE = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\u2018-\u201d\u2026\u2014]"
SOFT_BREAK = re.compile(f"(?<={_WIDE})\n(?={_WIDE})")
"""源文件里折行的两个汉字之间的换行：显示时不能变成空格。"""


@dataclass
class Fence:
    """页面里的一个围栏代码块，按它在页面里的位置记录；行号从 1 数起。"""

    line: int
    end: int
    indent: str
    opening: str
    info: str
    lines: list[str]

    @property
    def code(self) -> str:
        """去掉公共缩进之后的内容。"""
        width = len(self.indent)
        return "".join(
            line[min(width, len(line) - len(line.lstrip())) :] + "\n" for line in self.lines
        )


@dataclass
class Caption:
    """一张图的替代文字与图注。"""

    alt: str
    text: str = ""


@dataclass
class Block:
    """一个会被运行的代码块。"""

    page: str
    line: int
    code: str
    expected: str | None = None
    ignore_whitespace: bool = False
    skip: str | None = None
    captions: list[Caption] = field(default_factory=list)

    @property
    def where(self) -> str:
        """`页面:行号`。"""
        return f"{self.page}:{self.line}"


@dataclass
class Problem:
    """页面里的一处毛病。"""

    page: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}：{self.message}"


def fences(lines: list[str]) -> Iterator[Fence]:
    """依次给出各个围栏代码块；与 pytest-codeblocks 的认法一致，另外也认波浪线。"""
    number = 0
    while number < len(lines):
        match = _OPENING.match(lines[number].rstrip())
        if match is None:
            number += 1
            continue
        end = number + 1
        while end < len(lines) and not lines[end].lstrip().startswith(match["ticks"]):
            end += 1
        opening = lines[number].strip()
        yield Fence(number + 1, end + 1, match["indent"], opening, match["info"].strip(),
                    lines[number + 1 : end])  # fmt: skip
        number = end + 1


def captions_after(lines: list[str], end: int) -> tuple[list[Caption], list[int]]:
    """代码块之后紧跟的 `<!--alt: …-->` 与 `<!--caption: …-->`，以及它们所在的行（从 0 数起）。"""
    captions: list[Caption] = []
    used = []
    for number in range(end, len(lines)):
        if not lines[number].strip():
            continue
        match = _COMMENT.match(lines[number])
        if match is None:
            break
        if match["name"] == "alt":
            captions.append(Caption(match["text"]))
        elif captions:
            captions[-1].text = match["text"]
        else:
            break
        used.append(number)
    return captions, used


def expected_lines(lines: list[str], end: int) -> list[int]:
    """代码块之后“预期输出”那几行的下标（从 0 数起）；`end` 是围栏之后的第一行。"""
    start = end
    while start < len(lines) and (not lines[start].strip() or _COMMENT.match(lines[start])):
        start += 1
    if start >= len(lines) or not lines[start].strip().startswith(_EXPECTED):
        return []
    fence = next(fences(lines[start:]), None)
    return list(range(start, start + fence.end)) if fence else []


def after_front_matter(lines: list[str]) -> int:
    """页首元数据之后的第一行的下标；没有元数据时为 0。"""
    if lines and lines[0].strip() == "---" and "---" in lines[1:]:
        return lines.index("---", 1) + 1
    return 0


def collect_page(path: Path, root: Path) -> list[Block]:
    """一个页面里所有会被运行的代码块。"""
    page = path.relative_to(root).as_posix()
    text = path.read_text(encoding="utf-8").splitlines()
    known = {fence.line: fence for fence in fences(text)}
    found = []
    for block in extract_from_file(path):
        if block.syntax != "python":
            continue
        fence = known[block.lineno]
        found.append(
            Block(
                # 代码取自己认出的围栏：pytest-codeblocks 会丢掉缩进围栏里的空行，行号就对不上
                page, block.lineno, fence.code, block.expected_output,
                block.expected_output_ignore_whitespace,
                _skip_reason(block.marks),
                captions_after(text, fence.end)[0],
            )
        )  # fmt: skip
    return found


def _skip_reason(marks: list[str]) -> str | None:
    for mark in marks:
        match = SKIP.search(mark)
        return match["reason"] if match else mark
    return None


def pages(root: Path) -> list[Path]:
    """所有页面：README.md 与 docs 下的 Markdown，次序固定。"""
    readme = [root / "README.md"] if (root / "README.md").exists() else []
    return readme + sorted((root / "docs").rglob("*.md"))


def collect(root: Path) -> list[Block]:
    """所有页面里的代码块。"""
    return [block for path in pages(root) for block in collect_page(path, root)]


def check_page(path: Path, root: Path) -> list[Problem]:
    """一个页面里会被悄悄跳过的围栏，和什么也没有证明的代码块。"""
    page = path.relative_to(root).as_posix()
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    problems = [
        Problem(page, fence.line, f"这个围栏不会被运行：{fence.opening}；要运行就写成 ```python，"
                                  "不运行就换一种语言（text、pycon、console）")
        for fence in fences(lines) if _never_run(fence)
    ]  # fmt: skip
    for number, line in enumerate(lines, start=1):
        if "pytest-codeblocks:cont" in line or "pytest-codeblocks:skipfile" in line:
            problems.append(Problem(page, number, f"不使用这条指令：{line.strip()}"))
        if (
            "pytest.mark.skip" in line
            and line.lstrip().startswith("<!--")
            and not SKIP.search(line)
        ):
            problems.append(Problem(page, number, '跳过要写明理由：pytest.mark.skip(reason="…")'))
    if not problems:
        problems = [p for b in collect_page(path, root) if (p := _unproven(b)) is not None]
    return problems


def check(root: Path) -> list[Problem]:
    """所有页面的毛病。"""
    return [problem for path in pages(root) for problem in check_page(path, root)]


def _never_run(fence: Fence) -> bool:
    if fence.opening == "```python" or fence.info.startswith("pycon"):
        return False
    # pytest-codeblocks 会把 sh 与 bash 当命令执行：命令一律写在 console 里
    return bool(_PYTHON_LIKE.match(fence.info)) or fence.info.split(" ")[0] in {"sh", "bash"}


def _unproven(block: Block) -> Problem | None:
    if block.skip is not None or block.expected is not None:
        return None
    try:
        tree = ast.parse(block.code)
    except SyntaxError as error:
        return Problem(block.page, block.line + (error.lineno or 0), f"语法错误：{error.msg}")
    asserts = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    if not any(not isinstance(node.test, ast.Constant | ast.Tuple) for node in asserts):
        return Problem(
            block.page, block.line, "代码块什么也没有证明：应有 assert 或 expected-output"
        )
    return None

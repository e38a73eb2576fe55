"""中文排版：中西文之间的空格与全角标点，由 AutoCorrect 检查和修改。"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_ASKED = re.compile(r"^keywords: .*$", re.MULTILINE)


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m dlnotes_site.pages.typography [--fix] 路径…`；有要改的地方时返回 1。"""
    parser = argparse.ArgumentParser(prog="python -m dlnotes_site.pages.typography",
                                     description="检查 Markdown 的中文排版")  # fmt: skip
    parser.add_argument("paths", nargs="+", type=Path, metavar="路径", help="文件或文件夹")
    parser.add_argument("--fix", action="store_true", help="就地修改")
    options = parser.parse_args(arguments)
    found = [problem for path in _files(options.paths) for problem in lint(path, options.fix)]
    print("\n".join(found), end="\n" if found else "")
    return int(bool(found))


def lint(path: Path, fix: bool = False) -> list[str]:
    """一个文件里要改的地方，每处一行；`fix` 为真时就地改好。"""
    import autocorrect_py

    autocorrect_py.load_config('{"context": {"codeblock": 0}}')  # 代码里的字符串不改
    text = path.read_text(encoding="utf-8")
    asked = _ASKED.search(text)  # 搜索用的词照读者打的写，不排版
    text = _ASKED.sub("", text, count=1)
    found = [f"{path}:{line.line}：{line.old.strip()!r} 应写成 {line.new.strip()!r}"
             for line in autocorrect_py.lint_for(text, path.name).lines]  # fmt: skip
    if fix and found:
        better = autocorrect_py.format_for(text, path.name)
        path.write_text(_put_back(better, asked), encoding="utf-8")
    return found


def _put_back(text: str, asked: re.Match | None) -> str:
    """把取走的一行放回页首原来的地方。"""
    if asked is None:
        return text
    line = asked.string.count("\n", 0, asked.start())
    lines = text.split("\n")
    lines[line] = asked[0]
    return "\n".join(lines)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(path.rglob("*.md")) if path.is_dir() else [path]


if __name__ == "__main__":
    sys.exit(main())

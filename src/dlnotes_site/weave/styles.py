"""样式：`docs/assets/css/` 里一件事一份，织页面时按次序接成一份 `site.css`，读者只取一次。"""

from pathlib import Path

ORDER = ("colours", "text", "layout", "code", "figures", "tables", "boxes", "maths", "api", "home",
         "cards", "route", "report", "labs", "playground", "explain", "search", "motion",
         "print")  # fmt: skip
"""先后：颜色最先，打印最后，别的样式才盖不过它。"""

FOLDER, JOINED = "assets/css", "assets/css/site.css"


def styles(docs: Path) -> dict[str, Path]:
    """各份样式，按次序；没有样式的仓库为空。

    Raises:
        ValueError: 文件夹里有没有列进 `ORDER` 的，或者缺了列着的。
    """
    found = {path.stem: path for path in sorted((docs / FOLDER).glob("*.css"))}
    if found and set(found) != set(ORDER):
        extra, missing = sorted(set(found) - set(ORDER)), sorted(set(ORDER) - set(found))
        raise ValueError(
            f"docs/{FOLDER} 里的样式应与 styles.ORDER 相同：多了 {extra}，缺了 {missing}"
        )
    return {name: found[name] for name in ORDER if name in found}


def join(docs: Path) -> str:
    """接好的样式。"""
    return "\n".join(path.read_text(encoding="utf-8") for path in styles(docs).values())

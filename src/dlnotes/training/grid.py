"""一格一格地做完一张表的实验：中断之后接着做，一格一格地分给几台机器。"""

import hashlib
import itertools
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dlnotes._core.check import callable_

__all__ = ["run_grid"]


def run_grid(
    function: Callable[..., dict[str, Any]],
    *,
    folder: str | Path | None = None,
    progress: bool | None = None,
    **grid: Iterable,
) -> list[dict[str, Any]]:
    r"""对各个因素的每一种组合调用一次 `function`，收集结果。

    $$\text{行} = \{(a, b, \dots) : a \in A,\ b \in B, \dots\}$$

    适合要算几小时的实验：写了 `folder` 就一格一个文件，中断之后再运行同样的代码，做过的不重做。

    Args:
        function: 以一种组合为关键字参数，返回一个字典；值是数、文字或它们的列表，能写成 JSON。
        folder: 存结果的文件夹；省略时不存。改了 `function` 就要换一个文件夹。
        progress: 是否显示进度条；`None` 表示只在终端里显示。
        **grid: 各个因素的取值，如 `depth=[8, 20], seed=range(10)`；后面的因素变得快。

    Returns:
        一行一种组合的列表，每行是因素的取值加上 `function` 的结果。

    Raises:
        TypeError: `function` 不能调用，返回的不是字典，或者取值与结果写不成 JSON。
        ValueError: 没有因素，某个因素没有取值，或者结果的名字与因素重复。

    Examples:
        >>> run_grid(lambda depth, seed: {"loss": depth + seed}, depth=[1, 2], seed=range(2))[-1]
        {'depth': 2, 'seed': 1, 'loss': 3}
    """
    callable_("function", function)
    settings = _settings(grid)
    told = json.loads(os.environ.get("DLNOTES_GRID", "{}"))
    if "only" in told:
        result = _result(function, told["only"])
        Path(told["file"]).write_text(json.dumps(result), encoding="utf-8")
        raise SystemExit(0)
    if "rows" in told:
        return [{**setting, **_found(told["rows"], setting)} for setting in settings]
    bar = tqdm(settings, desc="逐格运行", disable=None if progress is None else not progress)
    return [{**setting, **_kept(function, setting, folder)} for setting in bar]


def _settings(grid: dict[str, Iterable]) -> list[dict[str, Any]]:
    """全部组合；取值先写成 JSON 再读回，存过与没存过的结果才一样。"""
    if not grid:
        raise ValueError(f"grid 应至少有一个因素，如 seed=range(10)，收到 {grid!r}")
    values = {name: _plain(name, list(given)) for name, given in grid.items()}
    for name, given in values.items():
        if not given:
            raise ValueError(f"{name} 应至少有一个取值，收到 {given!r}")
    return [
        dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())
    ]


def _plain(name: str, value: Any) -> Any:
    try:
        return json.loads(json.dumps(value))
    except TypeError as error:
        raise TypeError(f"{name} 应是数、文字或它们的列表，收到 {value!r}") from error


def _result(function: Callable[..., dict[str, Any]], setting: dict[str, Any]) -> dict[str, Any]:
    found = function(**setting)
    if not isinstance(found, dict):
        raise TypeError(f"function 应返回字典，如 {{'accuracy': 0.9}}，收到 {found!r}")
    if both := sorted(set(found) & set(setting)):
        raise ValueError(f"function 的结果不应与因素同名：{'、'.join(both)}")
    return _plain("function 的结果", found)


def _found(rows: list[list[dict[str, Any]]], setting: dict[str, Any]) -> dict[str, Any]:
    return next(result for known, result in rows if known == setting)


def _kept(function, setting: dict[str, Any], folder: str | Path | None) -> dict[str, Any]:
    """`folder` 里有就取，没有就算了存下；写完才改名，中断不会留下半个文件。"""
    if folder is None:
        return _result(function, setting)
    name = json.dumps(setting, sort_keys=True)
    path = Path(folder) / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))["result"]
    result = _result(function, setting)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(json.dumps({"setting": setting, "result": result}), encoding="utf-8")
    unfinished.replace(path)
    return result

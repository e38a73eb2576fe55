"""MkDocs 的钩子：mkdocs-jupyter 执行实验，页面由网站自己的 Markdown 渲染。

mkdocs-jupyter 自带的模板把六百 kB 的样式写进每一页，还引用外站的脚本，目录里也没有中文锚点。
这里换上自己的模板，只取它执行的结果；执行与否、出错时怎么办，仍由 mkdocs.yml 里它的设置决定。
"""

import os
import shutil
from pathlib import Path

import nbformat
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, InclusionLevel
from mkdocs_jupyter.config import settings
from nbclient.exceptions import CellExecutionError

from dlnotes_site import figures
from dlnotes_site.addresses import NOTEBOOKS, source_path
from dlnotes_site.labs import source
from dlnotes_site.labs.notebooks import solved, student
from dlnotes_site.labs.page import decode, render


def on_config(config):
    """换上自己的模板与缓存的位置；别的键下的旧缓存不再有用，删掉。"""
    settings.templates_dir = str(Path(__file__).with_name("templates"))
    os.environ["JUPYTER_CONFIG_PATH"] = settings.templates_dir  # 内核只报告错误
    folder = source.cache_folder(_root(config))
    for old in folder.parent.glob("*") if folder.parent.is_dir() else []:
        if old != folder:
            shutil.rmtree(old)
    config.plugins["mkdocs-jupyter"].config["cache_dir"] = str(folder)
    return config


def on_files(files, config):
    """添上练习用的笔记本与源文件；答案的笔记本等执行之后再写内容。"""
    root = _root(config)
    for path in source.paths(root):
        if problems := source.check(path):
            raise PluginError("\n".join(str(problem) for problem in problems))
        practice = nbformat.writes(student(root, path)) + "\n"
        _add(files, config, f"{NOTEBOOKS}/{path.stem}.ipynb", practice)
        _add(files, config, f"{NOTEBOOKS}/{path.stem}-solution.ipynb", "")
        text = "\ufeff" + path.read_text(encoding="utf-8")
        _add(files, config, source_path(source.page_of(path)), text)
    return files


def on_page_markdown(markdown, page, config, files):
    """让 mkdocs-jupyter 执行，再把结果交还给 MkDocs 平常的渲染。"""
    root = _root(config)
    known = {source.page_of(path): path for path in source.paths(root)}
    path = known.get(f"docs/{page.file.src_uri}")
    if path is None:
        return None
    try:
        page.render(config, files)  # mkdocs-jupyter 换上去的，只在这一页
    except CellExecutionError as error:
        raise PluginError(source.explain(path, str(error))) from error
    del page.render
    executed = decode(page.content)
    prefix = "../" * page.url.count("/")
    try:
        text, pictures = render(path, executed, prefix)
    except ValueError as error:
        raise PluginError(str(error)) from error
    for name, svg in pictures.items():
        _add(files, config, f"{figures.FOLDER}/{name}", svg)
    answers = files.get_file_from_path(f"{NOTEBOOKS}/{path.stem}-solution.ipynb")
    answers.content_string = nbformat.writes(solved(root, path, executed)) + "\n"
    page.meta["description"] = executed.metadata["description"]
    return text


def _add(files, config, name: str, content: str) -> None:
    if files.get_file_from_path(name) is None:
        files.append(File.generated(config, name, content=content,
                                    inclusion=InclusionLevel.INCLUDED))  # fmt: skip


def _root(config) -> Path:
    return Path(config.config_file_path).resolve().parent

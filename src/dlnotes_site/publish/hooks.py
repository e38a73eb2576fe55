"""MkDocs 的钩子：实验由 mkdocs-jupyter 认作笔记本，页面由网站自己的 Markdown 渲染。

mkdocs-jupyter 自带的模板把六百 kB 的样式写进每一页，还引用外站的脚本，目录里也没有中文锚点。
这里换上自己的模板：它交回笔记本各格的 Markdown，再照平常的页面渲染。
"""

import html
import re
from pathlib import Path

from mkdocs.structure.pages import Page
from mkdocs_jupyter.config import settings

_MARKDOWN = re.compile(r'<pre class="dl-markdown">(?P<text>.*)</pre>', re.DOTALL)


def on_config(config):
    """换上自己的模板。"""
    settings.templates_dir = str(Path(__file__).with_name("templates"))
    return config


def on_page_content(content, page, config, files):
    """模板交回的 Markdown 照平常的页面渲染；别的页面不动。"""
    match = _MARKDOWN.fullmatch(content.strip())
    if match is None:
        return None
    page.markdown = html.unescape(match["text"])
    Page.render(page, config, files)
    return page.content

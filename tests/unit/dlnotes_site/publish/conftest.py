"""A small notes repository that both site tools can build."""

import pytest

from conftest import MiniProject

CONFIG = """\
site_name: 小站
docs_dir: build/docs
site_dir: !ENV [DLNOTES_SITE_DIR, site]
theme: {name: material, variant: classic, language: zh, font: false}
plugins: [search]
validation: {links: {anchors: warn, not_found: warn}}
"""
PAGE = """\
# 题

文字。

```python
print("和是", 1 + 1)
assert 1 + 1 == 2
```
"""


@pytest.fixture
def small(tmp_path) -> MiniProject:
    mini = MiniProject(tmp_path)
    (tmp_path / "mkdocs.yml").write_text(CONFIG, encoding="utf-8")
    mini.page("# 首页\n\n见 [题](page.md)。\n", "docs/index.md")
    mini.page(PAGE)
    return mini

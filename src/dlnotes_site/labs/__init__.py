"""实验：`docs/labs/*.py` 由 mkdocs-jupyter 执行，做成网页和两份笔记本。"""

"""用 Zensical 建站，与 MkDocs 建的对照。"""

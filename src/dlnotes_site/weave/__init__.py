"""织：把记录接到页面上，写成 `build/docs` 里普通的 Markdown，另写笔记本与图。"""

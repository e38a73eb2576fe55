# 需要 Python ≥ 3.11、pip、make；其余由这里安装到 .venv。
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help site publish serve run test bench lint format clean

help:  ## 列出所有目标
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/%.stamp: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable ".[$*]"
	@touch $@

site: $(VENV)/site.stamp  ## 运行缺记录的代码块，建成 site/
	@$(BIN)/dlnotes-site build

publish: $(VENV)/site.stamp  ## 用现成的记录建站（记录不全时照常运行）
	@$(BIN)/dlnotes-site build --recorded

serve: $(VENV)/site.stamp  ## 本地预览，页面或源码一改就重跑重建
	@$(BIN)/dlnotes-site serve

run: $(VENV)/site.stamp  ## 只运行代码块，不建站
	@$(BIN)/dlnotes-site run

test: $(VENV)/test.stamp  ## 安装所需，运行代码块、建站并运行全部测试
	@$(BIN)/dlnotes-site build
	@$(BIN)/python -m pytest --numprocesses auto --dist loadgroup

bench: $(VENV)/bench.stamp  ## 性能基准，表写进 docs/report.md
	@$(BIN)/dlnotes-site build
	@$(BIN)/python tests/benchmarks

lint: $(VENV)/test.stamp  ## 检查代码与中文排版
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/python -m dlnotes_site.typography README.md CONTRIBUTING.md CHANGELOG.md docs

format: $(VENV)/test.stamp  ## 自动整理代码与中文排版
	$(BIN)/ruff check --fix src tests
	$(BIN)/ruff format src tests
	-$(BIN)/python -m dlnotes_site.typography --fix README.md CONTRIBUTING.md CHANGELOG.md docs

clean:  ## 删除运行记录与生成的网站（保留 .venv）
	rm -rf build site docs/assets/run

# 需要 Python ≥ 3.11、pip、make；其余由这里安装到 .venv 与 .cache/npm。
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help site publish serve run plan exec collect long durations twice gpu-report tried verify zensical test bench lint format wheel copytest mutants audit clean

help:  ## 列出所有目标
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/%.stamp: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --constraint constraints.txt --editable ".[$*]"
	$(BIN)/python -m dlnotes_site.weave.vendor
	@touch $@

site: $(VENV)/site.stamp  ## 运行缺记录的代码块，建成 site/
	@$(BIN)/dlnotes-site build

publish: $(VENV)/site.stamp  ## 用现成的记录建站（如来自 GPU 机器的），不全就失败
	@$(BIN)/dlnotes-site build --recorded

serve: $(VENV)/site.stamp  ## 本地预览，页面或源码一改就重跑重建
	@$(BIN)/dlnotes-site serve

run: $(VENV)/site.stamp  ## 只运行代码块，不建站（SHARD=1/2 只跑两份中的第一份）
	@$(BIN)/dlnotes-site run $(if $(SHARD),--shard $(SHARD))

twice: $(VENV)/site.stamp  ## 全部代码块冷跑两遍，逐块对照（约一刻钟）
	@$(BIN)/dlnotes-site run --fresh
	@rm -rf build/first && mkdir -p build/first && cp -r build/records build/run.json build/first
	@$(BIN)/dlnotes-site run --fresh
	@$(BIN)/dlnotes-site compare build/first build

plan: $(VENV)/site.stamp  ## 列出任务，写成 build/plan.json，交给几台机器
	@$(BIN)/dlnotes-site plan --json build/plan.json

exec: $(VENV)/site.stamp  ## 运行清单里的一份：make exec SHARD=1/2
	@$(BIN)/dlnotes-site exec --plan build/plan.json $(if $(SHARD),--shard $(SHARD))

collect: $(VENV)/site.stamp  ## 把 build/shards/ 里各台机器的记录收到一起
	@$(BIN)/dlnotes-site collect $(wildcard build/shards/*)

long: $(VENV)/site.stamp  ## 更新长实验的记录，写进 docs/assets/long/（PAGE=… 只更新一页）
	@$(BIN)/dlnotes-site run --long $(PAGE)

durations: $(VENV)/site.stamp  ## 把各任务的用时写进 docs/assets/durations.json，分片时用
	@$(BIN)/dlnotes-site run
	@$(BIN)/dlnotes-site collect --durations

gpu-report: $(VENV)/site.stamp  ## 把刚才在 GPU 上的运行写进 docs/assets/gpu-report.json
	@$(BIN)/dlnotes-site gpu-report

tried: $(VENV)/site.stamp  ## 把刚才的运行记进 docs/assets/tried.json（TAKE=文件夹 改为收下别的机器的）
	@$(BIN)/dlnotes-site tried $(if $(TAKE),--take $(wildcard $(TAKE)/*/tried.json))

verify: $(VENV)/test.stamp  ## 用现成的记录建站并运行全部测试，不重跑代码块
	@$(BIN)/dlnotes-site build --recorded
	@$(BIN)/python -m pytest --numprocesses auto --dist loadgroup

test: $(VENV)/test.stamp  ## 安装所需，运行代码块、建站并运行全部测试
	@$(BIN)/dlnotes-site build
	@$(BIN)/python -m pytest --numprocesses auto --dist loadgroup

bench: $(VENV)/bench.stamp  ## 性能基准，表写进 docs/report.md（BENCH="训练循环 多种子" 只跑这些）
	@$(BIN)/dlnotes-site build
	@$(BIN)/python tests/benchmarks $(BENCH)

zensical: $(VENV)/test.stamp  ## 用 Zensical 再建一遍，与 site/ 逐块对照
	@$(BIN)/dlnotes-site build
	@$(BIN)/python tests/parity

lint: $(VENV)/test.stamp  ## 检查代码、导入的方向、流水线与中文排版
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/lint-imports
	$(BIN)/jactionlint --strict-exit --profile default --shellcheck $(BIN)/shellcheck
	$(BIN)/zizmor --offline --quiet .github
	$(BIN)/shellcheck .ci/run .ci/packages
	$(BIN)/python -m dlnotes_site.pages.typography README.md CONTRIBUTING.md CHANGELOG.md docs

format: $(VENV)/test.stamp  ## 自动整理代码与中文排版
	$(BIN)/ruff check --fix src tests
	$(BIN)/ruff format src tests
	-$(BIN)/python -m dlnotes_site.pages.typography --fix README.md CONTRIBUTING.md CHANGELOG.md docs

wheel: $(VENV)/site.stamp  ## 建读者的 wheel：dist/dlnotes_zh-*.whl
	@$(BIN)/python -m dlnotes_site.publish.wheel

copytest: $(VENV)/test.stamp  ## 只装 wheel 的环境里，运行网页上复制出来的每一块和每份笔记本
	@$(BIN)/dlnotes-site build
	@$(BIN)/python tests/copytest $(COPYTEST)

mutants: $(VENV)/test.stamp  ## 把代码块改错一处，看断言抓不抓得住（MUTANTS=页面 只看这些）
	@$(BIN)/python tests/mutants $(MUTANTS)

audit: $(VENV)/site.stamp  ## 审计网站：性能、无障碍、HTML（需要 Chromium，约四分钟）
	@$(BIN)/dlnotes-site build --recorded
	@$(BIN)/python tests/audit --json build/audit.json $(AUDIT)

clean:  ## 删除运行记录与生成的网站（保留 .venv）
	rm -rf build site

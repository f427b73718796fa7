# Every target does its own set-up. `make demo` and `make test` are all that a newcomer needs.
SHELL := /bin/bash
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .tools/bin/uv
PY := .venv/bin/python
WEB := wall_ui/web
PORT ?= 8080
DATA ?= .var/data
CAMERAS ?= 12
MINUTES ?= 60
# hatchling runs inside .venv (it is pinned in requirements/dev.txt), so no isolated build environment is made
export UV_NO_PROGRESS := 1
export UV_LINK_MODE ?= hardlink

.PHONY: setup wall demo run test check lock bench soak clean types

setup: .tools/venv.stamp wall

$(UV):
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt

.tools/venv.stamp: $(UV) requirements/dev.txt pyproject.toml
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(UV) pip sync --quiet --python $(PY) --require-hashes requirements/dev.txt
	$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation -e .
	@touch $@

wall: .tools/venv.stamp
	$(PY) -m wall_ui.build

demo: setup
	.venv/bin/camhub up --demo $(CAMERAS) --data $(DATA) --port $(PORT)

run: setup
	.venv/bin/camhub up --data $(DATA) --port $(PORT)

types: setup
	$(PY) -m wall_ui.build --types

check: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m wall_ui.build --check

test: check
	.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder --durations=30

bench: setup
	$(PY) -m benchmarks

soak: setup
	$(PY) -m benchmarks.soak --minutes $(MINUTES) --json benchmarks/results/soak.json

lock: $(UV)
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml -o requirements/run.txt --custom-compile-command "make lock"
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml --group dev requirements/build.in -c requirements/run.txt -o requirements/dev.txt --custom-compile-command "make lock"
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url requirements/bench-tracking.in -o requirements/bench-tracking.txt --custom-compile-command "make lock"

clean:
	rm -rf .venv .tools wall_ui/dist $(WEB)/node_modules

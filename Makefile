# The project's commands. `make setup` is implied by all others.
PYTHON ?= python3.11
PYTHON := $(shell command -v $(PYTHON) 2>/dev/null || command -v python3)
BIN := .venv/bin
# Tests at once: more than there are processors, because many wait.
SIDE_BY_SIDE := $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) * 3 / 2 )))

.PHONY: setup demo test check bench clean world images

setup: .venv/.ready

.venv/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "FixBugs needs Python 3.11 or newer; $(PYTHON) is older. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev,sandbox,embedded]'
	@touch $@

demo: setup
	$(BIN)/fixbugs demo

test: setup world
	$(BIN)/python -m pytest --numprocesses $(SIDE_BY_SIDE) --dist loadfile --no-loadscope-reorder

# The GitHub emulator and GitHub's own descriptions, where Node.js 20 or newer is; without it those tests are skipped.
world:
	@if node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null; then \
	  cmp -s tests/node/package-lock.json tests/node/node_modules/.installed || { \
	    npm ci --prefix tests/node --no-audit --no-fund --silent && \
	    cp tests/node/package-lock.json tests/node/node_modules/.installed; } || \
	  echo "npm could not fetch the packages in tests/node: tests against the GitHub emulator are skipped."; \
	else echo "No Node.js 20 or newer: tests against the GitHub emulator are skipped. Install it from nodejs.org."; fi

# The images that sandboxes start from, out of the official ones: all of them, or `make images KINDS="python node"`.
# Where no registry of images can be reached: `sandbox/images/from-debian`.
images:
	sandbox/images/build $(KINDS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m bench.pipeline
	$(BIN)/python -m bench.fixer
	$(BIN)/python -m bench.webhook
	$(BIN)/python -m bench.queue
	$(BIN)/python -m bench.sandbox

clean:
	rm -rf .venv build dist *.egg-info

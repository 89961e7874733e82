# Every target makes what it needs first, the virtual environment included.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# what runs the product, and what the tests need besides
RUNTIME := $(VENV)/runtime
READY := $(VENV)/ready
# uv installs in seconds; where it cannot, pip does. Nothing is compiled ahead that nobody imports
COMMA := ,
UV := $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
install = $(UV) pip install --quiet --python $(BIN)/python -c constraints.txt $(1) 2>/dev/null || $(PIP) --no-compile -c constraints.txt $(1)
TEST_WORKERS ?= 3
# where this is set, every process that a test starts would compile the project again
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo console test lint serve bench contract crash-test lives mutation fault-matrix round-trips fuzz soak test-live image deploy-test

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME)  ## Both systems emulated, four runs of which a breaker stops one, nothing to configure
	$(BIN)/customer-sync demo

console: $(RUNTIME)  ## The pages in the browser, on both systems emulated with 2,123 accounts, to play with
	$(BIN)/customer-sync demo --console

test: $(READY)  ## The tests, but for those of test-live
	$(BIN)/pytest -m "not live" -n $(TEST_WORKERS) --dist loadscope --no-loadscope-reorder

test-live: $(READY)  ## Prefect servers, a worker, approvals, webhooks, kills, and the commands of the pages
	$(BIN)/pytest -m live -n 2 --dist loadfile

crash-test: $(READY)  ## Runs killed (KILLS=500) or suspended (STANDSTILLS=200) at every step, on a real Prefect server; the last line counts
	$(BIN)/python -m tests.faults.crash --kills $(or $(KILLS),500) --standstills $(or $(STANDSTILLS),200)

lives: $(READY)  ## LIVES=2000 random lives: people, kills, restores, old copies, clocks; the last line counts
	$(BIN)/python -m tests.flows.lives --lives $(or $(LIVES),2000)

round-trips: $(READY)  ## 100,000 customers of all countries, in every spelling, from either side to the other and back; an hour
	HYPOTHESIS_PROFILE=round-trips $(BIN)/pytest -q --timeout=0 tests/property/test_spellings.py

fuzz: $(READY)  ## Whatever setup, rules, imported files, environment and command lines may hold; a quarter of an hour
	HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest -q --timeout=0 -n 2 tests/property/test_any_*.py

fault-matrix: $(READY)  ## Every fault at every kind of work, on both sides; writes docs/reliability.md; the last line counts
	$(BIN)/python -m tests.faults.matrix --write

soak: $(READY)  ## Random life, faults, kills and webhooks for MINUTES=30; writes docs/soak.md; the last line counts
	$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),30) --write

# verdicts of an earlier run would be kept though tests have changed, so they are removed first
mutation: $(READY)  ## Mutation testing of the three modules that decide; takes minutes (docs/mutation.md)
	$(call install,-e '.[mutation]')
	rm -rf mutants
	$(BIN)/mutmut run
	$(BIN)/mutmut results

lint: $(READY)  ## Style, types, formatting, security rules, known weaknesses of dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.audit

serve: $(RUNTIME)  ## Both emulated systems in the foreground, to try things against
	$(BIN)/customer-sync sandbox

bench: $(READY)  ## Benchmarks, beside other programs; writes docs/performance.md; a fraction of the size in two minutes with QUICK=1
	$(call install,-e '.[bench]')
	@# it asks for an older pandas than ours and works with this one
	$(PIP) --no-deps datacompy==1.1.0
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick)
	$(if $(QUICK),,$(BIN)/python -m benchmarks.matching)
	$(if $(QUICK),,$(BIN)/python -m benchmarks.quality)

# BASE: another image with Python; IMAGE_OPTIONS: what a place needs to reach packages (certificates, mirrors)
IMAGE ?= localhost/customer-sync
BUILDER ?= $(firstword $(foreach one,podman buildah docker,$(shell command -v $(one) 2>/dev/null)) podman)

image:  ## The container image localhost/customer-sync, by podman, docker or buildah (docs/running.md)
	$(BUILDER) build $(if $(findstring docker,$(BUILDER)),,--format docker) $(if $(BASE),--build-arg BASE=$(BASE)) \
	  $(IMAGE_OPTIONS) --file deploy/Containerfile --tag $(IMAGE) .

deploy-test: $(READY)  ## What is in deploy/, by its own validators, and the story of the guide in the image; as root, needs buildah
	sed '/^name:/d' deploy/compose.yaml | docker-compose --file - --project-directory deploy config --quiet
	promtool check rules deploy/monitoring/alerts.yml
	promtool test rules deploy/monitoring/alerts-test.yml
	promtool check config --syntax-only deploy/monitoring/prometheus.yml
	tests/deploy/units.sh
	$(BIN)/python -m tests.deploy.story $(IMAGE)

contract: $(READY)  ## The recorded traces against a shop: WEBSTORE_URL=… CONSUMER_KEY=… CONSUMER_SECRET=…
	WEBSTORE_URL="$(WEBSTORE_URL)" CONSUMER_KEY="$(CONSUMER_KEY)" CONSUMER_SECRET="$(CONSUMER_SECRET)" \
	READ_ONLY_KEY="$(READ_ONLY_KEY)" READ_ONLY_SECRET="$(READ_ONLY_SECRET)" \
	$(BIN)/pytest tests/contract/test_woocommerce_traces.py

$(RUNTIME): pyproject.toml constraints.txt
	@echo "Preparing $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv $(VENV)
	@command -v uv >/dev/null || $(PIP) -c constraints.txt uv || true
	@$(call install,-e .)
	@touch $(RUNTIME)

$(READY): $(RUNTIME)
	@echo "Adding what the tests need …"
	@$(call install,-e '.[dev$(COMMA)postgresql$(COMMA)match$(COMMA)dask]')
	@touch $(READY)

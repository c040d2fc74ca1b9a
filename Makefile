# Every target works on a clean clone, and a second time without network: what is installed leaves a stamp.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
# Two pips at work in one environment get in each other's way.
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/sh

export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export npm_config_update_notifier := false
export npm_config_fund := false

BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq
VENV := .venv/.stamp-venv
RUNTIME := .venv/.stamp-runtime
PACKAGE := .venv/.stamp-package
DEV := .venv/.stamp-dev
NODE := web/node_modules/.stamp
PAGE := src/theta/page/index.html
# What bench-replication measures beside ours on Node.
PEERS := benches/node/node_modules/.stamp
STATE_BENCHES := $(wildcard benches/bench_replication*.py) benches/bench_state_peers.py benches/bench_bandwidth.py \
    benches/bench_late_join.py benches/bench_state_room.py
WEB_SOURCES := $(shell find web \( -name node_modules -o -name dist -o -name coverage \) -prune -o \
    -type f ! -name '*.tsbuildinfo' ! -name '*.test.ts' ! -name '*.timestamp-*' -print 2>/dev/null)

# A .venv whose Python is gone, or that was copied from another folder, is made anew.
ifneq ($(shell sh tools/make_venv.sh --check && echo whole),whole)
STALE_VENV := FORCE
endif

.PHONY: help setup serve demo test test-many test-browser soak-sim soak-mixed soak-kill soak-mesh soak-commands fuzz-gltf fuzz-commands fuzz-state fuzz-signaling fuzz-handshake fuzz-frames ci lint format types bench bench-room bench-mesh bench-commands bench-replication bench-attacks bench-transports soak-transports generate lock clean FORCE

help: ## Say what can be done here
	@echo "Theta. Type 'make serve' and open the link it prints."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
	    printf '  make %-14s %s\n' "$$name" "$$text"; done

setup: $(PACKAGE) $(DEV) $(NODE) $(PAGE) ## Install everything for development, and build the page

serve: $(PACKAGE) $(PAGE) ## Open a room and print its link; ARGS="my.theta --port 9000" are passed on
	@exec $(BIN)/theta serve $(ARGS)

demo: $(PACKAGE) $(PAGE) ## Open a room in which three builders make a cottage; ARGS="--seconds 120 --seed 7" are passed on
	@exec $(BIN)/theta demo $(ARGS)

test: $(PACKAGE) $(DEV) $(NODE) $(PAGE) ## Run every test but those in a browser (test-browser) and the many programs (test-many)
	$(BIN)/python -m pytest -n 2 -m "not browser and not many" $(ARGS)
	cd web && npm test

test-many: $(PACKAGE) $(DEV) ## Run 2,000 random programs of people who edit together, and 200 rooms on simulated bad networks
	$(BIN)/python -m pytest -n 2 --dist worksteal -m many $(ARGS)

test-browser: $(PACKAGE) $(DEV) $(PAGE) ## Run the tests that drive the page in Chromium
	@sh tools/ensure_chromium.sh
	$(BIN)/python -m pytest -m browser $(ARGS)

soak-sim: $(PACKAGE) ## Simulate 10,000 rooms on bad networks, and a thousand each that are in trouble and that live; THETA_SEEDS=N
	seq 1 100 $${THETA_SEEDS:-10000} | xargs -P "$$(nproc)" -I FIRST $(BIN)/python -m theta.sim --first FIRST --seeds 100 \
	    --seconds 20 --scenario network $(ARGS)
	$(BIN)/python -m theta.sim --seeds 1000 --peers 4 $(ARGS)
	$(BIN)/python -m theta.sim --seeds 1000 --scenario living $(ARGS)

soak-mixed: $(PACKAGE) $(DEV) $(PAGE) ## Build for a minute by every transport at once over a bad network; THETA_MIXED_SECONDS=N
	@sh tools/ensure_chromium.sh
	@sh tools/ensure_network_tools.sh
	THETA_MIXED_SECONDS=$${THETA_MIXED_SECONDS:-60} $(BIN)/python -m pytest -s --timeout 0 tests/integration/test_mixed_room.py $(ARGS)

soak-kill: $(PACKAGE) $(DEV) ## Kill a room 1,000 times while people edit; THETA_KILLS=N for another number
	THETA_KILLS=$${THETA_KILLS:-1000} $(BIN)/python -m pytest -s --timeout 0 tests/integration/test_kill_9.py $(ARGS)

soak-mesh: $(PACKAGE) $(DEV) ## Run random mesh programs, two thousand of each kind, new ones every time
	THETA_HYPOTHESIS=explore $(BIN)/python -m pytest --timeout 0 tests/property/test_mesh_programs.py \
	    tests/property/test_mesh_commands.py $(ARGS)

soak-commands: $(PACKAGE) $(DEV) ## Run 100,000 random programs of people who edit together, new ones every time; THETA_MACHINE_EXAMPLES=N
	THETA_HYPOTHESIS=explore THETA_MACHINE_EXAMPLES=$${THETA_MACHINE_EXAMPLES:-100000} $(BIN)/python -m pytest --timeout 0 \
	    tests/property/test_command_machine.py $(ARGS)

fuzz-gltf: $(PACKAGE) $(DEV) ## Give the importers broken files for five minutes; THETA_FUZZ_SECONDS=N for another time
	PYTHONPATH=. $(BIN)/python -m tests.fuzz.gltf_import -max_total_time=$${THETA_FUZZ_SECONDS:-300} $(ARGS) build/fuzz/gltf

fuzz-commands: $(PACKAGE) $(DEV) ## Give admission, the log and the fold broken packets for five minutes; SECONDS=N for another time
	@mkdir -p build/fuzz/commands
	PYTHONPATH=. $(BIN)/python -m fuzz.fuzz_command_packet -max_total_time=$${SECONDS:-300} -rss_limit_mb=1500 $(ARGS) \
	    build/fuzz/commands fuzz/corpus/command_packet

fuzz-state: $(PACKAGE) $(DEV) ## Give the state plane broken frames and its room broken rows, five minutes each; SECONDS=N for another time
	@mkdir -p build/fuzz/state build/fuzz/owned
	PYTHONPATH=. $(BIN)/python -m fuzz.fuzz_replication_frame -max_total_time=$${SECONDS:-300} -rss_limit_mb=1500 $(ARGS) \
	    build/fuzz/state fuzz/corpus/replication_frame
	PYTHONPATH=. $(BIN)/python -m fuzz.fuzz_owned_state -max_total_time=$${SECONDS:-300} -rss_limit_mb=1500 $(ARGS) \
	    build/fuzz/owned fuzz/corpus/owned_state

fuzz-signaling: $(PACKAGE) $(DEV) ## Give signalling broken messages for five minutes; SECONDS=N for another time
	@mkdir -p build/fuzz/signaling
	PYTHONPATH=. $(BIN)/python -m fuzz.fuzz_signaling -max_total_time=$${SECONDS:-300} -rss_limit_mb=1500 $(ARGS) \
	    build/fuzz/signaling fuzz/corpus/signaling

fuzz-handshake: $(PACKAGE) $(DEV) ## Give rooms and participants broken handshakes for five minutes; SECONDS=N for another time
	@mkdir -p build/fuzz/handshake
	PYTHONPATH=. $(BIN)/python -m fuzz.fuzz_handshake -max_total_time=$${SECONDS:-300} -rss_limit_mb=1500 $(ARGS) \
	    build/fuzz/handshake fuzz/corpus/handshake

fuzz-frames: $(PACKAGE) $(DEV) ## Give the transports broken frames for five minutes; SECONDS=N for another time
	@mkdir -p build/fuzz/frames
	PYTHONPATH=. $(BIN)/python -m fuzz.fuzz_frames -max_total_time=$${SECONDS:-300} -rss_limit_mb=1500 $(ARGS) \
	    build/fuzz/frames fuzz/corpus/frames

ci: $(PACKAGE) $(DEV) $(NODE) $(PAGE) ## The gate: everything that must hold before a change lands
	@sh tools/ensure_chromium.sh
	@sh tools/ensure_network_tools.sh
	$(BIN)/python -m tools.ci

lint: $(PACKAGE) $(DEV) $(NODE) ## Check style, import contracts and house rules
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python -m pytest -q tests/tidy
	cd web && npm run lint

format: $(DEV) ## Rewrite the Python sources in the house style
	$(BIN)/python -m ruff check --fix --exit-zero --quiet .
	$(BIN)/python -m ruff format .

types: $(PACKAGE) $(DEV) $(NODE) ## Check types, Python and TypeScript
	$(BIN)/python -m mypy
	cd web && npm run check

bench: $(PACKAGE) $(DEV) $(PAGE) $(PEERS) ## Measure every hot path in benches/
	@for file in benches/bench_*.py; do echo "== $$file"; PYTHONPATH=. $(BIN)/python "$$file" || exit 1; done

bench-room: $(PACKAGE) $(DEV) $(PAGE) ## Measure a room with ten peers against its bars
	PYTHONPATH=. $(BIN)/python benches/bench_room.py $(ARGS)

bench-mesh: $(PACKAGE) $(DEV) ## Measure the mesh against its bars, beside compas, trimesh and OpenMesh
	PYTHONPATH=. $(BIN)/python benches/bench_mesh.py $(ARGS)

bench-commands: $(PACKAGE) $(DEV) ## Measure the command log against its bars, beside Loro and Yjs
	PYTHONPATH=. $(BIN)/python benches/bench_commands.py $(ARGS)

bench-replication: $(PACKAGE) $(DEV) $(PEERS) ## Measure the state plane against its bars, beside Colyseus, bitECS and esper
	@missed=; for file in $(STATE_BENCHES); do echo "== $$file"; \
	    PYTHONPATH=. $(BIN)/python "$$file" || missed="$$missed $$file"; done; \
	    PYTHONPATH=. $(BIN)/python benches/state_page.py; \
	    if [ -n "$$missed" ]; then echo "missed:$$missed"; exit 1; fi

bench-attacks: $(PACKAGE) $(DEV) ## Measure ten people who build while the room is attacked; ARGS="--frozen-seconds 300" for longer
	PYTHONPATH=. $(BIN)/python benches/bench_attacks.py $(ARGS)

bench-transports: $(PACKAGE) $(DEV) $(PAGE) ## Measure the transports against their bars, beside aioquic, aiohttp, websockets and aiortc alone
	@sh tools/ensure_chromium.sh
	PYTHONPATH=. $(BIN)/python benches/bench_transports.py $(ARGS)

soak-transports: $(PACKAGE) $(DEV) ## Let 20 people come and go for ten minutes by every transport; ARGS=240 is another length in seconds
	PYTHONPATH=. $(BIN)/python benches/soak_transports.py $(ARGS)

generate: $(PACKAGE) $(DEV) ## Write the generated files anew: manifest, TypeScript types, vectors
	@for file in tools/generate_*.py; do $(BIN)/python -m tools.$$(basename "$$file" .py) || exit 1; done

lock: $(DEV) ## Pin Python dependencies anew from requirements/*.in (needs network)
	@sh tools/lock.sh $(ARGS)

clean: ## Remove what was built and installed; rooms stay
	rm -rf .venv build dist benches/node/node_modules src/theta/page .coverage .coverage.* coverage.json htmlcov artifacts test-results
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find web -name node_modules -prune -exec rm -rf {} + 2>/dev/null || true
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

$(VENV): $(STALE_VENV)
	@sh tools/make_venv.sh
	@touch $@

$(RUNTIME): requirements/build.txt requirements/runtime.txt $(VENV)
	@echo "theta: installing the engine's dependencies"
	@$(PIP) --no-deps --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	@touch $@

# --no-deps and --no-build-isolation: this step asks no registry anything.
$(PACKAGE): pyproject.toml $(RUNTIME)
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	@echo "theta: installing the development tools"
	@$(PIP) --no-deps --require-hashes -r requirements/dev.txt
	@touch $@

$(NODE): web/package.json web/package-lock.json
	@sh tools/check_node.sh
	@echo "theta: installing the page's dependencies"
	@cd web && npm ci --no-audit --loglevel=error
	@touch $@

$(PEERS): benches/node/package.json benches/node/package-lock.json
	@sh tools/check_node.sh
	@echo "theta: installing what is measured beside ours"
	@cd benches/node && npm ci --no-audit --loglevel=error
	@touch $@

$(PAGE): $(NODE) $(WEB_SOURCES)
	@echo "theta: building the page"
	@cd web && npm run --silent build
	@touch $@

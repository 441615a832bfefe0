# crossover: each target's one-line help follows its `##`.
GO      ?= go
BIN     := bin/crossover
FUZZTIME ?= 10m
SOAK    ?= 1h
RUNS    := runs
DEMO    := scenarios/hot-key-demo.yaml
RELEASE ?=
TOOL    := $(GO) tool -modfile=tools.mod

.DEFAULT_GOAL := help
.PHONY: help demo test vectors bench bench-interop soak lint fuzz build clean golden interop e2e scenarios check

help: ## Print this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

build: ## Build bin/crossover
	@mkdir -p bin
	$(GO) build -ldflags "-X main.release=$(RELEASE)" -o $(BIN) ./cmd/crossover

demo: build ## Run the hot-key demo on both embedded targets and write its report (about a minute and a half)
	@out=$(RUNS)/demo-$$(date -u +%Y%m%dT%H%M%S); \
	$(BIN) run $(DEMO) --out $$out >/dev/null; code=$$?; \
	case $$code in \
	0) ;; \
	3) echo "An objective was missed (exit code 3): that is what this demo is for. A hot partition throttles; the report shows where." >&2;; \
	4) echo "The load generator was the limit (exit code 4) in part of the run: the report marks it." >&2;; \
	*) exit $$code;; esac; \
	test -s $$out/report.html && echo "$$out/report.html"

test: ## Run every test with the race detector, and without it the statistics at full size and the scenario library
	$(GO) vet ./...
	$(GO) test -timeout 20m ./workload/... ./costmodel/... ./results/... ./driver/runner
	$(GO) test -timeout 20m -run '^(TestEveryScenarioRuns|TestSimulate|TestSimulateSearch)$$' ./cmd/crossover
	$(GO) test -race -timeout 25m -skip '^(TestEveryScenarioRuns|TestSimulate|TestSimulateSearch)$$' ./...

vectors: ## List the published worked examples: expected, ours, difference, source
	@printf '| %-4s | %-42s | %16s | %16s | %10s | %s\n' id figure expected ours difference source
	@$(GO) test -count=1 -v -run '^TestVectors$$' ./costmodel ./costmodel/dynamodb ./costmodel/units > build-vectors.txt; code=$$?; \
	sed -n 's/^ *[a-z_]*\.go:[0-9]*: |/|/p' build-vectors.txt | sort; rm -f build-vectors.txt; exit $$code

scenarios: build ## Run every scenario of the library for 5 s on both embedded targets, and check that the sums hold
	$(GO) test -count=1 -timeout 20m -run TestEveryScenarioRuns ./cmd/crossover -args -scenarios-all

bench: ## Print the speed of generator, recorder, drivers and embedded servers
	$(GO) test -run '^$$' -bench . -benchtime 1s ./workload/... ./driver/... ./costmodel/... ./results/...

lint: ## Formatting, vet, staticcheck, module files in order
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "gofmt these"; exit 1; }
	@bad=$$($(TOOL) gofumpt -l $$(git ls-files '*.go')); test -z "$$bad" || { echo "$$bad"; echo "gofumpt these: $(TOOL) gofumpt -w FILE"; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	$(GO) mod tidy -diff

soak: ## Run the whole engine for SOAK (1h) at half of this host's capacity: memory, goroutines, sums
	$(GO) test -count=1 -timeout 0 -v -run '^TestSoak$$' ./driver/runner -args -soak $(SOAK)

fuzz: ## Run every fuzz target for FUZZTIME (10m) each
	@set -e; for pkg in $$($(GO) list ./...); do \
	for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg; done; done

golden: ## Write the golden files anew from what the code prints now
	$(GO) test ./report ./results/compare ./results/gate ./costmodel/tco ./workload ./driver/embedded/dynamodb ./cmd/crossover -args -update

interop: build ## Drive both embedded servers with clients of other languages, and a client's own suite (needs node and npm)
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "interop needs node and npm" >&2; exit 1; }
	cd driver/dynamodb/testdata/interop && npm install --no-audit --no-fund --loglevel=error
	driver/dynamodb/testdata/interop/run.sh $(abspath $(BIN))
	cd driver/embedded/dynamodb/testdata/speed && npm install --no-audit --no-fund --loglevel=error
	$(GO) test -count=1 -timeout 20m -tags interop -run '^TestAgainstDynalite$$' -v ./driver/embedded/dynamodb -args -rapid.checks=2500
	cd driver/embedded/aerospike/testdata/interop/node && npm install --no-audit --no-fund --loglevel=error
	driver/embedded/aerospike/testdata/interop/run.sh $(abspath $(BIN)) build/interop
	$(MAKE) bench-interop SPEED="-seconds 1 -rounds 1 -times-dynalite 0 -share-of-bare 0"

bench-interop: build ## Hold the embedded DynamoDB against dynalite and a bare net/http handler, with wrk (installs both)
	@command -v wrk >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk; }
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "bench-interop needs node and npm" >&2; exit 1; }
	cd driver/embedded/dynamodb/testdata/speed && npm install --no-audit --no-fund --loglevel=error && \
	$(GO) run . -crossover $(abspath $(BIN)) $(SPEED)

e2e: build ## Open reports in headless Chromium: no error, no request, nothing empty (installs chromium)
	@command -v chromium >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-liberation; }
	cd report/testdata/e2e && npm install --no-audit --no-fund --loglevel=error
	report/testdata/e2e/run.sh $(abspath $(BIN))

check: lint test ## Lint, then test

clean: ## Remove what the build and the demo wrote
	rm -rf bin build $(RUNS) driver/dynamodb/testdata/interop/node_modules driver/embedded/aerospike/testdata/interop/node/node_modules report/testdata/e2e/node_modules driver/embedded/dynamodb/testdata/speed/node_modules

# SPDX-License-Identifier: MIT
# A thin front to CMake (CMakePresets.json) and the scripts. `make` alone shows what there is.

PORT ?= 8080
VAR ?=
PRESET ?= dev
SECONDS_EACH_FUZZ ?= 60
export PORT VAR

.DEFAULT_GOAL := help
.PHONY: deps build run test bench bench-decide revocation clients examples lint golden coverage fuzz install package clean help

deps: ## install the Debian packages that are missing
	@packaging/deps.sh run test

build: ## build into build/$(PRESET)
	@packaging/deps.sh run test
	@cmake --preset $(PRESET) --log-level=WARNING >/dev/null
	@cmake --build --preset $(PRESET)

run: ## install, build, start a private PostgreSQL under var/, serve a demonstration (PORT=8080 VAR=var)
	@exec packaging/run.sh

test: ## every test, on a throw-away PostgreSQL
	@packaging/deps.sh run test
	@tests/run.sh ci

bench: ## measure against the limits of the HTTP engine and PostgreSQL (WRITE=1: into docs/benchmarks.md)
	@packaging/deps.sh run test
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release --target all bare_httpd
	@tests/run.sh --inside release tests/bench/run.sh $(if $(WRITE),--write)

revocation: ## measure how fast a right that ends is gone elsewhere (WRITE=1: into docs/performance.md)
	@packaging/deps.sh run test
	@cmake --preset ci --log-level=WARNING >/dev/null
	@cmake --build --preset ci
	@tests/run.sh --inside ci tests/bench/revocation.sh $(if $(WRITE),--write)

bench-decide: ## measure the permission check alone
	@packaging/deps.sh run test
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release --target bench_decide
	@tests/bench/decide.sh build/release

clients: ## tools and clients of others against the description of the API (docs/openapi.json)
	@packaging/deps.sh run test clients
	@tests/clients/run.sh

examples: ## write docs/examples.json anew, what a run of docs/postman asked and was answered, and docs/api.md with it
	@packaging/deps.sh run test clients
	@tests/clients/run.sh --examples
	@$(MAKE) --no-print-directory golden

lint: ## formats, layers, symbols, static analysis
	@packaging/deps.sh run test
	@tests/lint/run.sh

golden: ## write what is generated anew: docs/openapi.json, docs/configuration.md and others
	@packaging/deps.sh run test
	@cmake --preset ci --log-level=WARNING >/dev/null
	@cmake --build --preset ci
	@tests/lint/check_golden.sh build/ci --fix

coverage: ## line and branch coverage into build/coverage/report
	@packaging/deps.sh run test
	@tests/coverage.sh

fuzz: ## every fuzz target for a while (SECONDS_EACH_FUZZ=60)
	@packaging/deps.sh run test
	@tests/fuzz/run.sh $(SECONDS_EACH_FUZZ)

install: ## install a hardened build under /usr/local and /etc/alees
	@cmake --preset release --log-level=WARNING >/dev/null
	@cmake --build --preset release
	@cmake --install build/release

package: ## a Debian package and a tar file in build/package
	@packaging/deps.sh run test
	@cmake --preset package --log-level=WARNING >/dev/null
	@cmake --build --preset package
	@cd build/package && cpack

clean: ## remove build/; the data under var/ stays
	@rm -rf build

help: ## this list
	@sed -nE 's/^([a-z]+): ## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

# LeadModel's commands. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
COMPILE := $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-annotate --python-version 3.11 pyproject.toml
HASHED := --require-hashes --only-binary :all:
BENCHES := predictor inprocess batch trees reload memory training calibration privacy text enrichment text_training backfill followups fleet hostile serving_texts challenger
IMAGES := operator predictor training privacy followup
QUICK := artifact chart messages monitoring operator project statistics text
TAG ?= dev
# of `make test`: more than cores, since many tests wait for a program that they start
WORKERS ?= 3

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: .venv/installed ## everything into .venv (needs only Python 3.11 or newer)

.venv/installed: pyproject.toml requirements/dev.txt
	@test -w .venv || { test ! -e .venv && test -w .; } || { echo "this folder may not be written, and everything is installed into its .venv;\
	 copy it and go on there: cp -R . ~/leadmodel && make -C ~/leadmodel install" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements/dev.txt > .venv/uv.txt
	test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check $(HASHED) --requirement .venv/uv.txt
	$(UV) pip install --quiet --python $(BIN)/python $(HASHED) --requirement requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

.PHONY: lock
lock: ## renew requirements/ from pyproject.toml
	$(COMPILE) --all-extras --group dev --output-file requirements/dev.txt
	for image in $(IMAGES); do $(COMPILE) --extra $$image --constraint requirements/dev.txt --output-file requirements/$$image.txt; done

.PHONY: demo
demo: install ## the loop on this machine in a minute: no cluster, no Docker (ARGS="--leads FILE --exclude a,b")
	$(BIN)/leadmodel local demo $(ARGS)

.PHONY: picture
picture: install ## draw docs/pictures/demo.svg anew, from a demo
	$(BIN)/leadmodel local demo --picture docs/pictures/demo.svg

.PHONY: screenshots
screenshots: install ## docs/pictures/dashboard-*.png anew, by a real Chromium
	PYTHONPATH=tests $(BIN)/python -m support.dashboard_page

.PHONY: lint
lint: install ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test
test: lint ## lint, types, import contracts and all tests that need nothing running
	$(BIN)/python tests/support/retry_alone.py -n $(WORKERS) --dist worksteal

.PHONY: quick
quick: lint ## lint and the tests that take moments: under a minute
	$(BIN)/pytest -n 2 -m "not slow" $(addprefix tests/,$(QUICK))

.PHONY: bench
bench: install ## measure everything in bench/; each program there also runs alone (--help)
	for name in $(BENCHES); do printf '\n== bench/%s.py\n' $$name; $(BIN)/python bench/$$name.py || exit 1; done

.PHONY: crds
crds: install ## renew the generated CRD and the chart's copy
	$(BIN)/python -m leadmodel_operator.resource.crd crds/leadmodels.yaml
	cp crds/leadmodels.yaml charts/leadmodel/files/leadmodels.yaml

.PHONY: names
names: install ## make the lexicon and weights of the name tagger anew (TEXT=folder of chats by others)
	$(UV) pip install --quiet --target build/names --require-hashes --no-deps --requirement privacy/names/requirements.txt
	PYTHONPATH=build/names $(BIN)/python privacy/names/build.py $(if $(TEXT),--text $(TEXT))

.PHONY: tables
tables: install ## make the table of languages and the lexicon of sentiment anew (TEXT=folder chooses the words left out, too)
	$(UV) pip install --quiet --target build/tables --require-hashes --no-deps --requirement training/tables/requirements.txt
	PYTHONPATH=build/tables $(BIN)/python training/tables/build.py $(if $(TEXT),--text $(TEXT))

.PHONY: tables-check
tables-check: install ## measure the table of languages on catalogs that it was not trained on
	$(UV) pip install --quiet --target build/tables-check --require-hashes --no-deps --requirement training/tables/check.txt
	PYTHONPATH=build/tables-check $(BIN)/python training/tables/check.py

.PHONY: sales
sales: install ## make the text model sales-en anew (LEADMODEL_DATA=folder with text/clinc150.json.gz)
	$(BIN)/python training/sales_en/build.py

.PHONY: architecture
architecture: install ## draw docs/pictures/architecture.svg anew, from the import contracts, and follow-up.svg
	PYTHONPATH=tests $(BIN)/python -m project.architecture
	PYTHONPATH=tests $(BIN)/python -m project.sequence

.PHONY: monitoring
monitoring: install ## renew docs/metrics.md, the list of runbooks and the dashboards
	PYTHONPATH=observability $(BIN)/python -m monitoring.page
	PYTHONPATH=observability $(BIN)/python -m monitoring

.PHONY: values
values: install ## make the chart's page of values anew
	$(BIN)/python tests/chart/values_page.py

.PHONY: helm
helm: install ## a Helm for the tests, where there is none (needs Go)
	command -v helm >/dev/null || $(BIN)/python tests/cluster/cluster.py helm

.PHONY: manifests
manifests: crds helm ## render deploy/operator.yaml and the golden files of the chart anew
	PYTHONPATH=tests $(BIN)/python -m chart.golden

.PHONY: docs
docs: crds architecture values monitoring ## write all generated pages and pictures anew: docs/reference, docs/pictures, the chart's page
	PYTHONPATH=tests $(BIN)/python -m project.reference.pages

.PHONY: check
check: docs ## fail when a generated file is stale
	git diff --exit-code -- crds charts/leadmodel docs/pictures docs/reference docs/metrics.md docs/runbooks

.PHONY: base
base: install ## write the digest of today's base of the images into images/base/Dockerfile (BASE=...)
	$(BIN)/python images/images.py pin

.PHONY: images
images: install ## the five images and their SBOMs, with docker or buildah (BASE=... TAG=...)
	$(BIN)/python images/images.py

.PHONY: chart
chart: crds ## package the Helm chart into dist/
	helm package charts/leadmodel --destination dist

.PHONY: cluster-up
cluster-up: install ## a real Kubernetes for tests (KUBECONFIG set: that one)
	$(BIN)/python tests/cluster/cluster.py up

.PHONY: cluster-down
cluster-down: install ## end it and leave nothing behind
	$(BIN)/python tests/cluster/cluster.py down

.PHONY: e2e
e2e: install cluster-up ## what must hold on a real cluster: beside each other, then what disturbs others
	$(BIN)/python tests/cluster/cluster.py argocd
	$(BIN)/python tests/e2e/stages.py

.PHONY: format
format: install ## let ruff put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: decisions
decisions: install ## the study of the decisions: tables and pictures of docs/decisions.md
	$(BIN)/python bench/decisions.py --write

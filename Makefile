# Two commands: `make run` opens the market on this machine, `make test` tries all of it.

PORT ?= 8000
ARGS ?=
OPENAPI := apps/base/api/openapi.yaml

PYTHON := .venv/bin/python
EMBEDDED := $(PYTHON) -m config.embedded
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes
CREATED := .venv/.created
RUNTIME := .venv/.runtime
DEVELOP := .venv/.develop
MESSAGES := $(patsubst %.po,%.mo,$(wildcard config/locale/*/LC_MESSAGES/*.po))

.PHONY: help run manage demo test test-long test-browser benchmark-page benchmark-search examples schema lock forget clean
.PHONY: check check-style check-format check-types check-walls check-with-database
.PHONY: check-settings check-migrations check-schema

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: $(RUNTIME) $(MESSAGES) ## open the market on this machine: http://127.0.0.1:8000, or PORT=…
	@PORT=$(PORT) $(PYTHON) -m config.run

manage: $(RUNTIME) $(MESSAGES) ## a command on its data, also while it runs: make manage ARGS=check
	@SECRET_KEY=$$(cat .data/secret_key 2>/dev/null || echo unused) \
		$(EMBEDDED) exec --join -- $(PYTHON) manage.py $(ARGS)

demo: $(RUNTIME) ## walk from an achievement to a figure, over HTTP, in the market that runs
	@SECRET_KEY=unused $(PYTHON) manage.py demo --base-url http://127.0.0.1:$(PORT) $(ARGS)

test test-long test-browser examples schema check-migrations check-schema: \
	export DJANGO_SETTINGS_MODULE = config.settings.test

test: $(DEVELOP) $(MESSAGES) ## every test but the long ones and those that need a browser
	@$(EMBEDDED) exec --volatile -- $(PYTHON) -m pytest -n 2 --dist loadgroup -m "not long and not browser" $(ARGS)

test-long: $(DEVELOP) $(MESSAGES) ## the large profiles of the property and kill tests too
	@MARKETPLACE_LONG=1 $(EMBEDDED) exec --volatile -- \
		$(PYTHON) -m pytest -n 2 --dist loadgroup -m "not browser" --hypothesis-profile=long $(ARGS)

test-browser: $(DEVELOP) $(MESSAGES) ## the pages in Debian's Chromium, installed if this is root
	@if ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get install --yes --quiet chromium chromium-driver >/dev/null 2>&1 || true; fi; \
	if ! command -v chromium >/dev/null; then \
		echo "There is no chromium here: apt-get install chromium chromium-driver"; exit 1; fi
	@$(EMBEDDED) exec --volatile -- $(PYTHON) -m pytest -m browser tests/browser $(ARGS)

benchmark-page: $(DEVELOP) ## requests per second of a page of listings, beside a bare view
	@$(EMBEDDED) exec --volatile -- $(PYTHON) -m tests.benchmarks.page

benchmark-search: $(RUNTIME) $(MESSAGES) ## search in a made-up market of its own: ARGS="--listings 1000000"
	@SECRET_KEY=$$(od -An -N40 -tx1 /dev/urandom | tr -d ' \n') LOG_LEVEL=ERROR \
		$(EMBEDDED) exec --data .data/benchmark -- sh -c "$(PYTHON) manage.py migrate -v0 && \
		$(PYTHON) manage.py load_codes -v0 >&2 && $(PYTHON) manage.py benchmark_search $(ARGS)"

# Each by itself too, and `make -k check` does not stop at the first that fails.
check: check-style check-format check-types check-walls check-with-database ## all that reads the code

check-style: $(DEVELOP)
	@echo "ruff check" && $(PYTHON) -m ruff check --quiet .

check-format: $(DEVELOP)
	@echo "ruff format" && $(PYTHON) -m ruff format --quiet --check .

check-types: $(DEVELOP)
	@echo "mypy" && $(PYTHON) -m mypy

check-walls: $(DEVELOP)
	@echo "lint-imports" && .venv/bin/lint-imports

check-with-database: $(DEVELOP) $(MESSAGES)
	@$(EMBEDDED) exec --volatile -- \
		$(MAKE) --no-print-directory check-settings check-migrations check-schema

check-settings:
	@echo "check --deploy" && DJANGO_SETTINGS_MODULE=config.settings.production \
		SECRET_KEY=$$(od -An -N40 -tx1 /dev/urandom | tr -d ' \n') ALLOWED_HOSTS=market.example EMAIL_URL=smtp://localhost \
		$(PYTHON) manage.py check --deploy --fail-level WARNING

check-migrations:
	@echo "makemigrations --check" && $(PYTHON) manage.py makemigrations --check --dry-run

check-schema:
	@echo "OpenAPI, against $(OPENAPI)" && fresh=$$(mktemp) && trap 'rm -f "$$fresh"' EXIT && \
		$(PYTHON) manage.py spectacular --lang en --validate --fail-on-warn --file "$$fresh" && \
		{ diff -u $(OPENAPI) "$$fresh" || { echo "The schema has changed: make schema"; exit 1; }; }

schema: $(RUNTIME) $(MESSAGES) ## write the OpenAPI schema anew
	@$(EMBEDDED) exec --volatile -- \
		$(PYTHON) manage.py spectacular --lang en --validate --fail-on-warn --file $(OPENAPI)

examples: $(DEVELOP) $(MESSAGES) ## write the worked examples of the API anew; then make schema
	@MARKETPLACE_EXAMPLES=write $(EMBEDDED) exec --volatile -- \
		$(PYTHON) -m pytest --quiet tests/api/test_examples.py $(ARGS)

lock: $(CREATED) ## pin what requirements/*.in ask for; ARGS=--upgrade takes the newest
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	$(PYTHON) -m venv "$$folder" && "$$folder"/bin/pip install --quiet pip-tools && \
	cd requirements && for name in runtime s3 develop; do \
		"$$folder"/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
			--no-header --no-annotate --no-emit-index-url --no-emit-find-links \
			--no-emit-trusted-host $(ARGS) --output-file $$name.txt $$name.in || exit 1; done

forget: $(RUNTIME) ## delete the data of `make run` for good
	@$(EMBEDDED) forget

clean: ## delete what can be made again: the virtual environment, caches; no data
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -f $(MESSAGES)
	@find apps config marketplace tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(CREATED):
	@for name in python3.11 python3.12 python3; do \
		if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then \
		echo "Python 3.11 is missing: apt-get install python3.11 python3.11-venv"; exit 1; fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "The venv module of $$python is missing: apt-get install $$python-venv"; exit 1; fi; \
	rm -rf .venv && $$python -m venv .venv && touch $@

$(RUNTIME): requirements/runtime.txt $(CREATED)
	@echo "Installing requirements/runtime.txt …" && $(PIP) -r $< && touch $@

$(DEVELOP): requirements/develop.txt $(RUNTIME)
	@echo "Installing requirements/develop.txt …" && $(PIP) -r $< && touch $@

$(MESSAGES): %.mo: %.po $(RUNTIME)
	@$(PYTHON) -m babel.messages.frontend --quiet compile --input-file $< --output-file $@

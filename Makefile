# Needs Python 3.11 or newer and git. Everything is installed into .venv, nothing elsewhere.

VENV := .venv
BIN := $(VENV)/bin
DEMO ?= article
# Much of the suite waits for servers and processes that it starts: more workers than processors.
PYTEST_ARGS ?= -n 4 --dist worksteal
# The newest SQLAlchemy is in the environment; the one before it stands beside it.
OLDER := $(VENV)/sqlalchemy-2.0

.PHONY: demo test lint clean bench-older install-goldens takeouts statements
.DEFAULT_GOAL := test

# A dry run: what would become of an application, and why; nothing is written to it.
demo: $(VENV)/.installed
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && \
	cp -R golden/$(DEMO)/before/. "$$copy" && \
	looplift="$$PWD/$(BIN)/looplift" && cd "$$copy" && \
	echo "\$$ looplift plan --unsafe-fixes      # golden/$(DEMO)" && \
	"$$looplift" plan --unsafe-fixes . && \
	echo && echo "\$$ looplift diff --unsafe-fixes      # golden/$(DEMO)" && \
	{ "$$looplift" diff --unsafe-fixes . || [ $$? -eq 1 ]; }

# Each of the four says what it has to say, whatever the others found.
test: $(VENV)/.installed-test $(OLDER)/.installed
	@failed=0; \
	$(BIN)/ruff check --output-format concise . || failed=1; \
	$(BIN)/mypy || failed=1; \
	$(BIN)/python -m pytest $(PYTEST_ARGS) || failed=1; \
	PYTHONPATH=$(OLDER) $(BIN)/python -m pytest $(PYTEST_ARGS) tests/differential || failed=1; \
	exit $$failed

lint: $(VENV)/.installed-test
	$(BIN)/ruff check --output-format concise .
	$(BIN)/mypy

# The differential bench on SQLAlchemy 2.0.
bench-older: $(OLDER)/.installed
	PYTHONPATH=$(OLDER) $(BIN)/python -m pytest $(PYTEST_ARGS) tests/differential

# Fresh environments from the manifests of the golden applications (all, or GOLDEN="NAME ..."):
# commands, workers, migrations, service and suite, before and after.
install-goldens: $(VENV)/.installed-test
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --group install
	cd tests && PYTHONPATH=.. ../$(BIN)/python -m golden.install $(GOLDEN)

# Each load that was added to a golden application is taken out again: it has to be missed.
takeouts: $(VENV)/.installed-test
	cd tests && PYTHONPATH=.. ../$(BIN)/python -m golden.takeouts $(GOLDEN)

# How many SQL statements each request of the golden applications sends, before and after.
statements: $(VENV)/.installed-test
	cd tests && PYTHONPATH=.. ../$(BIN)/python -m golden.statements $(GOLDEN)

clean:
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.installed: pyproject.toml $(VENV)/.made
	@echo "Installing looplift into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml $(VENV)/.installed
	@echo "Installing what the tests need into $(VENV) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --group test
	@touch $@

$(OLDER)/.installed: pyproject.toml $(VENV)/.installed-test
	@echo "Installing SQLAlchemy 2.0 into $(OLDER) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --upgrade \
		--target $(OLDER) 'sqlalchemy>=2.0.38,<2.1'
	@touch $@

# The first Python that is new enough makes the environment. Where Debian's ensurepip is missing,
# a pip outside of it fills it. pip 25.1 is the first to know dependency groups.
$(VENV)/.made:
	@set -e; python=""; \
	for name in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14 python; do \
		if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			python=$$name; break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "looplift needs Python 3.11 or newer, and none was found." \
			"Name one: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	rm -rf $(VENV); \
	echo "Making $(VENV) with $$($$python --version) ..."; \
	if ! $$python -m venv $(VENV) >/dev/null 2>&1; then \
		rm -rf $(VENV); \
		if ! { $$python -m venv --without-pip $(VENV) && \
			$$python -m pip --python $(BIN)/python install -qq pip; } >/dev/null 2>&1; then \
			rm -rf $(VENV); \
			echo "$$python cannot make an environment with pip: its module ensurepip is missing." \
				"On Debian and Ubuntu: apt-get install python3-venv, then make again." >&2; \
			exit 1; \
		fi; \
	fi; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --upgrade 'pip>=25.1'; \
	touch $@

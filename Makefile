# make demo    a browser task and a desktop task, each verified, with their reports
# make test    the tests, but for a few that take long (about 17 minutes on 2 cores)
# make failed  what failed the last time, by itself
# make check   format, lint, types, docs/reference.md, every test
# make reference   write docs/reference.md anew
# make bench   how fast it is, as ratios against named references (20 minutes on 2 cores)
# make reliability   what survives kills, long runs and hostile pages, as figures (about an hour on 2 cores)
# Each does all its own set-up, once.

PYTHON ?= python3
TORCH  ?= torch==2.13.0
VENV   := .venv
BIN    := $(VENV)/bin
PACKAGES := xvfb openbox xclip mousepad featherpad xterm python3-tk galculator pcmanfm dbus at-spi2-core ssh-askpass-gnome zenity fonts-dejavu-core fonts-wqy-zenhei fonts-noto-color-emoji \
  x11-xserver-utils python3-gi gir1.2-gtk-3.0 gir1.2-gtk-4.0 python3-pyqt6
# In CI the tests against a real vLLM must run; elsewhere they are skipped aloud where it cannot be had.
# Much of the time is waiting for browsers and programs: five at once keep two cores busy, if none takes both; CI has
# time for four. What they import is compiled once, also where PYTHONDONTWRITEBYTECODE is set: they start some hundred
# processes.
PYTEST := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(if $(CI),HANDEYE_REQUIRE_VLLM=1,) $(BIN)/python -m pytest -n $(if $(CI),4,5) --dist loadfile
PIP    := PYTHONWARNINGS=ignore $(BIN)/pip --disable-pip-version-check install --quiet

.PHONY: demo test failed check reference bench reliability system clean

demo: system $(VENV)/.base
	$(BIN)/python -m handeye.scenarios.demo

test: system $(VENV)/.test
	$(PYTEST) $(if $(CI),|| { test $$? = 1 && $(MAKE) failed; },-m "not long")

# Only what failed the last time, by itself. In CI, whose machine others use too, a test that ran to its end and failed
# has failed if it fails alone. Nothing to run is a failure too: then something else went wrong.
failed: system $(VENV)/.test
	$(PYTEST) -n 0 --last-failed --last-failed-no-failures none

check: system $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m handeye.scenarios.reference --check
	$(PYTEST)

reference: $(VENV)/.test
	$(BIN)/python -m handeye.scenarios.reference

bench: system $(VENV)/.test
	$(BIN)/python -m benchmarks

reliability: system $(VENV)/.test
	$(BIN)/python -m benchmarks.reliability

# What comes from the system: a browser, a virtual display with a window manager, and a small editor for the demo.
system:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "handeye needs Python 3.11 or newer; $$($(PYTHON) -V) is $(PYTHON). Install one, then: make PYTHON=python3.11 …"; exit 1; }
	@missing=""; \
	for program in Xvfb openbox xclip mousepad featherpad xterm galculator pcmanfm dbus-daemon zenity xrandr; do command -v $$program >/dev/null || missing=" $(PACKAGES)"; done; \
	/usr/bin/python3 -c 'import tkinter' 2>/dev/null || missing=" $(PACKAGES)"; \
	/usr/bin/python3 -c 'import gi; gi.require_version("Gtk", "4.0"); import PyQt6.QtWidgets' 2>/dev/null || missing=" $(PACKAGES)"; \
	/usr/bin/python3 -c 'import gi; gi.require_version("Gtk", "3.0")' 2>/dev/null || missing=" $(PACKAGES)"; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
	if ! command -v chromium >/dev/null && ! command -v google-chrome >/dev/null && ! ls $$HOME/.cache/ms-playwright/chromium-* >/dev/null 2>&1 \
	  && ! grep -q '^ID=ubuntu' /etc/os-release; then missing="$$missing chromium"; \
	    if grep -q '^ID=debian' /etc/os-release; then missing="$$missing chromium-headless-shell"; fi; fi; \
	if [ -n "$$missing" ]; then \
	  line="apt-get update && apt-get install -y --no-install-recommends $$missing"; \
	  if [ "$$(id -u)" = 0 ]; then run="sh -c"; elif sudo -n true 2>/dev/null; then run="sudo sh -c"; else \
	    echo "Some of these are missing:$$missing"; echo "Run this line once, then make again:"; \
	    echo "  sudo sh -c '$$line'"; exit 1; fi; \
	  echo "installing$$missing …"; \
	  $$run "export DEBIAN_FRONTEND=noninteractive; ($$line) >/tmp/handeye-apt.$$$$.log 2>&1 || { cat /tmp/handeye-apt.$$$$.log; exit 1; }"; \
	fi

$(VENV)/bin/python:
	@echo "making a virtual environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --upgrade pip

$(VENV)/.base: pyproject.toml | $(VENV)/bin/python
	@echo "installing handeye into $(VENV) …"
	@$(PIP) --editable .
	@# Ubuntu's chromium is a snap, which containers cannot run: there Playwright's own build is taken.
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || $(BIN)/playwright install --with-deps chromium
	@touch $@

$(VENV)/.test: pyproject.toml tests/vllm_env.py $(VENV)/.base
	@echo "installing what the tests need (PyTorch for the CPU, transformers, a vLLM of its own) …"
	@$(PIP) "$(TORCH)"
	@$(PIP) --editable '.[dev,transformers]' "$(TORCH)"
	@$(BIN)/python tests/vllm_env.py >/dev/null || test -z "$(CI)"
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

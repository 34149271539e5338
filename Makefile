# What people type. Meson and Ninja do the work; see meson.build.
#
#   make run      build, and organize a sample inbox (or INBOX=… ORGANIZED=… your own)
#   make test     build and run all tests
#   make install | uninstall   (PREFIX=/usr/local, DESTDIR=)
#   make mutants  would a test notice? small edits, one by one (docs/testing.md); ARGS=FILE…
#   make analyze  what three static analyzers find in the sources
#   make fuzz     every fuzz target for a minute, and the lines they reach
#   make attack   the memory ceiling under attack: bombs, trees, limits; prints a table
#   make proof    the cap in each budget, collection and mode; ARGS='--write docs/memory-model.md'
#   make bench    every benchmark, some minutes; make bench-compare BASE=COMMIT two builds in turn
#   make wheel    the Python package, as dist/alice-…-abi3-….whl
#   make deb      Debian packages in dist/, tried together; make deb-check also in a root of their own
#   make abi      would programs of the last release still run? ARGS=COMMIT: of that commit
#   make reproducible   two builds in two places, the same bytes
#   make docs | format | check | clean | help

BUILD     ?= build
# Where it goes: /usr/local, or what was said before; said again, it is changed.
PREFIX    ?=
INBOX     ?=
ORGANIZED ?=
ARGS      ?=
TEST_OPTIONS ?=

.PHONY: all run test attack proof mutants analyze check install uninstall bench bench-compare wheel deb deb-check abi reproducible docs fuzz format clean help

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

$(BUILD)/build.ninja:
	@./scripts/deps
	@./scripts/setup $(BUILD) --prefix $(or $(PREFIX),/usr/local) -Dtests=false

run:
	@./scripts/deps
	@$(MAKE) --no-print-directory all
	@./scripts/run $(BUILD)/cli/alice "$(INBOX)" "$(ORGANIZED)" $(ARGS)

test:
	@./scripts/deps --test
	@./scripts/test $(BUILD)-test -- $(TEST_OPTIONS)

# Not part of `make test`: some minutes, and some GB of holes below $$TMPDIR or /var/tmp.
attack: all
	@python3 tests/attack/hostile.py $(BUILD)/cli/alice $(ARGS)
	@python3 tests/attack/attack.py $(BUILD)/cli/alice $(ARGS)

# Not part of `make test`, which has a small form of it: half an hour.
proof: all
	@python3 tests/attack/proof.py $(BUILD)/cli/alice $(ARGS)

# A minute or two; part of `.ci/run`.
analyze:
	@./scripts/deps --test
	@./scripts/analyze

# Not part of `make test` either: an hour for all, little where little changed.
mutants:
	@./scripts/deps --test
	@./scripts/mutants $(ARGS)

check:
	@./scripts/check-layers && ./scripts/check-locks && ./scripts/check-format && echo "layers, locks and format: fine"

install: all
	@./scripts/install $(BUILD) --prefix "$(PREFIX)" --destdir "$(DESTDIR)"

uninstall:
	@./scripts/install $(BUILD) --uninstall --prefix "$(PREFIX)" --destdir "$(DESTDIR)"

bench:
	@./scripts/deps
	@./bench/run $(ARGS)

bench-compare:
	@./scripts/deps
	@./bench/compare "$(BASE)" $(ARGS)

# A folder of its own: what setuptools leaves behind stays out of the sources.
wheel:
	@./scripts/deps --test
	@./scripts/wheel dist

deb:
	@./scripts/deps
	@./scripts/deb dist

# Needs root, and the distribution's archive.
deb-check: deb
	@./scripts/deb-check dist

abi:
	@./scripts/check-abi $(ARGS)

reproducible:
	@./scripts/deps
	@./scripts/reproducible

docs:
	@./scripts/docs

# Half an hour on two cores; ARGS='--seconds 10 png xmp' is shorter.
fuzz:
	@./scripts/deps --test
	@./scripts/fuzz $(ARGS)

format:
	@./scripts/check-format --fix

clean:
	@rm -rf $(BUILD) $(BUILD)-* dist

help:
	@sed -n '2,16s/^# \{0,1\}//p' Makefile

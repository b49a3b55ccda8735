# xray: one file, no configure.  make help tells the targets.
#
# CFLAGS, CPPFLAGS, LDFLAGS, CC, DESTDIR and PREFIX are the caller's.
# O is where objects go and BIN where programs go; a sanitizer build uses
# others, so that it stands beside the plain one.

CC ?= cc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
O ?= .build
BIN ?= bin
# What failed is told, and what the test said to it.
PROVE ?= prove -f -o
JOBS ?= 12

VERSION := $(shell cat share/version)
SYSTEM := $(shell uname -s)
CORES := $(shell getconf _NPROCESSORS_ONLN)

WARN := -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wpointer-arith -Wcast-qual \
	-Wundef -Wvla -Wimplicit-fallthrough
HARDEN := -fstack-protector-strong -fPIE
ifeq ($(SYSTEM),Linux)
HARDEN += -fstack-clash-protection
HARDEN_LD := -pie -Wl,-z,relro,-z,now,--as-needed
# What a program does not call is left out, and with it what that would have
# needed: each symbol looked up at start costs 1,500 instructions.
HARDEN += -ffunction-sections
HARDEN_LD += -Wl,--gc-sections
SYS_CPP := -D_GNU_SOURCE
endif
# Fortified calls need an optimiser; sanitizer builds bring their own checks.
ifeq ($(SAN),)
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
# make lint and CI turn warnings into errors: make WERROR=-Werror
WERROR ?=

override CPPFLAGS += $(SYS_CPP) -DXRAY_VERSION='"$(VERSION)"' \
	-Ilib/core -Ilib/machine -Ilib/net
override CFLAGS += -std=c11 $(WARN) $(WERROR) $(HARDEN) $(FORTIFY) $(SAN)
override LDFLAGS += $(HARDEN_LD) $(SAN)
# libinih is linked in where its archive is there: a start is 0.1 ms quicker.
archive = $(firstword $(wildcard /usr/lib/$(shell $(CC) -dumpmachine)/$(1)))
INIH_A := $(call archive,libinih.a)
LDLIBS := $(if $(INIH_A),$(INIH_A),-linih)

HEADERS := $(wildcard lib/*/*.h)
LIB_SRC := $(wildcard lib/*/*.c)
LIB_ASM := $(wildcard lib/*/*.S)
LIB ?= $(O)/libxray.a
LIB_OBJ := $(LIB_SRC:%.c=$(O)/%.o) $(LIB_ASM:%.S=$(O)/%.o)
BIN_SRC := $(wildcard bin/*.c)
# Without libslirp there is no xray-net; VMs can have net = proxy then.
ifeq ($(shell echo | $(CC) $(CPPFLAGS) -include slirp/libslirp.h -E - \
	>/dev/null 2>&1 && echo yes),)
$(info no libslirp: xray-net is not built; see share/deps)
BIN_SRC := $(filter-out bin/xray-net.c,$(BIN_SRC))
endif
BIN_SH := $(wildcard bin/*.sh)
PROGRAMS := $(BIN_SRC:bin/%.c=$(BIN)/%) $(BIN_SH:bin/%.sh=$(BIN)/%)
FUZZ_SRC := $(wildcard tests/fuzz-*.c)
PRELOAD := $(if $(findstring sanitize,$(SAN)),,$(O)/tests/fault-malloc.so \
	$(O)/tests/storm-slow.so)
TEST_SRC := $(filter-out $(FUZZ_SRC) tests/fault-malloc.c tests/storm-slow.c, \
	$(wildcard tests/*.c))
TEST_PROGRAMS := $(TEST_SRC:tests/%.c=$(O)/tests/%)
# Module tests speak TAP; fakes and peers are tools of the shell tests.
MODULES := $(filter-out %-peer $(O)/tests/fake-%,$(TEST_PROGRAMS))
SLOW_MODULES := $(O)/tests/net-clerk
PAGES := $(wildcard man/*.[1-9])

all: $(PROGRAMS)

# Objects depend on the flags they were made with, and on all headers: the
# tree is small, and a stale object costs more than a rebuild.
$(O)/.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)' | cmp -s - $@ || \
	    echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)' >$@

$(O)/%.o: %.c $(HEADERS) $(wildcard tests/*.h tests/*.def) $(O)/.flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/%.o: %.S $(O)/.flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/libxray.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $(LIB_OBJ)

# For tests/mutants.sh, which changes one object and links but this.
$(O)/libxray.so: $(LIB_OBJ)
	$(CC) -shared -o $@ $(LIB_OBJ) $(LDLIBS) -luv -lslirp

# Only the long-lived tools link an event loop or the network stack.
# libuv is linked in where its archive is there: a start is 0.3 ms quicker.
UV_A := $(call archive,libuv_a.a)
$(BIN)/xray-supervise $(BIN)/xray-proxy: LDLIBS += $(if $(UV_A),$(UV_A) -lpthread -ldl,-luv)
$(BIN)/xray-net: LDLIBS += -lslirp

$(BIN)/%: $(O)/bin/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

$(BIN)/%: bin/%.sh
	@mkdir -p $(@D)
	cp $< $@
	chmod 755 $@

# Run in guests, whatever libraries those have.
$(O)/tests/wall-attack-peer $(O)/tests/rate-peer $(O)/tests/flood-peer: override LDFLAGS += $(if $(SAN),,-static-pie)

$(O)/tests/%: $(O)/tests/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

$(O)/tests/%.so: tests/%.c $(O)/.flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -o $@ $<

tests: all $(TEST_PROGRAMS) $(PRELOAD)

# ---- checks ---------------------------------------------------------------
#
# Fast tests need no guest.  Guest tests boot real ones from bases that are
# built once into $(O)/guest and linked into each test's own home.

# Those that take longest first.
SLOW := $(patsubst %,tests/%.t,ask ask-front messages-live ask-desk start \
	power run qmp hooks systemd doctor messages-files ask-beside docs keys \
	await trigger copy)
COSTS := $(patsubst %,tests/%.t,budget proxy-budget proxy-crowd \
	ask-speed)
FAULTS := tests/fault-waits.t tests/fault-words.t tests/fault-calls.t \
	tests/fault-sites.t
FAULTS += $(filter-out $(FAULTS),$(wildcard tests/fault-*.t))
FORM := tests/lint.t tests/mutants.t
FAST := $(SLOW) $(filter-out $(SLOW) $(COSTS) $(FAULTS) $(FORM) tests/fuzz.t \
	$(wildcard tests/guest-*.t), $(wildcard tests/*.t))
# Those that have a network of their own, the longest first; beside them, one
# after the other, those that use the machine's own, and one in which time
# counts; then, alone, one with many guests.
GUEST := $(wildcard tests/guest-*.t)
GUEST_LONG := $(patsubst %,tests/guest-%.t,debian netproxy wall-use wall \
	journeys hooks run why access)
GUEST_ALONE := tests/guest-many.t
GUEST_TIMED := tests/guest-ask.t
GUEST_OUTSIDE := $(shell grep -l '^own_net=no' $(GUEST))
GUEST_INSIDE := $(filter-out $(GUEST_ALONE) $(GUEST_TIMED) $(GUEST_OUTSIDE), \
	$(GUEST_LONG) $(filter-out $(GUEST_LONG),$(GUEST)))
empty :=
list = $(subst $(empty) $(empty),$(comma),$(strip $(1)))
comma := ,
export XRAY_BIN = $(abspath $(BIN))
export XRAY_OBJ = $(abspath $(O))

deps:
	@share/deps

# All are run, whatever fails: who waited for them wants to know all of it.  The
# bases of the guests are made meanwhile: fast tests wait more than they work.
check: deps
	$(MAKE) -j$(CORES) tests
	@$(MAKE) guest & bases=$$!; bad=; \
	    for part in fast counted form asan fuzz; do \
	    $(MAKE) check-$$part || bad="$$bad check-$$part"; \
	done; \
	    wait $$bases; $(MAKE) check-guest || bad="$$bad check-guest"; \
	    [ -z "$$bad" ] || { echo "failed:$$bad"; exit 1; }

check-fast: tests
	$(PROVE) -j$(JOBS) -e '' $(SLOW_MODULES) $(FAST) \
	    $(filter-out $(SLOW_MODULES), $(MODULES))

# Instructions, system calls, memory: what does not wobble, but takes its time
# to be counted.
check-costs: tests
	$(PROVE) -e '' $(COSTS)

# Each command that changes something, killed or failing at each of its system
# calls, and at each of the recovery from that; or at FAULT_POINTS of them.
FAULT_POINTS ?= 0
check-fault: tests
	FAULT_POINTS=$(FAULT_POINTS) $(PROVE) -j2 -e '' $(FAULTS)

# Both, some points of each: the costs one after the other.
check-counted: tests
	FAULT_POINTS=8 $(PROVE) -j4 --rules 'par=tests/fault-*' \
	    --rules 'seq=**' -e '' $(FAULTS) $(COSTS)

# Commands at once, killed at any moment: twenty storms of 200; tests/storm.t is
# one of them.
check-storm: tests
	STORM_ROUNDS=20 $(PROVE) -v tests/storm.t

guest: all
	@for base in tiny tiny-arm debian; do \
	    tests/guest.sh $(abspath $(O)/guest) $$base || exit 1; done

check-guest: tests guest
	@bad=; nice $(PROVE) -j3 --rules 'seq={$(call list,$(GUEST_OUTSIDE))}' \
	    --rules 'par=**' -e '' $(GUEST_INSIDE) $(GUEST_OUTSIDE) & \
	    all=$$!; $(PROVE) -e '' $(GUEST_TIMED) || bad=1; \
	    wait $$all || bad=1; \
	    $(PROVE) -e '' $(GUEST_ALONE) || bad=1; [ -z "$$bad" ]

check-modules: tests
	$(PROVE) -j$(JOBS) -e '' $(MODULES)

# The same fast tests against programs that watch themselves.  A command may
# leave its memory to exit(2), the library may not: modules run with leaks
# detected, commands without.
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
ASAN := O=.build/asan BIN=.build/asan/bin CFLAGS='-O1 -g1' SAN='$(SANITIZE)'
check-asan:
	@mkdir -p .build/asan
	@ln -sfn ../../share .build/asan/share
	@ln -sfn ../../man .build/asan/man
	$(MAKE) -j$(CORES) $(ASAN) tests
	$(MAKE) $(ASAN) check-modules
	ASAN_OPTIONS=detect_leaks=0 $(MAKE) $(ASAN) MODULES= SLOW_MODULES= check-fast

# Parsers of what strangers send, fed by clang's fuzzer: RUNS inputs each.
RUNS ?= 1000000
FUZZ := O=.build/fuzz BIN=.build/fuzz/bin CC=clang CFLAGS='-O1 -g1' \
	SAN='-fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all'
FUZZ_OBJ := $(LIB_OBJ)

$(O)/libfuzz.a: $(FUZZ_OBJ)
	@rm -f $@
	$(AR) rcs $@ $(FUZZ_OBJ)

$(O)/tests/fuzz-%: $(O)/tests/fuzz-%.o $(O)/libfuzz.a
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< $(O)/libfuzz.a $(LDLIBS)

fuzz-programs: $(FUZZ_SRC:%.c=$(O)/%)

fuzzers:
	$(MAKE) -j$(CORES) $(FUZZ) fuzz-programs

# Some thousand each.
check-fuzz:
	$(PROVE) tests/fuzz.t

fuzz: fuzzers
	tests/fuzz.sh .build/fuzz $(RUNS)

# The lines of each parser that the inputs of the last `make fuzz' reach.
COVER := O=.build/cover BIN=.build/cover/bin CC=clang \
	CFLAGS='-O1 -g -fprofile-instr-generate -fcoverage-mapping' \
	LDFLAGS=-fprofile-instr-generate
fuzz-coverage:
	$(MAKE) -j$(CORES) $(COVER) fuzz-programs
	tests/fuzz-coverage.sh .build/cover .build/fuzz/corpus

# Each control of tests/mutants/ is switched off, one at a time, and a test has
# to see it; MUTANT is part of the names or files of some.
MUTANT ?= .
check-mutants:
	tests/mutants.sh $(O)/mutant '$(MUTANT)'

# What the tests reach: lines and branches of each file, and how many messages
# none of them has seen.  COVERED are the suites that are run for it.
COVERED ?= check-fast check-fault check-guest
COV := O=.build/cov BIN=.build/cov/bin CC=clang CFLAGS='-O0 -g' \
	SAN='-fprofile-instr-generate=$(CURDIR)/.build/cov/raw/%m%c.profraw \
	-fcoverage-mapping -mllvm -runtime-counter-relocation -Qunused-arguments'
coverage:
	@share/deps build run recipe test cover
	@mkdir -p .build/cov .build/guest
	@for f in share man; do ln -sfn ../../$$f .build/cov/$$f; done
	@ln -sfn ../guest .build/cov/guest
	$(MAKE) -j$(CORES) $(COV) tests
	@rm -rf .build/cov/raw
	@for part in $(COVERED); do FAULT_POINTS=8 $(MAKE) $(COV) $$part; done; \
	    tests/coverage.sh files .build/cov

# Those messages, after that.
check-messages:
	@tests/coverage.sh messages .build/cov

# Neither compiler has anything to say, of the library or the tests.  What clang
# warns of it sees as it reads; gcc has to make the code, and has done so where
# all was built with its warnings as errors.
check-compilers:
ifneq ($(WERROR),-Werror)
	$(MAKE) -s -j$(CORES) O=.build/gcc BIN=.build/gcc/bin CC=gcc \
	    WERROR=-Werror tests
endif
	echo $(BIN_SRC) $(LIB_SRC) $(wildcard tests/*.c) | \
	    xargs -n 25 -P $(CORES) \
	    clang $(CPPFLAGS) -std=c11 -O2 $(WARN) -Werror -fsyntax-only

lint-test: tests
	$(PROVE) -j2 $(FORM)

check-form:
	$(MAKE) -j2 check-compilers lint-test

# What xray takes beside what others take: PART is some of commands, snapshots,
# rules, counts, proxy, net.
PART ?=
bench: tests guest
	@tests/bench.sh $(PART)

# For the README: what xray fw watch shows, in a real run.
picture: tests guest
	@mkdir -p share/pictures
	@tests/picture.sh share/pictures/watch.svg

# What gcc's analyzer, clang-tidy and cppcheck find in a file is kept until the
# file, a header of it or the list of checks changes.
LINT_SRC := $(filter-out %_darwin.c,$(BIN_SRC) $(LIB_SRC) $(wildcard tests/*.c))
LINT_OUT := $(LINT_SRC:%.c=.build/lint/%.txt)

.build/lint/%.txt: %.c .clang-tidy tests/lint.sh
	@tests/lint.sh look $< $@ $(CPPFLAGS)

-include $(wildcard $(LINT_OUT:=.d))

analyze: $(LINT_OUT)
	@tests/lint.sh judge tests/lint.known $(LINT_OUT)

lint: tests check-compilers
	@share/deps build test lint
	$(MAKE) -s -j$(CORES) analyze
	$(PROVE) tests/lint.t

# ---- the rest -------------------------------------------------------------

quickstart:
	@echo '[1/8] packages'
	@share/deps build run recipe
	@echo '[2/8] build'
	@$(MAKE) -s all
	@share/quickstart

BINDIR := $(DESTDIR)$(PREFIX)/bin
SHAREDIR := $(DESTDIR)$(PREFIX)/share/xray
MANDIR := $(DESTDIR)$(PREFIX)/share/man
BASHDIR := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSHDIR := $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISHDIR := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
UNITDIR := $(DESTDIR)$(PREFIX)/lib/systemd/user

install: all
	install -d $(BINDIR) $(SHAREDIR)/recipes $(SHAREDIR)/presets
	install $(PROGRAMS) $(BINDIR)
	install -m 644 share/commands share/version $(SHAREDIR)
	install share/deps $(SHAREDIR)
	install -d $(SHAREDIR)/ask
	install share/ask/* $(SHAREDIR)/ask
	cp -R share/recipes/. $(SHAREDIR)/recipes
	install -m 644 share/presets/* $(SHAREDIR)/presets
	install -m 644 share/default-firewall-rules.conf $(SHAREDIR)
	install -d $(SHAREDIR)/systemd $(SHAREDIR)/launchd
	install -m 644 share/systemd/* $(SHAREDIR)/systemd
	install -m 644 share/launchd/* $(SHAREDIR)/launchd
ifeq ($(SYSTEM),Linux)
	install -d $(UNITDIR)
	sed 's,@bin@,$(PREFIX)/bin,' share/systemd/xray@.service \
	    >$(UNITDIR)/xray@.service
endif
	install -d $(SHAREDIR)/hooks
	cp -R hooks/. $(SHAREDIR)/hooks
	install -d $(SHAREDIR)/completion $(BASHDIR) $(ZSHDIR) $(FISHDIR)
	install -m 644 share/completion/xray.* $(SHAREDIR)/completion
	install -m 644 share/completion/xray.bash $(BASHDIR)/xray
	install -m 644 share/completion/xray.zsh $(ZSHDIR)/_xray
	install -m 644 share/completion/xray.fish $(FISHDIR)/xray.fish
	for page in $(PAGES); do \
	    d=$(MANDIR)/man$${page##*.} && install -d $$d && \
	    install -m 644 $$page $$d || exit 1; done

uninstall:
	rm -f $(PROGRAMS:$(BIN)/%=$(BINDIR)/%)
	rm -rf $(SHAREDIR)
	rm -f $(UNITDIR)/xray@.service
	rm -f $(BASHDIR)/xray $(ZSHDIR)/_xray $(FISHDIR)/xray.fish
	for page in $(PAGES:man/%=%); do \
	    rm -f $(MANDIR)/man$${page##*.}/$$page; done
	@echo "VMs and bases stay in the homes of their users (~/.xray), what"
	@echo "xray autostart made in ~/.config/systemd/user, and the line of"
	@echo "xray ssh-config in ~/.ssh/config."

dist:
	git archive --prefix=xray-$(VERSION)/ -o xray-$(VERSION).tar.gz HEAD

clean:
	rm -rf .build $(BIN_SRC:.c=) $(BIN_SH:.sh=)

help:
	@echo 'all         build everything into bin/ (the default)'
	@echo 'quickstart  install what is needed, build, run a first VM'
	@echo 'check       install what is needed, build, run all tests'
	@echo 'check-fast  the tests that boot no guest'
	@echo 'check-costs what commands take, counted'
	@echo 'check-asan  the same with AddressSanitizer and UBSan'
	@echo 'check-fault commands killed or failing at each system call they make'
	@echo 'check-storm twenty storms of 200 commands at once, a third of them killed'
	@echo 'check-guest the tests that boot guests'
	@echo 'fuzz        parsers against a million made-up inputs each (RUNS=)'
	@echo 'fuzz-coverage  the lines of each parser that those reach'
	@echo 'coverage    what the tests reach, and which messages none has seen'
	@echo 'check-mutants  does a test see each control that is switched off?'
	@echo 'bench       what commands take beside others (PART=)'
	@echo 'lint        compilers and analyzers have nothing to say; form of all files'
	@echo 'install     into DESTDIR PREFIX ($(PREFIX))'
	@echo 'uninstall dist clean'

.PHONY: all tests deps check check-fast check-costs check-fault \
	check-counted check-form lint-test \
	check-modules check-asan check-storm analyze coverage check-messages \
	check-guest \
	check-compilers check-fuzz check-mutants guest bench lint fuzz fuzzers \
	fuzz-programs fuzz-coverage \
	picture quickstart install uninstall dist clean help FORCE
FORCE:
.SECONDARY:

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
PROVE ?= prove
JOBS ?= 2

VERSION := $(shell cat share/version)
SYSTEM := $(shell uname -s)

WARN := -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wpointer-arith -Wcast-qual \
	-Wundef -Wvla -Wimplicit-fallthrough
HARDEN := -fstack-protector-strong -fPIE
ifeq ($(SYSTEM),Linux)
HARDEN += -fstack-clash-protection
HARDEN_LD := -pie -Wl,-z,relro,-z,now,--as-needed
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
LDLIBS := -linih

HEADERS := $(wildcard lib/*/*.h)
LIB_SRC := $(wildcard lib/*/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(O)/%.o)
BIN_SRC := $(wildcard bin/*.c)
BIN_SH := $(wildcard bin/*.sh)
PROGRAMS := $(BIN_SRC:bin/%.c=$(BIN)/%) $(BIN_SH:bin/%.sh=$(BIN)/%)
TEST_SRC := $(wildcard tests/*.c)
TEST_PROGRAMS := $(TEST_SRC:tests/%.c=$(O)/tests/%)
PAGES := $(wildcard man/*.[1-9])

all: $(PROGRAMS)

# Objects depend on the flags they were made with, and on all headers: the
# tree is small, and a stale object costs more than a rebuild.
$(O)/.flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)' | cmp -s - $@ || \
	    echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)' >$@

$(O)/%.o: %.c $(HEADERS) $(O)/.flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(O)/libxray.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $(LIB_OBJ)

# Only the long-lived tools link an event loop or the network stack.
$(BIN)/xray-supervise: LDLIBS += -luv
$(BIN)/xray-net: LDLIBS += -lslirp

$(BIN)/%: $(O)/bin/%.o $(O)/libxray.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< $(O)/libxray.a $(LDLIBS)

$(BIN)/%: bin/%.sh
	@mkdir -p $(@D)
	cp $< $@
	chmod 755 $@

$(O)/tests/%: $(O)/tests/%.o $(O)/libxray.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $< $(O)/libxray.a $(LDLIBS)

tests: all $(TEST_PROGRAMS)

clean:
	rm -rf .build $(BIN_SRC:.c=) $(BIN_SH:.sh=)

.PHONY: all tests clean FORCE
FORCE:
.SECONDARY:

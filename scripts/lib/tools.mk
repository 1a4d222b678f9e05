# SPDX-License-Identifier: GPL-2.0-only
# The programs that run in the guest: make -f tools.mk SRC=repository OUT=folder
# Static, as the guest has no libraries. With CC32=compiler, the 32-bit ones, too.
# CPPFLAGS and LDFLAGS say where liburing is, if it is not the machine's own.

src := $(wildcard $(SRC)/tests/programs/*.c $(SRC)/bench/*.c)
out := $(patsubst %.c,$(OUT)/%,$(notdir $(src)))

src32 := $(if $(CC32),$(wildcard $(SRC)/tests/programs/32/*.c))
out32 := $(patsubst %.c,$(OUT)/%,$(notdir $(src32)))

# user drivers: the examples as user-NAME, and those of the tests
libmicro := $(OUT)/libmicro/libmicro.a
examples := $(patsubst $(SRC)/lib/examples/%.c,$(OUT)/user-%,$(wildcard $(SRC)/lib/examples/*.c))
servers := $(patsubst $(SRC)/tests/programs/user/%.c,$(OUT)/%,$(wildcard $(SRC)/tests/programs/user/*.c))
servers += $(patsubst $(SRC)/bench/user/%.c,$(OUT)/%,$(wildcard $(SRC)/bench/user/*.c))

vpath %.c $(SRC)/tests/programs $(SRC)/bench $(SRC)/tests/programs/user $(SRC)/bench/user

all: $(out) $(out32) $(examples) $(servers)

# psabi: on i386, gcc tells of a change in gcc 11 for each atomic long long
flags = -std=gnu11 -D_FILE_OFFSET_BITS=64 -O2 -Wall -Wextra -Wno-psabi -I$(SRC)/include -MMD -MP -MF $@.d -static -pthread -o $@ $<

uring := $(OUT)/micro-uring $(OUT)/micro-stress
$(uring): flags += $(CPPFLAGS) $(LDFLAGS) -luring

$(out): $(OUT)/%: %.c
	$(CC) $(flags)

$(out32): $(OUT)/%: $(SRC)/tests/programs/32/%.c
	$(CC32) $(flags)

# its own Makefile knows what it is made of
$(libmicro): always
	@mkdir -p $(@D)
	@$(MAKE) --no-print-directory -f $(SRC)/lib/libmicro/Makefile CC=$(CC) OUT=$(@D) $@

$(examples): $(OUT)/user-%: $(SRC)/lib/examples/%.c $(libmicro)
	$(CC) -I$(SRC)/lib/libmicro -I$(SRC)/include/uapi $(flags) $(libmicro)

$(servers): $(OUT)/%: %.c $(libmicro)
	$(CC) -I$(SRC)/lib/libmicro $(flags) $(libmicro)

.PHONY: all always

# what was built before its source moved is built again
$(SRC)/%.c: ;

# other flags make other programs
$(out) $(out32) $(examples) $(servers): $(SRC)/scripts/lib/tools.mk

-include $(examples:%=%.d) $(servers:%=%.d)
-include $(out:%=%.d) $(out32:%=%.d)

# SPDX-License-Identifier: GPL-2.0-only
# The programs that run in the guest: make -f tools.mk SRC=repository OUT=folder
# Static, as the guest has no libraries. With CC32=compiler, the 32-bit ones, too.
# CPPFLAGS and LDFLAGS say where liburing is, if it is not the machine's own.

src := $(wildcard $(SRC)/tests/programs/*.c $(SRC)/bench/*.c)
out := $(patsubst %.c,$(OUT)/%,$(notdir $(src)))

src32 := $(if $(CC32),$(wildcard $(SRC)/tests/programs/32/*.c))
out32 := $(patsubst %.c,$(OUT)/%,$(notdir $(src32)))

vpath %.c $(SRC)/tests/programs $(SRC)/bench

all: $(out) $(out32)

flags = -std=gnu11 -O2 -Wall -Wextra -I$(SRC)/include -MMD -MP -MF $@.d -static -pthread -o $@ $<

uring := $(OUT)/micro-uring $(OUT)/micro-stress
$(uring): flags += $(CPPFLAGS) $(LDFLAGS) -luring

$(out): $(OUT)/%: %.c
	$(CC) $(flags)

$(out32): $(OUT)/%: $(SRC)/tests/programs/32/%.c
	$(CC32) $(flags)

# what was built before its source moved is built again
$(SRC)/%.c: ;

-include $(out:%=%.d) $(out32:%=%.d)

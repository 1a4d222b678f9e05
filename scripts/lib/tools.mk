# SPDX-License-Identifier: GPL-2.0-only
# The programs that run in the guest: make -f tools.mk SRC=repository OUT=folder
# Static, as the guest has no libraries.

src := $(wildcard $(SRC)/tests/tools/*.c $(SRC)/bench/*.c)
out := $(patsubst %.c,$(OUT)/%,$(notdir $(src)))

vpath %.c $(SRC)/tests/tools $(SRC)/bench

all: $(out)

$(OUT)/%: %.c
	$(CC) -std=gnu11 -O2 -Wall -Wextra -I$(SRC)/include -MMD -MP -MF $@.d -static -pthread -o $@ $<

-include $(out:%=%.d)

# SPDX-License-Identifier: GPL-2.0-only
# What make is called with for scripts/vm --kernel debug.
#
# KASAN does not check the code that the checkers themselves consist of: lockdep and
# whatever writes down a call stack, which is for each allocation and each free. That
# was 46 % of the instructions of a fork and exec: 17.4 instead of 32.1 millions, by
# "read a _ </proc/uptime", 200 times /bin/busybox true, and that again, with
# scripts/vm --kernel debug --icount, whose clock counts them.
# What it does not see there are errors of these files of Linux.
KASAN_SANITIZE_lockdep.o=n
KASAN_SANITIZE_unwind_frame.o=n
KASAN_SANITIZE_stacktrace.o=n
# kernel_text_address()
KASAN_SANITIZE_extable.o=n
KASAN_SANITIZE_debugobjects.o=n

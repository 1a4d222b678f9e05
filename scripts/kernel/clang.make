# SPDX-License-Identifier: GPL-2.0-only
# What make is called with for scripts/vm --kernel clang: clang-19, ld.lld-19 and the others
LLVM=-19

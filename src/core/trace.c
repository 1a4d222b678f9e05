// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints' own code, which is made here, once
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include "device.h"
#include "file.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

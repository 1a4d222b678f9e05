// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU: counts how often each instruction of a guest is executed
 *
 * Between the two marks of bench.h, which are instructions that do nothing. At
 * each end mark the counts go to a file: its name is the argument "out" and a
 * number, its lines are an address and a count. bench/profile makes sense of it.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

EXPORT int qemu_plugin_version = 1;

/* Instructions that were seen, by address; QEMU adds to the counts itself */
#define COUNTERS	(1U << 21)
static struct counter {
	uint64_t address;
	uint64_t count;
} *counters;
static const char *out = "profile";
static unsigned int sections;

static uint64_t *counter_of(uint64_t address)
{
	uint32_t i = (address * 0x9e3779b97f4a7c15ULL) >> 43;

	while (counters[i].address && counters[i].address != address)
		i = (i + 1) % COUNTERS;
	counters[i].address = address;
	return &counters[i].count;
}

static void begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	for (unsigned int i = 0; i < COUNTERS; i++)
		counters[i].count = 0;
}

static void end(unsigned int cpu, void *data)
{
	char name[4096];
	FILE *file;

	(void)cpu;
	(void)data;
	snprintf(name, sizeof(name), "%s.%u", out, sections++);
	file = fopen(name, "w");
	if (!file) {
		perror(name);
		exit(1);
	}
	for (unsigned int i = 0; i < COUNTERS; i++)
		if (counters[i].count)
			fprintf(file, "%016" PRIx64 " %" PRIu64 "\n", counters[i].address,
				counters[i].count);
	fclose(file);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static const unsigned char mark[] = { 0x0f, 0x1f, 0x80, 'M', 'K', 'S' };
	struct qemu_plugin_insn *insn;
	const unsigned char *bytes;
	void (*at_mark)(unsigned int cpu, void *data);
	uint64_t *count;

	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		bytes = qemu_plugin_insn_data(insn);
		if (qemu_plugin_insn_size(insn) == sizeof(mark) + 1 &&
		    !memcmp(bytes, mark, sizeof(mark))) {
			at_mark = bytes[sizeof(mark)] ? end : begin;
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_mark, 0, NULL);
			continue;
		}
		count = counter_of(qemu_plugin_insn_vaddr(insn));
		qemu_plugin_register_vcpu_insn_exec_inline(insn, 0, count, 1);
	}
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	(void)info;
	counters = calloc(COUNTERS, sizeof(*counters));
	if (!counters)
		return -1;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}

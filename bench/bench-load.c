// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-load: what it takes to load and unload a module, and how big it is
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "bench.h"

static const char usage[] =
	"Usage: bench-load FILE.ko\n"
	"\n"
	"Prints as CSV (work,n,subject,value,unit,ratio) what it takes to load and to\n"
	"unload the module, which must not be loaded yet, while all that it needs is; and\n"
	"the sizes of what is loaded of it: code, constants, variables.\n";

static void load_and_unload(const char *file, const char *name)
{
	double load = 0, unload = 0;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		int fd = open(file, O_RDONLY);
		double begin = now();
		double ns;

		if (syscall(SYS_finit_module, fd, "", 0))
			die("load %s", file);
		ns = now() - begin;
		if (!load || ns < load)
			load = ns;
		close(fd);

		begin = now();
		if (syscall(SYS_delete_module, name, 0))
			die("unload %s", name);
		ns = now() - begin;
		if (!unload || ns < unload)
			unload = ns;
	}
	print("module-load", 1, "micro", load, "ns", 0);
	print("module-unload", 1, "micro", unload, "ns", 0);
}

static bool is_init(const char *section)
{
	return strstr(section, ".init.") || strstr(section, ".exit.") ||
	       !strcmp(section, "__versions");
}

static void sizes(const char *file)
{
	double text = 0, rodata = 0, data = 0;
	int fd = open(file, O_RDONLY);
	const Elf64_Shdr *section;
	const Elf64_Ehdr *elf;
	const char *names;
	struct stat st;
	int i;

	if (fd < 0 || fstat(fd, &st))
		die("%s", file);
	elf = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (elf == MAP_FAILED)
		die("%s", file);
	section = (const void *)((const char *)elf + elf->e_shoff);
	names = (const char *)elf + section[elf->e_shstrndx].sh_offset;

	/* Without what is gone once it is loaded */
	for (i = 0; i < elf->e_shnum; i++) {
		const Elf64_Shdr *s = &section[i];

		if (!(s->sh_flags & SHF_ALLOC) || is_init(names + s->sh_name))
			continue;
		if (s->sh_flags & SHF_EXECINSTR)
			text += s->sh_size;
		else if (s->sh_flags & SHF_WRITE)
			data += s->sh_size;
		else
			rodata += s->sh_size;
	}
	print("module-text", 1, "micro", text, "bytes", 0);
	print("module-rodata", 1, "micro", rodata, "bytes", 0);
	print("module-data", 1, "micro", data, "bytes", 0);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *base;
	char name[64];

	if (argc != 2 || argv[1][0] == '-') {
		fputs(usage, argc == 2 ? stdout : stderr);
		return argc == 2 ? 0 : 2;
	}
	base = strrchr(argv[1], '/');
	snprintf(name, sizeof(name), "%s", base ? base + 1 : argv[1]);
	*strchrnul(name, '.') = '\0';

	settle();
	load_and_unload(argv[1], name);
	sizes(argv[1]);
	return 0;
}

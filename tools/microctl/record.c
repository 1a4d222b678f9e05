// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records: which devices earlier runs made
 *
 * A file with a name on each line. Whoever applies the same files again and again
 * can so take away what was taken out of them, and nothing else.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "configfs.h"
#include "memory.h"
#include "message.h"
#include "record.h"

/* There is none before the first run */
void record_read(const char *file, struct devices *names)
{
	FILE *in = fopen(file, "re");
	struct device *d;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	if (!in && errno == ENOENT)
		return;
	if (!in)
		die(STATUS_SYSTEM, "cannot read the record %s: %s", file, strerror(errno));
	while ((len = getline(&line, &room, in)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		d = get_memory(sizeof(*d));
		d->name = copy_string(line);
		if (len)
			devices_add(names, d);
	}
	if (ferror(in))
		die(STATUS_SYSTEM, "cannot read the record %s: %s", file, strerror(errno));
	free(line);
	fclose(in);
}

static const char *new_name(const char *file)
{
	return format("%s.new", file);
}

/* Ends the run, before anything is changed, if the record could not be written then */
void record_try(const char *file)
{
	struct stat st;
	FILE *out;

	/* a device such as /dev/null would be replaced by the record */
	if (!stat(file, &st) && !S_ISREG(st.st_mode))
		die(STATUS_SYSTEM,
		    "cannot write the record %s: not a regular file; nothing was changed", file);
	out = fopen(new_name(file), "ae");
	if (!out)
		die(STATUS_SYSTEM, "cannot write the record %s: %s; nothing was changed", file,
		    strerror(errno));
	fclose(out);
}

/*
 * Of these, the devices that exist: a name that is free may be somebody else's
 * next time. The old record stays until the new one is complete.
 */
void record_write(const char *file, const struct devices *names)
{
	const char *new = new_name(file);
	FILE *out = fopen(new, "we");
	struct devices present = { 0 };
	struct names list;
	struct device *d;
	bool good = out;
	int err = errno;

	if (configfs_list(".", &list))
		die(STATUS_SYSTEM, "cannot list %s: %s", CONFIGFS_MICRO, strerror(errno));
	for (size_t i = 0; i < list.count; i++) {
		d = get_memory(sizeof(*d));
		d->name = list.all[i];
		devices_add(&present, d);
	}
	if (out) {
		for_each_device(d, names)
			if (devices_find(&present, d->name))
				fprintf(out, "%s\n", d->name);
		good = !ferror(out);
		good = !fclose(out) && good;
		err = errno;
	}
	if (good && rename(new, file)) {
		good = false;
		err = errno;
	}
	if (!good) {
		say("cannot write the record %s: %s", file, strerror(err));
		unlink(new);
		exit(STATUS_SYSTEM);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source of device trees, as dtc writes it
 *
 * "dtc -I dts -O dts" resolves all that a source can do (include files, labels,
 * expressions) and keeps one thing that a blob loses: how each value was
 * written, and so its type. What it writes is simple enough to be read here.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "dts.h"
#include "memory.h"
#include "message.h"
#include "value.h"

#define NAME_CHARACTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,._+*#?@-/"

/**
 * struct reader - where we are
 * @at: in the text
 * @bytes: of the value at hand
 * @len: how many
 * @room: for so many
 */
struct reader {
	const char *at;
	char *bytes;
	size_t len;
	size_t room;
};

static void skip_space(struct reader *r)
{
	const char *end;

	for (;;) {
		r->at += strspn(r->at, " \t\r\n");
		if (!strncmp(r->at, "//", 2)) {
			r->at += strcspn(r->at, "\n");
		} else if (!strncmp(r->at, "/*", 2)) {
			end = strstr(r->at, "*/");
			r->at = end ? end + 2 : r->at + strlen(r->at);
		} else {
			return;
		}
	}
}

static bool skip(struct reader *r, const char *token)
{
	size_t len = strlen(token);

	skip_space(r);
	if (strncmp(r->at, token, len))
		return false;
	r->at += len;
	return true;
}

/* Label: */
static void skip_labels(struct reader *r)
{
	const char *at;

	for (;;) {
		skip_space(r);
		at = r->at;
		while (isalnum((unsigned char)*at) || *at == '_')
			at++;
		if (at == r->at || *at != ':')
			return;
		r->at = at + 1;
	}
}

static void put(struct reader *r, char byte)
{
	if (r->len == r->room) {
		r->room = r->room ? 2 * r->room : 256;
		r->bytes = realloc(r->bytes, r->room);
		if (!r->bytes)
			die(STATUS_SYSTEM, "out of memory");
	}
	r->bytes[r->len++] = byte;
}

static void put_number(struct reader *r, uint64_t n, int bits)
{
	while (bits) {
		bits -= 8;
		put(r, n >> bits);
	}
}

/* After a backslash */
static char escaped(struct reader *r)
{
	static const char letters[] = "abtnvfr", codes[] = "\a\b\t\n\v\f\r";
	const char *letter;
	char digits[4] = "";
	size_t len;

	if (*r->at == 'x') {
		len = strspn(++r->at, "0123456789abcdefABCDEF");
		memcpy(digits, r->at, len < 2 ? len : 2);
		r->at += strlen(digits);
		return strtol(digits, NULL, 16);
	}
	len = strspn(r->at, "01234567");
	if (len) {
		memcpy(digits, r->at, len < 3 ? len : 3);
		r->at += strlen(digits);
		return strtol(digits, NULL, 8);
	}
	letter = strchr(letters, *r->at);
	return letter ? r->at++, codes[letter - letters] : *r->at++;
}

/* "..." */
static bool read_string(struct reader *r)
{
	r->at++;
	while (*r->at && *r->at != '"') {
		if (*r->at++ != '\\')
			put(r, r->at[-1]);
		else if (*r->at)
			put(r, escaped(r));
	}
	put(r, '\0');
	return *r->at++;
}

/* [...] */
static bool read_bytes(struct reader *r)
{
	char digits[3] = "";

	for (r->at++; *r->at && *r->at != ']'; ) {
		if (isspace((unsigned char)*r->at)) {
			r->at++;
			continue;
		}
		if (!isxdigit((unsigned char)r->at[0]) || !isxdigit((unsigned char)r->at[1]))
			return false;
		memcpy(digits, r->at, 2);
		put(r, strtol(digits, NULL, 16));
		r->at += 2;
	}
	return *r->at++;
}

static bool type_of_bits(long bits, enum type *type)
{
	switch (bits) {
	case 8:
		*type = TYPE_U8;
		return true;
	case 16:
		*type = TYPE_U16;
		return true;
	case 32:
		*type = TYPE_U32;
		return true;
	case 64:
		*type = TYPE_U64;
		return true;
	}
	return false;
}

/* The label, &label or &{/path} */
static const char *reference(struct reader *r)
{
	const char *start = ++r->at;

	if (*start == '{')
		r->at += strcspn(r->at, "}") + 1;
	else
		while (isalnum((unsigned char)*r->at) || *r->at == '_')
			r->at++;
	return copy_bytes(start, r->at - start);
}

/* <...> */
static bool read_cells(struct reader *r, struct tree_property *p, int bits)
{
	uint64_t n;
	char *end;

	r->at++;
	for (;;) {
		skip_labels(r);
		if (skip(r, ">"))
			return true;
		if (*r->at == '&') {
			p->reference = reference(r);
			put_number(r, 0, bits);
			continue;
		}
		n = strtoull(r->at, &end, 0);
		if (end == r->at)
			return false;
		r->at = end;
		put_number(r, n, bits);
	}
}

/* One part of a value, up to a comma or semicolon */
static bool read_part(struct reader *r, struct tree_property *p)
{
	enum type type = TYPE_U32;
	long bits = 32;
	char *end;

	skip_labels(r);
	if (skip(r, "/bits/")) {
		bits = strtol(r->at, &end, 0);
		r->at = end;
		skip_space(r);
		if (!type_of_bits(bits, &type))
			return false;
	}
	switch (*r->at) {
	case '<':
		p->types |= 1 << type;
		if (!read_cells(r, p, bits))
			return false;
		break;
	case '[':
		p->types |= 1 << TYPE_U8;
		if (!read_bytes(r))
			return false;
		break;
	case '"':
		p->types |= 1 << TYPE_STRING;
		if (!read_string(r))
			return false;
		break;
	case '&':
		/* the path of a node */
		p->types |= 1 << TYPE_STRING;
		p->reference = reference(r);
		break;
	default:
		return false;
	}
	skip_labels(r);
	return true;
}

static bool read_value(struct reader *r, struct tree_property *p)
{
	r->len = 0;
	do {
		if (!read_part(r, p))
			return false;
	} while (skip(r, ","));
	p->bytes = copy_bytes(r->bytes, r->len);
	p->len = r->len;
	return skip(r, ";");
}

/* Up to the closing brace */
static bool read_body(struct reader *r, struct tree_node *node)
{
	struct tree_property *p;
	const char *name;
	size_t len;

	for (;;) {
		skip_labels(r);
		if (skip(r, "}"))
			return skip(r, ";");
		if (skip(r, "/omit-if-no-ref/"))
			continue;
		len = strspn(r->at, NAME_CHARACTERS);
		if (!len)
			return false;
		name = copy_bytes(r->at, len);
		r->at += len;

		if (skip(r, "{")) {
			if (!read_body(r, tree_add_child(node, name)))
				return false;
			continue;
		}
		p = tree_add_property(node, name);
		p->bytes = "";
		if (!skip(r, ";") && (!skip(r, "=") || !read_value(r, p)))
			return false;
	}
}

/* @dts: what dtc wrote. False if we do not understand it */
bool dts_read(struct tree_node *root, const char *dts)
{
	struct reader r = { .at = dts };

	for (;;) {
		skip_labels(&r);
		if (!*r.at)
			return true;
		if (skip(&r, "/dts-v1/") || skip(&r, "/plugin/") || skip(&r, "/memreserve/")) {
			r.at += strcspn(r.at, ";");
			if (!skip(&r, ";"))
				return false;
		} else if (skip(&r, "/")) {
			if (!skip(&r, "{") || !read_body(&r, root))
				return false;
		} else {
			return false;
		}
	}
}

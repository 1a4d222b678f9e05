// SPDX-License-Identifier: GPL-2.0-only
/*
 * Types of properties, from source as dtc writes it
 *
 * "dtc -I dts -O dts" resolves all that a source can do (include files, labels,
 * expressions) and keeps one thing that a blob loses: how each value was
 * written. What it writes is simple enough to be read here.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "tree.h"
#include "value.h"

#define NAME_CHARACTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,._+*#?@-/"

/**
 * struct reader - where we are
 * @at: in the text
 */
struct reader {
	const char *at;
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

static bool skip_string(struct reader *r)
{
	for (r->at++; *r->at && *r->at != '"'; r->at++)
		if (*r->at == '\\' && r->at[1])
			r->at++;
	return *r->at++;
}

static enum type type_of_bits(long bits)
{
	switch (bits) {
	case 8:
		return TYPE_U8;
	case 16:
		return TYPE_U16;
	case 64:
		return TYPE_U64;
	default:
		return TYPE_U32;
	}
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
static bool read_cells(struct reader *r, struct tree_property *p)
{
	for (r->at++; *r->at && *r->at != '>'; ) {
		if (*r->at == '&')
			p->reference = reference(r);
		else
			r->at++;
	}
	return *r->at++ == '>';
}

/* One part of a value, up to a comma or semicolon */
static bool read_part(struct reader *r, struct tree_property *p)
{
	enum type type = TYPE_U32;
	char *end;

	skip_labels(r);
	if (skip(r, "/bits/")) {
		type = type_of_bits(strtol(r->at, &end, 0));
		r->at = end;
		skip_space(r);
	}
	switch (*r->at) {
	case '<':
		p->types |= 1 << type;
		if (!read_cells(r, p))
			return false;
		break;
	case '[':
		p->types |= 1 << TYPE_U8;
		r->at += strcspn(r->at, "]");
		if (!*r->at++)
			return false;
		break;
	case '"':
		p->types |= 1 << TYPE_STRING;
		if (!skip_string(r))
			return false;
		break;
	case '&':
		/* becomes the path of the node */
		p->types |= 1 << TYPE_STRING;
		reference(r);
		break;
	default:
		return false;
	}
	skip_labels(r);
	return true;
}

static bool read_value(struct reader *r, struct tree_property *p)
{
	do {
		if (!read_part(r, p))
			return false;
	} while (skip(r, ","));
	return skip(r, ";");
}

/* What comes next, most probably, as both outputs of dtc have the same order */
static struct tree_property *next_property(struct tree_node *node, const char *name, size_t *next)
{
	struct tree_property *p;

	if (!node)
		return NULL;
	if (*next < node->property_count && !strcmp(node->properties[*next].name, name))
		return &node->properties[(*next)++];
	p = tree_property(node, name);
	if (p)
		*next = p - node->properties + 1;
	return p;
}

static struct tree_node *next_child(struct tree_node *node, const char *name, size_t *next)
{
	if (!node)
		return NULL;
	if (*next < node->child_count && !strcmp(node->children[*next]->name, name))
		return node->children[(*next)++];
	return tree_child(node, name);
}

/* Up to the closing brace; @node may be NULL, for what the blob does not have */
static bool read_body(struct reader *r, struct tree_node *node)
{
	size_t properties = 0, children = 0;
	struct tree_property ignored;
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
		name = strndupa(r->at, len);
		r->at += len;

		if (skip(r, "{")) {
			if (!read_body(r, next_child(node, name, &children)))
				return false;
			continue;
		}
		ignored = (struct tree_property){ 0 };
		p = next_property(node, name, &properties) ?: &ignored;
		if (!skip(r, ";") && (!skip(r, "=") || !read_value(r, p)))
			return false;
	}
}

/* @dts: what dtc wrote, of the same source as @root. False if we do not understand it */
bool tree_read_types(struct tree_node *root, const char *dts)
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

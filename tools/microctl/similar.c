// SPDX-License-Identifier: GPL-2.0-only
/*
 * Similar words: what somebody may have meant
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <string.h>

#include "similar.h"

#define LENGTH_MAX	32	/* of words that are compared */

static int smallest(int a, int b, int c)
{
	int least = a < b ? a : b;

	return least < c ? least : c;
}

/* Letters that are missing, wrong, too many, or have changed places with the next */
static int distance(const char *typed, const char *meant)
{
	int rows[3][LENGTH_MAX + 1];
	int *before = rows[0], *last = rows[1], *row = rows[2], *free_row;
	int typed_len = strlen(typed), len = strlen(meant);

	if (typed_len > LENGTH_MAX || len > LENGTH_MAX)
		return LENGTH_MAX;
	for (int j = 0; j <= len; j++)
		last[j] = j;
	for (int i = 1; i <= typed_len; i++) {
		row[0] = i;
		for (int j = 1; j <= len; j++) {
			bool same = typed[i - 1] == meant[j - 1];

			row[j] = smallest(last[j] + 1, row[j - 1] + 1, last[j - 1] + !same);
			if (i > 1 && j > 1 && typed[i - 1] == meant[j - 2] &&
			    typed[i - 2] == meant[j - 1] && row[j] > before[j - 2] + 1)
				row[j] = before[j - 2] + 1;
		}
		free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[len];
}

/**
 * similar() - may a word be a mistyped other one?
 * @typed: the word, which is nothing that is known
 * @meant: the other one
 *
 * Return: true if no more than one letter in three, or three, are wrong; false also if
 * the words are the same.
 */
bool similar(const char *typed, const char *meant)
{
	int wrong = distance(typed, meant);

	return wrong && wrong <= ((int)strlen(meant) + 2) / 3 && wrong <= 3;
}

/**
 * nearly_same() - is a word, which may mean something itself, rather a mistyped other one?
 * @typed: the word
 * @meant: the other one
 *
 * Return: true if one letter is wrong, or two in a long word.
 */
bool nearly_same(const char *typed, const char *meant)
{
	int wrong = distance(typed, meant);

	return wrong && wrong <= (strlen(meant) < 10 ? 1 : 2);
}

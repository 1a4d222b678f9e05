// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what is pure logic in the core: names, matching, active counts
 *
 * The tests have a copy of the code of their own, as the core exports none of it.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>

#define OWN	kunit_
#include "own.h"
#include "../../src/core/active.h"
#include "../../src/core/match.c"

/* Names */

static const char sixty_three[] =
	"a23456789-123456789-123456789-123456789-123456789-123456789-123";

static void name_good(struct kunit *test)
{
	static const char * const names[] = {
		"a", "Z", "0", "sample_driver.0", "a.b_c:d@e+f-g", "9-", "a..",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		KUNIT_EXPECT_TRUE_MSG(test, micro_name_valid(names[i]), "%s", names[i]);
}

static void name_bad(struct kunit *test)
{
	static const char * const names[] = {
		"", ".", "..", "-a", "_a", ".a", ":a", "@a", "+a", "a b", "a/b", "a\n", " a",
		"a\t", "a*", "a!", "a\"", "a%", "a,b", "a\x7f", "\xc3\xa4", "a\xc3\xa4", "a\xff",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		KUNIT_EXPECT_FALSE_MSG(test, micro_name_valid(names[i]), "%s", names[i]);
}

static void name_every_character(struct kunit *test)
{
	int c;

	for (c = 1; c < 256; c++) {
		char first[] = { c, 'a', 0 }, later[] = { 'a', c, 0 };
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z');
		bool mark = c == '.' || c == '_' || c == ':' || c == '@' || c == '+' || c == '-';

		KUNIT_EXPECT_EQ_MSG(test, micro_name_valid(first), alnum, "%#x first", c);
		KUNIT_EXPECT_EQ_MSG(test, micro_name_valid(later), alnum || mark, "%#x later", c);
	}
}

static void name_length(struct kunit *test)
{
	char longer[65];

	KUNIT_ASSERT_EQ(test, strlen(sixty_three), 63);
	KUNIT_EXPECT_TRUE(test, micro_name_valid(sixty_three));
	snprintf(longer, sizeof(longer), "%s4", sixty_three);
	KUNIT_EXPECT_FALSE(test, micro_name_valid(longer));
}

static void name_reserved(struct kunit *test)
{
	static const char * const names[] = { "bind", "unbind", "uevent", "module", "by-driver" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		KUNIT_EXPECT_FALSE_MSG(test, micro_device_name_valid(names[i]), "%s", names[i]);
		KUNIT_EXPECT_TRUE_MSG(test, micro_name_valid(names[i]), "%s", names[i]);
	}
	KUNIT_EXPECT_TRUE(test, micro_device_name_valid("bind.0"));
	KUNIT_EXPECT_TRUE(test, micro_device_name_valid("Bind"));
	KUNIT_EXPECT_FALSE(test, micro_device_name_valid("-bind"));
}

/* Matching by name: the device's up to its first dot is the driver's */

static void name_matches(struct kunit *test)
{
	static const struct {
		const char *device;
		const char *driver;
		bool match;
	} cases[] = {
		{ "sample", "sample", true },
		{ "sample.0", "sample", true },
		{ "sample.left.x", "sample", true },
		{ "sample.", "sample", true },
		{ "sampler", "sample", false },
		{ "sampl", "sample", false },
		{ "sampl.e", "sample", false },
		{ "Sample", "sample", false },
		{ "a.b", "a.b", false },
		{ "x.sample", "sample", false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, micro_name_matches(cases[i].device, cases[i].driver),
				    cases[i].match, "device %s, driver %s",
				    cases[i].device, cases[i].driver);
}

/* Compatible strings */

static long parse_error(const char *text, size_t len)
{
	struct micro_compat *compat = micro_compat_parse(text, len);

	if (IS_ERR(compat))
		return PTR_ERR(compat);
	kfree(compat);
	return 0;
}

static void compat_parse(struct kunit *test)
{
	static const char text[] = "a,first\nb second\nc";
	struct micro_compat *compat;

	compat = micro_compat_parse(text, strlen(text));
	KUNIT_ASSERT_FALSE(test, IS_ERR(compat));
	KUNIT_EXPECT_EQ(test, compat->size, sizeof(text));
	KUNIT_EXPECT_MEMEQ(test, compat->strings, "a,first\0b second\0c", sizeof(text));
	kfree(compat);

	/* one newline at the end is no string */
	compat = micro_compat_parse("x\n", 2);
	KUNIT_ASSERT_FALSE(test, IS_ERR(compat));
	KUNIT_EXPECT_EQ(test, compat->size, 2);
	KUNIT_EXPECT_STREQ(test, compat->strings, "x");
	kfree(compat);
}

static void compat_bad(struct kunit *test)
{
	static const char * const texts[] = {
		"", "\n", "\n\n", "a\n\n", "\na", "a\n\nb", "a\tb", "a\rb", "a\x7f", "\xc3\xa4",
		"a\n\x01",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		KUNIT_EXPECT_EQ_MSG(test, parse_error(texts[i], strlen(texts[i])), -EINVAL,
				    "case %zu", i);
	/* a NUL in the middle ends nothing */
	KUNIT_EXPECT_EQ(test, parse_error("a\0b", 3), -EINVAL);
}

static void compat_limits(struct kunit *test)
{
	size_t size = MICRO_COMPAT_MAX * (MICRO_COMPAT_LEN + 1) + MICRO_COMPAT_LEN + 2;
	char *text = kunit_kzalloc(test, size, GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, text);
	memset(text, 'x', size);
	KUNIT_EXPECT_EQ(test, parse_error(text, MICRO_COMPAT_LEN), 0);
	KUNIT_EXPECT_EQ(test, parse_error(text, MICRO_COMPAT_LEN + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, parse_error(text, size), -EINVAL);

	/* as many and as long as there may be, with and without the last newline */
	for (i = 1; i <= MICRO_COMPAT_MAX; i++)
		text[i * (MICRO_COMPAT_LEN + 1) - 1] = '\n';
	KUNIT_EXPECT_EQ(test, parse_error(text, MICRO_COMPAT_MAX * (MICRO_COMPAT_LEN + 1)), 0);
	KUNIT_EXPECT_EQ(test, parse_error(text, MICRO_COMPAT_MAX * (MICRO_COMPAT_LEN + 1) - 1), 0);
	KUNIT_EXPECT_EQ(test, parse_error(text, MICRO_COMPAT_MAX * (MICRO_COMPAT_LEN + 1) + 1),
			-EINVAL);

	/* one more short string than there may be */
	for (i = 0; i <= MICRO_COMPAT_MAX; i++)
		memcpy(text + 2 * i, "x\n", 2);
	KUNIT_EXPECT_EQ(test, parse_error(text, 2 * MICRO_COMPAT_MAX), 0);
	KUNIT_EXPECT_EQ(test, parse_error(text, 2 * (MICRO_COMPAT_MAX + 1)), -EINVAL);
}

static void compat_rank(struct kunit *test)
{
	static const struct of_device_id first[] = {
		{ .compatible = "zzz" }, { .compatible = "a,first" }, { }
	};
	static const struct of_device_id both[] = {
		{ .compatible = "c,third" }, { .compatible = "b,second" }, { }
	};
	static const struct of_device_id other_case[] = { { .compatible = "C,Third" }, { } };
	static const struct of_device_id prefix[] = { { .compatible = "a,firs" }, { } };
	static const struct of_device_id after_name[] = {
		{ .name = "a" }, { .type = "b" }, { .compatible = "b,second" }, { }
	};
	static const struct of_device_id and_name[] = {
		{ .compatible = "a,first", .name = "a" },
		{ .compatible = "a,first", .type = "b" },
		{ }
	};
	static const struct of_device_id none[] = { { } };
	static const char text[] = "a,first\nb,second\nc,third";
	struct micro_compat *compat = micro_compat_parse(text, strlen(text));

	KUNIT_ASSERT_FALSE(test, IS_ERR(compat));
	KUNIT_EXPECT_EQ(test, micro_compat_rank(compat, first), 0);
	/* the device's order decides, not the driver's */
	KUNIT_EXPECT_EQ(test, micro_compat_rank(compat, both), 1);
	KUNIT_EXPECT_EQ(test, micro_compat_rank(compat, other_case), 2);
	KUNIT_EXPECT_EQ(test, micro_compat_rank(compat, prefix), MICRO_NO_MATCH);
	/* entries for device-tree nodes end nothing, and match nothing of ours */
	KUNIT_EXPECT_EQ(test, micro_compat_rank(compat, after_name), 1);
	KUNIT_EXPECT_EQ(test, micro_compat_rank(compat, and_name), MICRO_NO_MATCH);
	KUNIT_EXPECT_EQ(test, micro_compat_rank(compat, none), MICRO_NO_MATCH);
	KUNIT_EXPECT_EQ(test, micro_compat_rank(compat, NULL), MICRO_NO_MATCH);
	kfree(compat);
}

/* Active counts */

static void active_idle(struct kunit *test)
{
	struct micro_active a;

	micro_active_init(&a, 0);
	KUNIT_EXPECT_FALSE(test, micro_active_revoked(&a));
	KUNIT_EXPECT_TRUE(test, micro_active_enter(&a));
	KUNIT_EXPECT_EQ(test, micro_active_inside(&a), 1);
	KUNIT_EXPECT_FALSE(test, micro_active_leave(&a));
	KUNIT_EXPECT_FALSE(test, micro_active_revoke(&a));
	KUNIT_EXPECT_TRUE(test, micro_active_revoked(&a));
	KUNIT_EXPECT_FALSE(test, micro_active_enter(&a));
	KUNIT_EXPECT_EQ(test, micro_active_inside(&a), 0);
}

static void active_inside(struct kunit *test)
{
	struct micro_active a;

	micro_active_init(&a, 1);
	KUNIT_EXPECT_TRUE(test, micro_active_enter(&a));
	KUNIT_EXPECT_TRUE(test, micro_active_enter(&a));
	KUNIT_EXPECT_TRUE(test, micro_active_revoke(&a));
	KUNIT_EXPECT_FALSE(test, micro_active_enter(&a));
	KUNIT_EXPECT_EQ(test, micro_active_inside(&a), 3);
	KUNIT_EXPECT_TRUE(test, micro_active_leave(&a));
	KUNIT_EXPECT_FALSE(test, micro_active_left(&a));
	KUNIT_EXPECT_TRUE(test, micro_active_leave(&a));
	KUNIT_EXPECT_TRUE(test, micro_active_leave(&a));
	KUNIT_EXPECT_FALSE(test, micro_active_left(&a));
	KUNIT_EXPECT_TRUE(test, micro_active_left(&a));
	KUNIT_EXPECT_TRUE(test, micro_active_revoked(&a));
	KUNIT_EXPECT_EQ(test, micro_active_inside(&a), 0);
}

#define HAMMERS	4
#define ROUNDS	100

/**
 * struct hammer - threads that enter and leave, and one that revokes
 * @active: the count
 * @gone: what an operation inside would trip over
 * @entered: successful enters of this round
 * @last: leaves that were told that they are the last, since the last revocation
 * @bad: times that an operation was inside afterwards, or got in
 * @empty: what the last leave completes
 */
struct hammer {
	struct micro_active active;
	bool gone;
	atomic_t entered;
	atomic_t last;
	atomic_t bad;
	struct completion empty;
};

static int hammer_thread(void *data)
{
	struct hammer *h = data;
	int i;

	while (micro_active_enter(&h->active)) {
		atomic_inc(&h->entered);
		if (READ_ONCE(h->gone))
			atomic_inc(&h->bad);
		for (i = 0; i < 20; i++)
			cpu_relax();
		/* sometimes away from the processor while inside */
		if (atomic_read(&h->entered) % 16 == 0)
			schedule();
		if (READ_ONCE(h->gone))
			atomic_inc(&h->bad);
		if (micro_active_leave(&h->active) && micro_active_left(&h->active)) {
			atomic_inc(&h->last);
			complete(&h->empty);
		}
		cond_resched();
	}
	/* Who is too late is counted for a moment, which must not matter */
	for (i = 0; i < 100; i++)
		if (micro_active_enter(&h->active))
			atomic_inc(&h->bad);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void hammer_round(struct kunit *test, struct hammer *h, int round, int *busy)
{
	struct task_struct *threads[HAMMERS];
	int started, i;
	bool inside;

	micro_active_init(&h->active, 0);
	WRITE_ONCE(h->gone, false);
	atomic_set(&h->entered, 0);
	atomic_set(&h->last, 0);
	init_completion(&h->empty);
	for (started = 0; started < HAMMERS; started++) {
		threads[started] = kthread_run(hammer_thread, h, "hammer/%d", started);
		if (IS_ERR(threads[started]))
			break;
	}
	while (started && atomic_read(&h->entered) < round)
		cond_resched();

	inside = micro_active_revoke(&h->active);
	if (inside) {
		(*busy)++;
		if (!wait_for_completion_timeout(&h->empty, 60 * HZ))
			KUNIT_FAIL(test, "nobody was the last to leave");
	}
	WRITE_ONCE(h->gone, true);
	for (i = 0; i < started; i++)
		kthread_stop(threads[i]);

	KUNIT_EXPECT_EQ(test, started, HAMMERS);
	KUNIT_EXPECT_EQ(test, atomic_read(&h->last), inside ? 1 : 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&h->bad), 0);
	KUNIT_EXPECT_EQ(test, micro_active_inside(&h->active), 0);
}

static void active_hammer(struct kunit *test)
{
	struct hammer *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	int busy = 0, round;

	KUNIT_ASSERT_NOT_NULL(test, h);
	for (round = 0; round < ROUNDS; round++)
		hammer_round(test, h, round, &busy);
	/* else it has shown nothing */
	KUNIT_EXPECT_GT(test, busy, 0);
	kunit_info(test, "%d of %d revocations met operations inside\n", busy, ROUNDS);
}

static struct kunit_case micro_match_cases[] = {
	KUNIT_CASE(name_good),
	KUNIT_CASE(name_bad),
	KUNIT_CASE(name_every_character),
	KUNIT_CASE(name_length),
	KUNIT_CASE(name_reserved),
	KUNIT_CASE(name_matches),
	KUNIT_CASE(compat_parse),
	KUNIT_CASE(compat_bad),
	KUNIT_CASE(compat_limits),
	KUNIT_CASE(compat_rank),
	{ }
};

static struct kunit_suite micro_match_suite = {
	.name = "micro_match",
	.test_cases = micro_match_cases,
};

static struct kunit_case micro_active_cases[] = {
	KUNIT_CASE(active_idle),
	KUNIT_CASE(active_inside),
	KUNIT_CASE(active_hammer),
	{ }
};

static struct kunit_suite micro_active_suite = {
	.name = "micro_active",
	.test_cases = micro_active_cases,
};

kunit_test_suites(&micro_match_suite, &micro_active_suite);

MODULE_AUTHOR("The microkernel authors");
MODULE_DESCRIPTION("KUnit tests of names, matching and active counts");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-others: what a device costs that users make at run time, with other drivers
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "bench.h"

static const char usage[] =
	"Usage: bench-others\n"
	"\n"
	"Prints as CSV (work,n,subject,value,unit,ratio) what it takes to make a device and\n"
	"to remove it, with nothing else of its kind there, until there is a node to open,\n"
	"or what the driver has instead; and n/a for drivers that are not there. These are\n"
	"different things: a disk, a GPIO chip, a network interface.\n";

#define CONFIGFS	"/sys/kernel/config"

static void make_dir(const char *name)
{
	if (mkdir(name, 0755))
		die("mkdir %s", name);
}

static void remove_dir(const char *name)
{
	if (rmdir(name))
		die("rmdir %s", name);
}

static void put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd))
		die("write %s to %s", text, file);
}

static void micro_make(void)
{
	make_dir(CONFIGFS "/micro/micro_bench");
}

static void micro_remove(void)
{
	remove_dir(CONFIGFS "/micro/micro_bench");
}

static void hand_make(void)
{
	make_dir(CONFIGFS "/peer_hand/micro_bench");
}

static void hand_remove(void)
{
	remove_dir(CONFIGFS "/peer_hand/micro_bench");
}

static void null_blk_make(void)
{
	make_dir(CONFIGFS "/nullb/bench");
	put(CONFIGFS "/nullb/bench/power", "1");
}

static void null_blk_remove(void)
{
	remove_dir(CONFIGFS "/nullb/bench");
}

static void gpio_sim_make(void)
{
	make_dir(CONFIGFS "/gpio-sim/bench");
	make_dir(CONFIGFS "/gpio-sim/bench/bank");
	put(CONFIGFS "/gpio-sim/bench/live", "1");
}

static void gpio_sim_remove(void)
{
	put(CONFIGFS "/gpio-sim/bench/live", "0");
	remove_dir(CONFIGFS "/gpio-sim/bench/bank");
	remove_dir(CONFIGFS "/gpio-sim/bench");
}

static void netdevsim_make(void)
{
	put("/sys/bus/netdevsim/new_device", "1 1");
}

static void netdevsim_remove(void)
{
	put("/sys/bus/netdevsim/del_device", "1");
}

static const struct {
	const char *name;
	const char *there;	/* if this is */
	void (*make)(void);
	void (*remove)(void);
} others[] = {
	{ "micro", CONFIGFS "/micro", micro_make, micro_remove },
	{ "hand", CONFIGFS "/peer_hand", hand_make, hand_remove },
	{ "null_blk", CONFIGFS "/nullb", null_blk_make, null_blk_remove },
	{ "gpio-sim", CONFIGFS "/gpio-sim", gpio_sim_make, gpio_sim_remove },
	{ "netdevsim", "/sys/bus/netdevsim", netdevsim_make, netdevsim_remove },
};

static double timed(void (*call)(void))
{
	double begin = now();

	call();
	return now() - begin - clock_cost();
}

int main(int argc, char **argv)
{
	double make[ARRAY_SIZE(others)] = { 0 }, remove[ARRAY_SIZE(others)] = { 0 };
	unsigned int i, round;

	if (argc != 1) {
		fputs(usage, argv[1][0] == '-' ? stdout : stderr);
		return argv[1][0] == '-' ? 0 : 2;
	}

	settle();
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (access(others[i].there, F_OK))
			continue;
		for (round = 0; round < 2 * ROUNDS; round++) {
			double made = timed(others[i].make);
			double removed = timed(others[i].remove);

			if (!make[i] || made < make[i])
				make[i] = made;
			if (!remove[i] || removed < remove[i])
				remove[i] = removed;
		}
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (make[i])
			print("device-make", 1, others[i].name, make[i], "ns", make[0]);
		else
			printf("device-make,1,%s,n/a,,0\n", others[i].name);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (make[i])
			print("device-remove", 1, others[i].name, remove[i], "ns", remove[0]);
		else
			printf("device-remove,1,%s,n/a,,0\n", others[i].name);
	}
	return 0;
}

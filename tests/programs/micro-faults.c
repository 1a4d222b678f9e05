// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-faults: what if an allocation fails, each one, in each system call?
 *
 * Every step of the life of a device is tried with the first allocation in it
 * failing, then the second, until there is none left to fail (/proc/self/fail-nth
 * of CONFIG_FAULT_INJECTION; copies from and to user space are made to fail the
 * same way). A step that failed must have left everything as it was; one that
 * worked in spite of it must have done all of its work. Then it is undone and
 * tried again: an earlier failure that left something behind is met there.
 *
 * Some of the kernel's own code goes on without what it could not allocate: no
 * uevent, no node in /dev. The checks know these cases.
 *
 *	micro-faults [--count | --load | --no-load | --bounded | --workers] [--every N] [--first K]
 *
 * --count: only says how many allocations each step has; --load, --no-load: only
 * the loading of the modules, or all but that. --bounded: patience_ms is not -1, so that
 * mkdir, rmdir and writes leave the work to workers; only these steps. --workers: the same, and
 * it is the workers' allocations that fail. --every, --first: of the allocations
 * in a step only the K-th, the one N later, and so on.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../modules/micro_count.h"

#include "faults.h"

/* Long, so that configfs and the driver core allocate memory for it */
#define NAME		"micro_count.a-name-that-is-stored-elsewhere"
#define CONFIGFS	"/sys/kernel/config/micro"
#define DIR_		CONFIGFS "/" NAME
#define DEVICES		"/sys/bus/micro_bus/devices"
#define DRIVERS		"/sys/bus/micro_bus/drivers"
#define NODE		"/dev/micro/" NAME
#define PARAMETERS	"/sys/module/micro_count/parameters"
#define COMPAT		"microkernel,test-count"
#define COMPAT_ITER	"microkernel,test-count-iter"
#define TIMEOUT		30
#define MAX_NTH		20000

static bool count_only;
static bool no_load;
static bool only_load;
static bool bounded;
static bool workers;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

#define check(condition, ...)			\
	do {					\
		if (!(condition))		\
			complain(__VA_ARGS__);	\
	} while (0)

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/*
 * Some of what goes, goes a little later: folders in sysfs with
 * DEBUG_KOBJECT_RELEASE.
 */
static void gone(const char *path)
{
	double end = now() + TIMEOUT;

	while (exists(path) && now() < end)
		usleep(10000);
	check(!exists(path), "%s is still there", path);
}

static char *contents(const char *path)
{
	static char buf[4096];
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
	}
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static bool is(const char *path, const char *want)
{
	return !strcmp(contents(path), want);
}

static long stat_of(const char *what)
{
	char *p = strstr(contents(PARAMETERS "/stats"), what);

	return p ? atol(p + strlen(what)) : -1;
}

/* Files of which the driver heard, and did not hear the end */
static long driver_files(void)
{
	return stat_of("opens=") - stat_of("releases=");
}

/* Each remove() follows a probe(), and is to be announced by one unplug() */
static long removes_before, removes;

static void check_unplugs(void)
{
	long n = stat_of("removes=");

	/* the figures go with the module */
	if (n < removes)
		removes_before += removes;
	removes = n < 0 ? 0 : n;
	check(n < 0 || stat_of("unplugs=") == n, "%ld unplug() and %ld remove()",
	      stat_of("unplugs="), n);
}

static int module_fd(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fatal("%s", file);
	return fd;
}

/* Steps; all of them return as the system call does */

static int core_fd, count_fd;

static long core_load(void)
{
	return syscall(SYS_finit_module, core_fd,
		       bounded ? "patience_ms=60000" : "patience_ms=-1", 0);
}

static void core_absent(void)
{
	gone("/sys/module/microkernel");
	gone("/sys/bus/micro_bus");
	gone("/sys/class/micro");
	gone("/sys/devices/micro");
	gone("/sys/bus/platform/drivers/microkernel-bus");
	gone(CONFIGFS);
}

static void core_present(bool soft)
{
	(void)soft;
	check(exists(DRIVERS), "no bus");
	check(exists("/sys/class/micro"), "no class");
	check(exists(CONFIGFS), "no configfs");
}

static long core_unload(void)
{
	return syscall(SYS_delete_module, "microkernel", O_NONBLOCK);
}

static void core_must_load(void)
{
	if (core_load())
		fatal("loading again");
}

static void must_core_unload(void)
{
	if (core_unload())
		fatal("unloading");
	core_absent();
}

static void core_still(void)
{
	core_present(false);
}

static void core_now_absent(bool soft)
{
	(void)soft;
	core_absent();
}

static void count_absent(void)
{
	gone("/sys/module/micro_count");
	gone(DRIVERS "/micro_count");
	gone(DRIVERS "/micro_count_iter");
	gone(DRIVERS "/micro_count_fail");
}

static long count_load(void)
{
	return syscall(SYS_finit_module, count_fd, "", 0);
}

static void count_present(bool soft)
{
	(void)soft;
	check(exists(DRIVERS "/micro_count"), "no driver");
	check(exists(DRIVERS "/micro_count_iter"), "no second driver");
	check(exists(DRIVERS "/micro_count_fail"), "no third driver");
	check(is("/sys/module/micro_count/refcnt", "0"), "in use");
}

static long count_unload(void)
{
	return syscall(SYS_delete_module, "micro_count", O_NONBLOCK);
}

static void must_count_unload(void)
{
	if (count_unload())
		fatal("unloading");
	count_absent();
}

static void must_count_load(void)
{
	if (count_load())
		fatal("loading again");
}

static void count_still(void)
{
	count_present(false);
}

static void count_now_absent(bool soft)
{
	(void)soft;
	count_absent();
}

static long make(void)
{
	return mkdir(DIR_, 0755);
}

static void must_make(void)
{
	if (make())
		fatal("mkdir");
}

static long unmake(void)
{
	return rmdir(DIR_);
}

static void must_unmake(void)
{
	if (unmake())
		fatal("rmdir");
}

/* What is left of a node made by mknod, or by devtmpfs if it could not remove it */
static void drop_node(void)
{
	if (unlink(NODE) && errno != ENOENT)
		fatal("unlink");
}

static void absent(void)
{
	check(!exists(DIR_), "directory is there");
	check(!exists(DEVICES "/" NAME), "device is there");
	check(!exists("/sys/class/micro/" NAME), "class device is there");
	check(!exists(NODE), "node is there");
	check(is("/sys/module/micro_count/refcnt", "0"), "driver in use");
}

/*
 * devtmpfs is asked for the node by the driver core, which does not mind if that
 * fails: nor does this. It is mended as an administrator would.
 */
static void mend_node(void)
{
	unsigned int major, minor;

	if (exists(NODE))
		return;
	if (sscanf(contents(DIR_ "/dev"), "%u:%u", &major, &minor) != 2) {
		complain("bound, but no device number: '%s'", contents(DIR_ "/dev"));
		return;
	}
	mkdir("/dev/micro", 0755);
	if (mknod(NODE, S_IFCHR | 0600, makedev(major, minor)) && errno != EEXIST)
		fatal("mknod");
}

static void bound(bool soft)
{
	check(is(DIR_ "/status", "bound"), "status is '%s'", contents(DIR_ "/status"));
	check(exists("/sys/class/micro/" NAME), "no class device");
	if (soft)
		mend_node();
	check(exists(NODE), "no node");
}

static void unbound(const char *status)
{
	check(is(DIR_ "/status", status), "status is '%s'", contents(DIR_ "/status"));
	check(is(DIR_ "/driver", ""), "driver is '%s'", contents(DIR_ "/driver"));
	check(is(DIR_ "/dev", ""), "dev is '%s'", contents(DIR_ "/dev"));
	check(!exists("/sys/class/micro/" NAME), "class device is there");
	check(!exists(NODE), "node is there");
}

/*
 * mkdir works when the device was made, even if it could not be bound; then the
 * user is told, and can try again.
 */
static void made(bool soft)
{
	check(exists(DEVICES "/" NAME), "no device");
	if (soft && !is(DIR_ "/status", "bound")) {
		check(!strncmp(contents(DIR_ "/status"), "failed E", 8),
		      "status is '%s'", contents(DIR_ "/status"));
		must_put(DIR_ "/live", "1");
	}
	bound(soft);
}

static void make_undo(void)
{
	must_unmake();
	drop_node();
	absent();
}

static void still_made(void)
{
	bound(false);
}

static void unmade(bool soft)
{
	if (soft)
		drop_node();
	absent();
}

static int hold_fd;

static long live_off(void)
{
	return put(DIR_ "/live", "0");
}

static void is_off(bool soft)
{
	if (soft)
		drop_node();
	unbound("off");
}

static void set_live(void)
{
	must_put(DIR_ "/live", "1");
	bound(false);
}

/*
 * The open of the file may have failed, or reading the text: it is "off". Or the
 * bind, and so the write: why is the status. It can be tried again.
 */
static long live_on(void)
{
	return put(DIR_ "/live", "1");
}

static void bind_failed(void)
{
	if (!is(DIR_ "/status", "off")) {
		check(!strncmp(contents(DIR_ "/status"), "failed E", 8),
		      "status is '%s'", contents(DIR_ "/status"));
		check(is(DIR_ "/driver", ""), "driver is '%s'", contents(DIR_ "/driver"));
	}
	check(!exists("/sys/class/micro/" NAME), "class device is there");
	check(!exists(NODE), "node is there");
	check(is("/sys/module/micro_count/refcnt", "0"), "driver in use");
	/* a retry works */
	must_put(DIR_ "/live", "1");
	bound(false);
	must_put(DIR_ "/live", "0");
	unbound("off");
}

static void set_off(void)
{
	must_put(DIR_ "/live", "0");
	drop_node();
	unbound("off");
}

static long compat_iter(void)
{
	return put(DIR_ "/compatible", COMPAT_ITER);
}

static void is_iter(bool soft)
{
	check(is(DIR_ "/compatible", COMPAT_ITER), "compatible is '%s'",
	      contents(DIR_ "/compatible"));
	check(is(DIR_ "/driver", "micro_count_iter"), "driver is '%s'",
	      contents(DIR_ "/driver"));
	bound(soft);
}

static void set_compat(void)
{
	if (is(DIR_ "/compatible", COMPAT) && is(DIR_ "/status", "bound")) {
		bound(false);
		return;
	}
	drop_node();
	must_put(DIR_ "/compatible", COMPAT);
	check(is(DIR_ "/driver", "micro_count"), "driver is '%s'", contents(DIR_ "/driver"));
	bound(false);
}

/* Either nothing has happened, or the strings are new and binding has failed */
static void compat_failed(void)
{
	if (is(DIR_ "/compatible", COMPAT)) {
		check(is(DIR_ "/driver", "micro_count"), "driver is '%s'",
		      contents(DIR_ "/driver"));
		bound(false);
	} else {
		check(is(DIR_ "/compatible", COMPAT_ITER), "compatible is '%s'",
		      contents(DIR_ "/compatible"));
		check(!strncmp(contents(DIR_ "/status"), "failed E", 8),
		      "status is '%s'", contents(DIR_ "/status"));
		check(!exists(NODE), "node is there");
	}
	/* a retry works */
	drop_node();
	must_put(DIR_ "/compatible", COMPAT_ITER);
	is_iter(false);
	set_compat();
}

static long bind_driver(void)
{
	return put(DRIVERS "/micro_count/bind", NAME);
}

static void set_unbound(void)
{
	must_put(DRIVERS "/micro_count/unbind", NAME);
	drop_node();
	check(is(DIR_ "/driver", ""), "driver is '%s'", contents(DIR_ "/driver"));
}

static void bind_driver_failed(void)
{
	check(is(DIR_ "/driver", ""), "driver is '%s'", contents(DIR_ "/driver"));
	check(!exists(NODE), "node is there");
	check(is("/sys/module/micro_count/refcnt", "0"), "driver in use");
}

static long unbind_driver(void)
{
	return put(DRIVERS "/micro_count/unbind", NAME);
}

static void is_unbound(bool soft)
{
	if (soft)
		drop_node();
	unbound("unbound");
}

static void set_bound(void)
{
	must_put(DRIVERS "/micro_count/bind", NAME);
	bound(false);
}

/* Properties, which become software nodes when the device is bound */

static long make_prop(void)
{
	return mkdir(DIR_ "/properties/a-property-with-a-long-name", 0755);
}

static void prop_absent(void)
{
	check(!exists(DIR_ "/properties/a-property-with-a-long-name"), "it is there");
}

static void prop_present(bool soft)
{
	(void)soft;
	check(exists(DIR_ "/properties/a-property-with-a-long-name/u32"), "it is not there");
}

static void remove_prop(void)
{
	if (rmdir(DIR_ "/properties/a-property-with-a-long-name"))
		fatal("rmdir");
}

static long set_prop(void)
{
	return put(DIR_ "/properties/a-property-with-a-long-name/u32", "1 2 3");
}

static void prop_unset(void)
{
	check(is(DIR_ "/properties/a-property-with-a-long-name/u32", ""), "it is '%s'",
	      contents(DIR_ "/properties/a-property-with-a-long-name/u32"));
}

static void prop_set(bool soft)
{
	(void)soft;
	check(!strncmp(contents(DIR_ "/properties/a-property-with-a-long-name/u32"), "1", 1),
	      "it is '%s'", contents(DIR_ "/properties/a-property-with-a-long-name/u32"));
}

static void prop_again(void)
{
	remove_prop();
	if (make_prop())
		fatal("mkdir");
}

static long make_child(void)
{
	return mkdir(DIR_ "/children/child@0-with-a-long-name", 0755);
}

static void child_absent(void)
{
	check(!exists(DIR_ "/children/child@0-with-a-long-name"), "it is there");
}

static void child_present(bool soft)
{
	(void)soft;
	check(exists(DIR_ "/children/child@0-with-a-long-name/properties"), "it is not there");
}

static void remove_child(void)
{
	if (rmdir(DIR_ "/children/child@0-with-a-long-name"))
		fatal("rmdir");
}

/* A directory with others in it can't be removed */
static void compat_end(void)
{
	set_compat();
	remove_prop();
	remove_child();
}

/* The kernel's own instance */

static long device_on(void)
{
	return put(PARAMETERS "/device", "1");
}

static void device_absent(void)
{
	check(is(PARAMETERS "/device", "0"), "it is there");
	check(!exists(DEVICES "/micro_count"), "device is there");
	check(!exists("/dev/micro_count"), "node is there");
}

static void device_present(bool soft)
{
	check(is(PARAMETERS "/device", "1"), "it is not there");
	check(exists(DEVICES "/micro_count/driver"), "not bound");
	check(soft || exists("/dev/micro_count"), "no node");
}

static void device_off(void)
{
	must_put(PARAMETERS "/device", "0");
	device_absent();
}

static long device_destroy(void)
{
	return put(PARAMETERS "/device", "0");
}

static void device_still(void)
{
	device_present(false);
}

static void device_destroyed(bool soft)
{
	if (soft)
		unlink("/dev/micro_count");
	device_absent();
}

static void device_again(void)
{
	must_put(PARAMETERS "/device", "1");
	device_present(false);
}

/* Files: the call under test is the one that does something with hold_fd */

static long open_file(void)
{
	hold_fd = open(NODE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return hold_fd;
}

static void not_open(void)
{
	check(!driver_files(), "the driver has %ld files", driver_files());
	check(is("/sys/module/micro_count/refcnt", "0"), "refcnt is %s",
	      contents("/sys/module/micro_count/refcnt"));
}

static void is_open(bool soft)
{
	uint64_t id;

	(void)soft;
	check(driver_files() == 1, "the driver has %ld files", driver_files());
	check(!ioctl(hold_fd, COUNT_IOC_ID, &id), "ioctl: %s", strerror(errno));
}

static void close_file(void)
{
	if (close(hold_fd))
		fatal("close");
	hold_fd = -1;
	not_open();
}

static void must_open(void)
{
	if (open_file() < 0)
		fatal("open");
}

static void file_alive(void)
{
	is_open(false);
}

static void file_alive_too(bool soft)
{
	is_open(soft);
}

static char *area;

static long do_read(void)
{
	/* something is there to be read */
	return read(hold_fd, area, 1);
}

static void before_read(void)
{
	char c = 0;

	if (write(hold_fd, &c, 1) != 1)
		fatal("write");
}

static long do_write(void)
{
	return write(hold_fd, area, 1);
}

static void before_write(void)
{
	char buf[4096];

	while (read(hold_fd, buf, sizeof(buf)) > 0)
		;
}

static long do_ioctl(void)
{
	return ioctl(hold_fd, COUNT_IOC_ID, area);
}

static long do_lseek(void)
{
	return lseek(hold_fd, 1, SEEK_SET);
}

/* A new file each time: the second queue of a poll() is one more allocation */
static struct pollfd pollfd;

static long do_poll(void)
{
	long n;

	pollfd = (struct pollfd){ .fd = hold_fd, .events = POLLIN | POLLPRI };
	n = poll(&pollfd, 1, 0);
	/* it cannot fail, so that is how it says that there was no memory */
	if (n > 0 && (pollfd.revents & POLLERR)) {
		errno = ENOMEM;
		return -1;
	}
	return n;
}

static void polls(void)
{
	struct pollfd p = { .fd = hold_fd, .events = POLLOUT };

	check(poll(&p, 1, 0) == 1 && p.revents == POLLOUT, "poll says %#x", p.revents);
	close_file();
}

static void polls_too(bool soft)
{
	(void)soft;
	polls();
	must_open();
}

static int epoll_fd;

static long do_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, hold_fd, &ev);
}

static void epoll_end(void)
{
	close(epoll_fd);
	close_file();
}

static void epoll_begin(void)
{
	must_open();
	before_write();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		fatal("epoll_create1");
}

static void epoll_failed(void)
{
	check(!do_epoll(), "once more: %s", strerror(errno));
	epoll_end();
}

static void epoll_done(bool soft)
{
	struct epoll_event ev = { .events = EPOLLIN };

	/* a queue that it could not be hung on is reported as an error */
	check(epoll_wait(epoll_fd, &ev, 1, 0) == 0 || (soft && (ev.events & EPOLLERR)),
	      "epoll_wait says %#x", ev.events);
}

static long do_fasync(void)
{
	return fcntl(hold_fd, F_SETFL, O_NONBLOCK | FASYNC);
}

static void fasync_off(void)
{
	check(!(fcntl(hold_fd, F_GETFL) & FASYNC), "FASYNC is on");
}

static void fasync_on(bool soft)
{
	(void)soft;
	check(fcntl(hold_fd, F_GETFL) & FASYNC, "FASYNC is off");
}

static void fasync_undo(void)
{
	if (fcntl(hold_fd, F_SETFL, O_NONBLOCK))
		fatal("F_SETFL");
}

static char *map;
static off_t map_offset;

static long do_mmap(void)
{
	map = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, hold_fd, map_offset);
	return map == MAP_FAILED ? -1 : 0;
}

static void map_fault(void)
{
	must_open();
	map_offset = 0;
}

static void map_insert(void)
{
	must_open();
	map_offset = COUNT_AT_INSERT * getpagesize();
}

static void map_remap(void)
{
	must_open();
	map_offset = COUNT_AT_REMAP * getpagesize();
}

static void map_failed(void)
{
	is_open(false);
	close_file();
}

static void mapped(bool soft)
{
	(void)soft;
	check(*(volatile uint64_t *)map, "mapping is empty");
}

static void unmap_close(void)
{
	if (munmap(map, getpagesize()))
		fatal("munmap");
	close_file();
}

static void must_map(void)
{
	map_fault();
	if (do_mmap())
		fatal("mmap");
}

static sigjmp_buf bus_jump;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(bus_jump, 1);
}

/* A page fault; the kernel repeats it when there was no memory */
static long do_touch(void)
{
	if (sigsetjmp(bus_jump, 1)) {
		errno = EFAULT;
		return -1;
	}
	*(volatile uint64_t *)(map + 64) = 1;
	return 0;
}

static void still_mapped(void)
{
	check(!do_touch(), "SIGBUS");
	unmap_close();
}

static pid_t child;

static long do_fork(void)
{
	child = fork();
	if (!child)
		_exit(*(volatile uint64_t *)map ? 0 : 1);
	return child;
}

static void forked(bool soft)
{
	int status;

	(void)soft;
	if (waitpid(child, &status, 0) != child || status)
		complain("child: status %#x", status);
}

static long do_munmap(void)
{
	return munmap(map, getpagesize());
}

static long do_close(void)
{
	return close(hold_fd);
}

static void closed(bool soft)
{
	(void)soft;
	not_open();
}

/* The file is closed whatever close() says */
static void closed_too(void)
{
	closed(false);
}

/* An unplug with all that can hang on a file */

static void use_all(void)
{
	must_open();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	map_offset = 0;
	if (epoll_fd < 0 || do_epoll() || do_fasync() || do_mmap() || do_touch())
		fatal("using a file");
}

static void use_end(void)
{
	munmap(map, getpagesize());
	close(epoll_fd);
	if (close(hold_fd))
		fatal("close");
}

static void all_alive(void)
{
	is_open(false);
	check(!do_touch(), "SIGBUS");
	use_end();
}

static void all_dead(void)
{
	struct epoll_event ev = { 0 };
	uint64_t id;

	check(ioctl(hold_fd, COUNT_IOC_ID, &id) && errno == ENODEV, "ioctl: %s", strerror(errno));
	check(do_touch(), "mapping is alive");
	check(epoll_wait(epoll_fd, &ev, 1, 0) == 1 && (ev.events & EPOLLHUP),
	      "epoll_wait says %#x", ev.events);
	check(!driver_files(), "the driver has %ld files", driver_files());
	use_end();
}

static void off_dead(bool soft)
{
	is_off(soft);
	all_dead();
}

static void unmade_dead(bool soft)
{
	all_dead();
	unmade(soft);
}

static void still_made_alive(void)
{
	still_made();
	all_alive();
}

static void still_on_alive(void)
{
	bound(false);
	all_alive();
}

/**
 * struct step - one system call
 * @name: what is printed
 * @begin: before each try, with nothing failing
 * @call: the system call
 * @failed: after a failure: everything is as before, and what @begin did is undone
 * @done: after it worked; @soft: though something was made to fail
 * @undo: after it worked, unless that was the last time
 * @end: after the last time; NULL: what it has done stays
 */
struct step {
	const char *name;
	void (*begin)(void);
	long (*call)(void);
	void (*failed)(void);
	void (*done)(bool soft);
	void (*undo)(void);
	void (*end)(void);
};

static const struct step steps[] = {
	{ "load core", NULL, core_load, core_absent, core_present, must_core_unload, NULL },
	{ "load driver", NULL, count_load, count_absent, count_present, must_count_unload, NULL },
	{ "mkdir", NULL, make, absent, made, make_undo, NULL },
	{ "write live 0", NULL, live_off, still_made, is_off, set_live, NULL },
	{ "mkdir property", NULL, make_prop, prop_absent, prop_present, remove_prop, NULL },
	{ "write property", NULL, set_prop, prop_unset, prop_set, prop_again, NULL },
	{ "mkdir child", NULL, make_child, child_absent, child_present, remove_child, NULL },
	{ "write live 1", NULL, live_on, bind_failed, bound, set_off, NULL },
	{ "sysfs unbind", NULL, unbind_driver, still_made, is_unbound, set_bound, NULL },
	{ "sysfs bind", NULL, bind_driver, bind_driver_failed, bound, set_unbound, NULL },
	{ "write compatible", set_compat, compat_iter, compat_failed, is_iter, drop_node,
	  compat_end },
	{ "create_device", NULL, device_on, device_absent, device_present, device_off, NULL },
	{ "destroy_device", NULL, device_destroy, device_still, device_destroyed, device_again,
	  NULL },
	{ "open", NULL, open_file, not_open, is_open, close_file, NULL },
	{ "read", before_read, do_read, file_alive, file_alive_too, NULL, NULL },
	{ "write", before_write, do_write, file_alive, file_alive_too, NULL, NULL },
	{ "ioctl", NULL, do_ioctl, file_alive, file_alive_too, NULL, NULL },
	{ "lseek", NULL, do_lseek, file_alive, file_alive_too, NULL, NULL },
	{ "fcntl FASYNC", NULL, do_fasync, fasync_off, fasync_on, fasync_undo, close_file },
	{ "poll", must_open, do_poll, polls, polls_too, close_file, close_file },
	{ "epoll_ctl", epoll_begin, do_epoll, epoll_failed, epoll_done, epoll_end, epoll_end },
	{ "mmap", map_fault, do_mmap, map_failed, mapped, unmap_close, unmap_close },
	{ "mmap inserted", map_insert, do_mmap, map_failed, mapped, unmap_close, unmap_close },
	{ "mmap remapped", map_remap, do_mmap, map_failed, mapped, unmap_close, unmap_close },
	{ "page fault", must_map, do_touch, still_mapped, mapped, unmap_close, unmap_close },
	{ "fork", must_map, do_fork, still_mapped, forked, unmap_close, unmap_close },
	{ "munmap", must_map, do_munmap, still_mapped, file_alive_too, close_file, close_file },
	{ "close", must_open, do_close, closed_too, closed, NULL, NULL },
	{ "live 0, in use", use_all, live_off, still_on_alive, off_dead, set_live, set_live },
	{ "rmdir, in use", use_all, unmake, still_made_alive, unmade_dead, must_make, NULL },
	{ "unload driver", NULL, count_unload, count_still, count_now_absent, must_count_load,
	  NULL },
	{ "unload core", NULL, core_unload, core_still, core_now_absent, core_must_load, NULL },
};

/*
 * The workers that may get the next job: it is not known which one will, and they do
 * hardly anything else. Each is armed by its own file.
 */
#define WORKERS_MAX	64

static int worker_fds[WORKERS_MAX];
static int nr_workers;

static void workers_find(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char path[64];

	while (dir && nr_workers < WORKERS_MAX && (entry = readdir(dir))) {
		if (!atoi(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/comm", atoi(entry->d_name));
		if (strncmp(contents(path), "kworker/u", strlen("kworker/u")))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fail-nth", atoi(entry->d_name));
		worker_fds[nr_workers] = open(path, O_RDWR | O_CLOEXEC);
		if (worker_fds[nr_workers] >= 0)
			nr_workers++;
	}
	if (dir)
		closedir(dir);
}

static void workers_arm(int nth)
{
	char text[16];
	int i;

	workers_find();
	sprintf(text, "%d", nth);
	for (i = 0; i < nr_workers; i++)
		if (pwrite(worker_fds[i], text, strlen(text), 0) < 0)
			fatal("fail-nth of a worker");
}

/* Disarms them, too */
static bool workers_injected(void)
{
	char text[16];
	bool hit = false;
	int i;

	for (i = 0; i < nr_workers; i++) {
		memset(text, 0, sizeof(text));
		if (pread(worker_fds[i], text, sizeof(text) - 1, 0) > 0)
			hit |= !atoi(text);
		if (pwrite(worker_fds[i], "0", 1, 0) < 0)
			fatal("fail-nth of a worker");
		close(worker_fds[i]);
	}
	nr_workers = 0;
	return hit;
}

/* How many faults there are to inject */
static int points(const struct step *s)
{
	char text[16] = "";
	long ret;
	int err;

	if (s->begin)
		s->begin();
	arm(MAX_NTH);
	ret = s->call();
	err = errno;
	if (pread(fail_nth, text, sizeof(text) - 1, 0) <= 0)
		fatal("fail-nth");
	arm(0);
	errno = err;
	if (ret < 0)
		fatal("failed");
	s->done(false);
	return MAX_NTH - atoi(text);
}

static bool is_load(const struct step *s)
{
	return s->call == core_load || s->call == count_load;
}

/* Done by a worker, unless patience_ms is -1 */
static bool is_job(const struct step *s)
{
	return s->call == make || s->call == unmake || s->call == live_on ||
	       s->call == live_off || s->call == compat_iter;
}

/* Returns 0, 1 when it did no more than count, or -1 when there is no going on */
static int run(const struct step *s, int *hard, int *soft)
{
	bool load = is_load(s);
	int coarse = 0;
	long ret;
	bool hit;
	int err;

	step_name = s->name;
	if (bounded && !is_job(s)) {
		step_nth = 0;
		if (s->begin)
			s->begin();
		if (s->call() < 0)
			fatal("failed");
		s->done(false);
		if (s->end)
			s->end();
		return 1;
	}
	if (count_only || (load && no_load)) {
		step_nth = 0;
		printf("# %-16s %4d allocations and copies\n", s->name, points(s));
		if (s->end)
			s->end();
		return 1;
	}
	/*
	 * The module's init comes late in loading it: of what the kernel's loader
	 * does before, much of it page by page, samples are enough.
	 */
	if (load) {
		must_put("/sys/kernel/debug/fail_page_alloc/min-order", "9");
		step_nth = 0;
		coarse = points(s) / 2;
		s->undo();
	}
	for (step_nth = first; step_nth < MAX_NTH && wrongs < 20;
	     step_nth += step_nth < coarse ? 8 * every : every) {
		if (s->begin)
			s->begin();
		fflush(stdout);
		if (workers)
			workers_arm(step_nth);
		else
			arm(step_nth);
		ret = s->call();
		err = errno;
		if (workers) {
			hit = workers_injected();
		} else {
			hit = injected();
			arm(0);
		}

		if (ret < 0) {
			if (!hit)
				complain("failed without a fault: %s", strerror(err));
			else if (err != ENOMEM && err != EFAULT && err != EAGAIN)
				printf("# %s, fault %d: %s\n", s->name, step_nth, strerror(err));
			(*hard)++;
			s->failed();
			check_unplugs();
			if (!hit)
				return -1;
			continue;
		}
		s->done(hit);
		check_unplugs();
		if (!hit)
			break;
		(*soft)++;
		if (s->undo)
			s->undo();
		check_unplugs();
	}
	if (step_nth == MAX_NTH)
		complain("there is no end of faults");
	if (s->end)
		s->end();
	if (load)
		must_put("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	return 0;
}

int main(int argc, char **argv)
{
	static const char * const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	struct sigaction bus = { .sa_handler = on_bus, .sa_flags = SA_NODEFER };
	int hard, soft, all_hard = 0, all_soft = 0, calls = 0;
	char path[96];
	int arg, ret;
	size_t i;

	for (arg = 1; arg < argc; arg++) {
		if (!strcmp(argv[arg], "--count"))
			count_only = true;
		else if (!strcmp(argv[arg], "--no-load"))
			no_load = true;	/* it takes most of the time */
		else if (!strcmp(argv[arg], "--load"))
			only_load = true;
		else if (!strcmp(argv[arg], "--bounded"))
			bounded = true;
		else if (!strcmp(argv[arg], "--workers"))
			workers = true;
		else if (!strcmp(argv[arg], "--every") && argv[arg + 1])
			every = atoi(argv[++arg]);
		else if (!strcmp(argv[arg], "--first") && argv[arg + 1])
			first = atoi(argv[++arg]);
		else
			first = 0;
	}
	if (every < 1 || first < 1) {
		fprintf(stderr, "usage: see the head of micro-faults.c\n");
		return 2;
	}
	bounded |= workers;
	sigaction(SIGBUS, &bus, NULL);
	signal(SIGIO, SIG_IGN);
	area = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	core_fd = module_fd("microkernel.ko");
	count_fd = module_fd("micro_count.ko");
	faults_start();
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		/* says it in the log, but not where: that would be long */
		sprintf(path, "/sys/kernel/debug/%s/verbose", kinds[i]);
		must_put(path, "1");
	}
	/* no module is to be loaded for mkdir, and no program to be run */
	must_put("/proc/sys/kernel/modprobe", "\n");

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (only_load && !is_load(&steps[i]))
			break;
		hard = 0;
		soft = 0;
		ret = run(&steps[i], &hard, &soft);
		if (ret < 0)
			return 1;
		if (ret > 0)
			continue;
		printf("# %-16s %4d failures injected: %4d made the call fail, %4d did not\n",
		       steps[i].name, hard + soft, hard, soft);
		fflush(stdout);
		calls++;
		all_hard += hard;
		all_soft += soft;
		if (wrongs >= 20)
			break;
	}
	if (only_load && !wrongs) {
		must_count_unload();
		must_core_unload();
	}
	printf("# %ld times remove(), each after one unplug()\n", removes_before + removes);
	printf("# %d failures injected into %d system calls, %d wrong\n", all_hard + all_soft,
	       calls, wrongs);
	return wrongs ? 1 : 0;
}

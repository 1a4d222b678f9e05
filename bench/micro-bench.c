// SPDX-License-Identifier: GPL-2.0-only
/*
 * micro-bench: measures the framework and its peers in one boot, prints CSV
 *
 * Copyright (C) 2026 The microkernel authors
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "bench.h"
#include "modules/micro_peers.h"

#define CONFIGFS	"/sys/kernel/config"

static const char usage[] =
	"Usage: micro-bench [OPTION]... WORK...\n"
	"\n"
	"Measures WORK with the framework and with its peers (micro_peers.ko), and prints\n"
	"a line for each:  work,n,subject,value,unit,ratio  where the ratio is to the\n"
	"subject whose ratio is 1.000.\n"
	"\n"
	"  io        read, write, ioctl and poll of an open file; read of a driver that looks\n"
	"            up its instance first\n"
	"  open      open + close\n"
	"  counting  what the statistics add to an operation while they are switched on\n"
	"  dirs      mkdir and rmdir among n other directories\n"
	"  growth    how much a mkdir costs more for each directory that is there\n"
	"  unplug    rmdir and live=0 with n open files, rmdir of peers without any\n"
	"  sleepers  rmdir with n readers asleep, each in a thread and file of its own\n"
	"  memory    bytes for each instance and each open file\n"
	"\n"
	"  -n N,...  what n to take, in ascending order (dirs: 1,100,1000; growth: 100,3000;\n"
	"            unplug: 0,1,100,10000; sleepers: 1,10,100,1000; memory: 1000 instances,\n"
	"            10000 files)\n"
	"  -c N      calls in a round of io (20000; others take a fraction of it)\n"
	"  -m        mark what is measured, for bench/profile\n";

static unsigned int calls = 20000;
static unsigned int sizes[16];
static unsigned int nr_sizes;
static int control;

static void make_dir(const char *subsystem, const char *name)
{
	if (mkdir(path(CONFIGFS "/%s/%s", subsystem, name), 0755))
		die("mkdir %s/%s", subsystem, name);
}

static void remove_dir(const char *subsystem, const char *name)
{
	if (rmdir(path(CONFIGFS "/%s/%s", subsystem, name)))
		die("rmdir %s/%s", subsystem, name);
}

static void control_call(unsigned int cmd)
{
	if (ioctl(control, cmd))
		die("ioctl of peer_control");
}

static int xopen(const char *name)
{
	int fd = open(name, O_RDWR);

	if (fd < 0)
		die("open %s", name);
	return fd;
}

/* The name of the driver, and of the one instance where one is enough */
#define INSTANCE	"micro_bench"

static const struct subject {
	const char *name;
	const char *subsystem;	/* NULL: the misc device */
	const char *node;
} subjects[] = {
	{ "misc", NULL, "/dev/micro/micro_plain" },
	{ "micro", "micro", "/dev/micro/" INSTANCE },
	{ "hand", "peer_hand", "/dev/peer_hand/" INSTANCE },
	{ "lean", "peer_lean", "/dev/peer_lean/" INSTANCE },
	{ "srcu", "peer_srcu", "/dev/peer_srcu/" INSTANCE },
	{ "percpu", "peer_percpu", "/dev/peer_percpu/" INSTANCE },
	{ "rwsem", "peer_rwsem", "/dev/peer_rwsem/" INSTANCE },
	{ "revocable", "peer_revocable", "/dev/peer_revocable/" INSTANCE },
};

static void subject_make(const struct subject *s)
{
	if (s->subsystem)
		make_dir(s->subsystem, INSTANCE);
}

static void subject_remove(const struct subject *s)
{
	if (s->subsystem)
		remove_dir(s->subsystem, INSTANCE);
}

/* Files */

/* read() of a driver that looks up its instance first, as each real one does */
static void work_lookup(void)
{
	static const char * const node[] = { "/dev/micro/plain_lookup", "/dev/micro/micro_lookup" };
	double reference = 0;
	unsigned int i;
	char byte;

	make_dir("micro", "micro_lookup");
	for (i = 0; i < ARRAY_SIZE(node); i++) {
		int fd = xopen(node[i]);
		double ns = BEST(calls, read(fd, &byte, 1));

		close(fd);
		if (!i)
			reference = ns;
		print("lookup-read-1", 1, subjects[i].name, ns, "ns", reference);
	}
	remove_dir("micro", "micro_lookup");
}

static void work_io(void)
{
	static const char * const works[] = {
		"read-1", "write-1", "ioctl", "poll", "poll-queue", "read-64k",
	};
	static char buf[PEER_DATA_SIZE];
	double result[ARRAY_SIZE(works)];
	double reference[ARRAY_SIZE(works)];
	unsigned int i, w;

	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		const struct subject *s = &subjects[i];
		struct pollfd pfd = { .events = POLLIN };
		int fd;

		subject_make(s);
		fd = xopen(s->node);
		pfd.fd = fd;

		result[0] = BEST(calls, read(fd, buf, 1));
		result[1] = BEST(calls, write(fd, buf, 1));
		result[2] = BEST(calls, ioctl(fd, PEER_IOC_PING));
		result[3] = BEST(calls, poll(&pfd, 1, 0));
		/* ready at once too, but what does not know that queues up */
		result[4] = BEST(calls, poll(&pfd, 1, -1));
		result[5] = BEST(calls / 40, read(fd, buf, sizeof(buf)));

		close(fd);
		subject_remove(s);
		if (!i)
			memcpy(reference, result, sizeof(reference));
		for (w = 0; w < ARRAY_SIZE(works); w++)
			print(works[w], 1, s->name, result[w], "ns", reference[w]);
	}
	work_lookup();
}

static int open_close(const char *name)
{
	int fd = open(name, O_RDWR);

	return fd < 0 ? fd : close(fd);
}

static void work_open(void)
{
	double reference = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		const struct subject *s = &subjects[i];
		double ns;

		subject_make(s);
		ns = BEST(calls / 5, open_close(s->node));
		subject_remove(s);
		if (!i)
			reference = ns;
		print("open-close", 1, s->name, ns, "ns", reference);
	}
}

static void set_statistics(const char *value)
{
	int fd = open("/sys/bus/micro_bus/statistics", O_WRONLY);

	if (fd < 0 || write(fd, value, 1) != 1 || close(fd))
		die("statistics=%s", value);
}

static void work_counting(void)
{
	static const char * const works[] = {
		"counting-read-1", "counting-write-1", "counting-ioctl", "counting-open-close",
	};
	const struct subject *s = &subjects[1];
	double result[2][ARRAY_SIZE(works)];
	unsigned int on, w;
	char byte;
	int fd;

	subject_make(s);
	fd = xopen(s->node);
	for (on = 0; on < 2; on++) {
		set_statistics(on ? "1" : "0");
		result[on][0] = BEST(calls, read(fd, &byte, 1));
		result[on][1] = BEST(calls, write(fd, &byte, 1));
		result[on][2] = BEST(calls, ioctl(fd, PEER_IOC_PING));
		result[on][3] = BEST(calls / 5, open_close(s->node));
	}
	set_statistics("0");
	close(fd);
	subject_remove(s);
	/* whole instructions */
	for (w = 0; w < ARRAY_SIZE(works); w++)
		print(works[w], 1, s->name, (int)(result[1][w] - result[0][w] + 0.5),
		      "ns", 0);
}

/* Directories */

static const char *instance(unsigned int number)
{
	return path(INSTANCE ".%06u", number);
}

struct dirs_result {
	double make, remove_last, remove_first;
};

static void take_best(double *best, double begin, unsigned int batch)
{
	double ns = now() - begin;

	ns = (ns - clock_cost()) / batch;
	if (!*best || ns < *best)
		*best = ns;
}

/*
 * The last round is marked. What the round before has left to RCU is freed at the next grace
 * periods, and would be taken for a part of this one. Rounds of one call do without the pause:
 * the call would pay for waking an idle CPU, and the best of many rounds was left alone.
 */
static double round_begin(unsigned int left, unsigned int batch)
{
	if (batch > 1 || (!left && marks))
		usleep(100000);
	if (!left)
		mark(false);
	return now();
}

static void round_end(unsigned int left, double *best, double begin, unsigned int batch)
{
	take_best(best, begin, batch);
	if (!left)
		mark(true);
}

/* Directories from number *first to *last, exclusive, are there */
static struct dirs_result dirs_measure(const char *subsystem, unsigned int *first,
				       unsigned int *last)
{
	struct dirs_result r = { 0 };
	unsigned int n = *last - *first;
	unsigned int batch = n < 4 ? 1 : n < 256 ? n / 4 : 64;
	/* whether a slab is just full makes 5 % of a round of few directories */
	unsigned int rounds = batch > 32 ? ROUNDS : batch > 1 ? 16 : 128;
	unsigned int i;
	double begin;

	while (rounds--) {
		begin = round_begin(rounds, batch);
		for (i = 0; i < batch; i++)
			make_dir(subsystem, instance(*last + i));
		round_end(rounds, &r.make, begin, batch);

		begin = round_begin(rounds, batch);
		for (i = batch; i--;)
			remove_dir(subsystem, instance(*last + i));
		round_end(rounds, &r.remove_last, begin, batch);

		for (i = 0; i < batch; i++)
			make_dir(subsystem, instance(*last + i));
		begin = round_begin(rounds, batch);
		for (i = 0; i < batch; i++)
			remove_dir(subsystem, instance(*first + i));
		round_end(rounds, &r.remove_first, begin, batch);
		*first += batch;
		*last += batch;
	}
	return r;
}

static void work_dirs(void)
{
	static const struct {
		const char *name, *subsystem;
	} dirs[] = {
		{ "hand", "peer_hand" },
		{ "micro", "micro" },
		{ "lean", "peer_lean" },
		{ "bare", "peer_bare" },
	};
	struct dirs_result hand[ARRAY_SIZE(sizes)];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		const char *name = dirs[i].name;
		unsigned int first = 0;
		unsigned int last = 0;

		for (j = 0; j < nr_sizes; j++) {
			struct dirs_result r;

			while (last - first < sizes[j])
				make_dir(dirs[i].subsystem, instance(last++));
			r = dirs_measure(dirs[i].subsystem, &first, &last);
			if (!i)
				hand[j] = r;
			print("mkdir", sizes[j], name, r.make, "ns", hand[j].make);
			print("rmdir-last", sizes[j], name, r.remove_last, "ns",
			      hand[j].remove_last);
			print("rmdir-first", sizes[j], name, r.remove_first, "ns",
			      hand[j].remove_first);
		}
		while (last-- > first)
			remove_dir(dirs[i].subsystem, instance(last));
	}
}

static double make_cost(const char *subsystem, unsigned int *nr, unsigned int n)
{
	struct dirs_result r;
	unsigned int first = 0;

	while (*nr < n)
		make_dir(subsystem, instance((*nr)++));
	r = dirs_measure(subsystem, &first, nr);
	/* as many as before, but with the lowest numbers */
	while (first--)
		make_dir(subsystem, instance(first));
	while (*nr > n)
		remove_dir(subsystem, instance(--*nr));
	return r.make;
}

static void work_growth(void)
{
	static const char * const subsystem[] = { "peer_bare", "micro" };
	static const char * const name[] = { "bare", "micro" };
	unsigned int few = sizes[0];
	unsigned int many = sizes[nr_sizes - 1];
	double bare = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(name); i++) {
		unsigned int nr = 0;
		double with_few = make_cost(subsystem[i], &nr, few);
		double growth = (make_cost(subsystem[i], &nr, many) - with_few) / (many - few);

		while (nr)
			remove_dir(subsystem[i], instance(--nr));
		if (!i)
			bare = growth;
		print("mkdir-growth", many, name[i], growth, "ns", bare);
	}
}

/* Unplug */

static void set_live(const char *value)
{
	int fd = open(CONFIGFS "/micro/" INSTANCE "/live", O_WRONLY);

	if (fd < 0 || write(fd, value, 1) != 1 || close(fd))
		die("live=%s", value);
}

static int *files;

static void open_files(const char *node, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		files[i] = xopen(node);
}

static void close_files(unsigned int n)
{
	while (n--)
		close(files[n]);
}

static void work_unplug(void)
{
	const char *node = subjects[1].node;
	double empty = 0;
	unsigned int i, j;
	double ns, begin;

	for (j = 0; j < nr_sizes; j++) {
		unsigned int rounds = sizes[j] > 1000 ? 2 : ROUNDS;
		double by_rmdir = 0, by_live = 0, worst = 0;

		for (i = 0; i < rounds; i++) {
			make_dir("micro", INSTANCE);
			open_files(node, sizes[j]);
			begin = now();
			set_live("0");
			take_best(&by_live, begin, 1);
			close_files(sizes[j]);
			set_live("1");

			open_files(node, sizes[j]);
			begin = now();
			remove_dir("micro", INSTANCE);
			ns = now() - begin;
			ns -= clock_cost();
			if (ns > worst)
				worst = ns;
			if (!by_rmdir || ns < by_rmdir)
				by_rmdir = ns;
			close_files(sizes[j]);
		}
		if (!sizes[j])
			empty = by_rmdir;
		print("unplug-rmdir", sizes[j], "micro", by_rmdir, "ns", empty);
		print("unplug-live", sizes[j], "micro", by_live, "ns", empty);
		print("unplug-worst", sizes[j], "micro", worst, "ns", empty);
		/* with fewer, what the first open of a node costs hides it */
		if (sizes[j] >= 100)
			print("unplug-file", sizes[j], "micro",
			      (by_rmdir - empty) / sizes[j], "ns", 0);
	}

	for (i = 2; i < ARRAY_SIZE(subjects); i++) {
		double best = 0;

		for (j = 0; j < ROUNDS; j++) {
			subject_make(&subjects[i]);
			begin = now();
			subject_remove(&subjects[i]);
			take_best(&best, begin, 1);
		}
		print("unplug-rmdir", 0, subjects[i].name, best, "ns", empty);
	}
	print("synchronize_rcu", 0, "kernel",
	      BEST(ROUNDS, ioctl(control, PEER_IOC_SYNC_RCU)), "ns", empty);
}

/* Sleepers */

#define SLEEPER		"micro_sleeper"

/* Who was woken must not end its thread meanwhile: that is more work than to be woken */
static pthread_mutex_t unplugging = PTHREAD_MUTEX_INITIALIZER;

static void *sleeper(void *arg)
{
	int fd = *(int *)arg;
	char byte;
	int err = read(fd, &byte, 1) < 0 ? errno : 0;

	pthread_mutex_lock(&unplugging);
	pthread_mutex_unlock(&unplugging);
	return (void *)(long)err;
}

static void work_sleepers(void)
{
	pthread_attr_t attr;
	pthread_t *threads;
	double empty = 0;
	unsigned int i, j;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	threads = calloc(sizes[nr_sizes - 1], sizeof(*threads));
	if (!threads)
		die("threads");

	for (i = 0; i < ROUNDS; i++) {
		double begin;

		make_dir("micro", SLEEPER);
		begin = now();
		remove_dir("micro", SLEEPER);
		take_best(&empty, begin, 1);
	}

	for (j = 0; j < nr_sizes; j++) {
		unsigned int n = sizes[j];
		unsigned int rounds = n > 1000 ? 1 : n > 100 ? 2 : ROUNDS;
		double best = 0;

		while (rounds--) {
			double begin;

			make_dir("micro", SLEEPER);
			open_files("/dev/micro/" SLEEPER, n);
			pthread_mutex_lock(&unplugging);
			for (i = 0; i < n; i++) {
				errno = pthread_create(&threads[i], &attr, sleeper,
						       &files[i]);
				if (errno)
					die("thread %u", i);
			}
			while (ioctl(control, PEER_IOC_SLEEPERS) != (int)n)
				sched_yield();

			begin = now();
			remove_dir("micro", SLEEPER);
			take_best(&best, begin, 1);

			pthread_mutex_unlock(&unplugging);
			for (i = 0; i < n; i++) {
				void *ret;

				pthread_join(threads[i], &ret);
				if (ret != (void *)ENODEV) {
					errno = (int)(long)ret;
					die("reader %u was not told ENODEV", i);
				}
			}
			close_files(n);
		}
		print("unplug-sleepers", n, "micro", best, "ns", 0);
		if (n >= 10)
			print("unplug-sleeper", n, "micro", (best - empty) / n,
			      "ns", 0);
	}
	free(threads);
	pthread_attr_destroy(&attr);
}

/* Memory */

/* Caches keep free objects for each CPU and count them as used */
static void shrink_slabs(void)
{
	struct dirent *entry;
	DIR *dir = opendir("/sys/kernel/slab");

	if (!dir)
		die("/sys/kernel/slab");
	while ((entry = readdir(dir))) {
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		fd = open(path("/sys/kernel/slab/%s/shrink", entry->d_name), O_WRONLY);
		if (fd >= 0) {
			/* aliases of one cache are all here, so it may be busy */
			if (write(fd, "1", 1) < 0)
				errno = 0;
			close(fd);
		}
	}
	closedir(dir);
}

struct memory {
	double slab, percpu;
};

static struct memory memory_used(void)
{
	struct memory m = { 0 };
	char line[512];
	FILE *file;

	control_call(PEER_IOC_SETTLE);
	shrink_slabs();

	file = fopen("/proc/slabinfo", "r");
	if (!file)
		die("/proc/slabinfo");
	while (fgets(line, sizeof(line), file)) {
		double active, size;

		if (sscanf(line, "%*s %lf %*s %lf", &active, &size) == 2)
			m.slab += active * size;
	}
	fclose(file);

	file = fopen("/proc/meminfo", "r");
	if (!file)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Percpu: %lf", &m.percpu) == 1)
			m.percpu *= 1024;
	fclose(file);
	return m;
}

/* Bytes of one object of a cache of its own, 0 if there is none of this name */
static unsigned int object_size(const char *cache)
{
	unsigned int size = 0;
	FILE *file = fopen(path("/sys/kernel/slab/%s/slab_size", cache), "r");

	if (!file)
		return 0;
	if (fscanf(file, "%u", &size) != 1)
		size = 0;
	fclose(file);
	return size;
}

static struct memory memory_of_instances(const char *subsystem, unsigned int n)
{
	struct memory before, after;
	unsigned int i;

	/* what stays: pages of pools, inodes of the folders */
	make_dir(subsystem, INSTANCE);
	before = memory_used();
	for (i = 0; i < n; i++)
		make_dir(subsystem, instance(i));
	after = memory_used();
	for (i = n; i--;)
		remove_dir(subsystem, instance(i));
	remove_dir(subsystem, INSTANCE);
	return (struct memory){ (after.slab - before.slab) / n,
				(after.percpu - before.percpu) / n };
}

static double memory_of_files(const struct subject *s, unsigned int n)
{
	struct memory before, after;

	subject_make(s);
	open_files(s->node, n);
	close_files(n);
	before = memory_used();
	open_files(s->node, n);
	after = memory_used();
	close_files(n);
	subject_remove(s);
	return (after.slab - before.slab) / n;
}

static void work_memory(void)
{
	unsigned int instances = sizes[0];
	unsigned int open_files_max = sizes[nr_sizes - 1];
	double hand = 0, misc = 0;
	unsigned int i;

	for (i = 2; i < ARRAY_SIZE(subjects) + 1; i++) {
		/* hand is the third and comes first, as all else refers to it */
		const struct subject *s = &subjects[i == ARRAY_SIZE(subjects) ? 1 : i];
		struct memory m = memory_of_instances(s->subsystem, instances);

		if (!hand)
			hand = m.slab;
		print("instance-slab", instances, s->name, m.slab, "bytes", hand);
		print("instance-percpu", instances, s->name, m.percpu, "bytes", 0);
	}
	for (i = 0; i < ARRAY_SIZE(subjects); i++) {
		double slab = memory_of_files(&subjects[i], open_files_max);

		if (!i)
			misc = slab;
		print("file-slab", open_files_max, subjects[i].name, slab, "bytes", misc);
		print("file-own", open_files_max, subjects[i].name, slab - misc, "bytes", 0);
	}
	print("file-object", 1, "micro", object_size("micro_file"), "bytes", 0);
}

static const struct {
	const char *name;
	void (*run)(void);
	unsigned int sizes[8];	/* in ascending order */
	unsigned int nr_sizes;
} works[] = {
	{ "io", work_io, { 1 }, 1 },
	{ "open", work_open, { 1 }, 1 },
	{ "counting", work_counting, { 1 }, 1 },
	{ "dirs", work_dirs, { 1, 100, 1000 }, 3 },
	{ "growth", work_growth, { 100, 3000 }, 2 },
	{ "unplug", work_unplug, { 0, 1, 100, 10000 }, 4 },
	{ "sleepers", work_sleepers, { 1, 10, 100, 1000 }, 4 },
	{ "memory", work_memory, { 1000, 10000 }, 2 },
};

static void run(const char *name, bool own_sizes)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(works); i++) {
		if (strcmp(works[i].name, name))
			continue;
		if (!own_sizes) {
			memcpy(sizes, works[i].sizes, sizeof(works[i].sizes));
			nr_sizes = works[i].nr_sizes;
		}
		works[i].run();
		return;
	}
	fputs(usage, stderr);
	exit(2);
}

static void parse_sizes(char *list)
{
	char *size;

	for (size = strtok(list, ","); size && nr_sizes < ARRAY_SIZE(sizes);
	     size = strtok(NULL, ","))
		sizes[nr_sizes++] = atoi(size);
}

int main(int argc, char **argv)
{
	const struct rlimit limit = { 1 << 20, 1 << 20 };
	bool own_sizes = false, mark = false;
	int opt;

	while ((opt = getopt(argc, argv, "n:c:m")) != -1) {
		switch (opt) {
		case 'n':
			nr_sizes = 0;
			parse_sizes(optarg);
			own_sizes = nr_sizes;
			break;
		case 'c':
			calls = atoi(optarg);
			break;
		case 'm':
			mark = true;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind == argc) {
		fputs(usage, stderr);
		return 2;
	}

	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("cannot have %lu open files", (unsigned long)limit.rlim_cur);
	files = calloc(1 << 17, sizeof(*files));
	if (!files)
		die("files");
	control = open("/dev/peer_control", O_RDWR);
	if (control < 0)
		die("/dev/peer_control: is micro_peers loaded?");

	clock_cost();
	settle();
	marks = mark;
	for (; optind < argc; optind++)
		run(argv[optind], own_sizes);
	return 0;
}

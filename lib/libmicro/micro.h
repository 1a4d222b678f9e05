/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmicro: a program serves character devices
 *
 *	static ssize_t hello_read(struct micro_file *file, void *buf, size_t count, off_t pos)
 *	{
 *		...
 *	}
 *
 *	static const struct micro_ops hello = { .read = hello_read };
 *
 *	int main(void)
 *	{
 *		return micro_serve("hello", &hello) ? 1 : 0;
 *	}
 *
 * The manual page libmicro(3) has the rest of it: how the devices are made, and what
 * happens when the program dies.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_H
#define _MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#define MICRO_STATIC_ASSERT static_assert
#else
#define MICRO_STATIC_ASSERT _Static_assert
#endif

/* Offsets have 64 bits on every machine, as the kernel's have */
MICRO_STATIC_ASSERT(sizeof(off_t) == 8, "compile with -D_FILE_OFFSET_BITS=64, as pkg-config says");
#undef MICRO_STATIC_ASSERT

struct micro_file;
struct micro_instance;

/* Bytes that micro_file_save() keeps */
#define MICRO_STATE_MAX 32

/**
 * struct micro_ops - what a driver does
 * @probe: a device was made, or existed when the server started. Return 0 or -errno;
 *	open(2) then fails with that error
 * @remove: a device whose probe() returned 0 is removed. Its files were released before.
 *	Without the operation "release", they end now
 * @open: a program opens a device. 0, or -errno for the program
 * @release: a file that open() or restore() returned 0 for is closed
 * @read: put up to @count bytes into @buf, which has zeros in it. Return how many; 0 is
 *	the end of the file; -EAGAIN is "not now": the kernel has the program wait
 *	for EPOLLIN of micro_notify(); or -errno
 * @write: take up to @count bytes of @buf. Return how many; -EAGAIN as for @read, with
 *	EPOLLOUT; or -errno
 * @ioctl: @arg has @size bytes, as the command's number says (_IOC_SIZE), which are
 *	the program's if the command has _IOC_WRITE and go back to it if it has
 *	_IOC_READ. If @size is 0, @arg is the number that the program gave. Return 0
 *	or more, or -errno
 * @llseek: as lseek(2). Return the new position, or -errno
 * @restore: a file that was opened while an earlier server ran: micro_file_saved() has
 *	the bytes that the earlier server saved. 0, or -errno for all requests of this file. If
 *	it is NULL, @open is called
 * @undelivered: the answer to a request of @type 'r' (read), 'w' (write), 'i' (ioctl) or
 *	'l' (llseek). The client did not get the whole answer, because it was killed or
 *	gave a bad address. The answer was @result, and the client has @taken bytes of
 *	it; micro_request_id() returned @id at that time. May be NULL
 * @reserved: NULL
 *
 * Each may be NULL. Then the property "operations" of the user driver should not have
 * it either, and the kernel answers without asking the server. Otherwise the client gets
 * the error of a kernel driver without that operation. If "operations" lacks "open", a
 * struct micro_file is valid only until the operation returns.
 *
 * None of them blocks. While an operation runs, the clients that its thread serves wait
 * (see struct micro_options). A server whose operation takes longer than the property
 * "answer-ms" counts as hung.
 */
struct micro_ops {
	int (*probe)(struct micro_instance *inst);
	void (*remove)(struct micro_instance *inst);
	int (*open)(struct micro_file *file);
	void (*release)(struct micro_file *file);
	ssize_t (*read)(struct micro_file *file, void *buf, size_t count, off_t pos);
	ssize_t (*write)(struct micro_file *file, const void *buf, size_t count, off_t pos);
	long (*ioctl)(struct micro_file *file, unsigned int cmd, void *arg, size_t size);
	off_t (*llseek)(struct micro_file *file, off_t offset, int whence);
	int (*restore)(struct micro_file *file);
	void (*undelivered)(struct micro_file *file, int type, uint64_t id, int64_t result,
			    int64_t taken);
	void (*reserved[6])(void);
};

/**
 * struct micro_options - of micro_serve_with()
 * @size: sizeof(struct micro_options)
 * @threads: number of serving threads, 1 to 64; 0: one. With several, the operations of
 *	a file, except open() and release(), may run at the same time
 * @takeover: if another process serves the driver, take its place, without a gap: it
 *	answers the requests that it has, and its micro_serve() returns -ESHUTDOWN
 */
struct micro_options {
	size_t size;
	unsigned int threads;
	bool takeover;
};

/**
 * micro_serve() - serve the devices of a user driver
 * @driver: its name; /dev/micro/micro_user.NAME is opened. A name with a slash in it is the
 *	path of that node
 * @ops: what the driver does; do not change it later
 *
 * Returns after SIGTERM, SIGINT or micro_stop(), when the server has answered the requests
 * that it has. The two signals do that only if the program has left them at their
 * default. Devices and their open files stay, so release() and remove() are not called.
 *
 * Return: 0 after a signal; -ENOENT: there is no such user driver; -EACCES: its node is
 * not yours; -EBUSY: another process serves it; -EINVAL: the kernel's module and this
 * library do not fit, or @driver is no name; -ESHUTDOWN: the server hung, or
 * another process took over; -ENODEV: the user driver was removed; -ENOMEM. With the variable
 * MICRO_DEBUG=1 in the environment a sentence on stderr says more; with 2, each request
 * is shown.
 */
int micro_serve(const char *driver, const struct micro_ops *ops);

/**
 * micro_serve_with() - as micro_serve(), with options
 * @driver: its name
 * @ops: what the driver does
 * @options: NULL, or the options
 *
 * Return: as micro_serve(); -EINVAL also for options out of range.
 */
int micro_serve_with(const char *driver, const struct micro_ops *ops,
		     const struct micro_options *options);

/**
 * micro_stop() - make each micro_serve() of this process return 0
 *
 * A signal handler may call it, and any thread.
 */
void micro_stop(void);

/**
 * micro_notify() - say what can be done with a file without waiting
 * @file: the file
 * @events: EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLERR, EPOLLHUP, EPOLLRDNORM, EPOLLRDBAND,
 *	EPOLLWRNORM, EPOLLWRBAND, EPOLLRDHUP: these events replace the earlier ones. Other
 *	bits are ignored
 *
 * It wakes programs that wait for one of @events, in read(2), write(2) or poll(2), and
 * sends SIGIO to those that want it. Until the first one, and until a first "not now", a
 * file can be read and written. Any thread may call it, as long as the file is not
 * released. If an operation calls it, it takes effect when the operation has returned.
 */
void micro_notify(struct micro_file *file, short events);

/**
 * micro_notify_instance() - as micro_notify(), for all files of a device
 * @inst: the device
 * @events: see there
 */
void micro_notify_instance(struct micro_instance *inst, short events);

/**
 * micro_file_instance() - the device that a file is open on
 * @file: the file
 *
 * Return: the device.
 */
struct micro_instance *micro_file_instance(struct micro_file *file);

/**
 * micro_file_flags() - how a file is open
 * @file: the file
 *
 * Return: O_RDONLY, O_WRONLY or O_RDWR, with O_NONBLOCK, O_APPEND ... as they were at
 * the last request.
 */
int micro_file_flags(struct micro_file *file);

/**
 * micro_file_set_data() - keep a pointer for a file
 * @file: the file
 * @data: a pointer of the driver's own, NULL at first
 */
void micro_file_set_data(struct micro_file *file, void *data);

/**
 * micro_file_data() - the pointer that was kept for a file
 * @file: the file
 *
 * Return: the pointer.
 */
void *micro_file_data(struct micro_file *file);

/**
 * micro_file_save() - have the kernel keep some bytes of a file for the next server
 * @file: the file
 * @state: the bytes
 * @size: how many, at most MICRO_STATE_MAX; the rest become zeros
 *
 * Called by an operation of this file, they are stored together with its answer: if this
 * process dies, the next one has either both or none.
 *
 * Return: 0, -EINVAL: too many, or -errno.
 */
int micro_file_save(struct micro_file *file, const void *state, size_t size);

/**
 * micro_file_saved() - what an earlier server saved for a file
 * @file: the file, in restore()
 *
 * Return: MICRO_STATE_MAX bytes, zeros if nothing was saved.
 */
const void *micro_file_saved(struct micro_file *file);

/**
 * micro_instance_name() - the name of a device
 * @inst: the device
 *
 * Return: the name, valid until remove().
 */
const char *micro_instance_name(struct micro_instance *inst);

/**
 * micro_instance_set_data() - keep a pointer for a device
 * @inst: the device
 * @data: a pointer of the driver's own, NULL at first
 */
void micro_instance_set_data(struct micro_instance *inst, void *data);

/**
 * micro_instance_data() - the pointer that was kept for a device
 * @inst: the device
 *
 * Return: the pointer.
 */
void *micro_instance_data(struct micro_instance *inst);

/**
 * micro_memory() - memory of a device that survives this process
 * @inst: the device
 * @size: written, unless it is NULL: bytes of it, property "memory-size"
 *
 * It has zeros when the device is made. It then has the bytes that the last server wrote,
 * wherever that server died. Valid until remove().
 *
 * Return: the memory; NULL if the device has none.
 */
void *micro_memory(struct micro_instance *inst, size_t *size);

/**
 * micro_request_id() - which request this thread is answering
 *
 * A request that is delivered again, because the server that had it died, has the
 * same number. No other request of the driver has it.
 *
 * Return: the number; 0 outside of operations, and if no client waits for an answer.
 */
uint64_t micro_request_id(void);

/**
 * micro_request_attempt() - how many servers were lost while they had the request
 *
 * Return: 0, or more where the property "again" has the operation.
 */
unsigned int micro_request_attempt(void);

/**
 * micro_request_pid() - the process that the request comes from
 *
 * Return: as this process' pid namespace sees it, 0 if it does not.
 */
pid_t micro_request_pid(void);

/**
 * micro_request_uid() - the user that the request comes from
 *
 * Return: as this process' user namespace sees it.
 */
uid_t micro_request_uid(void);

/**
 * micro_request_gid() - the group that the request comes from
 *
 * Return: as this process' user namespace sees it.
 */
gid_t micro_request_gid(void);

/**
 * micro_request_compat() - does the request come from a 32-bit program on a 64-bit kernel?
 *
 * Structs that an ioctl carries may differ then.
 *
 * Return: true if so.
 */
bool micro_request_compat(void);

#ifdef __cplusplus
}
#endif

#endif /* _MICRO_H */

/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * micro_user: what a process that serves devices says to the kernel
 *
 * docs/user-protocol.md says who calls what, and when. Programs use libmicro or
 * the Python module micro, which are made on top of this.
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICRO_USER_H
#define _MICRO_USER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * Rules for all structs here
 *   - The first field, size, is sizeof() of the struct that the program was built
 *     with. A later kernel accepts the shorter struct of today. This kernel accepts
 *     a longer struct if all bytes that it does not know are 0.
 *   - Fields and flags that have no meaning yet must be 0 in structs of the program,
 *     else EINVAL. In structs of the kernel, the program ignores them.
 *   - Numbers are in the byte order of the machine. No struct has holes, and all are
 *     the same for 32-bit programs on a 64-bit kernel.
 */

#define MICRO_USER_VERSION	1

/* ioctl numbers: they stay when a struct grows */
#define MICRO_USER_ATTACH	_IO(0xbd, 0)	/* struct micro_user_attach */
#define MICRO_USER_READY	_IO(0xbd, 1)	/* no argument */
#define MICRO_USER_NEXT		_IO(0xbd, 2)	/* struct micro_user_next */
#define MICRO_USER_NOTIFY	_IO(0xbd, 3)	/* struct micro_user_notify */
#define MICRO_USER_SAVE		_IO(0xbd, 4)	/* struct micro_user_save */
#define MICRO_USER_DETACH	_IO(0xbd, 5)	/* no argument */

/* Limits */
#define MICRO_USER_RINGS	64	/* micro_user_attach.rings */
#define MICRO_USER_ENTRIES	256	/* micro_user_attach.entries */
#define MICRO_USER_STATE	32	/* bytes of state that the kernel keeps for a file */
#define MICRO_USER_NAME		64	/* a device's name, with the 0 at its end */

/* micro_user_attach.flags */
#define MICRO_USER_TAKEOVER	0x01	/* if another process serves, take its place */

/* micro_user_attach.operations: which the devices have, from "operations" */
#define MICRO_USER_OP_OPEN	0x01
#define MICRO_USER_OP_RELEASE	0x02
#define MICRO_USER_OP_READ	0x04
#define MICRO_USER_OP_WRITE	0x08
#define MICRO_USER_OP_IOCTL	0x10
#define MICRO_USER_OP_LLSEEK	0x20
#define MICRO_USER_OP_POLL	0x40	/* and SIGIO; the kernel answers it */

/**
 * struct micro_user_attach - MICRO_USER_ATTACH: serve the devices of this driver
 * @size: sizeof(struct micro_user_attach)
 * @version: MICRO_USER_VERSION
 * @flags: MICRO_USER_TAKEOVER or 0
 * @rings: how many threads will call MICRO_USER_NEXT, 1 to MICRO_USER_RINGS; 0: as 1
 * @entries: records that a ring has room for, 1 to MICRO_USER_ENTRIES; 0: as 32.
 *	The kernel writes the number that it uses
 * @ring_size: written: bytes of one ring to map
 * @ring_offset: written: where ring 0 is in the node's mappings (mmap's offset); ring
 *	n is at @ring_offset + n * @ring_size
 * @data_size: written: the most bytes that one request carries (property "data-size")
 * @depth: written: requests that one device may have with the server at a time
 * @memory_size: written: property "memory-size"
 * @operations: written: MICRO_USER_OP_*
 * @session: written: 1 for the first server since the driver was made, 2 for the next ...
 * @reserved: 0
 */
struct micro_user_attach {
	__u32 size;
	__u32 version;
	__u32 flags;
	__u32 rings;
	__u32 entries;
	__u32 ring_size;
	__u64 ring_offset;
	__u32 data_size;
	__u32 depth;
	__u64 memory_size;
	__u32 operations;
	__u32 session;
	__u64 reserved[4];
};

/*
 * Record types. One whose id is not 0 is a request: it is answered, once, with a
 * struct micro_user_reply. One whose id is 0 is a notice: it is not answered.
 */
enum micro_user_type {
	MICRO_USER_PROBE	= 1,	/* request: a device exists; u.probe */
	MICRO_USER_REMOVE	= 2,	/* notice: the device was removed; unmap its memory */
	MICRO_USER_RESTORE	= 3,	/* request: an open file of an earlier server; u.restore */
	MICRO_USER_OPEN		= 4,	/* request, or notice if "open" is "post" */
	MICRO_USER_RELEASE	= 5,	/* request, or notice if "release" is "post" */
	MICRO_USER_READ		= 6,	/* request; u.rw */
	MICRO_USER_WRITE	= 7,	/* request; u.rw */
	MICRO_USER_IOCTL	= 8,	/* request; u.ioctl */
	MICRO_USER_LLSEEK	= 9,	/* request; u.llseek */
	MICRO_USER_UNDELIVERED	= 10,	/* notice: a client did not get an answer; u.undelivered */
	/* Types that a program does not know: a request is answered with -EOPNOTSUPP */
};

/* micro_user_record.flags */
#define MICRO_USER_COMPAT	0x01	/* the client is a 32-bit program */

/**
 * struct micro_user_record - what the kernel tells the server
 * @size: sizeof(struct micro_user_record) of the kernel; also the distance from one
 *	record of a ring to the next
 * @type: enum micro_user_type
 * @flags: MICRO_USER_COMPAT
 * @id: of the request, never reused while the driver exists; 0: a notice. A request
 *	that is delivered again has the same id
 * @slot: its slot; copy it into the reply
 * @attempt: 0, or how many servers were lost while they had this request
 * @file: which open file, 0 if none; the same for each server. Never reused
 * @cookie: what the server stored for the file, 0 at first
 * @instance: which device, from MICRO_USER_PROBE; the same for each server
 * @open_flags: O_* of the open file, at the moment
 * @seq: number of the driver's last notification when this was delivered
 * @data: where the payload of the request is, in bytes from the start of the
 *	device's payload area (micro_user_record.u.probe)
 * @count: READ: bytes wanted; WRITE: bytes at @data; IOCTL: bytes at @data: those of the
 *	client if the command has _IOC_WRITE, else zeros
 * @room: bytes at @data that the answer may have. They are zeros, unless they are
 *	those of @count
 * @pid: the client's process, as the server's pid namespace sees it; 0: it is not in that
 * @uid: its effective user at the time of the call, as the server's user namespace sees it;
 *	in notices and RESTORE: of the process that opened the file
 * @gid: likewise
 * @reserved: 0
 * @u: by type
 * @u.rw.pos: the file's position, or that of pread(2) ...; the kernel moves the file's
 *	by what the answer says
 * @u.llseek: as lseek(2); the answer is the new position
 * @u.ioctl.cmd: the command
 * @u.ioctl.arg: the argument if the command has no bytes (_IOC_SIZE is 0), else 0
 * @u.undelivered.id: the request whose client was killed, or whose device was unplugged,
 *	before the answer came, or whose client gave a bad address and got a part of it
 * @u.undelivered.type: the type of that request. After an OPEN no RELEASE follows
 * @u.undelivered.result: the answer: 0 or more, as errors need not be delivered
 * @u.undelivered.taken: bytes of it that the client has
 * @u.restore.state: what the server stored for the file, zeros at first
 * @u.probe.name: of the device
 * @u.probe.data_offset: its payload area in the node's mappings (mmap's offset)
 * @u.probe.data_size: bytes of it
 * @u.probe.memory_offset: likewise its memory; 0 bytes: it has none
 * @u.probe.memory_size: property "memory-size"
 */
struct micro_user_record {
	__u32 size;
	__u16 type;
	__u16 flags;
	__u64 id;
	__u32 slot;
	__u32 attempt;
	__u64 file;
	__u64 cookie;
	__u32 instance;
	__u32 open_flags;
	__u64 seq;
	__u32 data;
	__u32 count;
	__u32 room;
	__s32 pid;
	__u32 uid;
	__u32 gid;
	__u64 reserved;
	union {
		struct {
			__s64 pos;
		} rw;
		struct {
			__s64 offset;
			__u32 whence;
			__u32 reserved;
		} llseek;
		struct {
			__u32 cmd;
			__u32 reserved;
			__u64 arg;
		} ioctl;
		struct {
			__u64 id;
			__u32 type;
			__u32 reserved;
			__s64 result;
			__s64 taken;
		} undelivered;
		struct {
			__u8 state[MICRO_USER_STATE];
		} restore;
		struct {
			char name[MICRO_USER_NAME];
			__u64 data_offset;
			__u64 data_size;
			__u64 memory_offset;
			__u64 memory_size;
		} probe;
	} u;
};

/* micro_user_reply.flags */
#define MICRO_USER_COOKIE	0x01	/* store @cookie for the file */
#define MICRO_USER_SAVED	0x02	/* store @state for the file */

/**
 * struct micro_user_reply - an answer
 * @size: sizeof(struct micro_user_reply)
 * @flags: MICRO_USER_COOKIE, MICRO_USER_SAVED
 * @id: from the record
 * @slot: from the record
 * @events: with -EAGAIN: EPOLL* of which one ends the wait. 0: EPOLLIN for READ,
 *	EPOLLOUT for WRITE, while for all others the client gets the error
 * @result: by type: READ, WRITE: bytes, at most micro_user_record.count, or -errno; IOCTL:
 *	0 to INT_MAX or -errno; LLSEEK: the position or -errno; else 0 or -errno. Any
 *	other result becomes -EIO
 * @cookie: of the server's own
 * @state: likewise
 *
 * @cookie and @state are stored together with the answer: if the server is lost the
 * next one has either both or none.
 */
struct micro_user_reply {
	__u32 size;
	__u32 flags;
	__u64 id;
	__u32 slot;
	__u32 events;
	__s64 result;
	__u64 cookie;
	__u8 state[MICRO_USER_STATE];
};

/**
 * struct micro_user_notify - MICRO_USER_NOTIFY: what can be done without waiting
 * @size: sizeof(struct micro_user_notify)
 * @flags: 0
 * @file: for this open file, micro_user_record.file; 0: for all of @instance
 * @instance: the device, if @file is 0
 * @events: EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDNORM, EPOLLRDBAND,
 *	EPOLLWRNORM, EPOLLWRBAND, EPOLLRDHUP: what poll(2) answers from now on. For a
 *	file, the kernel uses the newer one: that of the file or of its device
 * @seq: written: the number of this notification
 */
struct micro_user_notify {
	__u32 size;
	__u32 flags;
	__u64 file;
	__u32 instance;
	__u32 events;
	__u64 seq;
};

/**
 * struct micro_user_next - MICRO_USER_NEXT: answer, notify, and wait for more
 * @size: sizeof(struct micro_user_next)
 * @flags: 0
 * @ring: which ring the records go to, 0 to micro_user_attach.rings - 1. A ring is used by
 *	one thread at a time, else EBUSY
 * @max: records wanted, at most micro_user_attach.entries; 0: none, do not wait
 * @nr_replies: answers, at most MICRO_USER_ENTRIES
 * @nr_notifies: notifications, at most MICRO_USER_ENTRIES. They are done after the answers
 * @replies: address of the first struct micro_user_reply; they are micro_user_reply.size
 *	bytes apart
 * @notifies: likewise of struct micro_user_notify; seq is not written to them
 * @reserved: 0
 *
 * The return value is the number of records, which are in the ring from its start.
 */
struct micro_user_next {
	__u32 size;
	__u32 flags;
	__u32 ring;
	__u32 max;
	__u32 nr_replies;
	__u32 nr_notifies;
	__u64 replies;
	__u64 notifies;
	__u64 reserved[2];
};

/**
 * struct micro_user_save - MICRO_USER_SAVE: store cookie or state at another time
 * @size: sizeof(struct micro_user_save)
 * @flags: MICRO_USER_COOKIE, MICRO_USER_SAVED
 * @file: the open file
 * @cookie: see struct micro_user_reply
 * @state: likewise
 */
struct micro_user_save {
	__u32 size;
	__u32 flags;
	__u64 file;
	__u64 cookie;
	__u8 state[MICRO_USER_STATE];
};

#endif /* _MICRO_USER_H */

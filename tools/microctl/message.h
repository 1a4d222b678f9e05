/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages, and the exit status that goes with them
 *
 * Copyright (C) 2026 The microkernel authors
 */
#ifndef _MICROCTL_MESSAGE_H
#define _MICROCTL_MESSAGE_H

/**
 * enum status - exit status, as the manual page has it
 * @STATUS_OK: all is as it was asked for
 * @STATUS_NO: the answer is no, or a device could not be made so
 * @STATUS_USAGE: the command line is wrong
 * @STATUS_INPUT: a file is wrong, or cannot be expressed; nothing was touched
 * @STATUS_SYSTEM: the system is not ready: no configfs, no module, no permission
 * @STATUS_LOCKED: another microctl is at work, and we were not to wait
 * @STATUS_SIGNAL: plus the number of the signal that ended the run early
 */
enum status {
	STATUS_OK = 0,
	STATUS_NO = 1,
	STATUS_USAGE = 2,
	STATUS_INPUT = 3,
	STATUS_SYSTEM = 4,
	STATUS_LOCKED = 5,
	STATUS_SIGNAL = 128,
};

/**
 * struct place - where a device, or a part of it, is declared
 * @file: as the user named it; NULL for what does not come from a file
 * @path: of the node, or the device's name if there is no @file
 */
struct place {
	const char *file;
	const char *path;
};

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_at(const struct place *at, const char *property, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void die(enum status status, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#endif /* _MICROCTL_MESSAGE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open files between open(2), close(2) and unplug, for spin
 *
 * README.md says what is modelled, what is proven and what is not; ./run has the
 * configurations and the mutants.
 *
 * Conventions
 *   - One Promela statement, d_step or atomic is one step of one CPU. What is
 *     accessed without the binding's mutex (f->active, f->state by close(), b->busy,
 *     wait queues, references) has a step of its own. A critical
 *     section with at most one such access is one step, lock and unlock included:
 *     nobody could tell the difference.
 *   - b, f and t number bindings, open files and tasks; a set of them is a byte, one
 *     bit for each. The inlines are named after the functions of src/core without
 *     "micro_", and work on the b, f and t of the process that uses them.
 *   - "Ghosts" exist only to state properties.
 *   - MUTANT_x breaks one thing. Each mutant must be caught.
 *   - An option that begins with another if has no else anywhere: spin merges the
 *     two, and would take the else for one of both.
 */

#ifndef NF
#define NF	3			/* openers, one open file each */
#endif
#ifdef REBIND
#define NB	2			/* bindings of the device, one after the other */
#else
#define NB	1
#endif

#define NONE	7			/* no binding */
#define REVOKED	128			/* the sign bit of f->active */
#define REVOKER	7			/* the task that revokes, on b->wq */

#define BIT(n)		(1 << (n))
#define IN(set, n)	(((set) >> (n)) & 1)
#define ADD(set, n)	set = set | BIT(n)
#define DEL(set, n)	set = set & ~BIT(n)

/*
 * The properties. Each is a constant, 0: an assertion that fails prints its text,
 * and with it the name of the property.
 */
#define MUST(property, e)	assert((e) || property)

hidden byte P_no_call_after_remove;	/* no operation begins after remove() has begun */
hidden byte P_none_inside_remove;	/* and none is inside when it begins */
hidden byte P_nothing_after_unload;	/* nothing of the driver is called or read after that */
hidden byte P_rebind_isolated;		/* a file reaches only the binding that opened it */
hidden byte P_release_once;		/* one release() for each successful open(), no other */
hidden byte P_release_alone;		/* with no other operation of that file inside */
hidden byte P_released_by_remove;	/* before remove() begins */
hidden byte P_module_held;		/* rmmod is refused while the driver has a file open */
hidden byte P_no_use_after_free;	/* of an open file or a binding */
hidden byte P_no_forwarder_left;	/* on a driver's queue that is freed, or of a freed file */
hidden byte P_no_mapping_left;		/* of what release() or remove() frees */
hidden byte P_sleepers_woken;		/* nobody sleeps for ever on a revoked file */
hidden byte P_events_wake;		/* nobody sleeps while there is what it waits for */
hidden byte P_unplug_ends;		/* the revoker comes to an end */
hidden byte P_close_ends;		/* so does everybody else: no deadlock */
hidden byte P_nothing_leaked;		/* then all counts are 0 and all memory is freed */

/* struct micro_binding */
byte published = 0;			/* what the minor finds */
byte bref[NB];				/* references */
byte bfreed;				/* set: b is freed */
byte mtx;				/* set: b->lock is held */
byte revoked;				/* set: b->revoked */
short busy[NB];				/* b->busy */
byte files[NB];				/* b->files */
byte bwq[NB];				/* b->wq: who sleeps there: closers, and the revoker */

/* struct micro_file */
byte act[NF];				/* f->active.count */
short owed[NF];				/* f->active.owed */
byte fb[NF];				/* f->binding, for ever */
byte alive;				/* set: f is allocated */
byte st_open, st_releasing;		/* sets: f->state; in neither: released */
byte wq[NF];				/* f->wq */
#ifdef POLL
byte plock;				/* set: f->poller->lock is held */
byte known, known2;			/* sets: f->poller->forward for the first and second queue */
byte hooked[NF], hooked2[NF];		/* entries of f that really are on those queues */
#endif
#ifdef MMAP
byte noted;				/* set: f->mmaps is not empty */
byte mm;				/* set: the mmap lock of the process is held for writing */
byte linked;				/* set: a zap finds the mapping of f */
byte pte;				/* set: a page of the driver is mapped through f */
#endif

/* tasks: a sleeping one is in here until a wake-up takes it out */
byte asleep;

/* the device, the driver, its module */
byte devlock;
byte bound = 0;				/* mi->binding */
byte registered = 1;			/* on the bus */
#define MOD_LIVE	0
#define MOD_GOING	1
#define MOD_GONE	2
byte module = MOD_LIVE;
byte modref;
byte data;				/* set: an instance has data for a reader */
byte unplugged;				/* set: unplug() was called */
byte drvq[NB];				/* the instance's queue, which operations wait on */
byte ownq[NB];				/* another one, which unplug() wakes */

/* openers that are alike come in the order of their numbers */
byte started;
#ifdef THREAD
#define TURN	(f < 2 || IN(started, f - 1))
#else
#define TURN	(f < 1 || IN(started, f - 1))
#endif

/* the VFS, for file 0, which two threads use */
byte fd_open, fd_gone;			/* sets: open(2) has returned it; it was closed, or never came */
byte users[NF];				/* references of system calls in the other thread */

/* ghosts */
byte inside[NB];			/* calls inside the driver, of each instance */
byte ops[NF];				/* operations inside the driver, of each file */
byte opened, released;			/* sets: open() succeeded, release() has begun */
byte removed;				/* set: remove() has begun */
byte unloaded;				/* set: the binding's driver is unregistered or unloaded */
byte unplugs;				/* revokers at work */
byte running;				/* tasks that have not finished */
byte unplug_begun;

#define B_OK(b)		MUST(P_no_use_after_free, !IN(bfreed, b))
#define F_OK(f)		MUST(P_no_use_after_free, IN(alive, f))
#define DRV_OK(b)	MUST(P_nothing_after_unload, !IN(unloaded, b))

/* -------- the machine -------- */

/* a critical section begins with LOCKED, in a d_step or atomic */
#define LOCKED	!IN(mtx, b) -> B_OK(b)

inline lock()
{
	d_step { LOCKED; ADD(mtx, b) }
}

inline unlock()
{
	atomic { B_OK(b); DEL(mtx, b) }
}

#define WAKE(queue)	asleep = asleep & ~(queue)

/* -------- calls into the driver -------- */

inline call_begin()
{
	DRV_OK(b);
	MUST(P_no_call_after_remove, !IN(removed, b));
	MUST(P_rebind_isolated, fb[f] == b);
	F_OK(f);
	inside[b]++
}

/* drv->release(), whoever calls it */
inline drv_release()
{
	d_step {
		call_begin();
		MUST(P_release_alone, ops[f] == 0);
		MUST(P_release_once, IN(opened, f) && !IN(released, f));
		ADD(released, f);
#ifdef POLL
		MUST(P_no_forwarder_left, hooked2[f] == 0);
#endif
#ifdef MMAP
		MUST(P_no_mapping_left, !IN(pte, f));
#endif
	};
	d_step { F_OK(f); inside[b]-- }
}

/* drv->remove(), drv->exit() */
inline drv_remove()
{
	d_step {
		DRV_OK(b);
		MUST(P_none_inside_remove, inside[b] == 0);
		ADD(removed, b);
		for (g : 0 .. NF - 1) {
			MUST(P_released_by_remove,
			     !(IN(opened, g) && fb[g] == b) || IN(released, g));
#ifdef POLL
			MUST(P_no_forwarder_left, fb[g] != b || hooked[g] == 0);
#endif
#ifdef MMAP
			MUST(P_no_mapping_left, fb[g] != b || !IN(pte, g));
#endif
		};
		g = 0
	};
	DRV_OK(b)
}

inline module_put()
{
	d_step { DRV_OK(b); modref-- }
}

/* -------- binding.c, what files use -------- */

inline binding_put()
{
	d_step {
		B_OK(b);
		bref[b]--;
		if :: bref[b] == 0 -> ADD(bfreed, b) :: else fi
	}
}

inline binding_left()
{
	if
#ifdef MUTANT_LEFT_IN_TWO
	:: tmp = busy[b];
		d_step { busy[b] = tmp - 1; tmp = 0 }
#else
	:: d_step { busy[b] != 1 -> B_OK(b); busy[b]-- }
	:: d_step { busy[b] == 1 -> B_OK(b); busy[b]-- };
#endif
#ifdef MUTANT_PUT_BEFORE_WAKE
		binding_put();
#endif
#ifndef MUTANT_REVOKER_NOT_WOKEN
		d_step { B_OK(b); bwq[b] = 0 };		/* wake_up() */
#endif
#ifdef MUTANT_PUT_BEFORE_WAKE
		bref[b]++				/* for the one that follows */
#else
		skip
#endif
	fi
}

/* -------- file.c and active.h: enter, the driver is called, leave -------- */

#ifdef MUTANT_BY_DEVICE
#define LIVE_FILE	(bound != NONE && !IN(revoked, bound))
#else
#ifdef MUTANT_ENTER_UNCHECKED
#define LIVE_FILE	(true)
#else
#define LIVE_FILE	((act[f] & REVOKED) == 0)
#endif
#endif

/*
 * active_leave(). Of a revoked file the number in act[f] is of no account any more, so
 * its two atomics are one step.
 */
#define LIVE_LEAVE	!(act[f] & REVOKED) -> F_OK(f); act[f]--
#ifdef MUTANT_ANY_IS_LAST
#define OTHER_LEAVE	false
#define LAST_LEAVE	act[f] & REVOKED -> F_OK(f)
#else
#define OTHER_LEAVE	(act[f] & REVOKED) && owed[f] != 1 -> F_OK(f); owed[f]--
#define LAST_LEAVE	(act[f] & REVOKED) && owed[f] == 1 -> F_OK(f); owed[f]--
#endif

inline file_enter()
{
	d_step {
		LIVE_FILE ->
			F_OK(f);
			act[f]++;
#ifdef MUTANT_BY_DEVICE
			b = bound;
#endif
			call_begin();
			ops[f]++
	}
}

/*
 * Who comes too late counts itself in and out again. Nobody can tell: once the sign is
 * set, only the sign is looked at.
 */
inline file_enter_fails()
{
#ifdef MUTANT_LATE_DELAYS
	d_step { !LIVE_FILE -> F_OK(f); act[f]++ };
	act[f]--
#else
	d_step { !LIVE_FILE -> F_OK(f) }
#endif
#ifdef MUTANT_LATE_IS_OWED
	;
	if
	:: d_step { OTHER_LEAVE }
	:: d_step { LAST_LEAVE }; binding_left()
	fi
#endif
}

/* open() itself, and whoever has entered, returns */
#define RETURN	F_OK(f); inside[b]--; ops[f]--

inline file_leave()
{
	if
	:: d_step { LIVE_LEAVE; RETURN }
	:: d_step { OTHER_LEAVE; RETURN }
	:: d_step { LAST_LEAVE; RETURN }; binding_left()
	fi
}

/* off the list, and then out */
inline file_detach()
{
#ifdef MUTANT_LEAVE_BEFORE_UNLIST
	if
	:: d_step { LIVE_LEAVE }
	:: d_step { OTHER_LEAVE }
	:: d_step { LAST_LEAVE }; binding_left()
	fi;
	d_step { LOCKED; DEL(files[b], f) }
#else
#ifndef MUTANT_DETACH_LISTED
#define UNLIST	!IN(mtx, b) -> B_OK(b); DEL(files[b], f)
#else
#define UNLIST	true
#endif
	/*
	 * One step: off the list, nobody else looks at act[f] and owed[f]. Nor is there an
	 * OTHER_LEAVE: we are alone, and a revoker that has found us has unlocked since.
	 */
	if
	:: d_step { !(act[f] & REVOKED) && UNLIST; F_OK(f); act[f]-- }
	:: d_step { (act[f] & REVOKED) && owed[f] == 1 && UNLIST; F_OK(f); owed[f]-- };
		binding_left()
	fi
#endif
}

#ifdef SLEEP
#define END_WAIT	F_OK(f); DEL(wq[f], t); DEL(drvq[b], t); DEL(asleep, t)

/* wait.c: micro_wait_event_interruptible(filp, drvq, data) */
inline wait_event()
{
#ifdef MUTANT_WAIT_PREPARED_TWICE
	do
	:: d_step { ADD(drvq[b], t); ADD(asleep, t) };
		d_step { F_OK(f); ADD(wq[f], t); ADD(asleep, t) };
#else
	ADD(drvq[b], t);
	d_step { F_OK(f); ADD(wq[f], t) };
	do
	::
#ifdef MUTANT_CHECK_BEFORE_PREPARE
		!(act[f] & REVOKED);
#endif
		ADD(asleep, t);			/* set_current_state() */
#endif
		if
#ifndef MUTANT_CHECK_BEFORE_PREPARE
		:: d_step { act[f] & REVOKED -> END_WAIT }; break
		:: !(act[f] & REVOKED) ->
#else
		:: true ->
#endif
			if
#ifdef DATA
			:: d_step { IN(data, b) -> DEL(data, b); END_WAIT }; break
#endif
			:: !IN(data, b) -> !IN(asleep, t)	/* schedule() */
			fi
		fi
#ifdef MUTANT_CHECK_BEFORE_PREPARE
	:: d_step { act[f] & REVOKED -> END_WAIT }; break
#endif
	od
}

/* a driver that sleeps elsewhere, and wakes its sleepers in unplug() */
inline wait_unplug()
{
	do
	:: d_step { ADD(ownq[b], t); ADD(asleep, t) };
		if
		:: d_step { IN(unplugged, b) -> DEL(ownq[b], t); DEL(asleep, t) }; break
		:: !IN(unplugged, b) -> !IN(asleep, t)
		fi
	od
}
#endif

/* read, write, ioctl ...: file_call() */
inline file_call()
{
	if
	:: file_enter_fails()			/* -ENODEV */
	:: file_enter();
#ifdef SLEEP
		if
		:: true
		:: wait_event()
		:: wait_unplug()
		fi;
#endif
		file_leave()
	fi
}

#ifdef POLL
/*
 * poll.c: a forwarder of f on a queue, unless there is one. That is seen without
 * the lock, so it is said last.
 */
inline forward_hang(set, count)
{
	if
#if defined(THREAD) || defined(DATA)		/* else nobody is second */
	:: IN(set, f)
#endif
#ifdef MUTANT_HANG_UNLOCKED
	:: !IN(set, f) -> count++; ADD(set, f)
#else
#ifdef MUTANT_HANG_SAID_FIRST
	:: d_step { !IN(set, f) && !IN(plock, f) -> F_OK(f); ADD(plock, f); ADD(set, f) };
		d_step { count++; DEL(plock, f) }
#else
	:: d_step { !IN(set, f) && !IN(plock, f) -> F_OK(f); ADD(plock, f); count++ };
		d_step { ADD(set, f); DEL(plock, f) }
#endif
#endif
	fi
}

/* poll(2) without a timeout, and file_poll() in it, of a driver with a queue or two */
inline file_poll()
{
#ifndef MUTANT_POLL_WAIT_LATE
	d_step { F_OK(f); ADD(asleep, t); ADD(wq[f], t) };
#endif
	do
	:: file_enter_fails() -> break		/* EPOLLHUP | EPOLLERR */
	:: file_enter();
		forward_hang(known, hooked[f]);
		if :: true :: forward_hang(known2, hooked2[f]) fi;
		if
#ifdef DATA
		:: IN(data, b) -> file_leave(); break
#endif
		:: !IN(data, b) -> file_leave()
		fi;
#ifdef MUTANT_POLL_WAIT_LATE
		d_step { F_OK(f); ADD(asleep, t); ADD(wq[f], t) };
#endif
		d_step { !IN(asleep, t) -> ADD(asleep, t) }	/* schedule() */
	od;
	atomic { F_OK(f); DEL(wq[f], t); DEL(asleep, t) }
}
#endif

/* poll.c: off the driver's queues; one forwarder for each that f knows of */
#ifdef POLL
inline file_unforward()
{
	d_step {
		F_OK(f);
		if :: IN(known, f) -> DEL(known, f); hooked[f]-- :: else fi;
		if :: IN(known2, f) -> DEL(known2, f); hooked2[f]-- :: else fi
	}
}
#endif

#ifdef MMAP
/* vma.c: a touch of a page that is not there */
inline vma_fault()
{
	if
	:: file_enter_fails()			/* SIGBUS */
	:: file_enter();
#ifdef MUTANT_INSERT_AFTER_LEAVE
		file_leave();
		ADD(pte, f)
#else
		ADD(pte, f);
		file_leave()
#endif
	fi
}

/* vma.c: mmap(2), of a driver that enters pages in mmap() already */
inline file_mmap()
{
	d_step { !IN(mm, f) -> ADD(mm, f) };
	if
	:: file_enter_fails() -> DEL(mm, f)	/* -ENODEV */
	:: file_enter();
		ADD(pte, f);
#ifndef MUTANT_MMAP_NOT_NOTED
		d_step { LOCKED; ADD(noted, f) };
#endif
		file_leave();
		ADD(linked, f);			/* mmap_region() */
		DEL(mm, f)
	fi
}
#endif

/* a system call of task t on the open file f */
inline syscall()
{
	if
	:: file_call()
#ifdef POLL
	:: file_poll()
#endif
#ifdef MMAP
	:: file_mmap()
	:: IN(linked, f) -> vma_fault()
#endif
	fi
}

#ifdef LIVE
/* system calls without an end, whatever they return, or with one */
#define USE	do :: syscall() :: break od

/* the unplug ends nevertheless; checked under weak fairness */
ltl unplug_ends { <> (unplugs == 0 && IN(removed, 0)) }
#else
#define USE	syscall()
#endif

/* -------- a process that opens the device, uses and closes it -------- */

/* the driver's part of the end of a file */
inline file_release_driver()
{
#ifdef RMMOD
#ifdef MUTANT_MODULE_PUT_EARLY
	module_put();
#endif
#endif
#ifdef POLL
#ifndef MUTANT_NOT_UNFORWARDED
	file_unforward();
#endif
#endif
	drv_release()
#ifdef RMMOD
#ifndef MUTANT_MODULE_PUT_EARLY
	; module_put()
#endif
#endif
}

/* the rest of file_release() for a revoked file: file_claim(), or wait */
inline file_release_revoked()
{
	if
	:: d_step {
		!IN(mtx, b) && IN(st_open, f) ->
			B_OK(b);
#ifndef MUTANT_UNCLAIMED
			DEL(st_open, f); ADD(st_releasing, f);
			DEL(files[b], f);
#endif
#ifndef MUTANT_CLOSER_NOT_BUSY
			busy[b]++
#endif
	   };
		file_release_driver();
#ifdef MUTANT_CLOSER_WAKES_NOBODY
		busy[b]--
#else
#ifndef MUTANT_CLOSER_NOT_BUSY
		binding_left()
#endif
#endif
	:: d_step { !IN(mtx, b) && !IN(st_open, f) -> B_OK(b) };
#ifndef MUTANT_CLOSER_DOES_NOT_WAIT
		do
		:: ADD(bwq[b], f);
			if
			:: d_step { !IN(st_releasing, f) -> DEL(bwq[b], f) }; break
			:: IN(st_releasing, f) -> !IN(bwq[b], f)	/* schedule() */
			fi
		od
#endif
	fi
}

proctype Opener(byte f)
{
	byte t = f, b;
#ifdef MUTANT_LEFT_IN_TWO
	short tmp;
#endif

	/* binding_find() */
	atomic {
		TURN -> b = published;
		started = started | (BIT(f) & (BIT(NF - 1) - 1));
		if :: b == NONE -> goto nofile :: else fi
	};
	if
#ifdef MUTANT_GET_ALWAYS
	:: bref[b]++
#else
	:: d_step { bref[b] != 0 -> bref[b]++ }
	:: bref[b] == 0 -> goto nofile
#endif
	fi;

	/* file_open(): file_attach() */
#ifdef MUTANT_ATTACH_UNCHECKED
#define ATTACHES	(module == MOD_LIVE)
#else
#define ATTACHES	(!IN(revoked, b) && module == MOD_LIVE)
#endif
	if
	:: d_step { !IN(mtx, b) && !ATTACHES -> B_OK(b) };
		goto put
	:: d_step {
		!IN(mtx, b) && ATTACHES ->
			B_OK(b);
#ifdef RMMOD
			modref++;
#endif
			ADD(alive, f);
			ADD(st_open, f);
			fb[f] = b;
#ifndef MUTANT_OPEN_UNCOUNTED
			act[f] = 1;
#endif
#ifndef MUTANT_LISTED_LATE
			ADD(files[b], f)
#endif
	   }
	fi;

	/* drv->open() */
	d_step { call_begin(); ops[f]++ };
#ifdef SLEEP
	if :: true :: wait_event() fi;
#endif
	if
	:: ADD(opened, f)
	:: d_step { RETURN }; goto failed
	fi;
#ifdef MUTANT_LISTED_LATE
	d_step { LOCKED; ADD(files[b], f) };
#endif
#ifdef MUTANT_OPEN_UNCOUNTED
	d_step { RETURN };
#else
	file_leave();
#endif

	/* open(2) has returned */
#ifdef THREAD
	if :: f == 0 -> ADD(fd_open, f) :: else fi;
#endif
	if
	:: true
	:: USE
	fi;

	/* close(2), or whatever is the last to use the file */
#ifdef THREAD
	if
	:: f == 0 ->
		d_step { DEL(fd_open, f); ADD(fd_gone, f) };
		users[f] == 0
	:: else
	fi;
#endif
#ifdef MMAP
	d_step { DEL(linked, f); DEL(pte, f) };	/* munmap */
#endif

	/* file_release() */
	if
#ifdef MUTANT_CLOSER_UNCOUNTED
	:: !(act[f] & REVOKED);
		file_release_driver();
		d_step { LOCKED; DEL(files[b], f) }
#else
	:: d_step { !(act[f] & REVOKED) -> F_OK(f); act[f]++ };
		file_release_driver();
#ifdef MUTANT_CLOSER_LEAVES_QUIETLY
		d_step { LOCKED; DEL(files[b], f) };
		act[f]--
#else
		file_detach()
#endif
#endif
	:: d_step { act[f] & REVOKED -> F_OK(f) };
		file_release_revoked()
	fi;
	goto free;

failed:	/* of open() */
#ifdef MUTANT_MODULE_PUT_LATE
	file_detach();
	module_put();
#else
#ifdef RMMOD
#ifndef MUTANT_FAILED_OPEN_KEEPS_MODULE
	module_put();
#endif
#endif
	file_detach();
#endif
free:
	atomic {
		F_OK(f);
#ifdef POLL
		MUST(P_no_forwarder_left, hooked[f] == 0 && hooked2[f] == 0);
#endif
		MUST(P_no_use_after_free, wq[f] == 0);
		DEL(alive, f);
		DEL(st_open, f);
#ifdef MMAP
		DEL(noted, f);
#endif
		act[f] = 0
	};
put:
	skip;
	binding_put();
nofile:
	atomic { ADD(fd_gone, f); running-- }
}

#ifdef THREAD
/* another thread of the process that has f open */
proctype Thread(byte f; byte t)
{
	byte b;
#ifdef MUTANT_LEFT_IN_TWO
	short tmp;
#endif

	if
	:: d_step { IN(fd_open, f) -> users[f]++; b = fb[f] };
		USE;
		users[f]--
	:: IN(fd_gone, f)
	fi;
	running--
}
#endif

/* -------- binding.c: the end of a binding -------- */

/* f = any of the set; spin tries each, so the order of lists is of no account */
inline pick(set)
{
	if
	:: IN(set, 0) -> f = 0
#if NF > 1
	:: IN(set, 1) -> f = 1
#endif
#if NF > 2
	:: IN(set, 2) -> f = 2
#endif
	fi
}

/* who polls and who sleeps, exclusive waiters too */
inline file_unplug()
{
#ifdef MUTANT_WAKE_ONE
	d_step { F_OK(f); WAKE(wq[f] & (256 - wq[f])) }
#else
	d_step { F_OK(f); WAKE(wq[f]) }
#endif
}

inline active_revoke()
{
	if
	:: d_step { act[f] == 0 -> F_OK(f); act[f] = REVOKED }
#ifndef MUTANT_WAIT_THEN_REVOKE
	:: d_step { act[f] != 0 -> F_OK(f); found = act[f]; act[f] = REVOKED };
		d_step {
			owed[f] = owed[f] + found;
#ifdef MUTANT_ALL_GONE_MISSED
			found = 1
#else
			found = owed[f]
#endif
		};
#ifndef MUTANT_MARK_NOT_BUSY
		if
		:: d_step { found != 0 -> found = 0; busy[b]++ }
		:: found == 0
		fi
#else
		found = 0
#endif
#endif
	fi
}

inline binding_mark()
{
#ifdef MUTANT_MARK_UNLOCKED
	d_step { LOCKED; ADD(revoked, b); todo = files[b] };
#else
	d_step { LOCKED; ADD(mtx, b); ADD(revoked, b); todo = files[b] };
#endif
	do
	:: atomic { todo != 0 -> pick(todo); DEL(todo, f) };
#ifdef MUTANT_WAKE_BEFORE_REVOKE
		file_unplug();
		active_revoke()
#else
		active_revoke();
		file_unplug()
#endif
	:: atomic { todo == 0 -> f = 0 }; break
	od;
#ifndef MUTANT_MARK_UNLOCKED
	unlock()
#endif
}

inline drv_unplug()
{
	d_step { ADD(unplugged, b); WAKE(ownq[b]) }
}

inline binding_drain()
{
#ifdef MUTANT_LATE_DELAYS
	act[0] == REVOKED || act[0] == 0;
#endif
	do
	:: ADD(bwq[b], REVOKER);
		if
		:: d_step { busy[b] == 0 -> DEL(bwq[b], REVOKER) }; break
		:: busy[b] != 0 -> !IN(bwq[b], REVOKER)	/* schedule() */
		fi
	od
}

#ifdef MMAP
inline binding_zap()
{
	d_step { LOCKED; todo = noted & files[b]; noted = noted & ~files[b] };
	do
	:: atomic { todo != 0 -> pick(todo); DEL(todo, f) };
		!IN(mm, f)			/* mmap_read_lock(), unlock */
	:: atomic { todo == 0 -> f = 0 }; break
	od;
	atomic { LOCKED; pte = pte & ~(linked & files[b]) }
}
#endif

#ifdef MUTANT_RELEASED_EARLY
#define RELEASING
#else
#define RELEASING	ADD(st_releasing, f)
#endif

inline binding_release_files()
{
	lock();
	do
	:: atomic {
		files[b] != 0 ->
			pick(files[b]);
			F_OK(f);
			DEL(files[b], f);
			DEL(st_open, f);
			DEL(mtx, b);
			RELEASING
	   };
		file_release_driver();
		d_step { LOCKED; F_OK(f); ADD(mtx, b); DEL(st_releasing, f) };
#ifndef MUTANT_CLOSER_NOT_WOKEN
		d_step { B_OK(b); bwq[b] = 0 };
#endif
#ifdef MUTANT_TOUCHED_AFTER_RELEASED
		F_OK(f);
#endif
	:: d_step { files[b] == 0 -> DEL(mtx, b); f = 0 }; break
	od
}

/* binding_revoke(), and the rest of bus_remove() */
inline bus_remove()
{
	d_step { published = NONE; unplugs++ };
	binding_mark();
#ifndef MUTANT_UNPLUG_AFTER_DRAIN
	drv_unplug();
#endif
#ifdef MUTANT_ZAP_BEFORE_DRAIN
	binding_zap();
#endif
#ifndef MUTANT_RELEASE_BEFORE_DRAIN
	binding_drain();
#endif
#ifdef MUTANT_UNPLUG_AFTER_DRAIN
	drv_unplug();
#endif
#ifdef MMAP
#ifndef MUTANT_ZAP_BEFORE_DRAIN
	binding_zap();
#endif
#endif
#ifdef MUTANT_REMOVE_BEFORE_RELEASE
	drv_remove();
	binding_release_files();
	binding_drain();
#else
	binding_release_files();
#ifndef MUTANT_ONE_DRAIN
	binding_drain();
#endif
	drv_remove();
#endif
	binding_put();
	unplugs--
}

/*
 * UNPLUG: rmdir, live=0, sysfs unbind, micro_destroy_device(). With REBIND it binds
 * the device again, once, and unplugs that too.
 * DRIVER: the driver goes: rmmod, if nobody holds the module; or it is unregistered
 * by code that stays. With REBIND it comes back.
 */
#define UNPLUG	0
#define DRIVER	1
proctype Admin(byte job)
{
	byte b, f, g, todo, found;

#ifdef IDLE
	/* unplug only when nobody else can move */
	timeout;
	d_step {
		unplug_begun = 1;
		for (f : 0 .. NF - 1) {
			MUST(P_events_wake, !IN(data, 0) || (asleep & (wq[f] | drvq[0])) == 0)
		};
		f = 0
	};
#endif
	if
	:: job == UNPLUG
#ifdef RMMOD
	:: atomic {
		job == DRIVER && module == MOD_LIVE && modref == 0 ->
			MUST(P_module_held, (opened & ~released) == 0);
			module = MOD_GOING
	   }
	:: job == DRIVER
	:: job == DRIVER -> goto out		/* not today */
#endif
	fi;
	do
	:: atomic {
		!devlock ->
			devlock = 1;
#ifdef RMMOD
			if :: job == DRIVER -> registered = 0 :: else fi;
#endif
			b = bound
	   };
		if
		:: b != NONE ->
#ifdef MUTANT_DEVICE_UNLOCKED_EARLY
			bound = NONE;
			devlock = 0;
			bus_remove()
#else
			bus_remove();
			bound = NONE;
			devlock = 0
#endif
#ifdef RMMOD
		:: b == NONE -> devlock = 0
#endif
		fi;
#ifdef REBIND
		atomic {
			!devlock ->
			if
			:: job == UNPLUG && registered && bound == NONE && !IN(revoked, 1) ->
				bref[1] = 1; bound = 1; published = 1
			:: else -> break
			fi
		}
#else
		break
#endif
	od;
#ifdef RMMOD
	if
	:: job == DRIVER ->
		atomic {
			if :: module == MOD_GOING -> module = MOD_GONE :: else fi;
			unloaded = revoked
		};
#ifdef REBIND
		atomic { module = MOD_LIVE; registered = 1 }
#endif
	:: else
	fi;
#endif
out:
	running--
}

#ifdef DATA
/* an interrupt, or DATA of them: data arrives, and the driver wakes its queue */
proctype Interrupt()
{
	byte f, n;

	do
	:: d_step {
		n < DATA && !IN(removed, 0) ->
			n++;
			ADD(data, 0);
			WAKE(drvq[0]);
#ifdef MUTANT_WAIT_PREPARED_TWICE
			drvq[0] = 0;		/* autoremove_wake_function() */
#endif
#ifdef POLL
			for (f : 0 .. NF - 1) {
				if
				:: hooked[f] != 0 ->	/* forward_wake() */
					F_OK(f);
					WAKE(wq[f])
				:: else
				fi
			};
#endif
			f = 0
	   }
	:: atomic { n == DATA || IN(removed, 0) -> n = 0 }; break
	od;
	running--
}
#endif

/* what must hold once nobody can move */
proctype Watch()
{
	byte f;

#ifdef IDLE
	timeout && unplug_begun;
#else
	timeout;
#endif
	d_step {
		for (f : 0 .. NF - 1) {
			MUST(P_sleepers_woken, !(act[f] & REVOKED) || (wq[f] & asleep) == 0)
		};
		MUST(P_unplug_ends, unplugs == 0);
		MUST(P_close_ends, running == 0);
		MUST(P_release_once, opened == released);
		for (f : 0 .. NB - 1) {
			MUST(P_nothing_leaked, bref[f] == 0 && busy[f] == 0 && files[f] == 0)
		};
		MUST(P_nothing_leaked, alive == 0 && modref == 0)
	}
}

init {
	byte f;

	atomic {
		bref[0] = 1;
		for (f : 0 .. NF - 1) {
			run Opener(f);
			running++
		};
		f = 0;
#ifdef THREAD
		run Thread(0, NF); running++;
#endif
		run Admin(UNPLUG); running++;
#ifdef RMMOD
		run Admin(DRIVER); running++;
#endif
#ifdef DATA
		run Interrupt(); running++;
#endif
		run Watch()
	}
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who hands over to whom: front ends that wait no longer than they like, the worker
 * that does their jobs, and others who bind and unbind. What happens to open files is
 * in revoke.pml; here they are one operation that may be inside. See README.md.
 *
 * Copyright (C) 2026 The microkernel authors
 */

/* spin prints the text of an assertion that fails, and so the property's name */
#define MUST(property, e)	assert((e) || property)

hidden byte P_answer_heard;	/* an answer goes to who waits for that very job, or to nobody */
hidden byte P_handed_over;	/* what was handed over is done, whoever gave up or was killed */
hidden byte P_buried_once;	/* a device is removed once */
hidden byte P_instance_alive;	/* no use after free of an instance */
hidden byte P_name_taken;	/* a name is free only when nothing of its device is left */
hidden byte P_revoked_once;	/* one party revokes a binding, and calls unplug() */
hidden byte P_publish_over;	/* and not while it is still being published */
hidden byte P_drained_first;	/* remove() comes after the drain, whoever drained */
hidden byte P_doomed_unbound;	/* no driver binds a device that is to go */
hidden byte P_wait_ends;	/* nobody waits for ever, if operations end */

#ifndef NW
#define NW	1		/* writers to live */
#endif
#define NOBODY	255

mtype = { none, make, live_on, live_off, bury };

mtype job = none;		/* micro_instance.job */
byte waiter = NOBODY;		/* .waiter: whose note it is */
bit doomed, buried;
bit queued;			/* the work item */
bit live = 1;
byte refs = 1;			/* of the struct device */
bit freed;
bit name = 1;			/* in the table of names */
bit added = 1;			/* device_add() to device_del() */
byte burials;

bit noted[NW + 1];		/* the note is on the stack of who waits */
bit done[NW + 1];		/* micro_job_waiter.done */
mtype result[NW + 1];
bit made;			/* mkdir is over */
byte stores;			/* writes that are at work: configfs has rmdir wait for them */

bit devlock;
bit driver;			/* micro_device.driver */
bit binding, ending;		/* micro_instance.binding, .ending */
bit published, revoked, drained;
bit inside;			/* an operation of an open file */
byte running;

#define ALIVE	MUST(P_instance_alive, !freed)

inline put()
{
	d_step {
		ALIVE;
		refs--;
		if
		:: refs == 0 -> freed = 1
		:: else
		fi
	}
}

/* what the driver core does for device_attach(), a new driver, sysfs */
inline bind()
{
	atomic { !devlock -> devlock = 1 };
	if
	:: atomic {
#ifdef MUTANT_DOOMED_UNCHECKED
		added && live && !driver ->
#else
		added && live && !doomed && !driver ->
#endif
			MUST(P_doomed_unbound, !doomed);
			driver = 1;
			revoked = 0;
			drained = 0;
			published = 0
	   };
	   binding = 1;			/* the status says so before there is a node */
	   published = 1		/* micro_binding_publish() */
	:: else
	fi;
	devlock = 0
}

/* micro_instance_revoke() */
inline revoke()
{
#ifdef MUTANT_TAKE_IN_TWO
	first = binding && published;
	atomic {
		waits = !first && ending;
		if
		:: first -> binding = 0; ending = 1
		:: else
		fi
	};
#else
	atomic {
#ifdef MUTANT_UNPUBLISHED_TAKEN
		first = binding;
#else
		first = binding && published;
#endif
		waits = !first && ending;
		if
		:: first -> binding = 0; ending = 1
		:: else
		fi
	};
#endif
	if
	:: first ->
		atomic {
			MUST(P_publish_over, published);
			MUST(P_revoked_once, !revoked);
			revoked = 1
		};
		!inside;		/* the drain */
#ifndef MUTANT_DRAIN_NOT_SAID
		drained = 1
#endif
	:: else ->
		if
#ifdef MUTANT_SECOND_GOES_ON
		:: waits
#else
		:: waits -> drained
#endif
		:: else
		fi
	fi
}

/* device_release_driver(): micro_bus_remove() */
inline release_driver()
{
	atomic { !devlock -> devlock = 1 };
	if
	:: driver ->
		revoke();
		atomic {
			MUST(P_drained_first, revoked && !inside);
			driver = 0;
			ending = 0
		}
	:: else
	fi;
	devlock = 0
}

/* micro_job_start(): the reference is taken with the claim */
#ifdef MUTANT_WORKER_UNCOUNTED
#define HAND_OVER	queued = 1
#define WORKER_PUT	skip
#else
#define HAND_OVER	refs++; queued = 1
#define WORKER_PUT	put()
#endif

proctype Worker()
{
	mtype at;
	bit first, waits;

	do
	:: queued ->
		atomic { queued = 0; at = job };
		do
		:: at != none ->
			if
			:: at == make -> bind()
			:: at == live_on -> live = 1; bind()
			:: at == live_off ->
				live = 0;
				revoke();
				release_driver()
			:: at == bury ->
				atomic { burials++; MUST(P_buried_once, burials == 1) };
				revoke();
				/* device_del() */
				release_driver();
				added = 0;
				atomic { name = 0; MUST(P_name_taken, !driver && !added) };
				put()
			fi;
			/* micro_job_end() */
			atomic {
				ALIVE;
				if
				:: waiter != NOBODY ->
					MUST(P_answer_heard, noted[waiter]);
					result[waiter] = at;
					done[waiter] = 1;
					waiter = NOBODY
				:: else
				fi;
				if
				:: at == bury -> buried = 1; at = none
#if defined(MUTANT_BURIED_AGAIN)
				:: doomed -> at = bury
				:: at != bury && !doomed -> at = none
#elif !defined(MUTANT_DOOM_OVERLOOKED)
				:: at != bury && doomed -> at = bury
				:: at != bury && !doomed -> at = none
#else
				:: at != bury -> at = none
#endif
				fi;
				job = at
			}
		:: else -> break
		od;
		ALIVE;				/* wake_up_all() */
		WORKER_PUT
	:: atomic { buried && !queued -> break }
	od
}

/* micro_job_run(), by a process that may be impatient, or killed, at any time */
inline job_run(me, what)
{
	if
	:: atomic {
		job == none ->
			ALIVE;
			job = what;
			noted[me] = 1;
			done[me] = 0;
			waiter = me;
			HAND_OVER
	   };
	   if
	   :: done[me]
	   :: true				/* gives up */
	   fi;
	   atomic {
		ALIVE;
		if
		:: done[me] -> MUST(P_answer_heard, result[me] == what)
		:: else ->
#ifdef MUTANT_NOTE_LEFT
			skip
#else
			waiter = NOBODY
#endif
		fi;
		noted[me] = 0
	   }
	:: true					/* EBUSY, EINTR */
	fi
}

/* who writes to live */
proctype Writer(byte me)
{
	/* not before mkdir is over, nor after rmdir has begun */
	made;
	if
	:: atomic { !doomed -> stores++ };
	   if
	   :: job_run(me, live_off)
	   :: job_run(me, live_on)
	   fi;
	   stores--
	:: doomed
	fi;
	running--
}

/* mkdir, and later rmdir */
proctype Maker()
{
	bit claimed;

	job_run(0, make);
	made = 1;
#ifdef MUTANT_DOOM_IN_TWO
	atomic { stores == 0 -> refs++; claimed = (job == none) };
	atomic {
		doomed = 1;
		if
		:: claimed -> job = bury; HAND_OVER
		:: else
		fi
	};
#else
	atomic {
		stores == 0 ->
			ALIVE;
#ifndef MUTANT_RMDIR_UNCOUNTED
			refs++;
#endif
			doomed = 1;
			if
			:: job == none -> job = bury; HAND_OVER
			:: else
			fi
	};
#endif
#ifdef MUTANT_NAME_FREE_EARLY
	atomic { name = 0; MUST(P_name_taken, !driver && !added) };
#endif
	if
	:: atomic { buried -> ALIVE }
	:: atomic { true -> ALIVE }		/* gives up */
	fi;
#ifndef MUTANT_RMDIR_UNCOUNTED
	put();
#endif
	running--
}

/* sysfs unbind and bind, a driver that goes and comes */
proctype Other()
{
	bit first, waits;

	release_driver();
	bind();
	release_driver();
	running--
}

/* it ends at last; until then it may stay inside */
proctype Operation()
{
	byte n;

	do
	:: atomic { n < 2 && binding && !revoked && !inside -> inside = 1; n++ };
	   inside = 0
	:: break
	od;
	running--
}

proctype Watch()
{
	timeout;
	d_step {
		MUST(P_wait_ends, running == 0);
		MUST(P_handed_over, buried && job == none && !queued);
		MUST(P_instance_alive, freed && refs == 0);
		MUST(P_name_taken, !name);
		MUST(P_doomed_unbound, !driver && !binding && !ending)
	}
}

init {
	byte w;

	atomic {
		running = 3 + NW;
		run Worker();
		run Maker();
		for (w : 1 .. NW) {
			run Writer(w)
		};
		run Other();
		run Operation();
		run Watch()
	}
}

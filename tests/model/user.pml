/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests of clients, and the servers that come and go, for spin
 *
 * README.md says what is modelled, what is proven and what is not; ./run has the
 * configurations and the mutants. Conventions as in revoke.pml. What src/user does under
 * mu_driver.lock is one step; the inlines are named after its functions without "mu_".
 */

#ifndef NC
#define NC	2			/* clients, each with one operation */
#endif
#ifndef NS
#define NS	2			/* slots of the device */
#endif
#ifndef NSERVER
#define NSERVER	2			/* servers, one after the other */
#endif

#define NONE	7
#define BIT(n)		(1 << (n))
#define IN(set, n)	(((set) >> (n)) & 1)
#define ADD(set, n)	set = set | BIT(n)
#define DEL(set, n)	set = set & ~BIT(n)

/* enum mu_slot_state */
#define FREE		0
#define CLIENT		1
#define QUEUED		2
#define SERVED		3
#define ORPHAN		4
#define UNDELIVERED	5

/* what came of an operation */
#define ANSWER		1
#define NOT_NOW		2

#define MUST(property, e)	assert((e) || property)

hidden byte P_ends_once;		/* a request has one answer, which was given to it */
hidden byte P_no_dead_answer;		/* by a server that has not ended */
hidden byte P_no_dead_delivery;		/* nothing is delivered to a server that was killed */
hidden byte P_clients_end;		/* nobody waits for a server that has ended, or for none */
hidden byte P_killed_end;		/* whoever is killed leaves, whatever the server does */
hidden byte P_events_wake;		/* nobody sleeps after "not now" while there is an event */
hidden byte P_slots_back;		/* each slot is free when nobody uses it */
hidden byte P_server_woken;		/* no server sleeps while there is something for it */
hidden byte P_unplug_ends;		/* without a step of any process */
hidden byte P_nothing_after_remove;	/* no request is delivered after the device's REMOVE */
hidden byte P_release_last;		/* nothing of a file comes after its RELEASE, nor is in hand */
hidden byte P_remove_last;		/* the same with a device and its REMOVE */
hidden byte P_nothing_done;		/* who is interrupted has a request that no server had */
hidden byte P_one_serves;		/* at a time */
hidden byte P_notices_done;		/* a server takes over when the old one has done its notices */
hidden byte P_gone_told;		/* when the driver goes, its clients hear that, not of a lost server */
hidden byte P_session_over;		/* when the driver has gone, no session is left */
hidden byte P_payload_whole;		/* no lost server can write to what a client gives the next one */

/* struct mu_slot */
byte state[NS];
byte owner[NS];				/* slot->req */
byte sid[NS];				/* slot->id */
/* struct mu_request */
byte slot[NC];
byte settled, again, failed, waits;	/* sets of clients; waits: in inst->waiters */
byte tried;				/* clients with req->attempt */
byte result[NC];
byte rid[NC];				/* req->id */
byte rseq[NC];				/* req->seq */
/* struct mu_instance */
chan queue = [NS] of { byte };
chan waiters = [NC] of { byte };
byte ids;
/* struct mu_driver */
byte sess;				/* ud->session; 0: none */
bit serving, leaving;
byte outstanding;
bit idle;				/* the server's thread sleeps, and nobody woke it */
bit removes;				/* REMOVE is in inst->posts */
#ifdef TAKEOVER
bit noticing;				/* mu_session.noticing */
#define NOTICE		noticing = 1
#define NOTICES_LOST	noticing = 0
/* mu_batch(): the server asks for its next record */
#define NOTICED(k)	atomic { if :: sess == k -> noticing = 0 :: sess != k fi }
#else
#define NOTICE		skip
#define NOTICES_LOST	skip
#define NOTICED(k)
#endif
#ifdef CLOSES
#define POST_UNDELIVERED 0
#define POST_RELEASE	1
#define POST_REMOVE	2
chan posts = [NS + NC + 1] of { byte, byte };	/* all of these, and the slot or client */
byte closed;				/* file->closed: clients whose RELEASE is still to come */
byte file[NS];				/* slot->file */
#endif
bit going;				/* the server node is being unbound */
#ifdef PAYLOADS
byte ending;				/* mu_driver.map_sem is held by who ends this session */
byte mapped;				/* servers that have the slots mapped */
byte exposed;				/* slots that a lost server can write to, or could */
#endif
/* mu_file_events(), and when it was notified */
bit events;
byte stamp, seq;

/* the core: of the device, and of the server node */
bit revoked;
byte inside;
bit node_revoked;
byte node_inside;
/* signals */
byte signalled, killed;

/* ghosts */
byte hung;				/* servers that will not take another step */
byte ended;				/* servers whose sessions are over */
byte done;				/* clients that are */
byte sleeping;				/* clients that are asleep until an event */
bit due;				/* an event that nobody was told is over */
bit removed, told_removed, unplug_begun, unplugged;
byte answered;				/* clients whose request was answered */
byte taken;				/* clients whose request a server had, who may have done it */
#ifdef CLOSES
byte told_released;			/* clients whose RELEASE a server took */
#endif
bit released;				/* the core has released the server's file */
#ifdef PAYLOADS
byte writers[NC];			/* servers that could write to the slot since its client filled it */
#endif

inline wake_server()
{
#ifndef MUTANT_POST_WAKES_NOBODY
	idle = 0
#else
	skip
#endif
}

inline slot_free(n)
{
	owner[n] = NONE;
	if
	:: nempty(waiters) ->
		waiters?w;
		DEL(waits, w);
		state[n] = CLIENT; owner[n] = w; slot[w] = n; ADD(settled, w)
	:: empty(waiters) -> state[n] = FREE
	fi
}

/* The lost server may still write to this slot */
#if defined(PAYLOADS) && !defined(MUTANT_NONE_EXPOSED)
#define EXPOSE(n)	ADD(exposed, n)
#else
#define EXPOSE(n)	skip
#endif

#ifdef CLOSES
#define ORPHAN_OF(n, c)	(state[n] == ORPHAN && file[n] == c)
#define HAS_ORPHAN(c)	(ORPHAN_OF(0, c) || ORPHAN_OF(NS - 1, c))
#define ANY_ORPHAN	(state[0] == ORPHAN || state[NS - 1] == ORPHAN)

inline post(kind, n)
{
	posts!kind,n;
	wake_server()
}

/* mu_file_drop() */
inline file_drop(c)
{
	if
	:: sess != 0 ->
		ADD(closed, c);
#ifndef MUTANT_RELEASE_AT_ONCE
		if
		:: !HAS_ORPHAN(c) -> post(POST_RELEASE, c)
		:: HAS_ORPHAN(c)
		fi
#else
		post(POST_RELEASE, c)
#endif
	:: sess == 0
	fi
}

/* mu_reply_nobody(), of slot n */
inline reply_nobody(n)
{
	if
	:: slot_free(n)
	:: state[n] = UNDELIVERED; post(POST_UNDELIVERED, n)
	fi;
	if
	:: IN(closed, file[n]) && !HAS_ORPHAN(file[n]) -> post(POST_RELEASE, file[n])
	:: !(IN(closed, file[n]) && !HAS_ORPHAN(file[n]))
	fi;
	if
	:: removed && !ANY_ORPHAN -> post(POST_REMOVE, 0)
	:: !(removed && !ANY_ORPHAN)
	fi
}

/* mu_take_post() */
inline take_post()
{
	posts?w,i;
	MUST(P_remove_last, !told_removed);
	if
	:: w == POST_UNDELIVERED ->
		MUST(P_release_last, !IN(told_released, file[i]));
		slot_free(i)
	:: w == POST_RELEASE ->
		MUST(P_release_last, !HAS_ORPHAN(i));
		DEL(closed, i);
		ADD(told_released, i)
	:: w == POST_REMOVE ->
		MUST(P_remove_last, !ANY_ORPHAN);
		told_removed = 1
	fi;
	w = 0; i = 0
}

#define FILE_OF(n, c)	file[n] = c
#define NO_NOTICE	empty(posts)
#else
#define FILE_OF(n, c)	skip
#define NO_NOTICE	(!removes && state[0] != UNDELIVERED && state[NS - 1] != UNDELIVERED)
#endif

/* mu_request_lost() */
inline request_lost(n)
{
	w = owner[n];
	state[n] = CLIENT;
	/* whether "again" has the operation; ENODEV, in any case, when the driver goes */
	if
	:: !going -> ADD(again, w); ADD(tried, w)
	:: ADD(failed, w);
		MUST(P_gone_told, going || !released)
	fi;
	ADD(settled, w)
}

inline session_end(k)
{
#ifdef PAYLOADS
	ending == 0;
#endif
	if
	:: sess == k ->
#ifdef PAYLOADS
		ending = k;
#endif
		sess = 0; serving = 0; leaving = 0; idle = 0; removes = 0; NOTICES_LOST;
#ifdef CLOSES
		closed = 0;
		do
		:: nempty(posts) -> posts?w,n
		:: empty(posts) -> break
		od;
#endif
		ADD(ended, k);
		for (n : 0 .. NS - 1) {
#ifndef MUTANT_FREE_UNEXPOSED
			EXPOSE(n);
#else
			if
			:: state[n] == FREE || state[n] == CLIENT
			:: else -> EXPOSE(n)
			fi;
#endif
			if
			:: state[n] == QUEUED ->
#ifndef MUTANT_QUEUED_FORGOTTEN
				w = owner[n]; queue??eval(n);
				state[n] = CLIENT; ADD(again, w); ADD(settled, w)
#else
				queue??eval(n)
#endif
			:: state[n] == SERVED ->
#ifndef MUTANT_SERVED_FORGOTTEN
				request_lost(n)
#else
				skip
#endif
			:: state[n] == ORPHAN || state[n] == UNDELIVERED ->
#ifndef MUTANT_ORPHAN_OF_DEAD
				slot_free(n)
#else
				skip
#endif
			:: state[n] == FREE || state[n] == CLIENT
			fi
		};
		n = 0;
		outstanding = 0
	:: sess != k
	fi
}

#ifdef MUTANT_ANSWER_OF_DEAD
#define OF_LIVING(k)	true
#else
#define OF_LIVING(k)	(sess == k)
#endif
#ifdef MUTANT_ID_UNCHECKED
#define OF_ID(n, i)	true
#else
#define OF_ID(n, i)	(sid[n] == i)
#endif

/* mu_file_not_now() */
#ifdef MUTANT_NOT_NOW_WINS
#define OUTDATED	false
#else
#define OUTDATED	(stamp > rseq[w])
#endif

inline not_now()
{
	if
	:: OUTDATED
	:: !OUTDATED ->
		events = 0;
		due = due && stamp > rseq[w]
	fi
}

/* mu_reply(): of server k, for slot n, request i, with what */
inline reply(k, n, i, what)
{
	if
	:: OF_LIVING(k) && (state[n] == SERVED || state[n] == ORPHAN) && OF_ID(n, i) ->
		MUST(P_no_dead_answer, sess == k);
		if
		:: state[n] == SERVED ->
			w = owner[n];
			MUST(P_ends_once, rid[w] == i && !IN(answered, w));
			state[n] = CLIENT;
			result[w] = what;
			if
			:: what == ANSWER -> ADD(answered, w)
			:: what == NOT_NOW ->
				not_now()
			fi;
			ADD(settled, w)
		:: state[n] == ORPHAN ->
#ifdef CLOSES
			reply_nobody(n)
#else
#ifndef MUTANT_ORPHAN_KEPT
			if
			:: slot_free(n)
			:: state[n] = UNDELIVERED; wake_server()
			fi
#else
			skip
#endif
#endif
		fi;
		outstanding = outstanding - (outstanding > 0 -> 1 : 0)
	:: else
	fi
}

inline leave(what)
{
	if
	:: slot[c] != NONE -> slot_free(slot[c]); slot[c] = NONE
	:: slot[c] == NONE
	fi;
#ifdef CLOSES
	file_drop(c);
#endif
	inside--;
	ADD(done, c)
}

proctype Client(byte c)
{
	byte w, n, i;

	/* mu_request_begin() */
begin:	atomic {
		if
		:: revoked -> leave(0); goto out
		:: !revoked
		fi;
		DEL(settled, c); DEL(again, c); DEL(failed, c); DEL(tried, c); DEL(taken, c);
		ids++; rid[c] = ids;
		n = 0;
		do
		:: n < NS && state[n] != FREE -> n++
		:: n == NS || state[n] == FREE -> break
		od;
		if
		:: n < NS -> state[n] = CLIENT; owner[n] = c; slot[c] = n
		:: n == NS -> slot[c] = NONE; waiters!c; ADD(waits, c)
		fi;
		n = 0
	};
	if
	:: atomic { slot[c] != NONE && !IN(settled, c) }
	:: atomic { IN(settled, c) && slot[c] != NONE }
	:: atomic { IN(failed, c) -> leave(0); goto out }
	:: atomic { revoked || IN(signalled | killed, c) ->
		if
		:: IN(waits, c) -> waiters??eval(c); DEL(waits, c)
		:: !IN(waits, c)
		fi;
#ifdef MUTANT_HANDED_TO_LEAVER
		slot[c] = NONE;
#endif
		leave(0); goto out }
	fi;

	/* mu_request_fill() is between the locks; mu_request_submit() */
submit:
#ifdef PAYLOADS
	atomic {
		if
#ifndef MUTANT_FILLED_WHILE_MAPPED
		:: IN(exposed, slot[c]) -> ending == 0; DEL(exposed, slot[c])
#else
		:: IN(exposed, slot[c]) -> DEL(exposed, slot[c])
#endif
		:: !IN(exposed, slot[c])
		fi;
		writers[c] = mapped
	};
#ifndef MUTANT_SUBMIT_UNCHECKED
	if
	:: atomic { IN(exposed, slot[c]) -> goto submit }
	:: atomic { !IN(exposed, slot[c]) ->
		/* no server that has ended, of those that could write */
#else
	if
	:: atomic { true ->
#endif
		MUST(P_payload_whole, (writers[c] & ~BIT(sess)) == 0);
#else
	atomic {
#endif
		DEL(settled, c); DEL(again, c);
		n = slot[c];
		sid[n] = rid[c];
		state[n] = QUEUED;
		queue!n;
		n = 0;
		wake_server()
	}
#ifdef PAYLOADS
	fi
#endif
	;
	/* mu_request_wait() */
	do
	:: atomic { IN(settled, c) -> break }
#ifndef MUTANT_UNPLUG_UNSEEN
	:: atomic { revoked && !IN(settled, c) ->
#else
	:: atomic { revoked && !IN(settled, c) && state[slot[c]] == QUEUED ->
#endif
		if
		:: state[slot[c]] == QUEUED -> queue??eval(slot[c])
		:: state[slot[c]] == SERVED ->
			n = slot[c]; state[n] = ORPHAN; owner[n] = NONE; FILE_OF(n, c);
			slot[c] = NONE; n = 0
		fi;
		leave(0); goto out }
	/* mu_request_take_back(): not if a lost server had it */
#ifndef MUTANT_SIGNAL_TAKES_LOST
	:: atomic { IN(signalled, c) && !IN(settled, c) && state[slot[c]] == QUEUED && !IN(tried, c) ->
#else
	:: atomic { IN(signalled, c) && !IN(settled, c) && state[slot[c]] == QUEUED ->
#endif
		MUST(P_nothing_done, !IN(taken, c));
		queue??eval(slot[c]);
		leave(0); goto out }
#ifndef MUTANT_KILL_WAITS
	:: atomic { IN(killed, c) && !IN(settled, c) && state[slot[c]] == SERVED ->
		n = slot[c]; state[n] = ORPHAN; owner[n] = NONE; FILE_OF(n, c); slot[c] = NONE; n = 0;
		leave(0); goto out }
#endif
	:: atomic { IN(killed, c) && !IN(settled, c) && state[slot[c]] == QUEUED ->
		queue??eval(slot[c]);
		leave(0); goto out }
	od;
	if
	:: atomic { IN(failed, c) -> leave(0); goto out }
	:: atomic { !IN(failed, c) && IN(again, c) -> goto submit }
	:: atomic { !IN(failed, c) && !IN(again, c) && result[c] == ANSWER ->
		MUST(P_ends_once, IN(answered, c));
		leave(0); goto out }
	:: atomic { !IN(failed, c) && !IN(again, c) && result[c] == NOT_NOW ->
		slot_free(slot[c]); slot[c] = NONE; result[c] = 0 }
	fi;
	/* micro_wait_event_mode() on the file's queue: to be on it comes before the look */
#ifndef MUTANT_LOOK_BEFORE_QUEUE
	atomic { ADD(sleeping, c) };
	if
	:: atomic { events -> DEL(sleeping, c); goto begin }
#else
	if
	:: atomic { events -> goto begin }
	:: atomic { !events -> skip }
	:: atomic { revoked || IN(signalled | killed, c) -> leave(0); goto out }
	fi;
	ADD(sleeping, c);
	if
	:: atomic { !IN(sleeping, c) -> goto begin }
#endif
	:: atomic { revoked || IN(signalled | killed, c) -> DEL(sleeping, c); leave(0); goto out }
	fi;
out:	skip
}

proctype Server(byte k)
{
	byte w, n, i, hand, old, dying;
	byte had[NS];

	/* attach; TAKEOVER: also while another serves */
	if
#ifdef MUTANT_ATTACH_TWICE
	:: skip
#else
	:: atomic { sess == 0 && IN(ended, k - 1) -> skip }
#endif
#ifdef TAKEOVER
	:: atomic { sess == k - 1 && sess != 0 && !leaving -> leaving = 1; idle = 0 };
		if
#ifndef MUTANT_NOTICES_FORGOTTEN
		:: atomic { sess == k - 1 && outstanding == 0 && !noticing -> session_end(k - 1) }
#else
		:: atomic { sess == k - 1 && outstanding == 0 ->
			MUST(P_notices_done, !noticing); session_end(k - 1) }
#endif
		:: atomic { sess != k - 1 }
		fi
#endif
	fi;
#ifdef GOING
	/* an operation of the server node: the core lets none in that comes too late */
	if
	:: atomic { node_revoked -> goto dead }
#ifndef MUTANT_ATTACH_UNCOUNTED
	:: atomic { !node_revoked && sess == 0 -> node_inside++ }
#else
	:: atomic { !node_revoked && sess == 0 }
#endif
	fi;
#endif
	/* whoever was first */
#ifndef MUTANT_ATTACH_TWICE
	atomic { sess == 0 ->
#else
	atomic {
#endif
		node_inside = 0;
		MUST(P_one_serves, sess == 0); sess = k; serving = 0; leaving = 0; idle = 0 };
#ifdef PAYLOADS
	/* mu_map_begin() */
	atomic { ending == 0 ->
		if
		:: sess == k ->
			ADD(mapped, k);
			for (n : 0 .. NC - 1) {
				ADD(writers[n], k)
			};
			n = 0
		:: sess != k
		fi };
#endif
	/* PROBE and RESTORE, READY */
	if
	:: atomic { sess == k -> serving = 1 }
	:: atomic { sess == k -> session_end(k); goto dead }
	:: atomic { sess != k -> goto late }
	fi;
	do
	/* mu_take() */
	:: atomic { sess == k && !leaving && serving && nempty(queue) ->
		queue?n;
		MUST(P_nothing_after_remove, !told_removed);
		MUST(P_no_dead_delivery, !dying);
		state[n] = SERVED; old = had[n]; had[n] = sid[n]; ADD(hand, n);
		rseq[owner[n]] = seq;
		ADD(taken, owner[n]);
		outstanding++;
		n = 0 }
#ifdef CLOSES
	:: atomic { sess == k && !leaving && nempty(posts) -> take_post() }
#else
	:: atomic { sess == k && !leaving && removes ->
		removes = 0; told_removed = 1 }
	:: atomic { sess == k && !leaving && state[0] == UNDELIVERED -> slot_free(0); NOTICE };
		NOTICED(k)
#if NS > 1
	:: atomic { sess == k && !leaving && state[1] == UNDELIVERED -> slot_free(1) }
#endif
#endif
	/* mu_sleep() */
	:: atomic { sess == k && !leaving && empty(queue) && NO_NOTICE && hand == 0 ->
		idle = 1 };
		if
		:: atomic { !idle -> skip }
#if defined(DEATHS) && !defined(IDLE)
		/* killed asleep; much may happen until it runs */
		:: atomic { sess == k -> dying = 1 };
#ifndef MUTANT_KILLED_TAKES
			/* mu_session_killed() */
			if
			:: atomic { sess == k -> session_end(k); goto dead }
			:: atomic { sess != k -> goto dead }
			fi
#endif
#endif
		fi
	/* answers: right, "not now", to something else, a second time */
	:: atomic { IN(hand, 0) -> DEL(hand, 0); reply(k, 0, had[0], ANSWER) }
	:: atomic { IN(hand, 0) -> DEL(hand, 0); reply(k, 0, had[0], NOT_NOW) }
#ifdef LIES
	:: atomic { had[0] -> reply(k, 0, had[0], ANSWER) }
	:: atomic { old -> reply(k, 0, old, ANSWER) }
#endif
#if NS > 1
	:: atomic { IN(hand, 1) -> DEL(hand, 1); reply(k, 1, had[1], ANSWER) }
	:: atomic { IN(hand, 1) -> DEL(hand, 1); reply(k, 1, had[1], NOT_NOW) }
#endif
#ifdef DEATHS
	:: atomic { sess == k -> session_end(k); goto dead }
#endif
#ifdef HANGS
	:: atomic { sess == k -> ADD(hung, k); goto hangs }
#endif
	:: atomic { sess != k || leaving && hand == 0 -> goto late }
	od;
hangs:	/* and comes to life again, with answers, after its end */
	atomic { IN(ended, k) };
late:	if
	:: atomic { hand == 0 -> skip }
	:: atomic { IN(hand, 0) -> reply(k, 0, had[0], ANSWER) }
#if NS > 1
	:: atomic { IN(hand, 1) -> reply(k, 1, had[1], ANSWER) }
#endif
	fi;
	if
	:: atomic { sess == k && !leaving -> session_end(k) }
	:: atomic { sess != k || leaving }
	fi;
dead:	atomic { ADD(ended, k) }
}

/* A slot whose queued request a lost server had, or the last one */
#if NS > 1
#define QUEUED_TRIED	(state[0] == QUEUED && IN(tried, owner[0]) -> 0 : NS - 1)
#else
#define QUEUED_TRIED	0
#endif

/* mu_watchdog() */
proctype Watchdog()
{
	byte w, n, k;

end:	do
#if !defined(NO_ANSWER_LIMIT) && !defined(MUTANT_HANG_UNSEEN)
	:: atomic { sess != 0 && IN(hung, sess) && (outstanding > 0 || nempty(queue) || leaving) ->
		k = sess; session_end(k); k = 0 }
#endif
#ifndef MUTANT_NO_GRACE
	/* mu_expire_all() */
	:: atomic { !serving && (nempty(queue) || nempty(waiters)) ->
		do
		:: nempty(queue) ->
			queue?n; w = owner[n]; state[n] = CLIENT; ADD(failed, w); ADD(settled, w)
		:: nempty(waiters) ->
			waiters?w; DEL(waits, w); ADD(failed, w); ADD(settled, w)
		:: empty(queue) && empty(waiters) -> break
		od;
		n = 0 }
	/* also while somebody serves: one that a lost server had, which no signal takes back */
	:: atomic { serving && state[QUEUED_TRIED] == QUEUED && IN(tried, owner[QUEUED_TRIED]) ->
		n = QUEUED_TRIED; queue??eval(n); w = owner[n];
		state[n] = CLIENT; ADD(failed, w); ADD(settled, w); n = 0 }
#endif
	od
}

/* MICRO_USER_NOTIFY, of any server */
proctype Notifier()
{
	byte n;

	do
	:: atomic { n < EVENTS ->
		n++; seq++; stamp = seq; events = 1; due = 1;
		sleeping = 0 }
	:: atomic { n == EVENTS || revoked -> break }
	od
}

#ifdef PAYLOADS
/* The rest of mu_session_end(), in whatever thread: mu_unmap_all(), up_write() */
proctype Unmap()
{
end:	do
	:: atomic { ending != 0 -> DEL(mapped, ending); ending = 0 }
	od
}
#endif

#ifdef SIGNALS
proctype Signals()
{
	if
	:: atomic { ADD(signalled, 0) }
	:: atomic { ADD(killed, 0) }
	fi
}
#endif

proctype Unplug()
{
	byte w, n, k;

#ifdef IDLE
	timeout;
	/* nobody can move, and the server lives */
	d_step {
		MUST(P_killed_end, (killed & done) == killed);
		MUST(P_events_wake, sleeping == 0 || !due);
		MUST(P_server_woken, sess == 0 || IN(hung, sess) || !serving ||
		     (empty(queue) && NO_NOTICE));
		MUST(P_slots_back, sess == 0 || IN(hung, sess) ||
		     (state[0] == FREE && state[NS - 1] == FREE));
#ifndef NO_ANSWER_LIMIT
		MUST(P_clients_end, done == BIT(NC) - 1 || sleeping)
#endif
	};
#endif
	unplug_begun = 1;
#ifdef GOING
	/* the server node is unbound: the core's part, mu_driver_unplug(), mu_server_release() */
	atomic { node_revoked = 1 };
#ifndef MUTANT_GOING_UNSAID
	atomic { going = 1 };
#endif
	atomic { node_inside == 0 };
	atomic {
		released = 1; k = sess;
		if
		:: k != 0 -> session_end(k)
		:: k == 0
		fi
	};
	/* mu_driver_remove() unregisters the driver, which unplugs its devices */
#endif
#ifdef MUTANT_REMOVE_FIRST
	atomic { sess != 0 -> removes = 1; idle = 0 };
#endif
	/* the core's part; then wait until nobody is inside */
	atomic { revoked = 1; sleeping = 0 };
	atomic { inside == 0 };
	/* mu_instance_remove() */
	atomic {
		MUST(P_slots_back, owner[0] == NONE && owner[NS - 1] == NONE);
		removed = 1;
#ifdef CLOSES
		if
#ifndef MUTANT_REMOVE_AT_ONCE
		:: sess != 0 && !ANY_ORPHAN -> post(POST_REMOVE, 0)
		:: sess == 0 || ANY_ORPHAN
#else
		:: sess != 0 -> post(POST_REMOVE, 0)
		:: sess == 0
#endif
		fi;
#elif !defined(MUTANT_REMOVE_FIRST)
		if
		:: sess != 0 -> removes = 1; idle = 0
		:: sess == 0
		fi;
#endif
		MUST(P_session_over, !released || sess == 0);
		unplugged = 1
	}
}

proctype Watch()
{
	timeout && unplug_begun;
	d_step {
		MUST(P_killed_end, (killed & done) == killed);
		MUST(P_unplug_ends, unplugged);
		MUST(P_clients_end, done == BIT(NC) - 1)
	}
}

init {
	byte n;

	atomic {
		for (n : 0 .. NS - 1) {
			owner[n] = NONE
		};
		ended = 1;
		for (n : 0 .. NC - 1) {
			slot[n] = NONE;
			inside++;
			run Client(n)
		};
		for (n : 1 .. NSERVER) {
			run Server(n)
		};
		n = 0;
		run Watchdog();
		run Notifier();
#ifdef PAYLOADS
		run Unmap();
#endif
#ifdef SIGNALS
		run Signals();
#endif
		run Unplug();
		run Watch()
	}
}

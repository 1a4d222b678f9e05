/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which open file is to blame: servers that end while they restore files, one after another.
 * The rest of the life of a server is in user.pml. See README.md.
 *
 * Copyright (C) 2026 The microkernel authors
 */

/* spin prints the text of an assertion that fails, and so the property's name */
#define MUST(property, e)	assert((e) || property)

hidden byte P_innocent;		/* a file that no server has died of is not given up */
hidden byte P_ready_at_last;	/* if one file kills each server, one server becomes ready without it */
hidden byte P_tried_again;	/* after a server that was ready, a file that was given up has another try */
hidden byte P_alone;		/* a file under suspicion is with a server alone */

#ifndef ATTEMPTS
#define ATTEMPTS	2
#endif
#define IN(set, n)	(((set) >> (n)) & 1)
#define ADD(set, n)	set = set | (1 << (n))
#define DEL(set, n)	set = set & ~(1 << (n))

/* of struct mu_file; told: enum, as two sets */
byte restores[NF];
byte telling, told, suspect, error;
byte given_up;				/* error, after too many restores */
/* struct mu_instance, mu_session, mu_driver */
chan posts = [NF] of { byte };
byte outstanding;
bit s_suspect, serving;
/* for the properties */
byte bad = NF;				/* the file that kills servers; NF: none does */
#if CRASHES
byte crashes = CRASHES;			/* ends that have nothing to do with a file */
#endif
byte sessions, ready;
bit dying;

/* mu_file_restore(), after PROBE */
inline restore(f)
{
	if
#ifndef MUTANT_NEVER_GIVEN_UP
	:: restores[f] >= ATTEMPTS ->
		ADD(error, f); ADD(given_up, f);
		MUST(P_innocent, f == bad || CRASHES)
	:: else -> posts!f
#else
	:: true -> posts!f
#endif
	fi
}

/* mu_instance_deliverable() */
#ifndef MUTANT_TOGETHER
#define DELIVERABLE(f)	(!(s_suspect && outstanding) && (!IN(suspect, f) || !outstanding))
#else
#define DELIVERABLE(f)	true
#endif

/* mu_take_post() */
inline take()
{
	posts?f;
	ADD(telling, f);
	s_suspect = IN(suspect, f);
	outstanding++;
	MUST(P_alone, !s_suspect || outstanding == 1);
	if
	:: f == bad -> dying = 1
	:: else
	fi;
	f = 0
}

/* mu_reply_restore(); an answer that is an error is for this session */
inline reply(f)
{
	DEL(telling, f); ADD(told, f);
	restores[f] = 0; DEL(suspect, f);
	outstanding--;
	if
	:: true
	:: ADD(error, f)
	fi
}

/* mu_instance_forget() */
inline forget()
{
	d_step {
		f = 0;
		do
		:: f < NF ->
			if
			:: IN(telling, f) ->
				restores[f]++;
#ifndef MUTANT_UNSUSPECTED
				ADD(suspect, f)
#endif
			:: !IN(telling, f) && serving && restores[f] >= ATTEMPTS ->
#ifndef MUTANT_GIVEN_UP_FOR_EVER
				restores[f]--
#else
				skip
#endif
			:: else
			fi;
			f++
		:: else -> break
		od;
		f = 0;
		do
		:: nempty(posts) -> posts?f; f = 0
		:: else -> break
		od;
		telling = 0; told = 0; outstanding = 0; s_suspect = 0; dying = 0
	}
}

active proctype Servers()
{
	byte f, before;

	/* one file, or none */
	if
	:: bad = 0
	:: bad = 1
#if NF > 2
	:: bad = 2
#endif
	:: bad = NF
	fi;
	do
	:: sessions < SESSIONS ->
		sessions++;
		before = given_up;
		error = 0; given_up = 0;
		atomic {
			f = 0;
			do
			:: f < NF -> restore(f); f++
			:: else -> break
			od;
			f = 0
		};
		/* the last one was ready */
		MUST(P_tried_again, !serving || given_up == 0 || (before & given_up) != given_up);
		serving = 0;
		do
		:: atomic { nempty(posts) && posts?[0] && DELIVERABLE(0) -> take() }
		:: atomic { nempty(posts) && posts?[1] && DELIVERABLE(1) -> take() }
#if NF > 2
		:: atomic { nempty(posts) && posts?[2] && DELIVERABLE(2) -> take() }
#endif
		:: atomic { IN(telling, 0) && bad != 0 && !serving -> reply(0) }
		:: atomic { IN(telling, 1) && bad != 1 && !serving -> reply(1) }
#if NF > 2
		:: atomic { IN(telling, 2) && bad != 2 && !serving -> reply(2) }
#endif
		:: atomic { !serving && !outstanding && empty(posts) -> serving = 1; ready++ }
		/* it dies of the bad file, and perhaps has others in hand */
		:: atomic { dying -> forget(); break }
#if CRASHES
		:: atomic { !dying && crashes -> crashes--; forget(); break }
#endif
		/* and ends while it serves */
		:: atomic { serving -> forget(); break }
		od
	:: sessions == SESSIONS -> break
	od;
	/* each server that is lost with the file is a step towards one that is not */
	MUST(P_ready_at_last, ready)
}

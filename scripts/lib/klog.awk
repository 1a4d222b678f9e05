# SPDX-License-Identifier: GPL-2.0-only
#
# Finds reports in a kernel log: warnings, oopses, lockdep, sanitizers, leaks.
# Prints them and exits with 1 if there are any.
#
#   awk -v modules='a b' -f klog.awk LOG
#
# A data race (KCSAN) counts only if it is ours: the kernel has its own, which
# we cannot mend. It is ours if one of the two accesses is in one of "modules",
# or if both are in functions that "modules" called; an interrupt's handler was
# called by nobody.

BEGIN {
	n = split(modules, names, " ")
	for (i = 1; i <= n; i++)
		ours["[" names[i] "]"] = 1
	# A message's own beginning, or words that no innocent message has
	start = "^(WARNING:|BUG[: ]|INFO:|Oops|Internal error:|Call [Tt]race:|kernel BUG at|list_(add|del) corruption)" \
		"|^(CFI failure at|general protection fault|Kernel panic|UBSAN:|ODEBUG:|refcount_t:|kfence:)" \
		"|^[a-z_]+: (INFO|BUG): "
	anywhere = "Unable to handle kernel|sysfs: cannot create duplicate|blocked for more than" \
		"|suspected memory leaks|kmemleak: (unreferenced|Kernel memory leak detector disabled)" \
		"|possible (circular|recursive|irq lock inversion|deadlock)|suspicious RCU usage" \
		"|inconsistent lock state|bad unlock balance|lock held when returning" \
		"|held lock freed|(DEBUG_LOCKS|RCU_LOCKDEP)_WARN_ON|sleeping function called" \
		"|scheduling while atomic|detected stalls|self-detected stall|nobody cared" \
		"|soft lockup|hard LOCKUP|page allocation failure|vmalloc error|oom-kill" \
		"|Bad page (state|map)|Bad rss-counter|corrupted stack end|Objects remaining" \
		"|(tried to init an initialized|is not initialized, yet).*object" \
		"|Attempted to kill init|double fault"
}

function add(line)
{
	if (shown < 200)
		report[++shown] = line
}

function hit(    i)
{
	found++
	if (!context) {
		for (i = NR - 4; i < NR; i++)
			if (i > 0 && i > last_shown)
				add(history[i % 5])
	}
	context = 60
}

function kcsan_end(    i)
{
	in_kcsan = 0
	if (top_ours || (!known && stacks == 2 && stack_ours[1] && stack_ours[2])) {
		found++
		for (i = 1; i <= kcsan_lines; i++)
			add(kcsan[i])
	} else {
		foreign++
	}
}

function leak_end(    i)
{
	if (leak_lines && !leak_is_flaw) {
		found++
		for (i = 1; i <= leak_lines; i++)
			add(leak[i])
	}
	in_leak = leak_lines = leak_is_flaw = 0
}

function timer_end(    i)
{
	if (timer_lines && !timer_is_flaw) {
		found++
		for (i = 1; i <= timer_lines; i++)
			add(timer[i])
	}
	in_timer = timer_lines = timer_is_flaw = 0
}

{
	sub(/\r$/, "")
	history[NR % 5] = $0
	text = $0
	sub(/^\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? /, "", text)
}

text ~ /^BUG: KCSAN: / {
	in_kcsan = 1
	kcsan_lines = stacks = top_ours = top = interrupted = 0
	delete stack_ours
	# kill_fasync() looks at the list without its lock first, as its comment says. How a lock of
	# the kernel is made is the kernel's own, whoever takes it
	known = text ~ / (fasync_(insert|remove)_entry \/ kill_fasync|kill_fasync \/ fasync_(insert|remove)_entry)/ ||
		text ~ / osq_(un)?lock \/ osq_(un)?lock/
}

in_kcsan {
	kcsan[++kcsan_lines] = $0
	if (text ~ /^(read|write|race).* (to|at|origin)/ && text !~ /^race/) {
		stacks++
		top = 1
		interrupted = 0
	} else if (text ~ /^ (asm_(sysvec|common_interrupt|exc_nmi)|el[01][ht]?_.*(irq|fiq|interrupt))/) {
		interrupted = 1
	} else if (text ~ /^ .*\+0x[0-9a-f]+\/0x/ && !interrupted) {
		is_ours = ($NF in ours)
		if (is_ours)
			stack_ours[stacks] = 1
		if (is_ours && top)
			top_ours = 1
		top = 0
	}
	if (text ~ /^=====/ || kcsan_lines > 100)
		kcsan_end()
	next
}

# An injected failure dumps its stack to say where: no report.
text ~ /^FAULT_INJECTION: forcing a failure/ {
	injected = faults = 1
}
injected {
	if (text ~ /<\/TASK>/)
		injected = 0
	if (text ~ /^Call Trace:/)
		next
}
# When memory is denied on purpose, three of the kernel's own flaws show: a bus that
# cannot be registered gives back a lockdep key that it never had, a slab cache
# that cannot be made leaks its name, and a tracepoint of a module that cannot get its
# fields warns, then and when the module goes.
faults && text ~ /^WARNING: .* (lockdep_unregister_key|event_(define_fields|file_put))\+/ {
	flaw = 1
}
# On hosts so busy that the guest's CPUs stand still for seconds, 7.3's deadline
# scheduler forwards a timer of its own that is queued already.
text ~ /^WARNING: kernel\/time\/hrtimer\.c:.* hrtimer_forward\+/ {
	in_timer = 1
}
in_timer {
	timer[++timer_lines] = $0
	if (text ~ /^ dl_task_timer\+/)
		timer_is_flaw = 1
	if (text ~ /---\[ end trace/)
		timer_end()
	next
}
flaw {
	if (text ~ /---\[ end trace/)
		flaw = 0
	next
}
faults && text ~ /^kmemleak: unreferenced object/ {
	leak_end()
	in_leak = 1
}
in_leak && text ~ /^kmemleak: / {
	leak[++leak_lines] = $0
	if (text ~ / sysfs_slab_add\+/)
		leak_is_flaw = 1
	next
}
in_leak {
	leak_end()
}

# ... nor is the complaint about memory that was denied on purpose
faults && text ~ /vmalloc error|page allocation failure|kmem_cache_create.* failed with error -12/ {
	injected = 1
	next
}

text ~ start || text ~ anywhere {
	# a line about speculation that eBPF prints at boot on some CPUs
	if (text !~ /Unprivileged eBPF|^INFO: lockdep is turned off/)
		hit()
}

context {
	add($0)
	last_shown = NR
	context--
	if (text ~ /---\[ end trace/)
		context = 0
}

END {
	if (in_kcsan)
		kcsan_end()
	leak_end()
	timer_end()
	for (i = 1; i <= shown; i++)
		print report[i]
	if (foreign)
		print "(" foreign " data races in the kernel's own code, not counted)"
	exit found ? 1 : 0
}

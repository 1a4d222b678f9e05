# SPDX-License-Identifier: GPL-2.0-only
# Compares the framework's figures with those of a reference:
# awk -f compare.awk REFERENCE RESULTS
# Ratios to a peer, if there are any, as they do not depend on the kernel's version
# much; else the figures. Exit status 1 if one is over 2 % worse, or, of the unplug, which
# a worker does since mkdir and rmdir wait only so long, and of a server's restart, 15 %; of
# other calls of servers 5 %, as two tasks and a program take part, and of what counting
# adds to open(2), 400 of ten thousand instructions. Some are not compared:
# unplug-worst, a maximum, which has whatever else the kernel did meanwhile, and to load
# and unload the module, which is to wait for grace periods, mostly.

BEGIN {
	FS = ","
}

FNR == 1 {
	file++
}

/^# kernel/ {
	version[file] = $0
}

/^#/ || $1 == "work" || $1 ~ /^(unplug-worst|module-(un)?load)$/ || $3 !~ /^micro/ {
	next
}

{
	key = $1 " " $2
	# what is the peer of others, or has none but itself, is taken as it is
	figure = $6 > 0 && $6 != 1 && $1 !~ /^unplug/ ? $6 : $4
	if (file == 1) {
		reference[key] = figure
		next
	}
	if (!(key in reference)) {
		unknown = unknown ", " key
		next
	}
	compared++
	# two tasks take turns there, in one way or another
	limit = $1 ~ /^(unplug|user-restart)/ ? 1.15 : $1 ~ /^(user-|counting-open)/ ? 1.05 : 1.02
	if (figure > reference[key] * limit) {
		printf "Linux %s: %s is worse: %s, was %s\n", kernel, key, figure, reference[key]
		bad++
	}
}

END {
	if (unknown)
		printf "Linux %s: to be added to bench/results by make bench: %s\n", kernel, substr(unknown, 3)
	if (bad && version[1] != version[2])
		printf "Linux %s: the reference is of another one: %s\n", kernel, substr(version[1], 10)
	if (!bad)
		printf "Linux %s: %d figures are as good as those in bench/results\n", kernel, compared
	exit bad > 0 || !compared
}

# SPDX-License-Identifier: GPL-2.0-only
# Prints what was measured as tables: awk -f table.awk goals.csv RESULTS
# A goal is for the ratio to the peer, or, without one, for the figure itself.

BEGIN {
	FS = ","
}

FNR == 1 {
	file++
}

/^#/ || $1 == "work" {
	next
}

file == 1 {
	goal[$1, $2] = $3
	next
}

{
	row = $1 SUBSEP $2
	if (!(row in seen)) {
		seen[row] = 1
		rows[++nr_rows] = row
	}
	subjects[row] = subjects[row] " " $3
	value[row, $3] = $4
	unit[row] = $5
	ratio[row, $3] = $6
}

function limit(work, n)
{
	if ((work, n) in goal)
		return goal[work, n]
	return goal[work, "*"]
}

# A row of names when they differ from those of the row before
function header(names,    i, count, name)
{
	if (names == last)
		return
	last = names
	count = split(names, name, " ")
	printf "\n%-22s", ""
	for (i = 1; i <= count; i++)
		printf "%20s", name[i]
	printf "  goal\n"
}

END {
	printf "Linux %s. ns: instructions (plus idle time, for unplug). In brackets: ratio.\n", kernel
	for (r = 1; r <= nr_rows; r++) {
		row = rows[r]
		split(row, key, SUBSEP)
		header(subjects[row])
		printf "%-16s%6s", key[1], key[2]
		count = split(subjects[row], name, " ")
		max = limit(key[1], key[2])
		for (i = 1; i <= count; i++) {
			s = name[i]
			if (value[row, s] == "n/a")
				cell = "n/a"
			else if (ratio[row, s] > 0)
				cell = sprintf("%.1f (%.3f)", value[row, s], ratio[row, s])
			else
				cell = sprintf("%.1f %s", value[row, s], unit[row])
			printf "%20s", cell
		}
		if (max) {
			over = (ratio[row, "micro"] ? ratio[row, "micro"] : value[row, "micro"]) > max
			missed += over
			printf "  %s%s", max, over ? "  MISSED" : ""
		}
		# less than whatever else guards a device
		if (max && key[1] ~ /^(read|write|ioctl|poll)/)
			for (i = 1; i <= count; i++)
				if (name[i] ~ /^(srcu|percpu|rwsem)$/ &&
				    ratio[row, "micro"] >= ratio[row, name[i]]) {
					printf "  NOT BELOW %s", name[i]
					missed++
				}
		printf "\n"
	}
	printf "\n%d goals missed\n\n", missed
}

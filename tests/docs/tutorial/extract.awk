# SPDX-License-Identifier: GPL-2.0-only
# What a page of docs tells its reader to do: awk -v out=FOLDER -f extract.awk PAGE
#
#	```LANGUAGE FILE	a part of a file: becomes a command in FOLDER/build
#	```sh build		commands to build with: likewise
#	```sh run		commands to try it with: FOLDER/NUMBER.run
#	```sh second		the same, in a second terminal: FOLDER/NUMBER.second
#	```text			what the commands above print: FOLDER/NUMBER.output
#
# Other blocks are for the reader alone.

/^```/ && !inside {
	inside = 1
	what = $2
	to = ""
	if (what == "run" || what == "second") {
		number = sprintf("%02d", ++steps)
		to = out "/" number "." what
	} else if ($1 == "```text") {
		to = out "/" number ".output"
	} else if (what != "") {
		to = out "/build"
		if (what != "build") {
			print "cat >>" what " <<'END_OF_PART'" >to
			# between two parts there is an empty line, as on the page
			if (parts[what]++)
				print "" >to
		}
	}
	next
}

/^```$/ {
	inside = 0
	if (what != "" && what != "build" && what != "run" && what != "second")
		print "END_OF_PART" >to
	if (to != "" && to != out "/build")
		close(to)
	next
}

inside && to != "" {
	print >to
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The commands in docs/ci, as a CI runs them for a driver that is not part of this project.
# What is to install in the container is installed here already.
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"

fetch wanted python3=python3 /usr/lib/python3/dist-packages/yaml=python3-yaml >"$work/output" 2>&1
if ! python3 -c 'import yaml' 2>/dev/null; then
	echo '1..0 # SKIP needs python3-yaml, to read the files'
	exit
fi

# commands FILE: what its job says, without the preparation of the container
commands() {
	python3 - "$1" <<'END'
import sys, yaml
job = yaml.safe_load(open(sys.argv[1])).get("jobs", {}).get("guest") or yaml.safe_load(open(sys.argv[1]))["guest"]
steps = [step["run"] for step in job.get("steps", []) if "run" in step]
print("\n".join(steps or job["script"]))
END
}

# driver FOLDER: the example, with the test of that page
driver() {
	mkdir -p "$1/tests"
	cp "$repo"/packaging/examples/counter/{Kbuild,*.c} "$1"
	# shellcheck disable=SC2016 # Markdown
	sed -n '/^```sh run.sh/,/^```$/{//!p}' "$repo/docs/ci/README.md" >"$1/tests/run.sh"
}

export KERNEL=6.12 GITHUB_OUTPUT=$work/github-output
for ci in github gitlab; do
	mkdir "$work/$ci"
	cd "$work/$ci" || exit
	ln -s "$repo" microkernel
	case $ci in
	github) driver driver ;;
	gitlab) driver . ;;
	esac
	commands "$repo/docs/ci/$ci.yml" >script
	[[ -s script ]]
	ok $? "$ci.yml is YAML, with commands"
	run bash -e script
	[[ $status -eq 0 && -s results/first ]] && grep -q 'Linux version 6.12' results/kernel.log
	ok $? "the commands of $ci.yml run the driver's test, and keep its results and the log"
	echo 'exit 3' >>"$(find . -path ./microkernel -prune -o -name run.sh -print)"
	rm -r results
	run bash -e script
	[[ $status -eq 3 && -s results/first ]]
	ok $? "in $ci.yml, a test that fails is the job's failure, and its results are kept"
done

done_testing

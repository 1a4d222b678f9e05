# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of microctl for bash.

# _microctl_names: of the devices that there are; only those of configfs for
# commands that change or save them
_microctl_names() {
	local names
	case $1 in
	remove | save)
		names=$(ls /sys/kernel/config/micro 2>/dev/null)
		;;
	*)
		names=$(microctl list --names 2>/dev/null)
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur")
	# a name may have colons, at which readline splits words
	__ltrim_colon_completions "$cur"
}

# _microctl_aliases PREFIX: what the installed drivers of microkernel match, of the aliases
# of their modules that begin with PREFIX
_microctl_aliases() {
	local folder aliases
	folder=/lib/modules/$(uname -r)
	[[ -r $folder/modules.dep && -r $folder/modules.alias ]] || return
	aliases=$(awk -v prefix="$1" '
		FNR == NR {
			if ($0 ~ /:.*[ \/]microkernel\.ko/) {
				sub(/:.*/, "")
				sub(/.*\//, "")
				sub(/\.ko.*/, "")
				gsub(/-/, "_")
				drivers[$0] = 1
			}
			next
		}
		$1 == "alias" && ($3 in drivers) && index($2, prefix) == 1 && $2 !~ /C\*$/ {
			print substr($2, length(prefix) + 1)
		}' "$folder/modules.dep" "$folder/modules.alias")
	mapfile -t COMPREPLY < <(compgen -W "$aliases" -- "$cur")
}

_microctl_files() {
	compopt -o filenames
	mapfile -t COMPREPLY < <(
		compgen -d -- "$cur"
		compgen -f -X '!*.dt@(s|b|so|bo)' -- "$cur"
	)
}

_microctl() {
	local cur prev words cword command options=''
	_init_completion -n := || return

	command=${words[1]}
	if [[ $cword -eq 1 ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'list show tree create remove apply diff check save
			watch wait help --help --version' -- "$cur")
		return
	fi
	case $command in
	list) options='--json --names' ;;
	show | tree | watch) options='--json' ;;
	create) options='--compatible --set --child --off --no-wait --timeout' ;;
	remove) options='--no-wait --timeout' ;;
	apply) options='--prune --dry-run --record --keep-going --verbose --quiet --no-wait --timeout --include' ;;
	diff) options='--prune --record --keep-going --include' ;;
	check) options='--quiet --include' ;;
	wait) options='--timeout' ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$cur")
		return
	fi
	case $command:$prev in
	create:-c | create:--compatible) _microctl_aliases 'of:N*T*C' ;;
	create:-s | create:--set | create:--child) ;;
	*:-t | *:--timeout) ;;
	apply:-I | diff:-I | check:-I | *:--include) _filedir -d ;;
	create:*)
		# NAME.SUFFIX, too, is a device of the driver NAME
		_microctl_aliases micro:
		compopt -o nospace
		;;
	apply:--record | diff:--record) _filedir ;;
	show:* | tree:* | remove:* | save:* | watch:* | wait:*) _microctl_names "$command" ;;
	apply:* | diff:* | check:*) _microctl_files ;;
	help:*) mapfile -t COMPREPLY < <(compgen -W 'list show tree create remove apply diff check
		save watch wait' -- "$cur") ;;
	esac
}

complete -F _microctl microctl

#compdef microctl
# SPDX-License-Identifier: GPL-2.0-only
# Completion of microctl for zsh.

_microctl_names() {
	local -a names
	names=(${(f)"$(microctl list --names 2>/dev/null)"})
	compadd -a names
}

_microctl_own_names() {
	local -a names
	names=(/sys/kernel/config/micro/*(N/:t))
	compadd -a names
}

# _microctl_aliases PREFIX: what the installed drivers of microkernel match, of the aliases
# of their modules that begin with PREFIX
_microctl_aliases() {
	local folder=/lib/modules/$(uname -r)
	local -a aliases
	[[ -r $folder/modules.dep && -r $folder/modules.alias ]] || return
	aliases=(${(f)"$(awk -v prefix=$1 '
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
		}' $folder/modules.{dep,alias})"})
	compadd "${@:2}" -a aliases
}

_microctl_compatibles() {
	_microctl_aliases 'of:N*T*C'
}

# NAME.SUFFIX, too, is a device of the driver NAME
_microctl_drivers() {
	_microctl_aliases micro: -S ''
}

_microctl() {
	local curcontext=$curcontext state line
	local -a commands
	commands=(
		'list:all devices, one a line'
		'show:all about devices'
		'tree:devices with properties and child nodes'
		'create:make a device'
		'remove:remove devices'
		'apply:make devices as files declare them'
		'diff:show what apply would change'
		'check:look at files, without a module'
		'save:print devices as an overlay'
		'watch:print events of devices'
		'wait:wait until devices are bound'
		'help:explain a command'
	)

	_arguments -C '1:command:->command' '*::argument:->argument'
	case $state in
	command)
		_describe command commands
		;;
	argument)
		case $words[1] in
		list)
			_arguments '(--names)--json[print JSON]' '(--json)--names[print only names]'
			;;
		show | tree | watch)
			_arguments '--json[print JSON]' '*:device:_microctl_names'
			;;
		create)
			_arguments '*'{-c,--compatible}'[compatible string]:string:_microctl_compatibles' \
				'*'{-s,--set}'[property]:PROPERTY=TYPE\:VALUE:' \
				'*--child[child node]:path:' '--off[do not bind it]' \
				'--no-wait[fail if another microctl is changing devices]' \
				'(-t --timeout)'{-t,--timeout}'[wait at most so many seconds]:seconds:' \
				'1:new name:_microctl_drivers'
			;;
		remove)
			_arguments '--no-wait[fail if another microctl is changing devices]' \
				'(-t --timeout)'{-t,--timeout}'[wait at most so many seconds]:seconds:' \
				'*:device:_microctl_own_names'
			;;
		apply)
			_arguments '(-p --prune)'{-p,--prune}'[remove devices that the files do not declare]' \
				'--record[keep a record of the declared devices]:record:_files' \
				'*'{-I,--include}'[folder of included files]:folder:_files -/' \
				'(-n --dry-run)'{-n,--dry-run}'[change nothing]' \
				'(-k --keep-going)'{-k,--keep-going}'[leave out files with errors]' \
				'(-v --verbose)'{-v,--verbose}'[print each change]' \
				'(-q --quiet)'{-q,--quiet}'[print only errors]' \
				'--no-wait[fail if another microctl is changing devices]' \
				'(-t --timeout)'{-t,--timeout}'[wait at most so many seconds]:seconds:' \
				'*:file:_files -g "*.dt(s|b|so|bo)(-.)"'
			;;
		diff)
			_arguments '(-p --prune)'{-p,--prune}'[as for apply]' \
				'(-k --keep-going)'{-k,--keep-going}'[as for apply]' \
				'--record[as for apply]:record:_files' \
				'*'{-I,--include}'[as for apply]:folder:_files -/' \
				'*:file:_files -g "*.dt(s|b|so|bo)(-.)"'
			;;
		check)
			_arguments '(-q --quiet)'{-q,--quiet}'[print only errors and doubts]' \
				'*'{-I,--include}'[folder of included files]:folder:_files -/' \
				'*:file:_files -g "*.dt(s|b|so|bo)(-.)"'
			;;
		save)
			_arguments '*:device:_microctl_own_names'
			;;
		wait)
			_arguments '(-t --timeout)'{-t,--timeout}'[wait at most so many seconds]:seconds:' \
				'*:device:_microctl_names'
			;;
		help)
			_describe command commands
			;;
		esac
		;;
	esac
}

_microctl "$@"

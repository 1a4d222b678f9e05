#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What microctl does without a module: it checks files, runs the C preprocessor for
# sources that need it, and says what somebody may have meant. Prints TAP.
# shellcheck disable=SC2154 # variables of what is sourced
# shellcheck source=lib.bash
source "${BASH_SOURCE[0]%/*}/lib.bash"
# shellcheck source=../../scripts/lib/common.sh
source "$repo/scripts/lib/common.sh"

need make=make gcc=gcc cpp=cpp dtc=device-tree-compiler python3=python3 /usr/include/libfdt.h=libfdt-dev \
	/usr/include/json-c/json.h=libjson-c-dev /usr/include/libudev.h=libudev-dev
trap 'rm -rf "$work"' EXIT
mkdir "$work/build"
make -s -j2 -C "$repo/tools/microctl" OUT="$work/build" || exit
microctl=$work/build/microctl
if [[ -e /sys/kernel/config/micro ]]; then
	echo '1..0 # SKIP the module microkernel is loaded on this machine'
	exit
fi
cd "$work" || exit

run "$microctl" --version
[[ $status -eq 0 && $(<output) == "microctl $(sed -n 's/^#define MICRO_VERSION "\(.*\)"/\1/p' "$repo/include/microkernel_version.h")" ]]
ok $? 'microctl --version prints the version of the project'

while read -r typed meant; do
	run "$microctl" "$typed"
	[[ $status -eq 2 ]] && says "there is no command '$typed'; did you mean '$meant'?"
	ok $? "$typed: did you mean $meant?"
done <<'END'
aply apply
crate create
lsit list
wathc watch
rmove remove
END
run "$microctl" frobnicate
[[ $status -eq 2 ]] && says "there is no command 'frobnicate', see" && ! says 'did you mean'
ok $? 'nothing is proposed for a word that is like none'
run "$microctl" help aply
[[ $status -eq 2 ]] && says "there is no command 'aply'; did you mean 'apply'?"
ok $? 'help for a command that does not exist says so'
run "$microctl" apply --prunne x.dtso
[[ $status -eq 2 ]] && says 'there is no option --prunne; did you mean --prune?'
ok $? 'an option that is mistyped gets a proposal, too'

for words in 'list --json=yes' 'apply --prune=yes x.dtso' 'apply --no-wait=0 x.dtso'; do
	# shellcheck disable=SC2086 # words
	run "$microctl" $words
	option=${words#* }
	[[ $status -eq 2 ]] && says "${words%% *}: ${option%%=*} takes no value"
	ok $? "${option%%=*} with a value: it takes none"
done
run "$microctl" apply --record=x -xq x.dtso
[[ $status -eq 2 ]] && says 'there is no option -x'
ok $? 'behind an option with a value, an unknown letter is told'
for option in --version --help 'list --help'; do
	# shellcheck disable=SC2016,SC2086 # expanded by that shell; words
	run sh -c '"$@" >/dev/full' - "$microctl" $option
	[[ $status -eq 4 ]] && says 'cannot write the output: No space left on device'
	ok $? "$option: that the output cannot be written is an error"
done

# what the shells know of each command, without their libraries
cat >complete <<'END'
source "$1"
asked=$2
_init_completion() { cur=-- prev='' cword=2 words=(microctl "$asked" --); }
_microctl
printf '%s\n' "${COMPREPLY[@]}"
END
for command in list show tree create remove apply diff check save watch wait; do
	: >missing
	while read -r option; do
		bash complete "$repo/tools/microctl/microctl.bash" $command 2>&1 | grep -qx -- "$option" ||
			echo "bash: $option" >>missing
		sed -nE "/^\t\t(.*\| )?$command( \|.*)?\)/,/;;/p" "$repo/tools/microctl/microctl.zsh" |
			grep -q -- "$option\b" || echo "zsh: $option" >>missing
		sed 's/\\-/-/g' "$repo/tools/microctl/microctl.8" | grep -q -- "$option\b" || echo "manual page: $option" >>missing
	done < <("$microctl" $command --help | grep -oE -- '--[a-z]+(-[a-z]+)*' | sort -u)
	cp missing output
	[[ ! -s missing ]]
	ok $? "$command: bash, zsh and the manual page know all of its options"
done

# overlay FILE BODY: one device
overlay() {
	printf '/dts-v1/;\n/plugin/;\n%s\n&{/} {\n\tgreeters {\n\t\tcompatible = "microkernel,bus";\n\n\t\thello {\n%s\n\t\t};\n\t};\n};\n' "$2" "$3" >"$1"
}

overlay good.dtso '' 'compatible = "microkernel,sample-driver";'
run "$microctl" check good.dtso
[[ $status -eq 0 && $(<output) == '1 device, no errors, 0 doubts' ]]
ok $? 'check of a good file says how many devices it declares'
run "$microctl" check -q good.dtso
[[ $status -eq 0 && ! -s output ]]
ok $? 'check --quiet says nothing of it'
run "$microctl" check "$repo"/dts-overlays/*.dtso
ok $status 'check takes the overlays of the project'
overlay broken.dtso '' 'x = ;'
run "$microctl" check good.dtso broken.dtso
[[ $status -eq 3 ]] && says 'broken.dtso:9' && says 'syntax error'
ok $? 'check says in which line a source is wrong'
overlay long.dtso '' 'a-name-of-a-property-that-is-much-too-long = <1>;'
run "$microctl" check long.dtso
[[ $status -eq 3 ]] && says 'long.dtso: /greeters/hello: property' && says 'in configfs it has 1 to 31'
ok $? 'check says what configfs would not take'
overlay dots.dtso '' '. = <1>; .. { x = <1>; };'
run "$microctl" check dots.dtso
[[ $status -eq 3 ]] && says "/greeters/hello: property '.': in configfs this is the name of another directory" &&
	says '/greeters/hello/..: in configfs'
ok $? 'check does not take . and .. for names'
run "$microctl" check ''
[[ $status -eq 3 ]] && one_line && says "'': cannot read it: No such file"
ok $? 'a file without a name is told as one'
for command in wait watch; do
	run "$microctl" $command /dev/micro/greeter
	[[ $status -eq 2 ]] && says "$command: '/dev/micro/greeter': a device's name is made of"
	ok $? "$command of a path is an error, as no device has such a name"
done
# blobs that libfdt 1.6.1 takes for good ones, or falls over
overlay bool.dtso '' 'compatible = "a,b"; empty;'
dtc -@ -q -o bool.dtbo bool.dtso
python3 - <<'END'
blob = open("bool.dtbo", "rb").read()
open("version.dtbo", "wb").write(blob[:20] + bytes([0, 0, 0, 2] * 2) + blob[28:])
at = blob.index(bytes([0, 0, 0, 3, 0, 0, 0, 0])) + 4
open("length.dtbo", "wb").write(blob[:at] + bytes([255] * 4) + blob[at + 4:])
END
run "$microctl" check bool.dtbo
ok "$status" 'a blob is taken'
for file in version length; do
	run "$microctl" check $file.dtbo
	[[ $status -eq 3 ]] && one_line && says "$file.dtbo: not a device tree, or a damaged one: FDT_ERR_"
	ok $? "a blob with a wrong $file is damaged"
done
for typo in compatable:compatible lable:label stauts:status; do
	overlay typo.dtso '' "${typo%:*} = \"x\";"
	run "$microctl" check typo.dtso
	[[ $status -eq 1 ]] && says "property '${typo%:*}': did you mean '${typo#*:}'?"
	ok $? "check doubts the property ${typo%:*}"
done
# shellcheck disable=SC2016 # expanded by that shell
for closed in '>&-' '<&- >&-' '<&- 2>&- >/dev/full'; do
	run sh -c "\"\$@\" $closed" - "$microctl" check good.dtso
	[[ $status -eq 4 ]]
	ok $? "check $closed: the output that is lost is an error"
done
run sh -c '"$@" <&-' - "$microctl" check good.dtso
ok $status 'check <&-: it reads its file all the same'
overlay words.dtso '' 'level = <3>; lanes = <4>; table = <1>; state = "on"; model = "x"; static;'
run "$microctl" check words.dtso
ok "$status" 'check does not doubt words that are nothing but a little like those'
run "$microctl" apply --dry-run good.dtso
[[ $status -eq 0 ]] && says 'is not loaded here: only the files are checked' && says 'create hello'
ok $? 'apply --dry-run without the module checks the files'
run "$microctl" diff good.dtso
[[ $status -eq 1 ]] && says '+hello {'
ok $? 'diff without the module shows all as new'
run "$microctl" apply good.dtso
[[ $status -eq 4 ]] && one_line
ok $? 'apply without the module says what to do about that'

# dt-bindings
mkdir -p include/dt-bindings
echo '#define SIZE 64' >include/dt-bindings/size.h
echo '#define TWICE(n) (2 * (n))' >beside.h
overlay included.dtso $'#include <dt-bindings/size.h>\n#include "beside.h"' \
	$'compatible = "microkernel,sample-driver";\n#address-cells = <1>;\nbuffer-size = <TWICE(SIZE)>;'
run "$microctl" diff -I include included.dtso
[[ $status -eq 1 ]] && says 'buffer-size = <128>;' && says '#address-cells = <1>;'
ok $? 'a source with #include <dt-bindings/...> and "file" is preprocessed, and #address-cells stays'
# shellcheck disable=SC2016 # that shell's
run bash -c '"$1" diff -I include - <included.dtso' - "$microctl"
[[ $status -eq 1 ]] && says 'buffer-size = <128>;'
ok $? 'so is one from the standard input'
mkfifo pipe.dtso
for file in good.dtso included.dtso; do
	cat "$file" >pipe.dtso &
	run timeout 60 "$microctl" check -I include pipe.dtso
	wait
	ok "$status" "$file from a named pipe, which can be read once"
done
echo 'part { };' >include/part.dtsi
overlay whole.dtso '' '/include/ "part.dtsi"'
run "$microctl" diff -I include whole.dtso
[[ $status -eq 1 ]] && says 'part {'
ok $? "--include is for dtc's /include/, too"
cd / || exit
run "$microctl" diff --include "$work/include" "$work/included.dtso"
[[ $status -eq 1 ]] && says 'buffer-size = <128>;'
ok $? 'files beside a source are found from any folder'
cd "$work" || exit
run "$microctl" check included.dtso
[[ $status -eq 3 ]] && says 'included.dtso:3' && says 'dt-bindings/size.h: No such file' && says '--include says where'
ok $? 'without the folder it says which file is missing, and how to name the folder'
sed 's/buffer-size/buffer size/' included.dtso >wrong.dtso
run "$microctl" check -I include wrong.dtso
[[ $status -eq 3 ]] && says "wrong.dtso:$(grep -n 'buffer size' wrong.dtso | cut -d : -f 1)"
ok $? 'the line of an error is that of the source, not of what the preprocessor makes of it'
tools "$work/none" cpp gcc clang cc
run env PATH="$work/none" "$microctl" check -I include included.dtso
[[ $status -eq 3 ]] && says 'take the C preprocessor: install the package cpp, or run "cpp '
ok $? 'without a preprocessor it says how to get one'
run env PATH="$work/none" "$microctl" check good.dtso
ok $status 'a source without such lines needs none'
ln -s "$(command -v gcc)" "$work/none/gcc"
run env PATH="$work/none" "$microctl" check -I include included.dtso
ok $status 'gcc will do'

done_testing

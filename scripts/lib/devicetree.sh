# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# Sourced by scripts/vm: overlays, and merging them into the machine's tree.

# overlays_compile FOLDER FILE...: sets overlays, to files in FOLDER
overlays_compile() {
	local folder=$1 file
	shift
	overlays=()
	mkdir -p "$folder"
	for file; do
		[[ -e $file ]] || die "--dtbo: there is no $file"
		overlays+=("$folder/${#overlays[@]}.dtbo")
		if [[ $file == *.dtbo ]]; then
			cp "$file" "${overlays[-1]}"
		else
			dtc -q -@ -I dts -O dtb -o "${overlays[-1]}" "$file"
		fi || die "--dtbo: $file cannot be used"
	done
}

# machine_tree TREE COMMAND...: what QEMU, which is the command, has for just this machine
machine_tree() {
	local tree=$1 output
	shift
	output=$("$@" -M "dumpdtb=${tree//,/,,}" 2>&1) || die "QEMU does not give its tree: $output"
}

# overlays_merge TREE COMMAND...: as boot loaders do it, into the tree of the machine
overlays_merge() {
	local tree=$1
	shift
	if [[ ${#overlays[@]} -eq 0 ]]; then
		machine_tree "$tree" "$@"
		return
	fi
	machine_tree "$tree.machine" "$@"
	fdtoverlay -i "$tree.machine" -o "$tree" "${overlays[@]}" ||
		die "--dtbo: the overlays cannot be merged into the tree of the machine"
	rm "$tree.machine"
}

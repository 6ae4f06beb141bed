# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Arithmetic of sets of CPUs. A set is the kernel's list, ascending: "0-2,5". Nothing here forks:
# a big host has thousands of threads, and each has such a set. Results are in reply.

declare -A differences=() # "A minus B" -> list, since few of those thousands differ
cpus=()                   # of the list that was expanded last, by their numbers

# Is it a list of CPUs? What is not must not reach arithmetic.
cpus_valid() {
	[[ $1 =~ ^([0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*)?$ ]]
}

# Sets cpus[N] for each N of the list.
cpus_expand() {
	local part n IFS=,
	cpus=()
	cpus_valid "$1" || return 1
	for part in $1; do
		for ((n = 10#${part%-*}; n <= 10#${part#*-}; n++)); do
			cpus[n]=1
		done
	done
}

# The list of cpus[].
cpus_collapse() {
	local n first=-1 last=-2
	reply=
	for n in "${!cpus[@]}" 100000000; do
		if ((n == last + 1)); then
			last=$n
			continue
		fi
		if ((first >= 0)); then
			reply+=,$first
			if ((last > first)); then reply+=-$last; fi
		fi
		first=$n last=$n
	done
	reply=${reply#,}
}

cpus_minus() { # A B
	local a n key="$1 minus $2"
	if [ -z "${differences[$key]+known}" ]; then
		cpus_expand "$1" || return 1
		a=("${!cpus[@]}")
		cpus_expand "$2" || return 1
		local -A b=()
		for n in "${!cpus[@]}"; do b[$n]=1; done
		cpus=()
		for n in "${a[@]}"; do
			[ -n "${b[$n]-}" ] || cpus[n]=1
		done
		cpus_collapse
		differences[$key]=$reply
	fi
	reply=${differences[$key]}
}

cpus_normal() { # LIST: as the kernel would print it
	cpus_minus "$1" ''
}

cpus_overlap() { # A B
	local a
	cpus_normal "$1" || return 1
	a=$reply
	cpus_minus "$1" "$2" && [ "$reply" != "$a" ]
}

cpus_within() { # A B: is every CPU of A in B?
	cpus_minus "$1" "$2" && [ -z "$reply" ]
}

# A mask is hexadecimal, in words of 32 bits, the lowest last: "f,ffffffff".
cpus_from_mask() {
	local words bits bit n=0 at IFS=,
	[[ $1 =~ ^[0-9a-f]{1,8}(,[0-9a-f]{1,8})*$ ]] || return 1
	# shellcheck disable=SC2206 # split at commas; nothing else is in it
	words=($1)
	cpus=()
	for ((at = ${#words[@]} - 1; at >= 0; at--, n += 32)); do
		for ((bits = 16#${words[at]}, bit = 0; bits; bits >>= 1, bit++)); do
			if ((bits & 1)); then cpus[n + bit]=1; fi
		done
	done
	cpus_collapse
}

cpus_to_mask() {
	local words=(0) n word
	cpus_expand "$1" || return 1
	for n in "${!cpus[@]}"; do
		words[n / 32]=$((${words[n / 32]-0} | 1 << n % 32))
	done
	n=$((${#words[@]} - 1))
	for word in "${!words[@]}"; do
		if ((word > n)); then n=$word; fi
	done
	printf -v reply %x "${words[n]}"
	for ((n--; n >= 0; n--)); do
		printf -v word ,%08x "${words[n]-0}"
		reply+=$word
	done
}

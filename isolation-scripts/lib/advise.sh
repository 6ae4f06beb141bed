# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# What only the kernel's command line can do. Nothing is written: how a host boots is its owner's.

# PARAMETER|WANTED yes: in the line, ab: to be measured with and without, no|SUPPORTED yes, no or
# unknown|COST
advice=()

# Is a symbol set in the kernel's configuration? Where it cannot be read: unknown.
configured() { # SYMBOL
	local line file
	reply=unknown
	get /proc/sys/kernel/osrelease || return 0
	file=$root/boot/config-$reply
	reply=unknown
	[ -r "$file" ] || return 0
	reply=no
	while IFS= read -r line; do
		if [ "$line" = "$1=y" ]; then
			reply=yes
			return 0
		fi
	done <"$file"
}

present() { # PATH
	if [ -e "$root$1" ]; then reply=yes; else reply=no; fi
}

gather_advice() {
	local isolated=${header[isolated]} others
	cpus_minus "${header[online]}" "$isolated" && others=$reply
	present /sys/devices/system/cpu/isolated
	advice+=("isolcpus=managed_irq,domain,$isolated|yes|$reply|tasks go there only when sent, from boot on; managed interrupts stay off")
	configured CONFIG_RCU_NOCB_CPU
	advice+=("rcu_nocbs=$isolated|yes|$reply|RCU callbacks run elsewhere: a little more work for other CPUs")
	advice+=("irqaffinity=$others|yes|yes|interrupts begin on the other CPUs: more of them there")
	if get /sys/devices/system/cpu/smt/active && [ "$reply" = 1 ]; then
		advice+=("nosmt|yes|yes|half the hardware threads of the whole host; the knob smt takes one core's")
	fi
	present /sys/devices/system/cpu/nohz_full
	advice+=("nohz_full=$isolated|ab|$reply|no tick, but a costlier entry to the kernel, which every exit has: measure with and without")
	advice+=("idle=poll|no|yes|every CPU burns power when idle, and less turbo for all; the knob dma_latency does it at run time")
}

# Is it on the command line: yes, no, or the other value there.
in_force() { # PARAMETER
	local word key=${1%%=*}
	reply=no
	for word in $cmdline; do
		if [ "$word" = "$1" ]; then
			reply=yes
			return
		elif [ "${word%%=*}" = "$key" ]; then
			reply=$word
		fi
	done
}

advise() {
	local one parameter wanted supported cost line='' cmdline mitigations text=''
	get /proc/cmdline || :
	cmdline=$reply
	gather_advice
	mitigations="as the kernel chose"
	for one in $cmdline; do
		[[ $one != mitigations=* ]] || mitigations=$one
	done
	for one in "${advice[@]}"; do
		IFS='|' read -r parameter wanted supported cost <<<"$one"
		in_force "$parameter"
		if [ "$wanted" = yes ] && [ "$supported" != no ]; then line+="${line:+ }$parameter"; fi
		if ((json)); then
			text+="${text:+,}"$'\n'"  {\"parameter\":\"$parameter\",\"advised\":$([ "$wanted" = yes ] && echo true || echo false)"
			case $supported in yes) text+=',"supported":true' ;; no) text+=',"supported":false' ;; *) text+=',"supported":null' ;; esac
			json_string "$reply" && text+=",\"active\":$reply"
			json_string "$cost" && text+=",\"cost\":$reply}"
			continue
		fi
		case $reply in
		yes) text="active" ;;
		no) text="not active" ;;
		*) text="active otherwise: $reply" ;;
		esac
		case $supported in
		no) text+=", not supported by this kernel" ;;
		unknown) text+=", support unknown" ;;
		esac
		case $wanted in
		ab) text+=", an A/B of its own" ;;
		no) text+=", not advised" ;;
		esac
		printf '%s (%s)\n    %s\n' "$parameter" "$text" "$cost"
	done
	if ((json)); then
		json_string "$line" && line=$reply
		json_string "$mitigations" && mitigations=$reply
		printf '{"schema":"exitlab-isolation-advice/1","cpu":%s,"isolated":"%s","parameters":[%s],"line":%s,"mitigations":%s}\n' \
			"${header[cpu]}" "${header[isolated]}" "$text" "$line" "$mitigations"
		return
	fi
	cat <<-END
	mitigations (noted: $mitigations)
	    they are part of what an exit costs: left as they are, and recorded with every run

	Nothing is written. To boot so, one of these, then reboot:
	  GRUB             /etc/default/grub: GRUB_CMDLINE_LINUX="... $line"; then update-grub
	  grubby           grubby --update-kernel=ALL --args="$line"
	  systemd-boot     add "$line" to /etc/kernel/cmdline; then kernel-install add "\$(uname -r)" /boot/vmlinuz-"\$(uname -r)"
	END
}

# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# Which packages tiny takes, asked for by common.d/apt.sh.

# The packages named, the libraries they need and the kernel, one a line.
# Other dependencies do not count, nor do those of libpam-modules, of which
# one file is used; of alternatives the first is taken.
closure()
{
	apt cache depends --recurse --important "$@" | awk -v names="$*" '
		/^[^ ]/ { name = $1; next }
		/Depends: / {
			if (!alternative && $2 ~ /^(lib|zlib|linux-image-[0-9])/)
				needs[name] = needs[name] " " $2
			alternative = /[|]/
		}
		END {
			n = split(names, todo)
			for (i = 1; i <= n; i++) {
				if (seen[todo[i]]++)
					continue
				if (todo[i] !~ /^linux-image-cloud-/)
					print todo[i]
				if (todo[i] == "libpam-modules")
					continue
				m = split(needs[todo[i]], more)
				for (j = 1; j <= m; j++)
					todo[++n] = more[j]
			}
		}'
}


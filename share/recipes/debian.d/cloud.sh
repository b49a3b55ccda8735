# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# cloud-init, read by customize: it looks for a seed disk and nowhere else, and
# asks no address of the network who it is.
#
# In: $root $user, put, in_root.

# Only what a seed can ask for; each module costs time at every boot where the
# CPU is emulated.
# shellcheck disable=SC2154 # of who reads this file
put 644 /etc/cloud/cloud.cfg.d/90-xray.cfg <<-E
	datasource_list: [NoCloud, None]
	network: {config: disabled}
	ssh_genkeytypes: [ed25519]
	manage_etc_hosts: localhost
	locale: false
	growpart: {mode: 'off'}
	resize_rootfs: false
	apt: {preserve_sources_list: true}
	system_info:
	  default_user:
	    name: $user
	    gecos: $user
	    lock_passwd: true
	    groups: [adm, sudo, systemd-journal]
	    sudo: ['ALL=(ALL) NOPASSWD:ALL']
	    shell: /bin/bash
	cloud_init_modules: [bootcmd, write-files, growpart, resizefs,
	  disk_setup, mounts, set_hostname, update_hostname, update_etc_hosts,
	  ca-certs, users-groups, ssh]
	cloud_config_modules: [ssh-import-id, locale, set-passwords,
	  apt-configure, ntp, timezone, runcmd]
	cloud_final_modules: [package-update-upgrade-install,
	  write-files-deferred, scripts-vendor, scripts-per-once,
	  scripts-per-boot, scripts-per-instance, scripts-user, phone-home,
	  final-message, power-state-change]
E
echo 'policy: enabled' | put 644 /etc/cloud/ds-identify.cfg

/* SPDX-License-Identifier: ISC */
#include "sign.h"

#include <string.h>

/* The first that a line holds counts, so what is said in more words stands
 * above what is said in fewer. */
static const struct {
	const char *words;
	enum sign sign;
} signs[] = {
	{ "---[ end Kernel panic", SIGN_NOTHING }, /* told already */

	/* the kernel, initramfs-tools, dracut, our own tiny */
	{ "Unable to mount root fs", SIGN_NO_ROOT },
	{ "Cannot open root device", SIGN_NO_ROOT },
	{ "Gave up waiting for root", SIGN_NO_ROOT },
	{ "does not exist.  Dropping to a shell", SIGN_NO_ROOT },
	{ "No root device specified", SIGN_NO_ROOT },
	{ "dracut-initqueue: timeout, still waiting", SIGN_NO_ROOT },
	{ "no disk with a file system labelled", SIGN_NO_ROOT },
	{ "No working init found", SIGN_NO_INIT },
	{ "Requested init ", SIGN_NO_INIT },
	{ "Attempted to kill init!", SIGN_PANIC },
	{ "Out of memory and no killable processes", SIGN_OOM },
	{ "System is deadlocked on memory", SIGN_OOM },
	{ "Kernel panic - not syncing", SIGN_PANIC },

	/* SeaBIOS, EDK II */
	{ "No bootable device", SIGN_NO_BOOT },
	{ "No bootable option or device was found", SIGN_NO_BOOT },
	{ "not a bootable disk", SIGN_NO_BOOT },
	{ "UEFI Interactive Shell", SIGN_NO_BOOT },
	{ "Missing operating system", SIGN_NO_BOOT },

	/* syslinux, GRUB, systemd-boot, which goes back to the firmware */
	{ "Could not find kernel image", SIGN_NO_KERNEL },
	{ "No DEFAULT or UI configuration directive", SIGN_NO_KERNEL },
	{ "you need to load the kernel first", SIGN_NO_KERNEL },
	{ "grub rescue>", SIGN_NO_KERNEL },
	{ "Minimal BASH-like line editing is supported", SIGN_NO_KERNEL },
	{ "Error loading EFI binary", SIGN_NO_KERNEL },
	{ "starting Boot0000 \"UiApp\"", SIGN_NO_KERNEL },

	{ "Out of memory: Kill", SIGN_OOM },
	{ "Memory cgroup out of memory: Kill", SIGN_OOM },
	{ "invoked oom-killer", SIGN_OOM },

	{ "EXT4-fs error", SIGN_BROKEN_FS },
	{ "Remounting filesystem read-only", SIGN_BROKEN_FS },
	{ "UNEXPECTED INCONSISTENCY", SIGN_BROKEN_FS },
	{ "BTRFS error", SIGN_BROKEN_FS },
	{ "BTRFS critical", SIGN_BROKEN_FS },
	{ "Corruption of in-memory data", SIGN_BROKEN_FS },
	{ "Metadata corruption detected", SIGN_BROKEN_FS },
	{ "Buffer I/O error on dev", SIGN_BROKEN_FS },
	{ "I/O error, dev ", SIGN_BROKEN_FS },
	{ "SQUASHFS error", SIGN_BROKEN_FS },

	{ "You are in emergency mode", SIGN_EMERGENCY },
	{ "You are in rescue mode", SIGN_EMERGENCY },
	{ "Entering emergency mode", SIGN_EMERGENCY },
	{ "Give root password for maintenance", SIGN_EMERGENCY },
	{ "the root account is locked", SIGN_EMERGENCY },
	{ "(initramfs)", SIGN_EMERGENCY },

	{ "Failed to start Initial cloud-init job", SIGN_CLOUD_INIT },
	{ "Failed to start Apply the settings specified in cloud-config",
	    SIGN_CLOUD_INIT },
	{ "Failed to start Execute cloud user/final scripts", SIGN_CLOUD_INIT },
	{ "Failed to start cloud-", SIGN_CLOUD_INIT },
	{ "failed to run module ", SIGN_CLOUD_INIT },
	{ "Failed loading yaml blob", SIGN_CLOUD_INIT },
	{ "Failed to start OpenBSD Secure Shell", SIGN_SSHD },
	{ "Failed to start OpenSSH", SIGN_SSHD },
	{ "Failed to start ssh", SIGN_SSHD },

	{ "No space left on device", SIGN_NO_SPACE },
	{ "soft lockup - CPU#", SIGN_HANG },
	{ "blocked for more than", SIGN_HANG },
	{ "self-detected stall", SIGN_HANG },
	{ "[FAILED] Failed to ", SIGN_FAILED },
};

enum { RAW = 4096 }; /* bytes in which those that count are looked for */

/*
 * What follows an ESC (ECMA-48): a control sequence up to its final byte, a
 * string up to BEL or the next ESC, or one byte.  How many bytes of it.
 */
static size_t
escape(const char *p, size_t n)
{
	size_t i = 1;

	if (n == 0)
		return 0;
	if (p[0] == '[')
		while (i < n && (p[i] < '@' || p[i] > '~'))
			i++;
	else if (strchr("]P_^X", p[0]))
		while (i < n && p[i] != '\a' && p[i] != '\033')
			i++;
	else if (p[0] == '(' || p[0] == ')')
		return n < 2 ? n : 2;
	else
		return 1;
	return i < n && p[i] != '\033' ? i + 1 : i;
}

/* "[    5.201234] " before a line of the kernel's; how many bytes. */
static size_t
kernel_time(const char *p, size_t n)
{
	size_t i = 1;

	if (n < 4 || p[0] != '[')
		return 0;
	while (i < n && strchr(" .0123456789", p[i]) && p[i])
		i++;
	return i > 3 && i + 1 < n && p[i] == ']' && p[i + 1] == ' ' ? i + 2 : 0;
}

void
sign_clean(struct buf *b, const char *p, size_t n)
{
	char line[SIGN_LINE];
	size_t len = 0, from;

	if (n > RAW)
		n = RAW;
	for (size_t i = 0; i < n && len < sizeof line; i++)
		if (p[i] == '\033')
			i += escape(p + i + 1, n - i - 1);
		else if (p[i] == '\t')
			line[len++] = ' ';
		else if (p[i] && p[i] != '\r' && p[i] != '\a')
			line[len++] = p[i];
	for (from = 0; from < len && line[from] == ' '; from++)
		;
	from += kernel_time(line + from, len - from);
	while (from < len && line[from] == ' ')
		from++;
	while (len > from && line[len - 1] == ' ')
		len--;
	buf_vis(b, line + from, len - from);
}

/* A prompt, behind which the kernel or a service may have gone on. */
static int
is_prompt(const char *text)
{
	size_t n = strlen(text), host = strcspn(text, " ");

	return str_starts(text + host, " login:") ||
	    (n >= 6 && strcmp(text + n - 6, "login:") == 0);
}

enum sign
sign_of(const char *text)
{
	for (size_t i = 0; i < LEN(signs); i++)
		if (strstr(text, signs[i].words))
			return signs[i].sign;
	return is_prompt(text) ? SIGN_LOGIN : SIGN_NOTHING;
}

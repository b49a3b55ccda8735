/* SPDX-License-Identifier: ISC */
/*
 * ssh: the key pair, what a guest is told at boot, the fixed options of
 * every ssh(1) that xray starts, and waiting for the guest's answer.
 *
 * The guest's port 22 is the unix socket guest-22.sock in the VM's directory;
 * ssh reaches it through xray-connect, so no TCP port is trusted and the host
 * key is the VM's own.
 */
#ifndef XRAY_SSH_H
#define XRAY_SSH_H

#include "vm.h"

/* The path of xray's private key: XRAY_SSH_KEY, ssh_key in config.ini, else
 * ssh/id in the home; the caller's. */
char *ssh_key(const struct home *h);
/* Make the key pair when it is not there; force makes a new one in its place.
 * 1 made, 0 it was there, -1 with why. */
int ssh_key_make(struct home *h, int force, struct why *why);

/*
 * What the guest learns by SMBIOS type 11: files below cred/ in the VM's
 * directory, written when they are not there or say something else, their
 * names to be had from ssh_credential_files.  Makes the guest's host key and
 * known_hosts on first
 * use where the base's images take a host key.
 */
int ssh_credentials(struct home *h, struct vm *vm, struct why *why);

/* The guest's host name: the VM's with - for _, up to the first dot; the
 * caller's. */
char *ssh_hostname(const struct vm *vm);
/* Add the public keys that the guest lets in, a line each: xray's own, made
 * when it is not there, and those of ssh_keys. */
int ssh_authorized_keys(
    struct home *h, const struct vm *vm, struct buf *b, struct why *why);

/* The names of those files alone. */
void ssh_credential_files(
    struct home *h, const struct vm *vm, struct strv *files);

/* Add "ssh" and the fixed options, up to but not with the host's name.
 * user NULL: the VM's.  tty not 0: a person types, so ssh's escapes work.
 * ms: how long the connection may wait for the guest, -1: ssh_wait_ms. */
int ssh_argv(struct home *h, const struct vm *vm, const char *user, int tty,
    long long ms, struct strv *argv, struct why *why);
/* The same in two parts, the first of which no configuration can change; what
 * stands between them counts before the second.  conf: a file for ssh -F,
 * NULL: none. */
int ssh_argv_fixed(struct home *h, const struct vm *vm, const char *conf,
    int tty, long long ms, struct strv *argv, struct why *why);
void ssh_argv_usual(const struct vm *vm, const char *user, struct strv *argv);
/* Have ssh ask for a password, on the terminal or by SSH_ASKPASS: words are
 * those of ssh_argv with a terminal. */
void ssh_with_password(struct strv *words);

/* Add s as one word of ProxyCommand's shell line, in which % is a token. */
void ssh_shell_word(struct buf *b, const char *s);

/*
 * Add the block of ssh_config(5) by which plain ssh and what uses it reach the
 * VM as NAME.xray: the same fixed options, without those that a user may set.
 * via NULL, or the ssh destination of this machine as another one names it.
 * -1 with why: EX_CONFIG for a path that no ssh_config can hold.
 */
int ssh_config_block(struct home *h, const struct vm *vm, const char *via,
    struct buf *out, struct why *why);
/* Write it to ssh.conf in the VM's directory, which ~/.ssh/config may include,
 * when it is not there or says something else.  The caller holds the VM's
 * lock. */
int ssh_config_write(struct home *h, const struct vm *vm, struct why *why);

/* The line of ~/.ssh/config that takes in those of all VMs, the caller's; NULL
 * with why (EX_CONFIG) for a path that no Include can hold. */
char *ssh_config_include(const struct home *h, struct why *why);

/* The host's name in them, the caller's: NAME.xray. */
char *ssh_host(const struct vm *vm);

/* A command that sets the guest's clock right and prints by how many seconds
 * it was behind; it waits ms milliseconds for an answer. */
int ssh_clock_argv(struct home *h, const struct vm *vm, long long ms,
    struct strv *argv, struct why *why);

/* Run it, with nothing to say: its pid, or -1 with why. */
pid_t ssh_clock_spawn(struct home *h, const struct vm *vm, struct why *why);

/*
 * Wait until the guest's sshd sends its banner.  A connection on which it
 * stands unread, or -1 with why: EX_UNAVAILABLE when the VM is not alive, is
 * paused, has no network, or died, with the console's last line; EX_TEMPFAIL
 * when the deadline passed.
 * Now and then tell, when not NULL, gets a line with what the console says.
 */
int ssh_await(const struct vm *vm, long long deadline,
    void (*tell)(const char *text), struct why *why);
/* 1 when text, what came from a server so far, has an identification string;
 * other lines may come before it (RFC 4253, section 4.2). */
int ssh_greets(const char *text);
/* How long to wait for a guest, in milliseconds: arg when it is not negative,
 * else XRAY_WAIT_TIMEOUT, config.ini's wait_timeout, 120 s, or 600 s under
 * tcg; 60 s when it has answered since it was started.  -1 with why. */
long long ssh_wait_ms(
    const struct home *h, const struct vm *vm, long long arg, struct why *why);

/* Append a line to log/ssh.log, from which xray why knows what waiting came
 * to. */
void ssh_note(const struct vm *vm, const char *text);

/* Remember that the guest has answered since it was started; ask. */
void ssh_mark_up(const struct vm *vm);
int ssh_is_up(const struct vm *vm);

/* The console's last line since this start, made printable, the caller's;
 * NULL when there is none. */
char *ssh_last_line(const struct vm *vm);

#endif

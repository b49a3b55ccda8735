/* SPDX-License-Identifier: ISC */
/* confine_priv: the parts of confine on Linux. */
#ifndef XRAY_CONFINE_PRIV_H
#define XRAY_CONFINE_PRIV_H

/* Landlock: rights to paths, and those to connect to a unix socket's path.
 * The CONFINED_ bits in force, 0 where the kernel has it not; -1 with errno. */
struct confine;
int confine_paths(const struct confine *c);
int confine_unix(void);

/* Seccomp: the calls of a gateway; no connection but to IPv4. */
/* What is different for those who read, or for a proxy. */
enum confine_who { CONFINE_GATEWAY, CONFINE_READER, CONFINE_PROXY };
int confine_calls(enum confine_who who);
int confine_connect(void);

#endif

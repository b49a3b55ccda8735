/* SPDX-License-Identifier: ISC */
/* guess: what the name of a cloud image tells. */
#ifndef XRAY_GUESS_H
#define XRAY_GUESS_H

/* The user that the image called so brings ("noble-server-cloudimg-amd64.img"
 * has ubuntu), a path or URL too; NULL when the name does not say. */
const char *guess_user(const char *name);
/* Likewise x86_64 or aarch64, NULL. */
const char *guess_arch(const char *name);

#endif

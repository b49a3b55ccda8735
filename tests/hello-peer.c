/* SPDX-License-Identifier: ISC */
/* hello-peer: the least that a program which reads an ini file costs. */
#include <ini.h>
#include <stdio.h>

static int
pair(void *user, const char *section, const char *name, const char *value)
{
	(void)user, (void)section, (void)name;
	return puts(value) >= 0;
}

int
main(void)
{
	return ini_parse_string("hello = hello\n", pair, NULL);
}

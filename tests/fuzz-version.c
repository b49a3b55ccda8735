/* SPDX-License-Identifier: ISC */
/* fuzz-version: the bytes are what a QEMU says of itself. */
#include "doctor.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *said = fuzz_text(p, n), *is, *end;
	unsigned long long major, minor;
	int recent = -1;

	is = doctor_version(said, &recent);
	if (is) {
		must(strstr(said, is) && strlen(is) < 32);
		must(!is[strspn(is, "0123456789.")]);
		major = strtoull(is, &end, 10);
		must(end > is && *end == '.');
		minor = strtoull(end + 1, NULL, 10);
		must(recent == (major > 7 || (major == 7 && minor > 1)));
	} else
		must(recent == -1);
	free(is);
	free(said);
	return 0;
}

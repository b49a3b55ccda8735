/* SPDX-License-Identifier: ISC */
/* xray-argv: the QEMU command line that start uses, one argument a line. */
#include "say.h"

#include <getopt.h>

#include "opt.h"
#include "qemu.h"
#include "ssh.h"
#include "vm.h"

enum { OPT_ACCEL = OPT_OWN };

static const struct opt opts[] = {
	{ OPT_ACCEL, "accel", "A", "auto, kvm, hvf or tcg" },
	{ 0 },
};
static const struct usage use = { "xray-argv", "VM", opts, 0 };

int
main(int argc, char **argv)
{
	autostrv struct strv smbios = { 0 }, words = { 0 };
	const char *accel = NULL;
	struct home home;
	struct qemu q;
	struct vm vm;
	struct why why;

	while (opt_next(argc, argv, &use) != -1)
		accel = optarg;
	if (argc - optind != 1)
		die_usage(&use, "one VM");
	if (home_open(&home, &why) < 0 ||
	    vm_open(&home, argv[optind], &vm, &why) < 0 ||
	    qemu_find(&home, &vm, accel, &q, &why) < 0)
		die_why(&why);
	ssh_credential_files(&home, &vm, &smbios);
	qemu_argv(&vm, &q, &smbios, vm.resume != NULL, &words);
	for (size_t i = 0; i < words.n; i++)
		say("%s\n", words.v[i]);
	return say_done();
}

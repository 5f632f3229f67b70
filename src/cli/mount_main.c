/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Program entry of sandlock-mount: podman's storage calls it instead of mount(2), and shows what it writes to stderr. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "cli/options.h"
#include "mount/mount.h"

struct arguments {
	char **options; /* -o */
	const char *share;
	bool version;
};

static int parse(int argc, char **argv, struct arguments *ret, int *ret_first, struct err **err)
{
	const struct option_row rows[] = {
		{"options", 'o', OPTION_LIST, &ret->options, "OPTIONS",
		 "lowerdir=A:B,upperdir=U,workdir=W and others, as of fuse-overlayfs"},
		{"share", 0, OPTION_STRING, &ret->share, "HOW",
		 "auto (default), link, reflink or copy: how files of the layers get into the live "
		 "root"},
		{"version", 'V', OPTION_FLAG, &ret->version, NULL, "show what this program is"},
		{NULL},
	};
	const struct option_set set = {
		.usage = "sandlock-mount [--share HOW] -o OPTIONS MOUNTPOINT",
		.intro = "Mounts the layers of a container: a mount_program for podman's "
			 "storage.conf.",
		.rows = rows,
		.min_args = 0,
		.max_args = 1,
	};

	return options_parse(&set, argc, argv, ret_first, err);
}

static int run_request(const struct arguments *a, const char *target, struct err **err)
{
	struct mount_request rq = {.target = target};
	int r = 0;

	for (size_t i = 0; r == 0 && a->options && a->options[i]; i++)
		r = mount_request_parse(a->options[i], &rq, err);
	if (r == 0 && a->share)
		r = mount_request_share(a->share, &rq, err);
	if (r == 0)
		r = mount_request_check(&rq, err);
	if (r == 0)
		r = mount_program_run(&rq, err);
	mount_request_done(&rq);
	return r;
}

static int run(int argc, char **argv, struct err **err)
{
	struct arguments a = {0};
	int first, r = parse(argc, argv, &a, &first, err);

	if (r == 0 && a.version)
		printf("sandlock-mount version %s\ncommit: %s\n", PACKAGE_VERSION, SANDLOCK_COMMIT);
	else if (r == 0 && first == argc)
		r = err_text(err, EINVAL, "the mount point is missing");
	else if (r == 0)
		r = run_request(&a, argv[first], err);
	strv_free(a.options);
	return r == OPTIONS_HELP ? 0 : r;
}

int main(int argc, char **argv)
{
	cleanup_err struct err *err = NULL;

	if (run(argc, argv, &err) < 0) {
		fprintf(stderr, "sandlock-mount: %s\n", err_msg(err));
		return EXIT_FAILURE;
	}
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

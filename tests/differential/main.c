/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fileops image DIR N                  make N worlds below DIR/w
 * fileops run [mask] JOB...            in the container: log to stdout. A job is WORLD:SEED[:INDEX,INDEX...] or WORLD+COUNT:SEED (COUNT worlds and seeds from there on)
 * fileops compare [mask] NATIVE COW    two logs
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fileops.h"

#define MAX_KINDS 200

static struct op_kind kinds[MAX_KINDS];
static unsigned n_kinds;
bool may_sync;

static void collect_kinds(void)
{
	const struct op_kind *const tables[] = {ops_open, ops_names, ops_meta, ops_io, ops_misc};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct op_kind *k = tables[i]; k->name && n_kinds < MAX_KINDS; k++)
			kinds[n_kinds++] = *k;
}

/* Each seed uses a part of the kinds only: rare combinations come sooner than if everything were mixed with everything. */
static unsigned choose_kinds(uint64_t seed, const struct op_kind **ret)
{
	struct op op;
	unsigned n = 0;

	op_seed(&op, seed, 1000000);
	for (unsigned i = 0; i < n_kinds; i++)
		if (chance(&op, 45))
			ret[n++] = &kinds[i];
	if (n == 0)
		ret[n++] = &kinds[0];
	return n;
}

static bool wanted(const char *list, unsigned index)
{
	if (!list)
		return true;
	for (const char *p = list; *p;) {
		char *end;
		unsigned long v = strtoul(p, &end, 10);

		if (v == index)
			return true;
		p = *end ? end + 1 : end;
	}
	return false;
}

/* In a child, so that nothing of it stays. */
static void run_seed(uint64_t seed, const char *list)
{
	const struct op_kind *some[MAX_KINDS];
	unsigned n = choose_kinds(seed, some);
	char dir[80];

	may_sync = seed % 32 == 0;
	alarm(20);
	umask(022);
	for (int fd = 3; fd < 100; fd++)
		close(fd);
	snprintf(dir, sizeof(dir), "%s/a/r", world_prefix);
	if (chdir(dir) < 0)
		_exit(100);
	for (unsigned i = 0; i < OPS_PER_SEED; i++) {
		struct op op;
		const struct op_kind *kind;

		if (seed == 0) {
			if (wanted(list, i))
				run_fixed(i);
			continue;
		}
		op_seed(&op, seed, i);
		kind = some[pick(&op, n)];
		if (wanted(list, i))
			run_op(kind, &op);
	}
	_exit(0);
}

static void run_job(unsigned world, uint64_t seed, const char *list)
{
	int status = 0;
	size_t len;
	const char *text;
	pid_t pid;

	snprintf(world_prefix, sizeof(world_prefix), "/w/%04u", world);
	log_reset();
	say("JOB %u:%llu\n", world, (unsigned long long)seed);
	note_initial(world_prefix);
	pid = fork();
	if (pid == 0)
		run_seed(seed, list);
	waitpid(pid, &status, 0);
	if (status)
		say("\nENDED BY %d\n", status);
	say_tree(world_prefix);
	text = log_text(&len);
	fwrite(text, 1, len, stdout);
}

static int run_jobs(char **jobs)
{
	signal(SIGPIPE, SIG_IGN);
	log_init();
	collect_kinds();
	for (; *jobs; jobs++) {
		unsigned world, count = 1;
		unsigned long long seed;
		int end = 0;

		if (sscanf(*jobs, "%u+%u:%llu%n", &world, &count, &seed, &end) != 3 &&
		    sscanf(*jobs, "%u:%llu%n", &world, &seed, &end) != 2) {
			fprintf(stderr, "fileops: bad job %s\n", *jobs);
			return 125;
		}
		for (unsigned i = 0; i < count; i++)
			run_job(world + i, seed + i, (*jobs)[end] == ':' ? *jobs + end + 1 : NULL);
	}
	return fflush(stdout) == 0 ? 0 : 125;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	/* how the kernel starts a script of the image */
	if (strcmp(command, "exit-with-8") == 0)
		return 8;
	argv += 2;
	argc -= 2;
	if (argc > 0 && strcmp(argv[0], "mask") == 0) {
		mask = true;
		argv++;
		argc--;
	}
	if (strcmp(command, "image") == 0 && argc == 2)
		return make_image(argv[0], (unsigned)strtoul(argv[1], NULL, 10));
	if (strcmp(command, "run") == 0 && argc > 0)
		return run_jobs(argv);
	if (strcmp(command, "compare") == 0 && argc == 2)
		return compare_logs(argv[0], argv[1]);
	fprintf(stderr,
		"usage: fileops image DIR N | run [mask] JOB... | compare [mask] NATIVE COW\n");
	return 125;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares the logs of the plain copy and of the copy-on-write root, job by job. Only the documented differences are let pass, and only where the copy-on-write side
 * marked them: n=- (link count of a shared inode), ~ (the rest of the line is seen through an old descriptor), a directory's m=now (a copy-up below it).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fileops.h"

static bool same_token(const char *native, const char *cow, bool dir)
{
	if (strcmp(native, cow) == 0)
		return true;
	if (strcmp(cow, "n=-") == 0)
		return strncmp(native, "n=", 2) == 0;
	return dir && mask && strcmp(cow, "m=now") == 0 && strncmp(native, "m=", 2) == 0;
}

static bool same_line(const char *native, const char *cow)
{
	char *a, *b, *x, *y, *sa, *sb;
	bool same = true, dir = strstr(cow, " dir ") != NULL;

	if (strcmp(native, cow) == 0)
		return true;
	a = strdup(native);
	b = strdup(cow);
	x = strtok_r(a, " \n", &sa);
	y = strtok_r(b, " \n", &sb);
	for (; same && (x || y); x = strtok_r(NULL, " \n", &sa), y = strtok_r(NULL, " \n", &sb)) {
		if (y && strcmp(y, "~") == 0)
			break;
		same = x && y && same_token(x, y, dir);
	}
	free(a);
	free(b);
	return same;
}

static void report(const char *job, const char *a, const char *b)
{
	printf("%.*s\n  native: %s  cow:    %s", (int)strcspn(job, "\n"), job, a ? a : "(end)\n",
	       b ? b : "(end)\n");
}

/* Prints the first difference of each job that differs. Returns how many. */
int compare_logs(const char *native, const char *cow)
{
	FILE *a = fopen(native, "r"), *b = fopen(cow, "r");
	char *x = NULL, *y = NULL, job[4096] = "(before the first job)";
	size_t nx = 0, ny = 0;
	int differ = 0, jobs = 0;
	bool bad = false;

	if (!a || !b) {
		fprintf(stderr, "fileops: cannot open the logs\n");
		return 125;
	}
	for (;;) {
		bool ea = getline(&x, &nx, a) < 0, eb = getline(&y, &ny, b) < 0;

		if (bad) { /* to the next job of each */
			while (!ea && strncmp(x, "JOB ", 4) != 0)
				ea = getline(&x, &nx, a) < 0;
			while (!eb && strncmp(y, "JOB ", 4) != 0)
				eb = getline(&y, &ny, b) < 0;
			bad = false;
		}
		if (ea && eb)
			break;
		if (!ea && strncmp(x, "JOB ", 4) == 0) {
			snprintf(job, sizeof(job), "%s", x);
			jobs++;
		}
		if (ea || eb || !same_line(x, y)) {
			report(job, ea ? NULL : x, eb ? NULL : y);
			differ++;
			bad = true;
		}
		if (ea || eb)
			break;
	}
	fprintf(stderr, "%d jobs, %d differ\n", jobs, differ);
	return differ ? 1 : jobs == 0 ? 125 : 0;
}

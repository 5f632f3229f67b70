/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small TAP writer for the C unit tests: one process, one main(), `return tap_done();` at its end.
 * A failed check prints where and what and the test goes on; bail() stops the program.
 */
#ifndef SANDLOCK_TESTS_TAP_H
#define SANDLOCK_TESTS_TAP_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 4, 5), unused)) static int tap_check(int ok, const char *file,
								   int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", ok ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!ok) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return ok;
}

#define ok(cond, ...) tap_check(!!(cond), __FILE__, __LINE__, __VA_ARGS__)

#define is_int(got, want, ...)                                                                     \
	do {                                                                                       \
		long long g_ = (long long)(got), w_ = (long long)(want);                           \
		if (!tap_check(g_ == w_, __FILE__, __LINE__, __VA_ARGS__))                         \
			printf("#  got %lld\n# want %lld\n", g_, w_);                              \
	} while (0)

#define is_str(got, want, ...)                                                                     \
	do {                                                                                       \
		const char *g_ = (got), *w_ = (want);                                              \
		if (!tap_check(g_ && w_ ? strcmp(g_, w_) == 0 : g_ == w_, __FILE__, __LINE__,      \
			       __VA_ARGS__))                                                       \
			printf("#  got %s\n# want %s\n", g_ ? g_ : "(null)", w_ ? w_ : "(null)");  \
	} while (0)

/* The one allowed skip: why names the missing host feature. */
__attribute__((unused)) static void tap_skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, what, why);
	fflush(stdout);
}

__attribute__((format(printf, 1, 2), noreturn, unused)) static void bail(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	exit(99);
}

__attribute__((unused)) static int tap_done(void)
{
	printf("1..%d\n", tap_count);
	fflush(stdout);
	return tap_failed ? 1 : 0;
}

#endif

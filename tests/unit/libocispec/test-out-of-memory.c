/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every allocation of ours fails once, in turn: the parser says -ENOMEM, leaves the result alone and loses nothing (the leak
 * check of the sanitizer build). yajl's own allocations are out of reach: it is a shared library.
 */
/* covers: parser out of memory */
#include <config.h>

#include <stdint.h>

#include "libocispec/oci_config.h"
#include "libocispec/oci_state.h"

#include "base/buf.h"
#include "tests/lib/tap.h"

/* The linker turns malloc() into __wrap_malloc() (-Wl,--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static unsigned fail_at, allocations; /* fail_at 0: none */

static int fails(void)
{
	return ++allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

static char *read_full_config(size_t *ret_len)
{
	const char *top = getenv("top_srcdir");
	char path[4096], *text = malloc(1 << 16);
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/config-full.json", top ? top : ".");
	f = fopen(path, "re");
	if (!f || !text)
		bail("cannot read %s", path);
	*ret_len = fread(text, 1, 1 << 16, f);
	fclose(f);
	return text;
}

static int parse_failing_at(unsigned n, const char *text, size_t len, struct oci_err *err)
{
	struct oci_config *c = NULL;
	int r;

	allocations = 0;
	fail_at = n;
	r = oci_config_parse(text, len, &c, err);
	fail_at = 0;
	if ((r == 0) != (c != NULL))
		bail("result %d does not fit the document", r);
	oci_config_free(c);
	return r;
}

static void test_parse(void)
{
	struct oci_err err = {0};
	size_t len;
	char *text = read_full_config(&len);
	unsigned n, wrong = 0;
	int r = -ENOMEM;

	for (n = 1; r != 0 && n < 10000; n++) {
		r = parse_failing_at(n, text, len, &err);
		if (r != 0 && (r != -ENOMEM || strcmp(err.msg, "out of memory") != 0))
			wrong++;
	}
	ok(n > 10, "%u allocations failed in turn", n - 2);
	is_int(wrong, 0, "each time -ENOMEM and the text");
	is_int(r, 0, "without a failure the document is read");
	free(text);
}

static void test_write(void)
{
	struct oci_state state = {
		.id = "x",
		.bundle =
			"/a/long/bundle/path/that/makes/the/buffer/grow/more/than/once/of/course"};
	struct buf b = {0};
	int r = -ENOMEM;

	for (unsigned n = 1; n <= 2; n++) {
		allocations = 0;
		fail_at = n;
		r = oci_state_write(&state, false, &b);
		fail_at = 0;
		is_int(r, -ENOMEM, "writing, allocation %u fails", n);
		buf_done(&b);
		b = (struct buf){0};
	}
	is_int(oci_state_write(&state, false, &b), 0, "writing without a failure");
	buf_done(&b);
}

int main(void)
{
	test_parse();
	test_write();
	return tap_done();
}

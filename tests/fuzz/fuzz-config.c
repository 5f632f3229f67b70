/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer entry point of the parser: any bytes, as each of the documents we read. Besides what the sanitizers see: a failure says where and
 * why, and leaves the result alone.
 */
/* covers: parser fuzzing */
#include <config.h>

#include "libocispec/oci_config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "libocispec/encode.h"
#include "libocispec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, const struct oci_err *err)
{
	size_t *n = arg;

	(*n)++;
	if (err->line == 0 || err->column == 0 || err->msg[0] == '\0' ||
	    strlen(err->path) >= sizeof(err->path))
		abort();
}

/* Every string that was read can be written and read again. */
static void check_rewrite(const struct json_value *v)
{
	cleanup_buf struct buf b = {0};
	cleanup_json struct json_doc *again = NULL;
	struct encoder e = {.out = &b};
	const char *s, *t = NULL;

	if (json_to_string(v, &s) < 0)
		return;
	encode_string(&e, s);
	if (encode_finish(&e) < 0)
		return;
	if (json_parse(b.data, b.len, &again, NULL) < 0 ||
	    json_to_string(json_root(again), &t) < 0 || strcmp(s, t) != 0)
		abort();
}

static void fuzz_tree(const char *text, size_t size)
{
	cleanup_json struct json_doc *doc = NULL;

	if (json_parse(text, size, &doc, NULL) < 0)
		return;
	for (const struct json_value *v = json_first(json_root(doc)); v; v = json_next(v))
		check_rewrite(v);
}

static void check_result(int r, const void *doc, size_t *n_problems)
{
	if ((r == 0) != (doc != NULL) || (r == 0) != (*n_problems == 0))
		abort();
	*n_problems = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t unknown = 0, problems = 0;
	struct oci_parse_opts problem_opts = {.problem = count, .arg = &problems};
	struct oci_parse_opts unknown_opts = {.unknown = count, .arg = &unknown};
	struct oci_config *config = NULL, *config2 = NULL;
	struct oci_process *process = NULL;
	struct oci_resources *resources = NULL;
	struct oci_seccomp *seccomp = NULL;
	struct oci_mounts *mounts = NULL;
	int r;

	fuzz_tree(text, size);
	r = oci_config_parse_opts(text, size, &problem_opts, &config, NULL);
	check_result(r, config, &problems);
	oci_config_parse_opts(text, size, &unknown_opts, &config2, NULL);
	r = oci_process_parse_opts(text, size, &problem_opts, &process, NULL);
	check_result(r, process, &problems);
	r = oci_resources_parse_opts(text, size, &problem_opts, &resources, NULL);
	check_result(r, resources, &problems);
	r = oci_seccomp_parse_opts(text, size, &problem_opts, &seccomp, NULL);
	check_result(r, seccomp, &problems);
	r = oci_mounts_parse_opts(text, size, &problem_opts, &mounts, NULL);
	check_result(r, mounts, &problems);
	oci_config_free(config);
	oci_config_free(config2);
	oci_process_free(process);
	oci_resources_free(resources);
	oci_seccomp_free(seccomp);
	oci_mounts_free(mounts);
	return 0;
}

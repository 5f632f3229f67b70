/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON writer and the state documents: exact text, and what is written is read back the same. */
#include <config.h>

#include "libocispec/encode.h"

#include "base/buf.h"
#include "libocispec/json.h"
#include "libocispec/oci_state.h"
#include "tests/lib/tap.h"

static void encode_sample(struct encoder *e)
{
	static const char *const list[] = {"a", "b", NULL};

	encode_begin_object(e);
	encode_key(e, "list");
	encode_strings(e, list);
	encode_key(e, "empty");
	encode_strings(e, NULL);
	encode_key(e, "none");
	encode_begin_object(e);
	encode_end_object(e);
	encode_member_string(e, "absent", NULL);
	encode_member_string(e, "there", "x");
	encode_key(e, "null");
	encode_string(e, NULL);
	encode_key(e, "deep");
	encode_begin_array(e);
	encode_bool(e, true);
	encode_bool(e, false);
	encode_begin_array(e);
	encode_i64(e, INT64_MIN);
	encode_u64(e, UINT64_MAX);
	encode_end_array(e);
	encode_end_array(e);
	encode_end_object(e);
}

static void test_compact(void)
{
	cleanup_buf struct buf b = {0};
	struct encoder e = {.out = &b};

	encode_sample(&e);
	is_int(encode_finish(&e), 0, "compact");
	is_str(b.data,
	       "{\"list\":[\"a\",\"b\"],\"empty\":[],\"none\":{},\"there\":\"x\",\"null\":null,"
	       "\"deep\":[true,false,[-9223372036854775808,18446744073709551615]]}",
	       "compact: text");
}

static void test_indented(void)
{
	cleanup_buf struct buf b = {0};
	struct encoder e = {.out = &b, .indent = true};

	encode_sample(&e);
	is_int(encode_finish(&e), 0, "indented");
	is_str(b.data,
	       "{\n  \"list\": [\n    \"a\",\n    \"b\"\n  ],\n  \"empty\": [],\n  \"none\": {},\n "
	       " \"there\": \"x\",\n"
	       "  \"null\": null,\n  \"deep\": [\n    true,\n    false,\n    [\n      "
	       "-9223372036854775808,\n"
	       "      18446744073709551615\n    ]\n  ]\n}",
	       "indented: text");
}

static void escapes(const char *in, const char *want)
{
	cleanup_buf struct buf b = {0};
	struct encoder e = {.out = &b};

	encode_string(&e, in);
	is_str(b.data, want, "written as %s", want);
}

static void test_escapes(void)
{
	escapes("", "\"\"");
	escapes("/a/b", "\"/a/b\"");
	escapes("\"\\", "\"\\\"\\\\\"");
	escapes("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
	escapes("\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"");
	escapes("<&>'", "\"<&>'\"");
	escapes("\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"");
	escapes("a\xff\xfe z", "\"a\xef\xbf\xbd\xef\xbf\xbd z\"");
	escapes("\xc3", "\"\xef\xbf\xbd\"");
	escapes("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Every byte but NUL: what comes back is UTF-8, and ASCII is unchanged. */
static void test_reads_back(void)
{
	cleanup_buf struct buf b = {0};
	struct encoder e = {.out = &b};
	struct json_doc *doc = NULL;
	char all[256];
	const char *back = "";

	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	encode_string(&e, all);
	is_int(json_parse(b.data, b.len, &doc, NULL), 0, "all bytes are read back");
	ok(doc && json_to_string(json_root(doc), &back) == 0 && memcmp(back, all, 127) == 0,
	   "ASCII is unchanged");
	is_int(strlen(back), 127 + 128 * 3, "the rest became U+FFFD");
	json_free(doc);
}

static const struct oci_pair annotations[] = {{"org.example.a", "1"}, {"b", "x/y"}};

static const struct oci_state full_state = {
	.oci_version = "1.3.0",
	.id = "c1",
	.status = "running",
	.pid = {true, 4711},
	.bundle = "/var/lib/b",
	.rootfs = "/var/lib/b/rootfs",
	.created = "2026-01-02T03:04:05.000000006Z",
	.owner = "root",
	.annotations = annotations,
	.n_annotations = 2,
};

#define FULL_STATE                                                                                 \
	"{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"status\":\"running\",\"pid\":4711,\"bundle\":"  \
	"\"/var/lib/b\","                                                                          \
	"\"rootfs\":\"/var/lib/b/"                                                                 \
	"rootfs\",\"created\":\"2026-01-02T03:04:05.000000006Z\",\"owner\":\"root\","              \
	"\"annotations\":{\"org.example.a\":\"1\",\"b\":\"x/y\"}}"

static void test_state(void)
{
	cleanup_buf struct buf compact = {0}, indented = {0}, bare = {0};
	struct oci_state small = {.oci_version = "1.3.0",
				  .id = "x",
				  .status = "stopped",
				  .pid = {true, 0},
				  .bundle = "/b"};

	is_int(oci_state_write(&full_state, false, &compact), 0, "state for a hook");
	is_str(compact.data, FULL_STATE, "one line, slashes as they are");
	is_int(oci_state_write(&small, true, &indented), 0, "state for people");
	is_str(indented.data,
	       "{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"x\",\n  \"status\": \"stopped\",\n  "
	       "\"pid\": 0,\n  \"bundle\": \"/b\"\n}",
	       "lines; pid 0 is written");
	is_int(oci_state_write(&(struct oci_state){0}, false, &bare), 0, "empty state");
	is_str(bare.data, "{}", "everything is optional");
}

static void test_process_state(void)
{
	static const char *const fds[] = {"seccompFd", NULL};
	struct oci_process_state p = {.oci_version = "1.3.0",
				      .fds = fds,
				      .pid = {true, 5},
				      .metadata = "m",
				      .state = full_state};
	cleanup_buf struct buf b = {0};

	is_int(oci_process_state_write(&p, &b), 0, "container process state");
	is_str(b.data,
	       "{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":5,\"metadata\":\"m\","
	       "\"state\":" FULL_STATE "}",
	       "container process state: text");
}

int main(void)
{
	test_compact();
	test_indented();
	test_escapes();
	test_reads_back();
	test_state();
	test_process_state();
	return tap_done();
}

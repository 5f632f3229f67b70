/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of resctrl on a directory of the same form: which are joined, which are refused, and what is removed. The kernel fills a new group with files, which a
 * plain directory does not do: so making one must fail at its schemata here, and must be undone.
 */
/* covers: config linux.intelRdt */
#include <config.h>

#include "container/intel_rdt.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "container/status.h"
#include "plan/plan.h"
#include "tests/lib/tap.h"

static char root[64];

static const char *at(const char *name)
{
	static char path[4][128];
	static unsigned n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "%s/%s", root, name);
	return path[n];
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		bail("%s: %s", name, strerror(errno));
}

static const char *get(const char *name)
{
	static char text[256];
	FILE *f = fopen(at(name), "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	return text;
}

/* Joins as pid 42; the status that comes out is static. */
static int join(const char *clos_id, char **schemata, bool monitoring, struct status **ret,
		const char **ret_text)
{
	static struct status *s;
	static struct err *err;
	struct plan_rdt rdt = {true, root, clos_id, schemata, monitoring};
	int r;

	status_free(s);
	err_free(err);
	err = NULL;
	s = calloc(1, sizeof(*s));
	r = intel_rdt_join(&rdt, "c1", 42, s, &err);
	*ret = s;
	*ret_text = err_msg(err);
	return r;
}

#define SCHEMATA(...) ((char *[]){__VA_ARGS__, NULL})

static void test_existing(void)
{
	struct status *s;
	const char *text;

	is_int(join("there", SCHEMATA((char *)"L3:0=f;1=00ff", (char *)"MB:1=70"), false, &s,
		    &text),
	       0, "a group with the same schemata is joined");
	is_str(get("there/tasks"), "42\n", "the process is there");
	ok(!s->rdt_ours && intel_rdt_remove(s, NULL) == 0 && access(at("there"), F_OK) == 0,
	   "and the group stays");
	is_int(join("there", SCHEMATA((char *)"L3:0=ff"), false, &s, &text), -EEXIST,
	       "another mask");
	ok(strstr(text, "L3:0=ff") != NULL, "the text names it: %s", text);
	is_int(join("there", SCHEMATA((char *)"L3:7=f"), false, &s, &text), -EEXIST,
	       "a domain that is not there");
	is_int(join("there", SCHEMATA((char *)"L2:0=f"), false, &s, &text), -EEXIST,
	       "a resource that is not there");
	is_int(join("there", NULL, false, &s, &text), 0, "no schemata: any");
	is_int(join("missing", NULL, false, &s, &text), -ENOENT, "but it must exist");
	ok(access(at("missing"), F_OK) < 0, "and is not made");
	is_int(join("/", NULL, false, &s, &text), 0, "the root group");
	is_str(get("tasks"), "42\n", "the process is there");
	is_int(intel_rdt_add(s, 43, NULL), 0, "a second process");
	is_str(get("tasks"), "43\n", "is there too");
}

static void test_new(void)
{
	struct status *s;
	const char *text;
	int r = join(NULL, SCHEMATA((char *)"L3:0=f"), false, &s, &text);

	ok(r < 0 && s->rdt_ours, "a new group, called like the container: %s", text);
	is_str(s->rdt_group, at("c1"), "its name");
	is_int(intel_rdt_remove(s, NULL), 0, "what was made is removed");
	ok(access(at("c1"), F_OK) < 0, "it is gone");
	is_int(intel_rdt_remove(s, NULL), 0, "twice is no error");
	r = join("there", NULL, true, &s, &text);
	ok(r < 0 && s->rdt_monitor, "a monitoring group: %s", text);
	is_int(intel_rdt_remove(s, NULL), 0, "removed");
	ok(access(at("there/mon_groups/c1"), F_OK) < 0 && access(at("there"), F_OK) == 0,
	   "it alone");
}

static int update(const char *l3, const char *mb, struct status *s, const char **ret_before,
		  const char **ret_text)
{
	static struct err *err;
	static char *before;
	struct rdt_update u = {l3, mb};
	pid_t pids[] = {42, 43};
	int r;

	err_free(err);
	err = NULL;
	free(before);
	r = intel_rdt_update(&u, root, "c1", pids, 2, s, &before, &err);
	*ret_before = before;
	*ret_text = err_msg(err);
	return r;
}

/* covers: command update --l3-cache-schema --mem-bw-schema */
static void test_update(void)
{
	struct status *s;
	const char *text, *before;
	int r;

	join("there", NULL, false, &s, &text);
	is_int(update("L3:0=3", NULL, s, &before, &text), 0, "another mask");
	is_str(get("there/schemata"), "L3:0=3\n", "is written");
	is_str(before, "    MB:0=100;1= 70\n    L3:0=00f;1=ff\n", "what was there is kept");
	is_int(update("L3:0=1", "MB:0=10", s, &before, &text), 0, "both");
	is_str(get("there/schemata"), "L3:0=1\nMB:0=10\n", "are one write");
	is_str(before, "L3:0=3\n", "and the one of before is kept");
	intel_rdt_set_back(s, before);
	is_str(get("there/schemata"), "L3:0=3\n", "and written again");
	join("/", NULL, false, &s, &text);
	r = update("L3:0=1", NULL, s, &before, &text);
	ok(r == -ENOTSUP && strstr(text, "default class"), "not the schemata of everybody: %s",
	   text);
	free(s->rdt_group);
	s->rdt_group = NULL;
	r = update("L3:0=1", NULL, s, &before, &text);
	ok(r < 0 && !s->rdt_group && !before, "a container without a group gets one: %s", text);
	ok(access(at("c1"), F_OK) < 0, "which goes again when it cannot be filled");
	free(s->rdt_group);
	s->rdt_group = strdup(at("gone"));
	r = update("L3:0=1", NULL, s, &before, &text);
	ok(r == -ENOENT && strstr(text, "gone"), "a group that somebody removed: %s", text);
}

int main(void)
{
	snprintf(root, sizeof(root), "/tmp/sandlock-rdt-XXXXXX");
	if (!mkdtemp(root))
		bail("mkdtemp: %s", strerror(errno));
	put("tasks", "");
	if (mkdir(at("there"), 0700) < 0 || mkdir(at("there/mon_groups"), 0700) < 0)
		bail("mkdir: %s", strerror(errno));
	put("there/tasks", "");
	put("there/schemata", "    MB:0=100;1= 70\n    L3:0=00f;1=ff\n");
	test_existing();
	test_new();
	test_update();
	unlink(at("there/tasks"));
	unlink(at("there/schemata"));
	unlink(at("tasks"));
	rmdir(at("there/mon_groups"));
	rmdir(at("there"));
	ok(rmdir(root) == 0, "nothing else is left");
	return tap_done();
}

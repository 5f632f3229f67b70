/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer entry point of the plan: what the parser takes becomes a plan or an error with a text. First byte: what kind of host, and whether the
 * document is a config.json or (the process of exec) a process.json for a small container.
 */
#include <config.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "host/probe.h"
#include "libocispec/oci_config.h"
#include "plan/plan.h"
#include "tests/fuzz/fuzz.h"

#define IS_PROCESS 1u
#define IS_USER	   2u
#define OLD_KERNEL 4u
#define COW	   8u
#define NO_ROOT	   16u

static unsigned kind;

static const char container[] =
	"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},"
	"\"process\":{\"cwd\":\"/\",\"args\":[\"true\"],\"user\":{\"uid\":0,\"gid\":0}},"
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"}]}}";

static int dir_facts(const char *path, struct host_dir *ret)
{
	(void)path;
	*ret = (struct host_dir){.mode = 0755, .writable = !(kind & IS_USER)};
	return kind & NO_ROOT ? -2 : 0;
}

static void check(int r, struct plan *plan, struct err *err)
{
	struct buf text = {0};

	if ((r == 0) != (plan != NULL) || (r < 0 && (!err || err_msg(err)[0] == '\0')))
		abort();
	if (plan)
		plan_dump(plan, &text);
	buf_done(&text);
	plan_free(plan);
}

static void build(const char *text, size_t size)
{
	struct host_caps caps = {
		.euid = kind & IS_USER ? 1000 : 0,
		.egid = kind & IS_USER ? 1000 : 0,
		.time_ns = !(kind & OLD_KERNEL),
		.cgroup_ns = true,
		.user_ns = true,
		.known_caps = (UINT64_C(1) << 41) - 1,
		.bounding_caps = (UINT64_C(1) << 41) - 1,
		.landlock_abi = kind & OLD_KERNEL ? 1 : 7,
		.subuid = {100000, 65536},
		.subgid = {100000, 65536},
		.newuidmap = "/usr/bin/newuidmap",
		.newgidmap = "/usr/bin/newgidmap",
	};
	struct plan_options opts = {
		.id = "test", .bundle = "/bundle", .cow = kind & COW ? "on" : NULL};
	struct plan_env env = {.caps = &caps, .dir_facts = dir_facts};
	cleanup_err struct err *err = NULL;
	struct oci_config *config = NULL;
	struct oci_process *process = NULL;
	struct plan *plan = NULL;
	int r;

	if (!(kind & IS_PROCESS)) {
		if (oci_config_parse(text, size, &config, NULL) < 0)
			return;
		r = plan_build(config, &opts, &env, &plan, &err);
	} else {
		if (oci_process_parse(text, size, &process, NULL) < 0)
			return;
		if (oci_config_parse(container, sizeof(container) - 1, &config, NULL) < 0)
			abort();
		opts.cow = kind & COW ? "on" : "off";
		r = plan_build_exec(config, process, &opts, &env, &plan, &err);
	}
	check(r, plan, err);
	oci_process_free(process);
	oci_config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	kind = data[0];
	build((const char *)data + 1, size - 1);
	return 0;
}

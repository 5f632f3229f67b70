/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process, also the whole document of `exec --process`. Library code over untrusted values. Names
 * become the kernel's numbers here; what the running kernel supports is for others to find out.
 */
#include <config.h>

#include <string.h>
#include <sys/resource.h>

#include "libocispec/schema.h"

/* clang-format off */
static const struct field_name rlimit_names[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
	{ 0 },
};

/* Numbers of linux/sched.h, which cannot be included beside libc's sched.h. */
enum {
	POLICY_OTHER = 0,
	POLICY_FIFO = 1,
	POLICY_RR = 2,
	POLICY_BATCH = 3,
	POLICY_ISO = 4,
	POLICY_IDLE = 5,
	POLICY_DEADLINE = 6,
};

static const struct field_name policy_names[] = {
	{ "SCHED_OTHER", POLICY_OTHER },
	{ "SCHED_FIFO", POLICY_FIFO },
	{ "SCHED_RR", POLICY_RR },
	{ "SCHED_BATCH", POLICY_BATCH },
	{ "SCHED_ISO", POLICY_ISO },
	{ "SCHED_IDLE", POLICY_IDLE },
	{ "SCHED_DEADLINE", POLICY_DEADLINE },
	{ 0 },
};

static const struct field_name sched_flag_names[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 },
	{ "SCHED_FLAG_RECLAIM", 0x02 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x04 },
	{ "SCHED_FLAG_KEEP_POLICY", 0x08 },
	{ "SCHED_FLAG_KEEP_PARAMS", 0x10 },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 },
	{ 0 },
};

static const struct field_name io_class_names[] = {
	{ "IOPRIO_CLASS_RT", 1 },
	{ "IOPRIO_CLASS_BE", 2 },
	{ "IOPRIO_CLASS_IDLE", 3 },
	{ 0 },
};

static const struct field console_size_fields[] = {
	ROW_NUMBER("height", oci_console_size, height, F_REQUIRED),
	ROW_NUMBER("width", oci_console_size, width, F_REQUIRED),
	{ 0 },
};
OBJECT_DESC(console_size, oci_console_size, NULL);

static const struct field user_fields[] = {
	ROW_NUMBER("uid", oci_user, uid, F_REQUIRED | F_ID),
	ROW_NUMBER("gid", oci_user, gid, F_REQUIRED | F_ID),
	ROW_RANGE("umask", oci_user, umask, 0, 0, 0777),
	ROW_NUMBERS("additionalGids", oci_user, additional_gids, F_ID),
	ROW_SKIP("username"), /* Windows */
	{ 0 },
};
OBJECT_DESC(user, oci_user, NULL);

static const struct field capabilities_fields[] = {
	ROW_STRINGS("bounding", oci_capabilities, bounding, 0),
	ROW_STRINGS("effective", oci_capabilities, effective, 0),
	ROW_STRINGS("inheritable", oci_capabilities, inheritable, 0),
	ROW_STRINGS("permitted", oci_capabilities, permitted, 0),
	ROW_STRINGS("ambient", oci_capabilities, ambient, 0),
	{ 0 },
};
OBJECT_DESC(capabilities, oci_capabilities, NULL);

static const struct field rlimit_fields[] = {
	ROW_ENUM("type", oci_rlimit, resource, rlimit_names, F_REQUIRED),
	ROW_NUMBER("soft", oci_rlimit, soft, F_REQUIRED),
	ROW_NUMBER("hard", oci_rlimit, hard, F_REQUIRED),
	{ 0 },
};

static const struct field scheduler_fields[] = {
	ROW_ENUM("policy", oci_scheduler, policy, policy_names, F_REQUIRED),
	ROW_RANGE("nice", oci_scheduler, nice, 0, -20, 19),
	ROW_NUMBER("priority", oci_scheduler, priority, 0),
	ROW_FLAGS("flags", oci_scheduler, flags, sched_flag_names, 0),
	ROW_NUMBER("runtime", oci_scheduler, runtime, 0),
	ROW_NUMBER("deadline", oci_scheduler, deadline, 0),
	ROW_NUMBER("period", oci_scheduler, period, 0),
	{ 0 },
};

static const struct field io_priority_fields[] = {
	ROW_ENUM("class", oci_io_priority, io_class, io_class_names, F_REQUIRED),
	ROW_RANGE("priority", oci_io_priority, priority, F_REQUIRED, 0, 7),
	{ 0 },
};
OBJECT_DESC(io_priority, oci_io_priority, NULL);

static const struct field affinity_fields[] = {
	ROW_STRING("initial", oci_exec_cpu_affinity, initial, F_EMPTY_ABSENT),
	ROW_STRING("final", oci_exec_cpu_affinity, final, F_EMPTY_ABSENT),
	{ 0 },
};
/* clang-format on */

void oci_check_list(struct decode *d, const struct json_value *v, const char *key, const char *text)
{
	if (text && text[strspn(text, "0123456789-, ")])
		decode_problem(d, v, key, "must be a list such as \"0-3,7\"");
}

static void check_affinity(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_exec_cpu_affinity *a = obj;

	oci_check_list(d, v, "initial", a->initial);
	oci_check_list(d, v, "final", a->final);
}

static void check_rlimit(struct decode *d, const struct json_value *v, void *obj)
{
	struct oci_rlimit *r = obj;

	r->type = field_name_of(rlimit_names, r->resource);
	if (r->soft > r->hard)
		decode_problem(d, v, "soft", "above the hard limit");
}

/* The combinations that the kernel would ignore or refuse. */
static void check_scheduler(struct decode *d, const struct json_value *v, void *obj)
{
	const struct oci_scheduler *s = obj;
	bool deadline = s->policy == POLICY_DEADLINE;

	if (s->nice && s->policy != POLICY_OTHER && s->policy != POLICY_BATCH)
		decode_problem(d, v, "nice", "only for SCHED_OTHER and SCHED_BATCH");
	if (s->priority && s->policy != POLICY_FIFO && s->policy != POLICY_RR)
		decode_problem(d, v, "priority", "only for SCHED_FIFO and SCHED_RR");
	if (s->runtime && !deadline)
		decode_problem(d, v, "runtime", "only for SCHED_DEADLINE");
	if (s->deadline && !deadline)
		decode_problem(d, v, "deadline", "only for SCHED_DEADLINE");
	if (s->period && !deadline)
		decode_problem(d, v, "period", "only for SCHED_DEADLINE");
}

OBJECT_DESC(rlimit, oci_rlimit, check_rlimit);
OBJECT_DESC(scheduler, oci_scheduler, check_scheduler);
OBJECT_DESC(affinity, oci_exec_cpu_affinity, check_affinity);

/* clang-format off */
static const struct field process_fields[] = {
	ROW_BOOL("terminal", oci_process, terminal, 0),
	ROW_SKIP("consoleSize"), /* see check_process */
	ROW_OBJECT("user", oci_process, user, user_desc, 0),
	ROW_STRINGS("args", oci_process, args, F_REQUIRED | F_NOT_EMPTY),
	ROW_SKIP("commandLine"), /* Windows */
	ROW_STRINGS("env", oci_process, env, 0),
	ROW_STRING("cwd", oci_process, cwd, F_REQUIRED | F_ABSOLUTE),
	ROW_OBJECT("capabilities", oci_process, capabilities, capabilities_desc, 0),
	ROW_OBJECTS("rlimits", oci_process, rlimits, rlimit_desc),
	ROW_BOOL("noNewPrivileges", oci_process, no_new_privileges, 0),
	ROW_STRING("apparmorProfile", oci_process, apparmor_profile, F_EMPTY_ABSENT),
	ROW_STRING("selinuxLabel", oci_process, selinux_label, F_EMPTY_ABSENT),
	ROW_RANGE("oomScoreAdj", oci_process, oom_score_adj, 0, -1000, 1000),
	ROW_OBJECT("scheduler", oci_process, scheduler, scheduler_desc, 0),
	ROW_OBJECT("ioPriority", oci_process, io_priority, io_priority_desc, 0),
	ROW_OBJECT("execCPUAffinity", oci_process, exec_cpu_affinity, affinity_desc, 0),
	ROW_OBJECT("landlock", oci_process, landlock, oci_landlock_desc, 0),
	{ 0 },
};

static const struct field console_size_row = ROW_OBJECT("consoleSize", oci_process, console_size, console_size_desc, 0);
/* clang-format on */

static void check_rlimits(struct decode *d, const struct json_value *v, const struct oci_process *p)
{
	const struct json_value *list = json_get(v, "rlimits"),
				*item = list ? json_first(list) : NULL;
	uint32_t seen = 0;

	for (size_t i = 0; item; item = json_next(item), i++) {
		uint32_t bit = 1u << p->rlimits[i].resource;

		if (seen & bit)
			decode_problem(d, item, "type", "duplicate rlimit type \"%s\"",
				       p->rlimits[i].type);
		seen |= bit;
	}
}

static void check_process(struct decode *d, const struct json_value *v, void *obj)
{
	struct oci_process *p = obj;
	const struct json_value *size = json_get(v, "consoleSize");

	/* "MUST be ignored if terminal is false": not even looked at then. */
	if (p->terminal && size)
		decode_field(d, size, &console_size_row, p);
	check_rlimits(d, v, p);
}

const struct object_desc oci_process_desc = {
	.size = sizeof(struct oci_process),
	.fields = process_fields,
	.check = check_process,
};

static const struct decode_root process_root = {
	.field = {.type = F_EMBED, .desc = &oci_process_desc},
	.size = sizeof(struct oci_process),
};

int oci_process_parse_opts(const char *text, size_t len, const struct oci_parse_opts *opts,
			   struct oci_process **ret, struct oci_err *err)
{
	void *doc;
	int r = decode_document(text, len, opts, &process_root, &doc, err);

	if (r == 0)
		*ret = doc;
	return r;
}

const char *oci_sched_policy_name(uint32_t policy)
{
	return field_name_of(policy_names, policy);
}

const char *oci_io_class_name(int io_class)
{
	return field_name_of(io_class_names, io_class);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * features: what this build can do, as JSON (runtime-spec, features.md). Nothing is claimed here: words come from the tables of the parser and of the
 * plan, and whether a property is supported is found out by planning a container that uses it on an ideal host.
 */
#include <config.h>

#include "cli/command.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/options.h"
#include "host/cred.h"
#include "host/seccomp_sys.h"
#include "layer/layer.h"
#include "libocispec/encode.h"
#include "libocispec/oci_config.h"
#include "libocispec/oci_names.h"
#include "plan/mountopt.h"
#include "plan/plan.h"
#include "seccomp/profile.h"

/* Members of config.json's linux, process and top level that make use of a feature. */
struct probe {
	const char *lin;
	const char *top;
	const char *process;
};

static int ideal_dir(const char *path, struct host_dir *ret)
{
	(void)path;
	*ret = (struct host_dir){.mode = 0755, .writable = true};
	return 0;
}

static bool can_plan(const char *text)
{
	struct host_caps caps = {
		.sys_admin = true,
		.time_ns = true,
		.cgroup_ns = true,
		.user_ns = true,
		.selinux = true,
		.apparmor = true,
		.resctrl = "/sys/fs/resctrl",
		.cgroups = HOST_CGROUPS_V2,
		.known_caps = UINT64_MAX,
		.bounding_caps = UINT64_MAX,
	};
	struct plan_options opts = {.id = "features", .bundle = "/", .cow = "off"};
	struct plan_env env = {.caps = &caps, .dir_facts = ideal_dir};
	struct oci_config *config = NULL;
	struct plan *plan = NULL;
	bool ok = oci_config_parse(text, strlen(text), &config, NULL) == 0 &&
		  plan_build(config, &opts, &env, &plan, NULL) == 0;

	plan_free(plan);
	oci_config_free(config);
	return ok;
}

static bool supports(const struct probe *p)
{
	cleanup_free char *text = xasprintf(
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/r\"},%s"
		"\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],%s\"user\":{\"uid\":0,\"gid\":0}},"
		"\"linux\":{%s\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"network\"},"
		"{\"type\":\"pid\"}]}}",
		p->top ? p->top : "", p->process ? p->process : "", p->lin ? p->lin : "");

	return can_plan(text);
}

static void names(struct encoder *o, const char *key, enum oci_names which)
{
	const char *name;

	encode_member_array(o, key);
	for (size_t i = 0; (name = oci_name(which, i, NULL)); i++)
		encode_string(o, name);
	encode_end_array(o);
}

static void hooks(struct encoder *o)
{
	encode_member_array(o, "hooks");
	for (int i = 0; i < PLAN_HOOK_COUNT; i++)
		encode_string(o, plan_hook_name((enum plan_hook_kind)i));
	encode_end_array(o);
}

static void mount_options(struct encoder *o)
{
	const char *name;

	encode_member_array(o, "mountOptions");
	for (size_t i = 0; (name = plan_mount_option_name(i)); i++)
		if (name[0])
			encode_string(o, name);
	encode_end_array(o);
}

static void capabilities(struct encoder *o)
{
	const char *name;

	encode_member_array(o, "capabilities");
	for (unsigned i = 0; i <= CAP_LAST_CAP && (name = host_cap_name(i)); i++)
		encode_string(o, name);
	encode_end_array(o);
}

static void cgroup(struct encoder *o)
{
	encode_member_object(o, "cgroup");
	encode_member_bool(o, "v1", true);
	encode_member_bool(o, "v2", true);
	encode_member_bool(o, "systemd", cgroup_systemd_built());
	encode_member_bool(o, "systemdUser", cgroup_systemd_built());
	encode_member_bool(o, "rdma", true);
	encode_end_object(o);
}

static bool supports_notify(void)
{
	static const struct probe probe = {
		.lin = "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
		       "\"listenerPath\":\"/s\",\"syscalls\":[{\"names\":[\"getcwd\"],"
		       "\"action\":\"SCMP_ACT_NOTIFY\"}]},"};

	return supports(&probe);
}

static void seccomp_words(struct encoder *o)
{
	bool notify = supports_notify();
	const char *name;

	encode_member_array(o, "actions");
	for (size_t i = 0; (name = oci_name(OCI_NAMES_SECCOMP_ACTION, i, NULL)); i++)
		if (notify || strcmp(name, "SCMP_ACT_NOTIFY") != 0)
			encode_string(o, name);
	encode_end_array(o);
	names(o, "operators", OCI_NAMES_SECCOMP_OPERATOR);
	encode_member_array(o, "archs");
	for (size_t i = 0; (name = oci_name(OCI_NAMES_SECCOMP_ARCH, i, NULL)); i++)
		if (seccomp_profile_has_arch(name))
			encode_string(o, name);
	encode_end_array(o);
}

static void seccomp(struct encoder *o)
{
	const char *name;
	int64_t flag = 0;

	encode_member_object(o, "seccomp");
	encode_member_bool(o, "enabled", true);
	seccomp_words(o);
	names(o, "knownFlags", OCI_NAMES_SECCOMP_FLAG);
	/* The one thing that the kernel is asked for. */
	encode_member_array(o, "supportedFlags");
	for (size_t i = 0; (name = oci_name(OCI_NAMES_SECCOMP_FLAG, i, &flag)); i++)
		if (host_seccomp_has_flag((unsigned long)flag))
			encode_string(o, name);
	encode_end_array(o);
	encode_end_object(o);
}

static void enabled(struct encoder *o, const char *key, const struct probe *probe)
{
	encode_member_object(o, key);
	encode_member_bool(o, "enabled", supports(probe));
	encode_end_object(o);
}

static void memory_policy(struct encoder *o)
{
	static const struct probe probe = {.lin = "\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\"},"};

	if (!supports(&probe))
		return;
	encode_member_object(o, "memoryPolicy");
	names(o, "modes", OCI_NAMES_MEMORY_MODE);
	names(o, "flags", OCI_NAMES_MEMORY_FLAG);
	encode_end_object(o);
}

static void intel_rdt(struct encoder *o)
{
	static const struct probe any = {.lin = "\"intelRdt\":{\"closID\":\"x\"},"},
				  schemata = {.lin = "\"intelRdt\":{\"closID\":\"x\","
						     "\"schemata\":[\"MB:0=70\"]},"},
				  monitoring = {.lin = "\"intelRdt\":{\"closID\":\"x\","
						       "\"enableMonitoring\":true},"};

	encode_member_object(o, "intelRdt");
	encode_member_bool(o, "enabled", supports(&any));
	encode_member_bool(o, "schemata", supports(&schemata));
	encode_member_bool(o, "monitoring", supports(&monitoring));
	encode_end_object(o);
}

static void mount_extensions(struct encoder *o)
{
	static const struct probe idmap = {
		.top = "\"mounts\":[{\"destination\":\"/m\",\"source\":\"/s\",\"type\":\"bind\","
		       "\"options\":[\"bind\",\"idmap\"],"
		       "\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"
		       "\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]}],"};

	encode_member_object(o, "mountExtensions");
	enabled(o, "idmap", &idmap);
	encode_end_object(o);
}

static void linux_features(struct encoder *o)
{
	static const struct probe apparmor = {.process = "\"apparmorProfile\":\"x\","},
				  selinux = {.process = "\"selinuxLabel\":\"x\","},
				  net = {.lin = "\"netDevices\":{\"eth9\":{\"name\":\"x\"}},"};

	encode_member_object(o, "linux");
	names(o, "namespaces", OCI_NAMES_NAMESPACE);
	capabilities(o);
	cgroup(o);
	seccomp(o);
	enabled(o, "apparmor", &apparmor);
	enabled(o, "selinux", &selinux);
	memory_policy(o);
	intel_rdt(o);
	mount_extensions(o);
	enabled(o, "netDevices", &net);
	encode_end_object(o);
}

static void annotations(struct encoder *o)
{
	/* What lets config.json reach files or options of the host; a final "." means a prefix. */
	static const char *const risky[] = {"run.sandlock.", "run.oci.", "org.systemd.property.",
					    NULL};
	cleanup_free char *version = seccomp_library_version();

	encode_member_object(o, "annotations");
	encode_member_string(o, "io.github.seccomp.libseccomp.version", version);
	encode_member_string(o, "run.sandlock.commit", SANDLOCK_COMMIT);
	encode_member_string(o, "run.sandlock.export.enabled",
			     layer_is_supported() ? "true" : "false");
	encode_member_string(o, "run.sandlock.version", PACKAGE_VERSION);
	/* Through CRIU; there is none in this build. */
	encode_member_string(o, "run.sandlock.checkpoint.enabled", "false");
	encode_end_object(o);
	encode_key(o, "potentiallyUnsafeConfigAnnotations");
	encode_strings(o, risky);
}

static int run(const struct cli *cli, const struct command *self, int argc, char **argv,
	       int *ret_status, struct err **err)
{
	const struct option_row rows[] = {{NULL}};
	cleanup_buf struct buf text = {0};
	struct encoder o = {.out = &text, .indent = true};
	int first, r = cli_parse(self, rows, 0, 0, argc, argv, &first, err);

	(void)cli;
	(void)ret_status;
	if (r != 0)
		return r;
	encode_begin_object(&o);
	encode_member_string(&o, "ociVersionMin", "1.0.0");
	encode_member_string(&o, "ociVersionMax", "1.3.0");
	hooks(&o);
	mount_options(&o);
	linux_features(&o);
	annotations(&o);
	encode_end_object(&o);
	buf_add_char(&text, '\n');
	return cli_print(&text, err);
}

const struct command cmd_features = {
	.name = "features",
	.args = "",
	.summary = "print what this build can do as JSON",
	.run = run,
};
